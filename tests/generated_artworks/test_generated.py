"""Generated artworks: the folder they are written to, and what each picture depends on."""

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generated_artworks import STYLES, contact_sheet, generate
from generated_artworks.artists import ARTISTS
from generated_artworks.colour import LIGHTNESS, PALETTES, hand_out, luma, oklch
from generated_artworks.manners import ABSTRACT, FIGURATIVE
from generated_artworks.marks import CANVAS, box
from generated_artworks.scene import Cartoon, Shape
from generated_artworks.studio import commission, composed, paint, stream
from generated_artworks.subjects import SUBJECTS
from hashing.errors import InputError, UsageError


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "metadata.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("generated"), count=70, size=64, workers=1)


def test_is_an_ordinary_folder(folder: Path) -> None:
    rows = _rows(folder)
    assert list(rows[0]) == ["file", "artist", "style", "title", "year"]
    assert [row["file"] for row in rows] == [f"{i:05}.jpg" for i in range(70)]
    assert {row["style"] for row in rows} == set(STYLES)
    assert len({row["artist"] for row in rows}) == 60
    assert all(row["title"] and 1890 <= int(row["year"]) <= 2030 for row in rows)
    for row in rows:
        with Image.open(folder / row["file"]) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (64, 64))


def test_several_processes_write_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    progress: list[int] = []
    other = generate(tmp_path / "two", 70, 64, workers=2, on_progress=progress.append)
    assert _contents(other) == _contents(folder)
    assert progress == [0, *[1] * 70]


@pytest.mark.parametrize("before", [None, ""])
def test_nothing_of_the_current_folder_runs_in_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    (tmp_path / "socket.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    if before is not None:
        monkeypatch.setenv("PYTHONSAFEPATH", before)
    generate(tmp_path / "two", 64, 32, workers=2)
    assert not (tmp_path / "ran").exists()
    assert os.environ.get("PYTHONSAFEPATH") == before


def test_seed_and_index_alone_decide(folder: Path) -> None:
    work = commission(0, 42)
    assert _rows(folder)[42]["title"] == work.title
    again = paint(work, 0, 42, 64)
    assert np.array_equal(np.asarray(again), np.asarray(paint(work, 0, 42, 64)))
    assert not np.array_equal(np.asarray(again), np.asarray(paint(work, 1, 42, 64)))
    assert stream(0, 1, 2).random() not in {stream(0, 1, 3).random(), stream(1, 0, 2).random()}


def test_complete_folder_is_left_alone(tmp_path: Path) -> None:
    generate(tmp_path, 3, 32, workers=1)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    generate(tmp_path, 3, 32, workers=1)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_interrupted_folder_is_finished(tmp_path: Path) -> None:
    whole = _contents(generate(tmp_path / "whole", 6, 32, workers=1))

    done: list[int] = []

    def interrupt(count: int) -> None:
        done.append(count)
        if sum(done) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path / "broken", 6, 32, workers=1, on_progress=interrupt)
    assert not (tmp_path / "broken" / "metadata.csv").exists()
    cut = tmp_path / "broken" / "00001.jpg"
    cut.write_bytes(cut.read_bytes()[:-40])
    assert _contents(generate(tmp_path / "broken", 6, 32, workers=1)) == whole


def test_other_recipe_is_drawn_anew(tmp_path: Path) -> None:
    first = _contents(generate(tmp_path, 4, 32, workers=1))
    for name in ("00001.part", "metadata.part", "12345.jpg"):
        (tmp_path / name).write_bytes(b"mine")
    second = _contents(generate(tmp_path, 3, 32, seed=5, workers=1))
    for name in ("00001.part", "metadata.part", "12345.jpg"):
        assert second.pop(name) == b"mine"
    assert set(second) == set(first) - {"00003.jpg"}
    assert second["00000.jpg"] != first["00000.jpg"]
    assert json.loads(second[".generated.json"])["seed"] == 5


def test_other_peoples_files_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "00000.jpg").write_bytes(b"mine")
    with pytest.raises(InputError, match="name another folder"):
        generate(tmp_path, 2, 32)
    assert _contents(tmp_path) == {"00000.jpg": b"mine"}


@pytest.mark.parametrize(
    "wrong",
    [{"count": 0}, {"count": 100_001}, {"size": 8}, {"size": 4096}, {"seed": -1}, {"seed": 2**64}],
)
def test_impossible_requests_are_refused(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="expected"):
        generate(tmp_path / "out", **wrong)
    assert not (tmp_path / "out").exists()


