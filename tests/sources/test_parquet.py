"""Parquet files that hold the pictures themselves, as Hugging Face publishes data sets."""

import io
import json
import pickle
from pathlib import Path

import pytest
from PIL import Image

from hashing.collection import Collection
from hashing.errors import ImageError, InputError
from hashing.sources import read_catalogue

pyarrow = pytest.importorskip("pyarrow", reason="the extra `tables` is not installed")
from pyarrow import parquet  # noqa: E402

NOTES = {"info": {"features": {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}


def png(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 16), (shade, 90, 255 - shade)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two shards: rows in groups of two, one without a path, one twice of a name."""
    for shard, paths in (("train-0", ["a.png", "x/b.png", None]), ("test-0", ["a.png", "a.png"])):
        rows = [
            {
                "image": {"bytes": png(40 * place + len(paths)), "path": path},
                "label": place % 2,
                "objects": [{"id": 1}],
                "width": 20.5,
            }
            for place, path in enumerate(paths)
        ]
        notes = {"huggingface": json.dumps(NOTES)}
        table = pyarrow.Table.from_pylist(rows).replace_schema_metadata(notes)
        (tmp_path / "set" / "data").mkdir(parents=True, exist_ok=True)
        parquet.write_table(table, tmp_path / "set" / "data" / f"{shard}.parquet", row_group_size=2)
    return tmp_path / "set"


def test_a_folder_of_shards_is_a_source_with_its_columns(folder: Path) -> None:
    found = pickle.loads(pickle.dumps(read_catalogue(folder)))
    assert [(item.path, item.fields["label"]) for item in found.items] == [
        ("data/test-0/00000001.png", "dog"),
        ("data/test-0/a.png", "cat"),
        ("data/train-0/00000002.png", "cat"),
        ("data/train-0/a.png", "cat"),
        ("data/train-0/b.png", "dog"),
    ]
    assert found.columns == {"label": str, "width": float}
    assert found.read(found.items[2]) == png(83)
    assert found.read(found.items[0]) == png(42)
    assert found.left_out == {"nested value": ["'objects' of test-0.parquet"] * 2
                              + ["'objects' of train-0.parquet"] * 3}  # fmt: skip


@pytest.mark.parametrize("notes", ["[", "[" * 10**5, "[]", '{"info": 7}'], ids=len)
def test_notes_that_make_no_sense_name_no_classes(folder: Path, notes: str) -> None:
    for file in (folder / "data").iterdir():
        table = parquet.read_table(file).replace_schema_metadata({"huggingface": notes})
        parquet.write_table(table, file)
    assert read_catalogue(folder).columns == {"label": int, "width": float}


def test_one_file_is_a_source_and_shows_its_originals(folder: Path, tmp_path: Path) -> None:
    file = folder / "data" / "train-0.parquet"
    with Collection.build(file, "colour", tmp_path / "i") as art:
        assert [item.file for item in art.items()] == ["00000002.png", "a.png", "b.png"]
        original = art.opened.pictures.file(art.item(1))
        assert original is not None
        assert original.data == png(3)
        assert art.search(png(43), k=1)[0].file == "b.png"
        catalogue = read_catalogue(file)
        file.unlink()
        with pytest.raises(ImageError, match="cannot read"):
            catalogue.read(catalogue.items[0])


def test_bare_bytes_are_pictures_and_other_files_are_tables(tmp_path: Path) -> None:
    file = tmp_path / "p.parquet"
    rows = [{"picture": png(9), "text": "x"}]
    parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    (item,) = read_catalogue(file).items
    assert (item.path, item.fields) == ("00000000.png", {"text": "x"})
    parquet.write_table(pyarrow.Table.from_pylist([{"title": "no", "data": b"raw"}]), file)
    with pytest.raises(InputError, match="expected a column that names the pictures"):
        read_catalogue(file)


def test_a_made_name_takes_no_other_pictures(tmp_path: Path) -> None:
    file = tmp_path / "p.parquet"
    paths = ["00000001.png", None, None, "00000002.png", "x.png", "_00000002.png", "x.png"]
    rows = [
        {"image": {"bytes": png(place), "path": path}, "n": place}
        for place, path in enumerate(paths)
    ]
    parquet.write_table(pyarrow.Table.from_pylist(rows), file, row_group_size=2)
    found = read_catalogue(file)
    names = {item.fields["n"]: item.path for item in found.items}
    made = ["_00000001.png", "__00000002.png", "00000006.png"]
    assert [names[n] for n in range(7)] == [paths[0], *made[:2], *paths[3:6], made[2]]
    assert all(found.read(item) == png(int(item.fields["n"])) for item in found.items)


def test_a_first_row_without_a_picture_hides_no_others(tmp_path: Path) -> None:
    blank, broken = {"bytes": None, "path": "a.png"}, {"bytes": b"broken", "path": "b.png"}
    whole = {"bytes": png(9), "path": "c.png"}
    for name, images in (("0", [whole]), ("1", [blank, broken, whole])):
        rows = [{"image": image, "n": place} for place, image in enumerate(images)]
        parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / f"{name}.parquet")
    parquet.write_table(pyarrow.Table.from_pylist([{"n": 1}]), tmp_path / "2.parquet")
    found = read_catalogue(tmp_path)
    assert [item.path for item in found.items] == ["0/c.png", "1/a.png", "1/b.png", "1/c.png"]
    assert found.left_out == {"Parquet file without pictures": ["2.parquet"]}


def test_hidden_files_are_no_shards(folder: Path) -> None:
    names = [item.path for item in read_catalogue(folder).items]
    (folder / "data" / "._train-0.parquet").write_bytes(b"Mac OS X")
    (folder / ".cache").mkdir()
    (folder / ".cache" / "x.parquet").write_bytes(b"half")
    assert [item.path for item in read_catalogue(folder).items] == names


def test_damaged_files_are_told(folder: Path) -> None:
    file = folder / "data" / "train-0.parquet"
    whole = file.read_bytes()
    for broken, words in (
        (whole[:-9], "not a readable"),
        (whole[:4] + bytes(900) + whole[904:], ""),
    ):
        file.write_bytes(broken)
        with pytest.raises(InputError, match=words or "damaged"):
            read_catalogue(file)
