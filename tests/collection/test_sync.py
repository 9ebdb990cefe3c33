"""A collection kept in step with its pictures, compared with one that is built anew."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hashing.collection import Collection
from hashing.collection.change import export, import_exported
from hashing.collection.choices import Choices, recall_choices
from hashing.collection.pictures import known_sources
from hashing.collection.plan import Plan, make_plan
from hashing.collection.stored import KEY, Contents, Stored, keys_of
from hashing.config import ModelConfig, Preprocessing
from hashing.encoding import Model
from hashing.errors import UsageError
from hashing.models import HashModel, save_model
from hashing.sources import Catalogue, Item
from hashing.sources import catalogue as catalogue_room
from hashing.store import StoredItem

ROOT = Path(__file__).parents[2]
SIDE = 24


def draw(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def describe(folder: Path, rows: dict[str, str]) -> None:
    lines = ["file,title", *(f"{file},{title}" for file, title in rows.items())]
    (folder / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    config = ModelConfig(backbone="small_cnn", lengths=(16, 32))
    folder = tmp_path_factory.mktemp("model") / "model"
    save_model(HashModel(config, Preprocessing(size=32)).eval(), folder)
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    for number in range(8):
        draw(folder / f"{number}.png", number)
    describe(folder, {f"{number}.png": f"Tree {number}" for number in range(8)})
    return folder


@pytest.fixture
def art(pictures: Path, model: Path, tmp_path: Path) -> Iterator[Collection]:
    with Collection.build(pictures, model, tmp_path / "art.index") as collection:
        yield collection


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures went through the network, a number a batch."""
    counts: list[int] = []
    run = Model.logits_of

    def counted(self: Model, squares: np.ndarray) -> np.ndarray:
        counts.append(len(squares))
        return run(self, squares)

    monkeypatch.setattr(Model, "logits_of", counted)
    return counts


State = dict[str, tuple[str, dict[str, object]]]


def state_of(collection: Collection) -> State:
    """What is there, without ids: code and fields by file."""
    items = collection.items()
    codes = collection.index.codes([item.id for item in items]).hex()
    return {i.file: (code, dict(i.fields)) for i, code in zip(items, codes, strict=True)}


def built_anew(pictures: Path, model: Path, place: Path) -> State:
    with Collection.build(pictures, model, place) as anew:
        return state_of(anew)


def test_each_kind_of_change_is_told_and_done(
    art: Collection, pictures: Path, model: Path, tmp_path: Path, encoded: list[int]
) -> None:
    (pictures / "0.png").unlink()
    (pictures / "deep").mkdir()
    (pictures / "1.png").rename(pictures / "deep" / "one.png")
    draw(pictures / "2.png", 102)
    draw(pictures / "new.png", 103)
    shutil.copy(pictures / "3.png", pictures / "copy.png")
    rows = {f"{number}.png": f"Tree {number}" for number in range(2, 8)}
    describe(pictures, {**rows, "4.png": "Corrected", "deep/one.png": "Tree 1", "new.png": "N"})
    before = {item.file: item.id for item in art.items()}
    planned = art.sync(dry_run=True)
    assert {item.file: item.id for item in art.items()} == before
    done = art.sync()
    for changes in (planned, done):
        assert changes.new == ["new.png"]
        assert changes.changed == ["2.png"]
        assert changes.moved == [("1.png", "deep/one.png")]
        assert changes.copied == ["copy.png"]
        assert changes.deleted == ["0.png"]
        assert changes.corrected == ["4.png"]
        assert changes.unchanged == 4
        assert changes._repr_html_().count("<td>1</td>") == 6
        assert "<td>unchanged</td><td>4</td>" in changes._repr_html_()
    assert sum(encoded) == 2  # the copy has the code and the preview of the first
    ids = {item.file: item.id for item in art.items()}
    assert ids["deep/one.png"] == before["1.png"]
    assert ids["4.png"] == before["4.png"]
    assert ids["2.png"] > max(before.values())
    assert art.index.preview(ids["copy.png"]) == art.index.preview(ids["3.png"])
    assert state_of(art) == built_anew(pictures, model, tmp_path / "anew.index")
    assert art.ids(text="corrected").tolist() == [ids["4.png"]]
    assert not art.sync()
    assert art.index.verify() == []


