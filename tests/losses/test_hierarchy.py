"""Which field refines which, and the chance-corrected measure that decides it."""

import numpy as np
import pytest

from hashing.errors import UsageError
from hashing.losses import find_refinements
from hashing.losses.hierarchy import determination

STYLE = np.array([0, 0, 0, 1, 1, 1, 2, 2, -1, 2, 0, 1])
ARTIST = np.array([0, 0, 0, 1, 1, 1, 2, 2, 3, -1, 1, 1])
CLASSES = {"style": 3, "artist": 4, "period": 2}


def test_each_class_belongs_where_most_of_its_pictures_do() -> None:
    found = find_refinements({"style": STYLE, "artist": ARTIST}, CLASSES, {})
    assert list(found) == ["artist"]
    assert found["artist"].coarser == "style"
    assert found["artist"].classes.tolist() == [0, 1, 2, -1]  # one has no picture of known style


def test_the_finest_of_several_coarser_fields_is_taken() -> None:
    labels = {"period": np.array([0, 1, 1])[STYLE], "artist": ARTIST, "style": STYLE}
    labels["period"][STYLE < 0] = -1
    found = find_refinements(labels, CLASSES, {})
    assert {name: refinement.coarser for name, refinement in found.items()} == {
        "artist": "style",
        "style": "period",
    }


def test_what_is_named_needs_no_proof() -> None:
    rng = np.random.default_rng(0)
    labels = {"style": rng.integers(0, 3, 90), "artist": rng.integers(0, 4, 90)}
    assert find_refinements(labels, CLASSES, {}) == {}
    assert find_refinements(labels, CLASSES, {"artist": "style"})["artist"].coarser == "style"
    # Against the number of classes, too: the user knows.
    assert find_refinements(labels, CLASSES, {"style": "artist"})["style"].coarser == "artist"


def guesses_by_loop(finer: list[int], coarser: list[int]) -> float:
    """λ picture by picture: guess each from the others of its class."""
    right, pictures = 0, list(zip(finer, coarser, strict=True))
    for number, (fine, coarse) in enumerate(pictures):
        others = [c for i, (f, c) in enumerate(pictures) if f == fine and i != number]
        right += bool(others) and all(
            others.count(coarse) > others.count(c) for c in set(coarser) - {coarse}
        )
    base = max(coarser.count(c) for c in set(coarser))
    return max(0.0, (right - base) / (len(pictures) - base))


@pytest.mark.parametrize("seed", range(8))
def test_determination_by_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    finer = rng.integers(0, 6, 40)
    coarser = np.where(rng.random(40) < 0.2 * seed, rng.integers(0, 3, 40), finer % 3)
    counts = np.zeros((6, 3), np.int64)
    np.add.at(counts, (finer, coarser), 1)
    found = determination(counts)
    assert found == pytest.approx(guesses_by_loop(finer.tolist(), coarser.tolist()))


def test_classes_of_one_picture_each_determine_nothing() -> None:
    assert determination(np.eye(9, dtype=np.int64)) == 0
    assert determination(5 * np.eye(9, dtype=np.int64)) == 1
    assert determination(np.zeros((3, 2), np.int64)) == 0
    assert determination(np.full((3, 1), 4)) == 0  # one coarser class alone says nothing


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"artist": "styel"}, "centres.coarser 'styel'; did you mean style"),
        ({"genre": "style"}, "unknown label field in centres.coarser 'genre'"),
        ({"artist": "style", "style": "artist"}, "circle: style, artist, style"),
        ({"artist": "artist"}, "circle: artist, artist"),
    ],
)
def test_what_cannot_be(named: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_refinements({"style": STYLE, "artist": ARTIST}, CLASSES, named)
