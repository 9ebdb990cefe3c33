import numpy as np
import pytest

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.losses import class_centres

LENGTHS = (16, 32, 64, 128)


def least_distance(signs: np.ndarray) -> int:
    rows = range(len(signs))
    return min(int((signs[i] != signs[j]).sum()) for i in rows for j in rows if i < j)


@pytest.mark.parametrize("classes", [2, 3, 10, 16, 17, 31, 32])
def test_few_classes_differ_in_half_of_every_prefix(classes: int) -> None:
    centres = class_centres(classes, LENGTHS)
    assert centres.signs.shape == (classes, 128)
    assert set(np.unique(centres.signs)) == {-1, 1}
    for length, least in centres.minimum_distances.items():
        assert least >= length // 2
        assert least == least_distance(centres.signs[:, :length])


@pytest.mark.parametrize(("classes", "least"), [(60, (5, 12, 28, 60)), (192, (4, 11, 25, 56))])
def test_many_classes_stay_far_apart(classes: int, least: tuple[int, ...]) -> None:
    found = class_centres(classes, LENGTHS).minimum_distances
    assert tuple(found) == LENGTHS
    assert all(a >= b for a, b in zip(found.values(), least, strict=True))


@pytest.mark.parametrize("classes", [10, 60])
def test_bits_are_balanced(classes: int) -> None:
    share = (class_centres(classes, LENGTHS).signs > 0).mean(axis=0)
    assert share.min() >= 0.2
    assert share.max() <= 0.8


@pytest.mark.parametrize("classes", [10, 40])
def test_a_seed_decides(classes: int) -> None:
    first, second = class_centres(classes, (16, 32)), class_centres(classes, (16, 32))
    assert np.array_equal(first.signs, second.signs)
    assert not np.array_equal(first.signs, class_centres(classes, (16, 32), seed=1).signs)


def test_lengths_that_are_no_powers_of_two() -> None:
    centres = class_centres(12, (24, 40))
    assert centres.minimum_distances[24] >= 10
    assert centres.minimum_distances[40] >= 17


@pytest.mark.parametrize(
    ("classes", "lengths", "least"),
    [
        (100, (64, 96), (32, 44)),
        (40, (32, 48), (16, 22)),
        (24, (24, 32), (9, 13)),
        (30, (16, 24), (8, 10)),
    ],
)
def test_a_later_segment_that_has_fewer_rows_than_there_are_classes(
    classes: int, lengths: tuple[int, int], least: tuple[int, int]
) -> None:
    found = class_centres(classes, lengths).minimum_distances
    assert all(found[bits] >= away for bits, away in zip(lengths, least, strict=True))


def test_opposite_classes_are_not_opposite_everywhere() -> None:
    signs = class_centres(32, LENGTHS).signs.astype(int)
    assert (signs @ signs.T).min() > -128


@pytest.mark.parametrize(("classes", "limit"), [(129, 128), (5000, 128)])
def test_more_classes_than_can_be_had(classes: int, limit: int) -> None:
    with pytest.raises(UsageError, match=f"at most {limit} classes .* of 8 bits, found {classes}"):
        class_centres(classes, (8, 16))


def test_more_classes_than_the_search_takes() -> None:
    with pytest.raises(UsageError, match="at most 2048 classes"):
        class_centres(3000, LENGTHS)


def test_centres_too_close_are_refused() -> None:
    # All 128 words of even weight would do, but the search is not that lucky.
    with pytest.raises(UsageError, match="differ in 2 bits"):
        class_centres(128, (8, 16))


def test_hex_is_that_of_the_codes() -> None:
    centres = class_centres(5, (16,))
    assert centres.hex() == Codes.from_logits(centres.signs.astype(np.float32)).hex()


def test_one_class_is_enough() -> None:
    assert class_centres(1, (16,)).signs.shape == (1, 16)


def coarser_signs(finer: int, coarser: int, lengths: tuple[int, ...] = LENGTHS) -> np.ndarray:
    """The centre of each finer class's coarser one, class c belonging to c mod `coarser`."""
    return class_centres(coarser, lengths).signs[np.arange(finer) % coarser]


@pytest.mark.parametrize(
    ("finer", "coarser", "share", "least"),
    [
        (60, 10, 0.25, (6, 12, 26, 54)),
        (60, 10, 0.15, (4, 8, 18, 38)),
        (192, 8, 0.25, (4, 9, 21, 46)),
    ],
)
def test_finer_classes_lie_near_their_coarser_one(
    finer: int, coarser: int, share: float, least: tuple[int, ...]
) -> None:
    around = coarser_signs(finer, coarser)
    found = class_centres(finer, LENGTHS, around=around, share=share)
    assert set(np.unique(found.signs)) == {-1, 1}
    for length, expected in zip(LENGTHS, least, strict=True):
        prefix = found.signs[:, :length]
        away = [
            int((mine != its).sum()) for mine, its in zip(prefix, around[:, :length], strict=True)
        ]
        assert max(away) == found.coarser_distances[length] <= share * length
        assert least_distance(prefix) == found.minimum_distances[length] >= expected


def test_a_searched_ball_beats_a_drawn_one() -> None:
    around = coarser_signs(60, 10)
    found = class_centres(60, LENGTHS, around=around, share=0.25).minimum_distances
    rng = np.random.default_rng(0)
    drawn = around.copy()
    for row in drawn:
        for start, stop in ((0, 16), (16, 32), (32, 64), (64, 128)):
            bits = start + rng.permutation(stop - start)[: (stop - start) // 4]
            row[bits] *= -1
    assert all(found[length] > least_distance(drawn[:, :length]) for length in LENGTHS)


def test_a_class_without_a_coarser_one_is_free() -> None:
    around = coarser_signs(40, 4)
    around[::2] = 0
    found = class_centres(40, LENGTHS, around=around, share=0.125)
    bound = (found.signs[1::2] != around[1::2]).sum(axis=1)
    assert bound.max() <= 16 == found.coarser_distances[128]
    nearest = min(int((found.signs[0] != row).sum()) for row in np.unique(around[1::2], axis=0))
    assert nearest > 40


def test_a_seed_decides_related_centres() -> None:
    around = coarser_signs(40, 4)
    first, second = (class_centres(40, LENGTHS, around=around, share=0.25) for _ in range(2))
    assert np.array_equal(first.signs, second.signs)
    other = class_centres(40, LENGTHS, seed=1, around=around, share=0.25)
    assert not np.array_equal(first.signs, other.signs)


def test_a_share_without_room_for_all() -> None:
    with pytest.raises(UsageError, match=r"use a larger centres\.share"):
        class_centres(40, LENGTHS, around=coarser_signs(40, 4), share=0.06)
