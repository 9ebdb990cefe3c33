"""Copies, in every form that is promised, beside pictures that only look a little alike."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hashing.collection import Collection, duplicates
from hashing.config import ModelConfig, Preprocessing
from hashing.encoding import Model
from hashing.errors import UsageError
from hashing.images.facts import facts_of, taken_at
from hashing.models import HashModel


def scene(seed: int, size: tuple[int, int] = (120, 90)) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def save(path: Path, image: Image.Image, taken: str = "", quality: int = 90) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if taken:
        exif.get_ifd(0x8769)[0x9003] = taken
    image.save(path, quality=quality, exif=exif)


@pytest.fixture(scope="module")
def holiday(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    folder = tmp_path_factory.mktemp("holiday") / "pictures"
    for number in range(6):
        save(folder / f"{number}.jpg", scene(number))
    save(folder / "small.jpg", scene(0).resize((60, 45)))
    save(folder / "pale.jpg", scene(0).point(lambda v: 30 + v * 0.8), quality=60)
    (folder / "again.jpg").write_bytes((folder / "1.jpg").read_bytes())
    for second in range(3):
        shot = scene(7)
        shot.putpixel((5, 5), (second * 80, 0, 0))
        save(folder / f"shots/{second}.jpg", shot, f"2024:05:01 10:00:0{2 * second}")
    save(folder / "shots/later.jpg", scene(7), "2024:05:01 10:01:00")
    save(folder / "shots/other.jpg", scene(8), "2024:05:01 10:05:00")
    torch.manual_seed(0)
    network = HashModel(ModelConfig(backbone="small_cnn", lengths=(32,)), Preprocessing(size=32))
    return Collection.build(folder, Model(network), folder.parent / "h.index")


def names(collection: Collection, kind: duplicates.Kind) -> list[list[str]]:
    return [[copy.item.file for copy in group.copies] for group in collection.duplicates(kind)]


def test_equal_files_are_exact_copies(holiday: Collection) -> None:
    assert names(holiday, "exact") == [["1.jpg", "again.jpg"]]
    (group,) = holiday.duplicates("exact")
    size = group.copies[0].bytes
    assert size
    assert group.frees == size
    assert (group.copies[0].width, group.copies[0].height) == (120, 90)


@pytest.mark.parametrize("most", [0, duplicates.ALL_PAIRS])
def test_near_copies_have_the_best_first_and_do_not_chain(
    holiday: Collection, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "ALL_PAIRS", most)
    found = {frozenset(group): group for group in names(holiday, "near")}
    assert found.keys() == {
        frozenset({"0.jpg", "small.jpg", "pale.jpg"}),
        frozenset({"1.jpg", "again.jpg"}),
        frozenset({"shots/0.jpg", "shots/1.jpg", "shots/2.jpg", "shots/later.jpg"}),
    }
    assert found[frozenset({"0.jpg", "small.jpg", "pale.jpg"})] == [
        "0.jpg", "pale.jpg", "small.jpg"
    ]  # fmt: skip
    frees = [group.frees for group in holiday.duplicates("near")]
    assert frees == sorted(frees, reverse=True)


def test_a_burst_is_told_by_time_and_code(
    holiday: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    (group,) = names(holiday, "burst")
    assert set(group) == {"shots/0.jpg", "shots/1.jpg", "shots/2.jpg"}
    (found,) = holiday.duplicates("burst")
    assert {copy.date for copy in found.copies} == {
        f"2024-05-01T10:00:0{second}" for second in (0, 2, 4)
    }
    monkeypatch.setattr(duplicates, "BURST_SHARE", -0.1)
    assert not holiday.duplicates("burst")


def test_without_originals_previews_are_compared(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    for name in ("a", "b"):
        save(folder / f"{name}.png", scene(3))
    save(folder / "c.png", scene(4))
    torch.manual_seed(0)
    network = HashModel(ModelConfig(backbone="small_cnn", lengths=(32,)), Preprocessing(size=32))
    with Collection.build(folder, Model(network), tmp_path / "i.index") as art:
        for file in folder.iterdir():
            file.unlink()
        (group,) = art.duplicates("near")
        assert [copy.bytes for copy in group.copies] == [None, None]
        assert group.frees == 0
        assert not art.duplicates("burst")
        with pytest.raises(UsageError, match="did you mean near"):
            art.duplicates("neer")  # type: ignore[arg-type]


def test_the_date_of_a_shot_is_read_as_pillow_reads_it() -> None:
    exif = Image.Exif()
    exif[0x0132] = "2020:01:02 03:04:05"
    buffer = io.BytesIO()
    scene(1).save(buffer, "JPEG", exif=exif)
    found = facts_of(buffer.getvalue())
    assert found
    assert (found.width, found.height) == (120, 90)
    assert str(found.taken) == "2020-01-02 03:04:05"
    data = exif.tobytes().removeprefix(b"Exif\0\0")
    assert str(taken_at(data)) == "2020-01-02 03:04:05"
    rng = np.random.default_rng(0)
    for _ in range(300):  # hostile bytes are no date, and nothing worse
        broken = bytearray(data)
        for place in rng.integers(0, len(broken), 3):
            broken[place] = rng.integers(0, 256)
        taken_at(bytes(broken[: rng.integers(0, len(broken) + 1)]))
    assert taken_at(b"") is None
    assert facts_of(b"no picture") is None


def test_a_notebook_shows_the_copies(holiday: Collection) -> None:
    found = holiday.duplicates("near")
    assert found._repr_html_().count("data:image/jpeg;base64,/9j/") == 3 + 2 + 4
    assert "small.jpg" in found._repr_html_()
    assert str(found).count("\n") == 9
    assert found[0:1][0].copies == found[0].copies


def test_one_way_is_enough_for_near_codes_to_be_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The two nearest codes of every copy are the first two: of these only does it hear."""
    for number in range(5):
        save(tmp_path / f"pictures/{number}.png", scene(0))
    torch.manual_seed(0)
    network = HashModel(ModelConfig(backbone="small_cnn", lengths=(32,)), Preprocessing(size=32))
    monkeypatch.setattr(duplicates, "ALL_PAIRS", 0)
    monkeypatch.setattr(duplicates, "NEIGHBOURS", 2)
    with Collection.build(tmp_path / "pictures", Model(network), tmp_path / "i.index") as art:
        assert [len(group) for group in names(art, "near")] == [5]
