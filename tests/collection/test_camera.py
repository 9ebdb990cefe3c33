"""Dates and places that cameras noted, as columns where there are no others."""

import random
from pathlib import Path

import pytest
from PIL import Image

from hashing.collection import Collection
from hashing.images.facts import exif_of, place_at, taken_at

BERLIN = (52.516272, 13.377722)


def shot(path: Path, seed: int, taken: str = "", place: tuple[float, float] | None = None) -> Path:
    shades = random.Random(seed)
    image = Image.new("RGB", (4, 4))
    image.putdata([tuple(shades.randrange(256) for _ in range(3)) for _ in range(16)])
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    if taken:
        exif.get_ifd(0x8769)[0x9003] = taken
    if place is not None:
        gps = exif.get_ifd(0x8825)
        for tag, degrees, halves in ((1, place[0], "NS"), (3, place[1], "EW")):
            size = abs(degrees)
            minutes = size % 1 * 60
            gps[tag] = halves[degrees < 0]
            gps[tag + 1] = (float(int(size)), float(int(minutes)), minutes % 1 * 60)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.resize((48, 48)).save(path, exif=exif)
    return path


@pytest.fixture
def roll(tmp_path: Path) -> Path:
    folder = tmp_path / "roll"
    shot(folder / "a.jpg", 0, "2023:05:14 12:03:22", BERLIN)
    shot(folder / "b.png", 1, "2019:12:31 23:59:59", (-33.8568, -70.6483))
    shot(folder / "c.jpg", 2)
    return folder


def fields(art: Collection) -> dict[str, dict[str, object]]:
    return {item.file: dict(item.fields) for item in art.items()}


def test_dates_are_columns_and_places_are_not_unless_asked_for(roll: Path, tmp_path: Path) -> None:
    with Collection.build(roll, "colour", tmp_path / "a.index") as art:
        assert fields(art) == {
            "a.jpg": {"date": 2023, "date_written": "2023-05-14 12:03:22"},
            "b.png": {"date": 2019, "date_written": "2019-12-31 23:59:59"},
            "c.jpg": {},
        }
        assert art.info.roles["year"] == "date"
        assert art.ids(where="date > 2020").tolist() == [0]
        assert art.outcome is not None
        assert art.outcome.noted == {"date": 2, "date_written": 2}
    with Collection.build(roll, "colour", tmp_path / "b.index", exif=["place"]) as art:
        found = fields(art)["a.jpg"]
        assert (found["latitude"], found["longitude"]) == pytest.approx(BERLIN, abs=1e-5)
        assert fields(art)["b.png"]["longitude"] == pytest.approx(-70.6483, abs=1e-5)
    with Collection.build(roll, "colour", tmp_path / "c.index", exif=["none"]) as art:
        assert not any(fields(art).values())


def test_a_table_says_all_there_is(roll: Path, tmp_path: Path) -> None:
    (roll / "metadata.csv").write_text("file,title\na.jpg,A\nb.png,B\n")
    with Collection.build(roll, "colour", tmp_path / "a.index") as art:
        assert set(art.info.columns) == {"title"}
    (roll / "metadata.csv").write_text("file,date\na.jpg,1890\n")
    with Collection.build(roll, "colour", tmp_path / "b.index", exif=["date", "place"]) as art:
        assert fields(art)["a.jpg"]["date"] == 1890
        assert "date" not in fields(art)["b.png"]
        assert "latitude" in fields(art)["b.png"]


def test_what_comes_later_and_what_moves_keeps_its_date(roll: Path, tmp_path: Path) -> None:
    with Collection.build(roll, "colour", tmp_path / "a.index") as art:
        (roll / "a.jpg").rename(roll / "z.jpg")
        shot(roll / "new.jpg", 3, "2024:01:02 03:04:05", BERLIN)
        changes = art.sync()
        assert changes.moved == [("a.jpg", "z.jpg")]
        assert not changes.corrected
        assert fields(art)["z.jpg"]["date"] == 2023
        assert fields(art)["new.jpg"] == {"date": 2024, "date_written": "2024-01-02 03:04:05"}


def test_what_was_asked_of_cameras_is_asked_again(roll: Path, tmp_path: Path) -> None:
    (roll / "metadata.csv").write_text("file,title\na.jpg,A\nb.png,B\n")
    with Collection.build(roll, "colour", tmp_path / "a.index", exif=["date", "place"]) as art:
        before = fields(art)
        assert before["a.jpg"].keys() == {"title", "date", "date_written", "latitude", "longitude"}
        assert art.add(roll).differing == 0
        assert not art.sync()
        shot(roll / "new.jpg", 3, "2024:01:02 03:04:05", BERLIN)
        (roll / "metadata.csv").write_text("file,title\na.jpg,A2\nb.png,B\n")
        changes = art.sync()
        assert (changes.new, changes.corrected) == (["new.jpg"], ["a.jpg"])
        assert fields(art)["a.jpg"] == {**before["a.jpg"], "title": "A2"}
        assert {"date", "latitude"} < fields(art)["new.jpg"].keys()
    (roll / "metadata.csv").unlink()
    with Collection.build(roll, "colour", tmp_path / "b.index", exif=["none"]) as art:
        shot(roll / "newer.jpg", 4, "2024:01:02 03:04:05", BERLIN)
        assert art.sync().new == ["newer.jpg"]
        assert not any(fields(art).values())


@pytest.mark.parametrize("name", ["a.jpg", "b.png"])
def test_broken_exif_is_none(roll: Path, name: str) -> None:
    data = (roll / name).read_bytes()
    exif = exif_of(data)
    assert taken_at(exif) is not None
    assert place_at(exif) is not None
    for end in range(0, len(exif), 7):  # cut anywhere
        place_at(exif[:end])
        taken_at(exif[:end])
    assert place_at(b"") is None
    assert exif_of(b"no picture") == b""


def test_a_heic_file_is_looked_into_without_its_decoder(roll: Path) -> None:
    exif = exif_of((roll / "a.jpg").read_bytes())
    box = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40 + b"\0\0\0\6Exif\0\0" + exif
    assert place_at(exif_of(box)) == pytest.approx(BERLIN, abs=1e-5)
