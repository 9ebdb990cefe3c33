"""Tables as particular programs write them."""

import datetime
import io
import json
from pathlib import Path

import pytest
from PIL import Image

from hashing.errors import InputError
from hashing.sources import read_catalogue

COCO = {
    "info": {"year": 2017},
    "licenses": [{"id": 2}],
    "images": [{"id": 1, "file_name": "a.png", "width": 3}, {"id": 2, "file_name": "0002.png"}],
    "annotations": [
        {"image_id": 1, "category_id": 7, "bbox": [1, 2, 3, 4]},
        {"image_id": 1, "category_id": 5},
        {"image_id": 1, "category_id": 7},
        {"image_id": 2, "caption": "a dog"},
        {"image_id": 2, "caption": "one dog"},
    ],
    "categories": [{"id": 5, "name": "car"}, {"id": 7, "name": "dog"}],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for shade, name in enumerate(("a.png", "0002.png")):
        Image.new("RGB", (20, 20), (shade, 9, 9)).save(tmp_path / name)
    return tmp_path


def titles(folder: Path) -> dict[str, object]:
    return {item.path: item.fields.get("title") for item in read_catalogue(folder).items}


@pytest.mark.parametrize(
    "whole",
    [
        {"a.png": {"title": "A"}, "0002.png": {"title": "B"}},
        {"total": 2, "records": [{"file": "a.png", "title": "A"}, {"file": "2", "title": "B"}]},
    ],
)
def test_json_objects_may_hold_the_rows(folder: Path, whole: object) -> None:
    (folder / "metadata.json").write_text(json.dumps(whole))
    assert titles(folder) == {"0002.png": "B", "a.png": "A"}


def test_of_coco_the_images_count_with_their_categories(folder: Path) -> None:
    (folder / "metadata.json").write_text(json.dumps(COCO))
    found = read_catalogue(folder)
    assert [dict(item.fields) for item in found.items] == [
        {"id": 2, "caption": "a dog"},
        {"id": 1, "width": 3, "categories": "dog, car"},
    ]
    (told,) = found.left_out["list of a JSON file that was not used"]
    assert told.startswith("licenses in ")


def test_json_that_is_no_table_stops_nothing(folder: Path) -> None:
    album = {"title": "Photos from 2024", "date": {"timestamp": "0"}}
    (folder / "metadata.json").write_text(json.dumps(album))
    found = read_catalogue(folder)
    assert found.left_out == {"JSON file that is no table": ["metadata.json"]}
    assert not found.described
    with pytest.raises(InputError, match="expected a list of objects, found dict"):
        read_catalogue(folder, folder / "metadata.json")


def test_pictures_may_be_named_within_objects(folder: Path) -> None:
    rows = [
        {"title": name, "images": {"web": {"url": f"https://x.example/{name}.png"}, "size": 3}}
        for name in ("a", "0002")
    ]
    (folder / "metadata.json").write_text(json.dumps({"data": rows}))
    assert titles(folder) == {"0002.png": "0002", "a.png": "a"}


def test_addresses_of_other_files_do_not_name_pictures(folder: Path) -> None:
    rows = "ImageURL,ObjectID,Title,URL\n"
    rows += "https://x.example/W1si.jpg?sha=1,0002,B,https://x.example/works/0002\n"
    rows += "https://x.example/W2si.jpg?sha=2,a,A,https://x.example/works/a\n"
    (folder / "metadata.csv").write_text(rows)
    found = read_catalogue(folder)
    assert found.labels("Title") == ["B", "A"]
    assert found.labels("ObjectID") == ["0002", "a"]


def test_addresses_and_numbers_that_lost_their_noughts(folder: Path) -> None:
    rows = "https://museum.example/x/a.png?size=large,A\n2,B\n" + "9" * 5000 + ",C\n"
    (folder / "metadata.csv").write_text("image,title\n" + rows)
    assert titles(folder) == {"0002.png": "B", "a.png": "A"}
    Image.new("RGB", (20, 20)).save(folder / "02.png")  # now it could be either
    assert titles(folder) == {"0002.png": None, "02.png": None, "a.png": "A"}


def test_the_sheet_that_names_pictures_counts_and_shows_cells_as_it_does(folder: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="needs the extra tables")
    book = openpyxl.Workbook()
    for row in (["Notes on this file"], ["made", "by hand"], ["twice", "checked"]):
        book.active.append(row)
    sheet = book.create_sheet("Objects")
    day = datetime.datetime(1889, 5, 12)
    for row in (
        ["All objects"],
        [],
        ["file", "title", "Number", "Date"],
        ["a.png", "A", 1975.1, day],
    ):
        sheet.append(row)
    sheet.append(["0002.png", "B", 1975.1, "c. 1890"])
    sheet["C4"].number_format = "0.00"
    buffer = io.BytesIO()
    book.save(buffer)
    (folder / "metadata.xlsx").write_bytes(buffer.getvalue())
    found = read_catalogue(folder)
    assert [dict(item.fields) for item in found.items] == [
        {"title": "B", "Number": "1975.1", "Date": 1890, "Date_written": "c. 1890"},
        {"title": "A", "Number": "1975.10", "Date": 1889, "Date_written": "1889-05-12"},
    ]
    assert list(found.left_out) == ["sheet that was not used", "line before a table's header"]


def test_pictures_are_named_by_their_numbers_in_whatever_column(folder: Path) -> None:
    rows = "Object ID,Room,title\n0002,2,B\na,5,A\n0003,2,C\n"
    (folder / "metadata.csv").write_text(rows)
    assert titles(folder) == {"0002.png": "B", "a.png": "A"}
    (folder / "metadata.csv").write_text(rows.replace("2,2,B", "2,0002,B").replace("a,5", "a,a"))
    with pytest.raises(InputError, match="found Object ID, Room, title; say which"):
        read_catalogue(folder)


def test_names_may_begin_with_the_folder_that_is_given(folder: Path) -> None:
    (folder / "images").mkdir()
    for file in folder.glob("*.png"):
        file.rename(folder / "images" / file.name)
    table = folder / "table.csv"
    table.write_text("file,title\nimages/a.png,A\nart/images/0002,B\nart/a.png,C\n")
    found = read_catalogue(folder / "images", table)
    assert {item.path: item.fields["title"] for item in found.items} == {
        "0002.png": "B",
        "a.png": "A",
    }
    assert found.missing == ["art/a.png"]