def test_contact_sheet_shows_the_pictures(folder: Path) -> None:
    sheet = np.asarray(contact_sheet(folder, 20))
    assert sheet.shape == (2 * 156 + 6, 10 * 156 + 6, 3)
    with Image.open(folder / "00011.jpg") as image:
        expected = np.asarray(image, np.float64).mean()
    assert abs(sheet[162:312, 162:312].mean() - expected) < 3


def test_contact_sheet_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="draw them first"):
        contact_sheet(tmp_path)


def test_same_subjects_occur_in_every_figurative_style() -> None:
    works = [commission(0, i) for i in range(600)]
    seen = {(work.artist.style, work.subject) for work in works if work.subject}
    assert seen == {(style, subject) for style in FIGURATIVE for subject in SUBJECTS}
    assert {work.artist.style for work in works if work.subject is None} == set(ABSTRACT)


def test_scene_values_and_labels_agree_with_a_slow_look() -> None:
    """Pixel by pixel: the topmost shape's value runs from `value` to `end` along its axis."""
    back = Shape(box(-0.05, -0.05, 1.05, 1.05), 0.9, 0.4)
    front = Shape(box(0.25, 0.25, 0.75, 0.75), 0.2, 0.8, axis=0, accent=True)
    inks = hand_out(stream(0, 0, 0), PALETTES[0])
    cartoon = Cartoon([back, front], inks)
    for x, y in ((30.0, 40.0), (200.0, 200.0), (120.0, 330.0), (440.0, 440.0)):
        part_x, part_y = x / CANVAS, y / CANVAS
        inside = 0.25 <= part_x <= 0.75 and 0.25 <= part_y <= 0.75
        value = 0.2 + 0.6 * (part_x - 0.25) / 0.5 if inside else 0.9 - 0.5 * (part_y + 0.05) / 1.1
        place = cartoon.at(np.array([[x, y]]))
        assert cartoon.labels[place][0] == inside
        assert cartoon.value(place)[0] == pytest.approx(value, abs=1e-5)
        expected = inks.ramps[int(inside), int(255 * value)].astype(int)
        assert np.abs(cartoon.colour(place)[0].astype(int) - expected).max() <= 3


def test_every_picture_is_composed() -> None:
    failed = [i for i in range(60) if not composed(paint(commission(3, i), 3, i, 64))]
    assert failed == []


def test_composition_check_refuses_empty_and_flat_sheets() -> None:
    flat = np.full((64, 64, 3), 200, np.uint8)
    specks = flat.copy()
    specks[10:14, 10:14] = 0
    faint = flat.copy()
    faint[::2] -= 20
    assert not any(composed(Image.fromarray(pixels)) for pixels in (flat, specks, faint))


def test_palettes_stand_on_one_ladder_of_lightness() -> None:
    assert len({palette.name for palette in PALETTES}) == 24
    for palette in PALETTES:
        tones = [luma(tone) for tone in palette.ladder]
        assert tones == sorted(tones)
        assert tones[-1] - tones[0] > 170
    assert len(LIGHTNESS) == len(PALETTES[0].ladder)


def test_oklch_agrees_with_published_values() -> None:
    """White, black and the sRGB primaries, from Ottosson's article on Oklab."""
    assert oklch(1, 0, 0) == (255, 255, 255)
    assert oklch(0, 0, 0) == (0, 0, 0)
    for triple, colour in (
        ((0.62796, 0.25768, 29.23), (255, 0, 0)),
        ((0.86644, 0.29483, 142.5), (0, 255, 0)),
        ((0.45201, 0.31321, 264.05), (0, 0, 255)),
    ):
        assert np.abs(np.subtract(oklch(*triple), colour)).max() <= 12


def test_artists_differ_in_hand_and_share_palettes() -> None:
    assert len({artist.name for artist in ARTISTS}) == 60
    for style in STYLES:
        hands = {artist.hand for artist in ARTISTS if artist.style == style}
        assert len(hands) == 6
    users = [sum(i in artist.palettes for artist in ARTISTS) for i in range(24)]
    assert min(users) >= 3


@pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="children are listed by Linux only"
)
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = (
        "from pathlib import Path; from generated_artworks import generate; "
        f"generate(Path({str(tmp_path)!r}), 100_000, workers=2)"
    )
    with subprocess.Popen([sys.executable, "-c", script]) as parent:
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
        _wait_until(lambda: any(tmp_path.glob("*.jpg")))
        workers = [int(pid) for pid in children.read_text().split()]
        parent.kill()
    assert len(workers) >= 2
    _wait_until(lambda: not any(_is_running(pid) for pid in workers))


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_running(pid: int) -> bool:
    """Whether the process is there and not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
