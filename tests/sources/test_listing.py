"""Tables and lists that name pictures anywhere on this machine."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hashing.collection import Collection
from hashing.errors import ImageError, InputError
from hashing.sources import read_catalogue


def draw(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    Image.fromarray(pixels).resize((40, 40)).save(path)
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two of one name, one whose name holds a blank, two far from the table."""
    names = ("disk/2024/a.png", "disk/2025/a.png", "disk/2025/b c.png", "nas/x/a.png")
    return [draw(tmp_path / name, seed) for seed, name in enumerate(names)]


def test_absolute_paths_lead_anywhere_and_names_say_where(
    tmp_path: Path, files: list[Path]
) -> None:
    rows = "".join(f"{path},{number},1890\n" for number, path in enumerate(files))
    table = tmp_path / "lists" / "all.csv"
    table.parent.mkdir()
    table.write_text("Image path,number,year\n" + rows)
    found = read_catalogue(table)
    assert {item.path: item.fields["number"] for item in found.items} == {
        "disk/2024/a.png": 0,
        "disk/2025/a.png": 1,
        "disk/2025/b c.png": 2,
        "nas/x/a.png": 3,
    }
    for item in found.items:
        assert found.read(item) == (tmp_path / item.path).read_bytes()
    assert found.described
    assert not found.left_out
    table.write_text("Image path\n" + "".join(f"{path}\n" for path in files[:2]))
    assert [item.path for item in read_catalogue(table).items] == ["2024/a.png", "2025/a.png"]
    assert [item.fields for item in read_catalogue(table).items] == [
        {"label": "2024"},
        {"label": "2025"},
    ]


def test_a_name_that_no_file_can_have_is_one_row(tmp_path: Path, files: list[Path]) -> None:
    names = [str(files[0]), f"disk/{'x' * 300}.png", "z" * 5000]
    (tmp_path / "all.jsonl").write_text(
        "".join(json.dumps({"file": name}) + "\n" for name in names)
    )
    found = read_catalogue(tmp_path / "all.jsonl")
    assert [item.path for item in found.items] == ["a.png"]
    assert found.left_out["row whose picture is not there"] == names[1:]


def test_what_a_table_names_and_is_not_there_is_said(tmp_path: Path, files: list[Path]) -> None:
    rows = [
        {"file": "disk/2024/a.png", "n": 1},
        {"file": "./disk/2024/../2024/a.png", "n": 2},
        {"file": files[2].as_uri(), "n": 3},
        {"file": "https://museum.example/a.png", "n": 4},
        {"file": "disk/none.png", "n": 5},
        {"file": "disk\\2025\\a.png", "n": 6},
    ]
    table = tmp_path / "rows.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = read_catalogue(table)
    assert {item.path: item.fields["n"] for item in found.items} == {
        "2024/a.png": 1,
        "2025/b c.png": 3,
        "2025/a.png": 6,
    }
    assert found.missing == ["disk/none.png"]
    assert set(found.left_out) == {
        "second row of a picture",
        "address that is not on this machine",
        "row whose picture is not there",
    }
    table.write_text('{"file": "https://museum.example/a.png"}\n{"file": "gone.png"}')
    with pytest.raises(InputError, match="none of the 2 pictures named in"):
        read_catalogue(table)


def test_a_plain_list_and_a_renamed_column(tmp_path: Path, files: list[Path]) -> None:
    plain = tmp_path / "all.txt"
    plain.write_text("\n".join(str(path) for path in files[:3]) + "\n\n")
    assert len(read_catalogue(plain)) == 3
    table = tmp_path / "odd.csv"
    table.write_text(f"Thing;Scan\nA;{files[0]}\nB;{files[3]}\n")
    found = read_catalogue(table, columns={"file": "Scan"})
    assert [item.fields["Thing"] for item in found.items] == ["A", "B"]


def test_other_metadata_may_tell_of_listed_pictures(tmp_path: Path, files: list[Path]) -> None:
    plain, table = tmp_path / "all.txt", tmp_path / "more.csv"
    plain.write_text("\n".join(map(str, files[:3])))
    table.write_text("file,title\n2024/a.png,One\n2025/a.png,Two\n")
    found = read_catalogue(plain, table)
    assert {i.path: i.fields.get("title") for i in found.items} == {
        "2024/a.png": "One",
        "2025/a.png": "Two",
        "2025/b c.png": None,
    }


def test_a_collection_of_a_table_shows_originals_and_follows_it(
    tmp_path: Path, files: list[Path]
) -> None:
    table = tmp_path / "all.csv"
    table.write_text("path,title\n" + "".join(f"{p},T{n}\n" for n, p in enumerate(files[:3])))
    with Collection.build(table, "colour", tmp_path / "t.index") as art:
        (item,) = (item for item in art.items() if item.fields["title"] == "T2")
        original = art.opened.pictures.file(item)
        assert original is not None
        assert original.data == files[2].read_bytes()
        table.write_text("path,title\n" + "".join(f"{p},U{n}\n" for n, p in enumerate(files[:2])))
        changes = art.sync()
        assert len(changes.deleted) == 1
        assert sorted(i.fields["title"] for i in art.items()) == ["U0", "U1"]
        files[0].unlink()
        catalogue = read_catalogue(table)
        assert len(catalogue) == 1
    assert Image.open(io.BytesIO(catalogue.read(catalogue.items[0]))).size == (40, 40)
    files[1].unlink()
    with pytest.raises(ImageError, match="cannot read"):
        catalogue.read(catalogue.items[0])
