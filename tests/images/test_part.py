"""Parts of pictures, straightened, and frames that are seen in photographs."""

import numpy as np
import pytest
from PIL import Image
from PIL.ImageFilter import GaussianBlur

from hashing.errors import UsageError
from hashing.images.frames import suggest_box
from hashing.images.part import TURNS, crops, cut, project, read_box, shrunk, turned


def chequered(size: tuple[int, int] = (90, 60)) -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.NEAREST)


def apart(first: Image.Image, second: Image.Image) -> float:
    pixels = [np.asarray(image.resize((30, 20)), float) for image in (first, second)]
    return float(np.abs(pixels[0] - pixels[1]).mean())


def test_a_straight_box_is_a_crop() -> None:
    image = chequered((200, 100))
    found = cut(image, read_box("0.25,0.1,0.75,0.9"))
    assert found.size == (100, 80)
    assert apart(found, image.crop((50, 10, 150, 90))) < 1


def test_what_was_laid_aslant_is_straightened() -> None:
    work = chequered()
    corners = np.array([(60, 40), (230, 70), (220, 190), (50, 170)], float)
    wall = project(work, corners, (300, 240))
    box = tuple((x / 300, y / 240) for x, y in corners)
    assert apart(cut(wall, box), work) < 12
    assert apart(wall, work) > 50
    text = ",".join(f"{value:.4f}" for corner in box for value in corner)
    assert apart(cut(wall, read_box(text)), work) < 12


@pytest.mark.parametrize(
    "wrong",
    ["", "1,2", "0,0,1,x", "0,0,1,2", "0.5,0,0.5,1", "0,0,1,1,1", "nan,0,1,1",
     "0,0,0,1,1,1,1,0", "0,0,1,1,1,0,0,1"],
)  # fmt: skip
def test_a_box_that_is_none(wrong: str) -> None:
    with pytest.raises(UsageError, match=r"expected (a box|the corners)"):
        read_box(wrong)


def test_a_box_of_nothing() -> None:
    with pytest.raises(UsageError, match="at least 16 pixels on each side, found 10 x 60"):
        cut(chequered(), read_box("0,0,0.11,1"))


def test_turns_and_crops() -> None:
    image = chequered()
    ways = {way.tobytes() for way in turned(image)}
    assert len(ways) == len(TURNS) == 8
    assert turned(image)[0] is image
    assert [crop.size for crop in crops(image)] == [
        (90, 60), (72, 48), (58, 39), (45, 30), (36, 24)
    ]  # fmt: skip
    assert [crop.size for crop in crops(Image.new("RGB", (40, 20)))] == [(40, 20), (32, 16)]
    inner = shrunk(read_box("0,0,1,1"), 0.5)
    assert inner == ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))


@pytest.mark.parametrize("seed", range(4))
def test_a_frame_on_a_wall_is_seen(seed: int) -> None:
    rng = np.random.default_rng(seed)
    middle = np.array([320, 240]) + rng.uniform(-40, 40, 2)
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * rng.uniform(90, 170, 2)
    corners = middle + square * (1 + rng.uniform(-0.05, 0.05, (4, 1)))
    wall = np.clip(rng.normal(190, 5, (480, 640, 3)), 0, 255).astype(np.uint8)
    picture = Image.fromarray(wall)
    painted = chequered().resize((90, 60), Image.Resampling.BICUBIC).filter(GaussianBlur(6))
    seen = project(painted, corners, picture.size)
    picture.paste(seen, (0, 0), project(Image.new("L", (90, 60), 255), corners, picture.size))
    box = suggest_box(picture)
    assert box is not None
    assert np.abs(np.array(box) * picture.size - corners).max() < 20


def test_where_there_is_no_frame_none_is_seen() -> None:
    assert suggest_box(Image.new("RGB", (300, 200), "grey")) is None
    y, x = np.mgrid[:200, :300]
    smooth = np.stack([x * 255 / 300, y * 255 / 200, (x + y) / 2], -1).astype(np.uint8)
    assert suggest_box(Image.fromarray(smooth)) is None
    for shape in ((5000, 16), (16, 5000)):
        assert suggest_box(Image.effect_noise(shape, 80)) is None
