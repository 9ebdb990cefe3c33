import colorsys
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hashing.config import Preprocessing
from hashing.data.transforms import AUGMENTATIONS, Augmentation, apply, draw

PLAIN = Preprocessing(mean=(0, 0, 0), std=(1, 1, 1))
ROWS = np.arange(400)


def noise(count: int = 4, size: int = 16, seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.integers(0, 256, (count, size, size, 3), np.uint8))


def run(augmentation: Augmentation, squares: torch.Tensor, size: int, epoch: int = 0) -> np.ndarray:
    """Augmented pictures as `[B, s, s, 3]`, 0 … 1."""
    draws = draw(augmentation, 0, epoch, np.arange(len(squares)))
    return apply(squares, draws, size, PLAIN).permute(0, 2, 3, 1).numpy()


def test_none_only_normalises() -> None:
    squares = noise()
    preprocessing = Preprocessing()
    images = apply(squares, draw(Augmentation(), 0, 0, np.arange(4)), 16, preprocessing)
    expected = (squares.numpy() / 255 - preprocessing.mean) / preprocessing.std
    assert images.dtype == torch.float32
    assert np.abs(images.permute(0, 2, 3, 1).numpy() - expected).max() < 1e-5


def test_flips_about_half_and_exactly() -> None:
    squares = noise(400, 4)
    images = run(Augmentation(flip=0.5), squares, 4)
    plain = squares.numpy() / 255
    same = np.isclose(images, plain).all((1, 2, 3))
    mirrored = np.isclose(images, plain[:, :, ::-1]).all((1, 2, 3))
    assert (same ^ mirrored).all()
    assert 160 < mirrored.sum() < 240


def test_shifts_move_whole_pixels_and_mirror_the_gap() -> None:
    squares = noise(400, 16)
    plain = squares.numpy() / 255
    padded = np.pad(plain, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="symmetric")
    moves = set()
    for image, source in zip(run(Augmentation(shift=1 / 8), squares, 16), padded, strict=True):
        found = [
            (y, x)
            for y in range(5)
            for x in range(5)
            if np.allclose(image, source[y : y + 16, x : x + 16], atol=1e-4)
        ]
        assert len(found) == 1
        moves.add(found[0])
    assert len(moves) == 25


def test_crops_agree_with_sampling_point_by_point() -> None:
    augmentation = Augmentation(area=0.3, ratio=4 / 3, flip=0.5)
    squares = noise(6, 16)
    draws = draw(augmentation, 0, 5, np.arange(6))
    images = run(augmentation, squares, 12, epoch=5)
    for image, square, box, flip in zip(
        images, squares.numpy() / 255, draws.boxes.numpy(), draws.flips.numpy(), strict=True
    ):
        left, top = np.round(box[:2] * 16)
        places = (np.arange(12) + 0.5) / 12
        xs = left + (places[::-1] if flip else places) * box[2] * 16 - 0.5
        ys = top + places * box[3] * 16 - 0.5
        for i, y in enumerate(ys):
            for j, x in enumerate(xs):
                assert image[i, j] == pytest.approx(bilinear(square, y, x), abs=1e-4)


def bilinear(picture: np.ndarray, y: float, x: float) -> np.ndarray:
    y, x = np.clip([y, x], 0, len(picture) - 1)
    above, left = int(y), int(x)
    below, right = min(above + 1, len(picture) - 1), min(left + 1, len(picture) - 1)
    v, u = y - above, x - left
    upper = picture[above, left] * (1 - u) + picture[above, right] * u
    lower = picture[below, left] * (1 - u) + picture[below, right] * u
    return upper * (1 - v) + lower * v


def test_crops_keep_the_area_and_ratio_they_were_asked_for() -> None:
    boxes = draw(Augmentation(area=0.25, ratio=4 / 3), 0, 0, ROWS).boxes.numpy()
    assert (boxes >= 0).all()
    assert (boxes[:, :2] + boxes[:, 2:] <= 1 + 1e-6).all()
    area, ratio = boxes[:, 2] * boxes[:, 3], boxes[:, 2] / boxes[:, 3]
    assert area.min() < 0.3
    assert area.min() > 0.24
    assert area.max() > 0.95
    assert ratio.max() <= 4 / 3 + 1e-6
    assert ratio.min() >= 3 / 4 - 1e-6


