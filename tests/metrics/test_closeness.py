"""Words for distances: what they promise, and when there are none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hashing.codes import Codes
from hashing.errors import ArtefactError
from hashing.metrics import Closeness, Labels, count_pairs
from hashing.metrics.closeness import FAR, falling_shares

COUNTS = st.lists(st.integers(0, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))


def test_pairs_are_counted_by_distance() -> None:
    rng = np.random.default_rng(0)
    codes = Codes.from_logits(rng.normal(size=(40, 32)).astype(np.float32))
    labels = rng.integers(-1, 3, 40)
    own = Labels(np.arange(40), np.arange(40))
    found = count_pairs(codes, codes, (16, 32), [Labels(labels, labels)], [own])
    for bits, counts in found.items():
        expected = np.zeros((bits + 1, 2), int)
        plain = codes.prefix(bits).unpacked()
        for a in range(40):
            for b in range(40):
                if a != b:
                    together = labels[a] == labels[b] >= 0
                    expected[(plain[a] != plain[b]).sum()] += 1, together
        np.testing.assert_array_equal(counts, expected)


@settings(deadline=None)
@given(COUNTS.filter(lambda counts: sum(n for n, _ in counts) > 0))
def test_shares_fall_and_are_those_of_isotonic_regression(counts: list[tuple[int, int]]) -> None:
    table = np.array(counts)
    shares = falling_shares(table)
    assert (np.diff(shares) <= 1e-12).all()

    def mean(first: int, last: int) -> float:
        pairs, together = table[first : last + 1].sum(axis=0)
        return float(together / pairs)

    there = np.flatnonzero(table[:, 0])
    for place in there:  # the min-max formula
        best = min(max(mean(a, b) for b in there if b >= place) for a in there if a <= place)
        assert shares[place] == pytest.approx(best)


def test_each_word_keeps_its_promise() -> None:
    together = [99, 95, 91, 80, 76, 60, 51, 20, 0]
    counts = np.array([(100, share) for share in together])
    words = Closeness.of({8: counts})
    assert words.bounds[8] == {"very close": 2, "close": 4, "related": 6}
    assert [words.word(d, 8) for d in (0, 2, 3, 6, 7, 8)] == [
        *("very close", "very close", "close", "related", FAR, FAR)
    ]
    kept = words.kept({8: counts})["8"]
    assert kept["close"] == {"pairs": 200, "share": pytest.approx(0.78)}
    assert Closeness.read(words.as_dict()) == words


def test_no_word_is_better_than_a_false_one() -> None:
    few = Closeness.of({8: np.array([(9, 9)] * 9)})
    assert few.bounds[8] == {}
    assert few.word(0, 8) is None
    unlike = Closeness.of({8: np.array([(1000, 100)] * 9)})
    assert unlike.word(0, 8) is None
    assert unlike.word(0, 16) is None
    # one word may take another's place, never share its distances
    alike = Closeness.of({8: np.array([(1000, 990)] * 9)})
    assert alike.bounds[8] == {"very close": 8}


@pytest.mark.parametrize(
    "record",
    [
        None,
        {},
        {"bounds": []},
        {"bounds": {"x": {}}},
        {"bounds": {"8": {"close": "2"}}},
        {"bounds": {"8": {"close": 9}}},
        {"bounds": {"8": {"very close": 3, "close": 2}}},
    ],
)
def test_damaged_words_are_refused(record: object) -> None:
    with pytest.raises(ArtefactError, match="calibrate it anew"):
        Closeness.read(record)