def test_files_are_read_again_only_where_they_seem_changed(
    art: Collection, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    read = Catalogue.read
    monkeypatch.setattr(
        Catalogue, "read", lambda self, item: reads.append(item.path) or read(self, item)
    )
    assert not art.sync()
    assert len(reads) == 8  # the build did not note when it saw them
    reads.clear()
    assert not art.sync()
    assert reads == []
    same = (pictures / "3.png").stat()
    draw(pictures / "3.png", 77)
    assert art.sync().changed == ["3.png"]
    assert set(reads) == {"3.png"}
    # a file that changed and looks as it did is found by --checksum
    data = bytearray((pictures / "5.png").read_bytes())
    stamp = (pictures / "5.png").stat()
    draw(pictures / "5.png", 78)
    anew = (pictures / "5.png").read_bytes()
    (pictures / "5.png").write_bytes(anew.ljust(len(data), b"\0")[: len(data)])
    os.utime(pictures / "5.png", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    if (pictures / "5.png").stat().st_size == stamp.st_size and len(anew) <= len(data):
        assert not art.sync()
        assert art.sync(checksum=True).changed == ["5.png"]
    assert same.st_size


def test_what_cannot_be_read_keeps_its_item(art: Collection, pictures: Path) -> None:
    former = {item.file: item.id for item in art.items()}
    (pictures / "6.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    changes = art.sync()
    assert [file for file, _ in changes.broken] == ["6.png"]
    assert {item.file: item.id for item in art.items()} == former
    assert [file for file, _ in art.sync().broken] == ["6.png"]  # and is told again
    draw(pictures / "6.png", 66)
    assert art.sync().changed == ["6.png"]


def test_what_is_left_out_goes_and_metadata_that_is_gone_stays(
    art: Collection, pictures: Path
) -> None:
    assert art.sync(exclude=["7.*"]).deleted == ["7.png"]
    (pictures / "metadata.csv").unlink()
    draw(pictures / "later.png", 9)
    changes = art.sync(exclude=["7.*"])
    assert (changes.new, changes.corrected, changes.metadata_kept) == (["later.png"], [], True)
    assert [item.fields["title"] for item in art.items() if item.file == "3.png"] == ["Tree 3"]


def test_a_second_folder_is_no_reason_to_delete_the_first(
    art: Collection, pictures: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    draw(other / "x.png", 50)
    art.add(other)
    with pytest.raises(UsageError, match="has several, or none"):
        art.sync()
    with pytest.raises(UsageError, match="with --keep-absent nothing is"):
        art.sync(pictures)
    (pictures / "0.png").unlink()
    changes = art.sync(pictures, keep_absent=True)
    assert (changes.deleted, changes.kept) == ([], 2)
    assert len(art) == 9


def test_folders_with_equal_names_leave_each_others_items_alone(
    pictures: Path, model: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    for number in range(3):
        draw(other / f"{number}.png", 70 + number)
    describe(other, {f"{number}.png": f"House {number}" for number in range(3)})
    with Collection.build([pictures, other], model, tmp_path / "art.index") as art:
        titles = {item.id: item.fields["title"] for item in art.items()}
        ids = {title: item for item, title in titles.items()}
        for _ in range(2):  # the second time by what was seen the first
            changes = art.sync(pictures, keep_absent=True)
            assert (not changes, changes.kept) == (True, 3)
        draw(pictures / "0.png", 80)  # one is edited,
        shutil.copy(other / "1.png", pictures / "new.png")  # one is as the other folder's,
        describe(pictures, {f"{number}.png": f"Tree {number}!" for number in range(8)})
        changes = art.sync(pictures, keep_absent=True)
        assert (changes.changed, changes.copied, changes.moved) == (["0.png"], ["new.png"], [])
        found = {item.fields.get("title"): item for item in art.items()}
        assert {title: found[title].id for title in ("House 0", "House 1", "House 2")} == {
            title: ids[title] for title in ("House 0", "House 1", "House 2")
        }
        assert ids["Tree 0"] not in {item.id for item in art.items()}
        assert len(art) == 8 + 3 + 1


def test_a_file_without_an_ending_that_cannot_be_read_keeps_its_item(
    pictures: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pictures / "7.png").rename(pictures / "seven")
    (pictures / "metadata.csv").unlink()
    with Collection.build(pictures, model, tmp_path / "art.index") as art:
        read = catalogue_room.read_picture

        def broken(root: Path, archive: object, path: str, most: int = 0) -> bytes:
            if path == "seven":
                raise OSError(5, "Input/output error")
            return read(root, None, path, most)

        monkeypatch.setattr(catalogue_room, "read_picture", broken)
        changes = art.sync()
        assert (changes.deleted, changes.kept) == ([], 1)
        monkeypatch.undo()
        assert not art.sync()


def test_what_was_said_to_build_holds_for_a_sync(
    pictures: Path, model: Path, tmp_path: Path
) -> None:
    draw(pictures / "0_thumb.png", 90)
    (pictures / "metadata.csv").unlink()
    table = tmp_path / "works.csv"
    table.write_text("Work,title\n0.png,Zero\n1.png,One\n")
    with Collection.build(
        pictures,
        model,
        tmp_path / "art.index",
        metadata=table,
        columns={"file": "Work"},
        exclude=["*_thumb.png"],
        previews=0,
    ) as art:
        assert not art.sync()
        draw(pictures / "8.png", 91)
        table.write_text("Work,title\n0.png,Nought\n1.png,One\n8.png,Eight\n")
        changes = art.sync()
        assert (changes.new, changes.corrected) == (["8.png"], ["0.png"])
        assert art.index.preview(art.items()[-1].id) is None
        before = state_of(art)
        table.unlink()
        changes = art.sync()
        assert not changes
        assert changes.metadata_kept
        assert state_of(art) == before
        assert art.sync(exclude=["[78].png"], dry_run=True).new == ["0_thumb.png"]
        assert art.sync(exclude=["[78].png", "*_thumb.png"]).deleted == ["7.png", "8.png"]
        assert not art.sync()
        export(art.index, tmp_path / "art.jsonl")
    import_exported(tmp_path / "art.jsonl", str(tmp_path / "b.index"))
    with Collection.open(tmp_path / "b.index", model=model) as art:
        assert not art.sync()
    place = tmp_path / "foreign.index"
    with Collection.build(pictures, model, place) as art:
        wrong = b'{"previews": "9", "exif": ["x"], "exclude": 3, "columns": [1]}'
        for told in (b"{", b"[]", wrong):
            art.index.put_extra("reading", told)
            assert recall_choices(art.index) == Choices()


def test_a_folder_is_the_same_however_it_is_spelled(
    pictures: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "link").symlink_to(pictures, target_is_directory=True)
    monkeypatch.chdir(tmp_path / "work")
    with Collection.build(Path("../pictures"), model, tmp_path / "art.index") as art:
        for spelled in (pictures, tmp_path / "link", tmp_path / "work" / ".." / "pictures"):
            assert not art.sync(spelled)
            art.add(spelled)
        assert known_sources(art.index) == [str(pictures.resolve())]
        draw(pictures / "new.png", 60)
        assert art.sync().new == ["new.png"]


def test_a_folder_that_has_moved_is_followed(
    art: Collection, pictures: Path, tmp_path: Path
) -> None:
    ids = {item.file: item.id for item in art.items()}
    moved = pictures.rename(tmp_path / "elsewhere")
    part = shutil.copytree(moved, tmp_path / "part")
    (part / "0.png").unlink()
    with pytest.raises(UsageError, match="which would be deleted"):
        art.sync(part)
    assert not art.sync(moved)
    assert {item.file: item.id for item in art.items()} == ids
    (moved / "0.png").unlink()
    assert art.sync().deleted == ["0.png"]
    assert not art.sync()


def test_others_may_change_and_compact_between_two_syncs(art: Collection, pictures: Path) -> None:
    with Collection.open(art.info.location) as other:
        other.remove([0])
        other.compact()
    draw(pictures / "new.png", 103)
    assert art.sync().new == ["0.png", "new.png"]


def planned(catalogue: Catalogue, items: list[StoredItem], contents: list[bytes]) -> Plan:
    stored = Stored.of_items(np.arange(len(items)), [items])
    files, stamps = keys_of(item.path for item in catalogue.items), np.zeros((len(contents), 2))
    told = Contents(files, np.array([each[:16] for each in contents], KEY), stamps.astype(np.int64))
    ids = np.arange(len(items))
    return make_plan(catalogue, stored, lambda i: [items[n] for n in i], told, ids, describes=True)


def test_folders_that_cannot_be_read_are_not_deleted() -> None:
    catalogue = Catalogue(Path("p"), [], {})
    catalogue.left_out.unread += ["a/", "film.mp4"]
    files = ["a/1.png", "ab.png", "film.mp4/00001.000.jpg", "film.mp4.png"]
    stored = [StoredItem(i, file, bytes([i]) * 32, {}) for i, file in enumerate(files)]
    plan = planned(catalogue, stored, [])
    assert (plan.kept, plan.gone) == ([0, 2], [1, 3])


def test_of_several_equal_files_the_one_of_the_same_name_has_moved() -> None:
    content = b"x" * 32
    stored = [StoredItem(0, "a/1.png", content, {}), StoredItem(1, "a/2.png", content, {})]
    items = [Item(0, "b/2.png", {}), Item(1, "b/9.png", {}), Item(2, "c/8.png", {})]
    plan = planned(Catalogue(Path("p"), items, {}), stored, [content] * 3)
    assert {i.id: i.file for i in plan.described} == {1: "b/2.png", 0: "b/9.png"}
    assert [(item.path, first) for item, first in plan.copied] == [("c/8.png", 0)]
    assert (plan.new, plan.changed, plan.gone) == ([], [], [])


def change_all(pictures: Path) -> None:
    for number in range(40):
        draw(pictures / f"later/{number}.png", 200 + number)
    for number in range(3):
        (pictures / f"{number}.png").rename(pictures / f"later/moved{number}.png")
    draw(pictures / "3.png", 300)
    (pictures / "4.png").unlink()
    rows = {f"later/{number}.png": f"Sea {number}" for number in range(40)}
    describe(pictures, {**rows, "5.png": "Corrected", "later/moved1.png": "Tree 1"})


SCRIPT = """
import sys
from hashing.collection import Collection, intake, sync
intake.PUBLISH_ITEMS = 3
intake_items = intake.new_items
with Collection.open(sys.argv[1]) as art:
    print("begun", flush=True)
    art.sync(sys.argv[2])
print("done", flush=True)
"""


def test_killed_at_random_and_run_again_it_comes_to_the_same_end(
    pictures: Path, model: Path, tmp_path: Path
) -> None:
    place = tmp_path / "art.index"
    Collection.build(pictures, model, place).close()
    change_all(pictures)
    expected = built_anew(pictures, model, tmp_path / "anew.index")
    rng = np.random.default_rng(0)
    arguments = [sys.executable, "-c", SCRIPT, str(place), str(pictures)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    generations = []
    for _ in range(4):
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment)
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        generation = _generation(place)
        deadline = time.monotonic() + 60
        # killed once it has published something more, or once it is done
        while process.poll() is None and time.monotonic() < deadline:
            if _generation(place) > generation:
                time.sleep(float(rng.uniform(0, 0.05)))
                break
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        generations.append(_generation(place))
    with Collection.open(place) as art:
        art.sync(pictures)
        assert state_of(art) == expected
        files = [item.file for item in art.items()]
        assert len(files) == len(set(files))
        moved = {item.file: item.id for item in art.items() if "moved" in item.file}
        assert moved == {f"later/moved{number}.png": number for number in range(3)}
        assert art.index.verify() == []


def _generation(place: Path) -> int:
    with Collection.open(place) as art:
        return art.info.generation


def test_a_sync_of_class_folders_follows_the_folder(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "classes"
    draw(folder / "cat" / "1.png", 1)
    draw(folder / "dog" / "2.png", 2)
    with Collection.build(folder, model, tmp_path / "c.index") as art:
        (folder / "cat" / "1.png").rename(folder / "dog" / "1.png")
        changes = art.sync()
        assert (changes.moved, changes.metadata_kept) == ([("cat/1.png", "dog/1.png")], False)
        assert {item.id: item.fields["label"] for item in art.items()} == {0: "dog", 1: "dog"}