@pytest.mark.parametrize("size", [8, 4])
def test_smaller_sizes_average_pixels(size: int) -> None:
    squares = noise(2, 16)
    factor = 16 // size
    expected = (squares.numpy() / 255).reshape(2, size, factor, size, factor, 3).mean((2, 4))
    assert np.abs(run(Augmentation(), squares, size) - expected).max() < 1e-5


def test_grey_stays_grey_under_hue_and_saturation() -> None:
    grey = noise(8)[..., :1].expand(-1, -1, -1, 3).contiguous()
    images = run(Augmentation(saturation=0.9, hue=0.5), grey, 16)
    assert np.abs(images - grey.numpy() / 255).max() < 5e-3


def test_brightness_scales_and_contrast_turns_around_the_mean() -> None:
    squares = (noise(8) // 4 + 64).contiguous()
    plain = squares.numpy() / 255
    ratio = run(Augmentation(brightness=0.3), squares, 16) / plain
    assert np.abs(ratio - ratio[:, :1, :1, :1]).max() < 1e-2
    assert len(np.unique(ratio[:, 0, 0, 0].round(3))) == 8
    images = run(Augmentation(contrast=0.5), squares, 16)
    luminance = np.array([0.299, 0.587, 0.114])
    assert np.allclose(
        (images @ luminance).mean((1, 2)), (plain @ luminance).mean((1, 2)), atol=1e-4
    )
    spread = images.std((1, 2, 3)) / plain.std((1, 2, 3))
    assert spread.min() > 0.49
    assert spread.max() < 1.51
    assert spread.max() - spread.min() > 0.2


def test_hue_turns_the_colour_circle() -> None:
    red = torch.zeros(200, 4, 4, 3, dtype=torch.uint8)
    red[..., 0], red[..., 1], red[..., 2] = 160, 100, 100
    hues = []
    for colour in run(Augmentation(hue=0.1), red, 4)[:, 0, 0]:
        hue, _, _ = colorsys.rgb_to_hsv(*colour.tolist())
        hues.append((hue + 0.5) % 1 - 0.5)
    assert -0.16 < min(hues) < -0.04
    assert 0.04 < max(hues) < 0.16


def test_erased_patches_are_the_mean_colour() -> None:
    white = torch.full((400, 16, 16, 3), 255, dtype=torch.uint8)
    draws = draw(Augmentation(erase=0.25), 0, 0, ROWS)
    images = apply(white, draws, 16, Preprocessing())
    holes = (images == 0).all(1)
    shares = holes.float().mean((1, 2))
    assert 70 < int((shares > 0).sum()) < 130
    assert shares[shares > 0].min() >= 0.03
    assert shares.max() <= 0.26
    for hole in holes[shares > 0]:  # a full rectangle
        assert hole.any(0).sum() * hole.any(1).sum() == hole.sum()


@settings(max_examples=15, derandomize=True, deadline=None)
@given(
    name=st.sampled_from(sorted(AUGMENTATIONS)), first=st.integers(0, 300), epoch=st.integers(0, 9)
)
def test_a_picture_looks_the_same_in_any_batch(name: str, first: int, epoch: int) -> None:
    squares = noise(8, 16, seed=first)
    rows = np.array([first, 5000, 3, first + 1, 77, 1, 2, 0])
    augmentation = AUGMENTATIONS[name]
    whole = apply(squares, draw(augmentation, 1, epoch, rows), 12, Preprocessing())
    for part in (slice(0, 1), slice(3, 8)):
        alone = apply(squares[part], draw(augmentation, 1, epoch, rows[part]), 12, Preprocessing())
        assert torch.allclose(alone, whole[part], atol=1e-5)


@pytest.mark.parametrize("name", sorted(set(AUGMENTATIONS) - {"none"}))
def test_each_augmentation_varies_with_epoch_and_seed_and_repeats_itself(name: str) -> None:
    squares, rows = noise(16), np.arange(16)

    def images(seed: int, epoch: int) -> bytes:
        draws = draw(AUGMENTATIONS[name], seed, epoch, rows)
        return apply(squares, draws, 16, Preprocessing()).numpy().tobytes()

    torch.manual_seed(0)
    first = images(0, 0)
    state = torch.get_rng_state()
    assert first == images(0, 0)
    assert torch.equal(torch.get_rng_state(), state)
    assert len({first, images(0, 1), images(1, 0)}) == 3


def test_the_table_holds_what_its_names_say() -> None:
    assert AUGMENTATIONS["none"] == Augmentation()
    for name, augmentation in AUGMENTATIONS.items():
        assert 0 < augmentation.area <= 1 <= augmentation.ratio, name
        assert replace(augmentation) == augmentation
