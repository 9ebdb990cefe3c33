"""Tables as particular programs write them."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from hashing.sources import read_catalogue

COCO = {
    "info": {"year": 2017},
    "images": [{"id": 1, "file_name": "a.png", "width": 3}, {"id": 2, "file_name": "0002.png"}],
    "annotations": [{"image_id": 1, "category_id": 7}],
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


def test_of_coco_the_images_count_and_the_rest_is_told(folder: Path) -> None:
    (folder / "metadata.json").write_text(json.dumps(COCO))
    found = read_catalogue(folder)
    assert [item.fields["id"] for item in found.items] == [2, 1]
    (told,) = found.left_out["list of a JSON file that was not used"]
    assert told.startswith("annotations in ")


def test_addresses_and_numbers_that_lost_their_noughts(folder: Path) -> None:
    rows = "https://museum.example/x/a.png?size=large,A\n2,B\n" + "9" * 5000 + ",C\n"
    (folder / "metadata.csv").write_text("image,title\n" + rows)
    assert titles(folder) == {"0002.png": "B", "a.png": "A"}
    Image.new("RGB", (20, 20)).save(folder / "02.png")  # now it could be either
    assert titles(folder) == {"0002.png": None, "02.png": None, "a.png": "A"}


def test_the_first_sheet_with_rows_counts(folder: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="needs the extra tables")
    book = openpyxl.Workbook()
    book.active.append(["Notes on this file"])
    sheet = book.create_sheet("Objects")
    for row in (["file", "title"], ["a.png", "A"], ["0002.png", "B"]):
        sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    (folder / "metadata.xlsx").write_bytes(buffer.getvalue())
    assert titles(folder) == {"0002.png": "B", "a.png": "A"}
