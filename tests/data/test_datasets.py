import hashlib
import pickle
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
from PIL import Image

from hashing.config import DataConfig
from hashing.data import DATASETS, digest_catalogue, load_dataset, make_split
from hashing.errors import InputError, UsageError
from hashing.images import decode
from hashing.sources import Catalogue, Item, read_catalogue


def write_cifar(root: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """A CIFAR-10 of 20 and 10 pictures in torchvision's files; its pixels by part."""
    from torchvision.datasets import CIFAR10

    folder = root / CIFAR10.base_folder
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)

    def write(name: str, content: object) -> str:
        data = pickle.dumps(content)
        (folder / name).write_bytes(data)
        return hashlib.md5(data).hexdigest()

    pixels = {}
    for part, count in (("train", 20), ("test", 10)):
        planes = rng.integers(0, 256, (count, 3072), np.uint8)
        digest = write(part, {"data": planes, "labels": [i % 10 for i in range(count)]})
        monkeypatch.setattr(CIFAR10, f"{part}_list", [[part, digest]])
        pixels[part] = planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    names = {"label_names": [f"class{i}" for i in range(10)]}
    meta = {"filename": "meta", "key": "label_names", "md5": write("meta", names)}
    monkeypatch.setattr(CIFAR10, "meta", meta)
    return pixels


def test_cifar_from_torchvisions_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = write_cifar(tmp_path, monkeypatch)
    catalogue = load_dataset(DataConfig("cifar10", tmp_path))
    assert len(catalogue) == 30
    assert [item.id for item in catalogue.items] == list(range(30))
    assert catalogue.items[21].path == "test/class1/00001.bmp"
    assert catalogue.labels("label") == [f"class{i % 10}" for i in range(30)]
    everything = np.concatenate([pixels["train"], pixels["test"]])
    for row in (0, 7, 20, 29):
        seen = np.asarray(decode(catalogue.read(catalogue.items[row])))
        assert np.array_equal(seen, everything[row])
    copy = pickle.loads(pickle.dumps(catalogue))
    assert copy.read(copy.items[3]) == catalogue.read(catalogue.items[3])
    split = make_split(catalogue, "full")
    assert split.train.tolist() == list(range(20))


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_a_failed_download_says_what_to_do(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise URLError("no network")

    monkeypatch.setattr("torchvision.datasets.cifar.download_and_extract_archive", refuse)
    with pytest.raises(InputError, match="cannot download") as caught:
        load_dataset(DataConfig(name, tmp_path))
    archive = {"cifar10": "cifar-10-python.tar.gz", "cifar100": "cifar-100-python.tar.gz"}[name]
    for words in (str(tmp_path), "no network", archive, "data.root"):
        assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def write_parts(root: Path) -> Path:
    for part in ("train", "test"):
        for label in ("cat", "dog"):
            (root / part / label).mkdir(parents=True)
            for i in range(3):
                Image.new("RGB", (32, 32), (i, 0, 0)).save(root / part / label / f"{i}.png")
    return root


def test_cifar_from_class_folders_needs_no_torchvision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hashing.data.datasets._load_cifar", None)
    catalogue = load_dataset(DataConfig("cifar10", write_parts(tmp_path)))
    assert len(catalogue) == 12
    assert len(make_split(catalogue, "dsh").query) == 6


def test_a_misspelt_archive_is_not_downloaded_into(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found nothing"):
        load_dataset(DataConfig("cifar10", tmp_path / "cifra10.tar.gz"))
    assert not list(tmp_path.iterdir())


def test_a_folder_with_metadata(tmp_path: Path) -> None:
    write_parts(tmp_path / "pictures")
    (tmp_path / "about.csv").write_text("file,style\ntrain/cat/0.png,Red\n")
    config = DataConfig("folder", tmp_path / "pictures", tmp_path / "about.csv")
    assert load_dataset(config).labels("style").count("Red") == 1
    with pytest.raises(UsageError, match=r"expected data\.root"):
        load_dataset(DataConfig("folder"))


def test_generated_artworks_are_drawn_and_found_again(tmp_path: Path) -> None:
    config = DataConfig("generated", tmp_path / "art", count=3, seed=4)
    heard: list[int] = []
    catalogue = load_dataset(config, heard.append)
    assert len(catalogue) == 3
    assert set(catalogue.columns) == {"artist", "style", "title", "year"}
    assert heard == [0, 1, 1, 1]
    again: list[int] = []
    assert digest_catalogue(load_dataset(config, again.append)) == digest_catalogue(catalogue)
    assert again == [3]


def test_recipes_of_other_counts_leave_generated_artworks_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    roots = [load_dataset(DataConfig("generated", count=count)).root for count in (1, 2, 1)]
    assert roots[0] == roots[2] != roots[1]
    assert [len(read_catalogue(root)) for root in roots] == [1, 2, 1]


def test_unknown_names_show_the_known() -> None:
    with pytest.raises(UsageError, match="did you mean cifar10"):
        load_dataset(DataConfig("cifar-10"))
    assert set(DATASETS) == {"cifar10", "cifar100", "folder", "generated", "lists"}


def test_digest_sees_paths_fields_and_order() -> None:
    def digest(*items: Item) -> str:
        return digest_catalogue(Catalogue(Path("x"), items, {}))

    a, b = Item(0, "a", {"x": "1", "y": 2}), Item(1, "b", {})
    assert digest(a, b) == digest(Item(0, "a", {"y": 2, "x": "1"}), b)
    others = [
        digest(b, a),
        digest(a),
        digest(Item(0, "a", {"x": 1, "y": 2}), b),
        digest(Item(0, "c", {"x": "1", "y": 2}), b),
    ]
    assert len({digest(a, b), *others}) == 5
