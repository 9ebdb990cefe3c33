"""Films as pictures: the frames where what is seen changes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hashing.collection import Collection
from hashing.errors import ImageError, InputError
from hashing.images import decode
from hashing.sources import read_catalogue
from hashing.sources.films import with_frames
from hashing.sources.left_out import LeftOut
from hashing.sources.partition import Shard

av = pytest.importorskip("av", reason="needs the extra video")

RATE = 10


def scene(seed: int) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), np.uint8)
    return Image.fromarray(pixels).resize((96, 72), Image.Resampling.NEAREST)


def film(path: Path, scenes: list[Image.Image | None], seconds: float = 1.2) -> Path:
    """Shots of a moment each; None is black."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 96, 72, "yuv420p"
        stream.bit_rate = 2_000_000
        for image in scenes:
            for _ in range(int(seconds * RATE)):
                shown = image or Image.new("RGB", (96, 72))
                container.mux(stream.encode(av.VideoFrame.from_image(shown)))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    film(tmp_path / "in" / "a.mp4", [scene(0), scene(1), None, scene(2)])
    film(tmp_path / "in" / "deep" / "b.avi", [scene(3), scene(3)])
    scene(4).save(tmp_path / "in" / "still.png")
    (tmp_path / "in" / "broken.mkv").write_bytes(b"no film")
    return tmp_path / "in"


def test_what_is_no_film_is_not_looked_for_among_all_films() -> None:
    class Films(list[str]):
        def __contains__(self, name: object) -> bool:
            raise AssertionError(f"{name} was compared with each film")

    left_out = LeftOut()
    names = with_frames(Path(), ["a.mp4", "b.png"], Films(["a.mp4"]), left_out, video=False)
    assert names == (["b.png"], set())
    assert left_out == {"film (--video takes its frames)": ["a.mp4"]}


def test_each_shot_is_one_frame_with_its_second(folder: Path) -> None:
    found = read_catalogue(folder, video=True)
    frames = [(i.fields["film"], i.fields["second"]) for i in found.items if i.fields]
    assert [name for name, _ in frames] == ["a.mp4"] * 3 + ["deep/b.avi"]
    starts = [second for _, second in frames]
    assert starts == pytest.approx([0, 1.2, 3.6, 0], abs=0.5)
    assert found.columns["second"] is float
    for item, seed in zip(found.items, (0, 1, 2, 3, 4), strict=True):
        shown = np.asarray(decode(found.read(item)), np.float32)
        assert np.abs(shown - np.asarray(scene(seed), np.float32)).mean() < 12, item.path
    assert list(found.left_out) == ["film that cannot be read"]


def test_the_frames_of_a_film_are_in_one_part(folder: Path) -> None:
    for number in range(4):
        film(folder / f"{number}.mp4", [scene(9 + number), scene(20 + number)])
    names = [item.path for item in read_catalogue(folder, video=True).items]
    for table in (None, "file,title\nstill.png,Still\n"):
        if table is not None:
            (folder / "metadata.csv").write_text(table)
        parts = [read_catalogue(folder, video=True, shard=Shard(n, 3)) for n in range(3)]
        assert sorted(item.path for part in parts for item in part.items) == names
        held = [{item.path.rpartition("/")[0] for item in part.items} - {""} for part in parts]
        assert sum(map(len, held)) == 6


def test_a_film_that_cannot_be_read_now_keeps_its_frames(folder: Path, tmp_path: Path) -> None:
    with Collection.build(folder, "colour", tmp_path / "a.index", video=True) as art:
        (folder / "a.mp4").write_bytes(b"half a copy")
        changes = art.sync()
        assert (changes.deleted, changes.kept) == ([], 3)
        (folder / "a.mp4").unlink()
        assert len(art.sync().deleted) == 3


def test_without_asking_films_are_only_told(folder: Path) -> None:
    found = read_catalogue(folder)
    assert [item.path for item in found.items] == ["still.png"]
    assert found.left_out["film (--video takes its frames)"] == [
        "a.mp4",
        "broken.mkv",
        "deep/b.avi",
    ]


def test_a_still_finds_its_film_and_second(folder: Path, tmp_path: Path) -> None:
    still = tmp_path / "asked.png"
    scene(2).resize((60, 45)).save(still)
    with Collection.build(folder, "colour", tmp_path / "a.index", video=True) as art:
        best = art.search(still, k=1)[0]
        assert best.fields["film"] == "a.mp4"
        assert best.fields["second"] == pytest.approx(3.6, abs=0.5)
        original = art.opened.pictures.file(best.item)
        assert original is not None
        assert decode(original.data).size == (96, 72)
        assert not art.sync()
        film(folder / "new.mp4", [scene(5)])
        assert [name.partition("/")[0] for name in art.sync().new] == ["new.mp4"]
    with Collection.build(folder / "a.mp4", "colour", tmp_path / "b.index", video=True) as one:
        assert {item.fields["film"] for item in one.items()} == {"a.mp4"}
        assert len(one) == 3


def test_a_frame_that_is_none(folder: Path, tmp_path: Path) -> None:
    found = read_catalogue(folder, video=True)
    item = found.items[2]
    film(folder / "a.mp4", [scene(0)])
    with pytest.raises(ImageError, match="ends before"):
        found.read(item)
    (tmp_path / "none.mp4").write_bytes(b"nothing")
    with pytest.raises(InputError, match="film that cannot be read"):
        read_catalogue(tmp_path / "none.mp4", video=True)
