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
