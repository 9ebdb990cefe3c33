"""A picture is seen in another, wherever and however it hangs there, and no other one is."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from hashing.images.alignment import agreement, grey, seek, wanted
from hashing.images.part import project
from tests.gallery import draw


def sheet(seed: int) -> Image.Image:
    """A drawing like no other: soft blots of every size."""
    rng = np.random.default_rng(seed)
    blots = [
        Image.fromarray(rng.integers(0, 256, (n, n + 2, 3)).astype(np.uint8)).resize((160, 120))
        for n in (4, 9, 17)
    ]
    together = np.mean([np.asarray(blot, np.float32) for blot in blots], axis=0)
    return Image.fromarray(together.astype(np.uint8))


def on_a_wall(work: Image.Image, light: float = 1.0) -> tuple[Image.Image, np.ndarray]:
    corners = np.array([(90, 60), (300, 75), (290, 250), (84, 230)], float)
    wall = Image.new("RGB", (400, 300), (200, 190, 180))
    mask = project(Image.new("L", work.size, 255), corners, wall.size)
    wall.paste(project(work, corners, wall.size), (0, 0), mask)
    lamp = np.linspace(0.5, 1.1, 400)[None, :, None] * light
    lit = (np.asarray(wall) * lamp).clip(0, 255).astype(np.uint8)
    return Image.fromarray(lit).filter(ImageFilter.GaussianBlur(1)), corners


def test_a_work_on_a_wall_is_seen_where_it_hangs() -> None:
    works = [sheet(seed) for seed in range(6)]
    photograph, corners = on_a_wall(works[4])
    seen = seek(grey(photograph), [wanted(work) for work in works])
    assert seen is not None
    assert seen.place == 4
    assert seen.correlation > 0.9
    np.testing.assert_allclose(np.array(seen.corners) * photograph.size, corners, atol=3)


def test_another_work_is_not_seen() -> None:
    photograph, corners = on_a_wall(sheet(0))
    others = [wanted(sheet(seed)) for seed in range(1, 9)]
    box = tuple(map(tuple, corners / photograph.size))
    seen = seek(grey(photograph), others, [box])
    assert seen is None or seen.correlation < 0.5


def test_colour_lightness_and_contrast_do_not_matter() -> None:
    work = sheet(3)
    dim, _ = on_a_wall(work, 0.5)
    pale = Image.blend(work, Image.new("RGB", work.size, "white"), 0.6)
    seen = seek(grey(dim), [wanted(pale)])
    assert seen is not None
    assert seen.correlation > 0.9


def test_the_correlation_is_that_of_what_lies_within_the_corners() -> None:
    """A second, dumber calculation: the whole picture over itself, and over its negative."""
    work = sheet(5)
    whole = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    assert agreement(grey(work), wanted(work), whole) == pytest.approx(1, abs=0.02)
    negative = Image.fromarray(255 - np.asarray(work))
    assert agreement(grey(negative), wanted(work), whole) == pytest.approx(-1, abs=0.02)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (640, 17)])
def test_odd_pictures_are_looked_in_and_for(size: tuple[int, int]) -> None:
    plain = Image.new("RGB", size, "grey")
    found = [
        seek(grey(plain), [wanted(sheet(0))]),
        seek(grey(sheet(0)), [wanted(plain), wanted(draw((9, 9, 9), 1, size))]),
    ]
    assert all(one is None or np.isfinite(one.correlation) for one in found)
