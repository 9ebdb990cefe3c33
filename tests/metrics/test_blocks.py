"""A block of queries is measured as each of them alone, and an evaluation as item by item."""

from collections.abc import Callable

import numpy as np
import pytest

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.metrics import (
    Labels,
    LabelSets,
    TiedGroups,
    average_precision,
    average_precision_of_found,
    closeness,
    count_pairs,
    cumulative_gain,
    evaluate,
    evaluate_features,
    ndcg,
    weighted_average_precision,
)
from hashing.metrics.ties import precision_within, relevant_found

MEASURES: dict[str, Callable[[TiedGroups], np.ndarray]] = {
    "average precision": average_precision,
    "best": lambda groups: average_precision(groups, order="best"),
    "worst at 4": lambda groups: average_precision(groups, 4, order="worst"),
    "at 4": lambda groups: average_precision(groups, 4),
    "of found": lambda groups: average_precision_of_found(groups, 4),
    "weighted": weighted_average_precision,
    "gain": lambda groups: cumulative_gain(groups, 4),
    "ndcg": lambda groups: ndcg(groups, 4),
    "within": lambda groups: precision_within(groups, 3),
    "found": lambda groups: relevant_found(groups, np.array([1, 4, 9, 99])),
}


@pytest.mark.parametrize("name", MEASURES)
def test_queries_of_a_block_do_not_touch_each_other(name: str) -> None:
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 3, (20, 6, 3)) * rng.integers(0, 2, (20, 6, 1))
    counts[3] = 0
    counts[4, 5], counts[4, :5] = 7, 0  # all that there is lies in the last group
    together = MEASURES[name](TiedGroups(counts))
    alone = np.concatenate([MEASURES[name](TiedGroups(row[None])) for row in counts])
    assert np.allclose(together, alone, atol=1e-12)
    assert len(np.unique(together.round(9))) > 5


def test_an_evaluation_is_what_items_say_one_by_one() -> None:
    rng = np.random.default_rng(1)
    queries, database = (Codes(rng.integers(0, 256, (n, 2), np.uint8) & 0x77, 16) for n in (12, 60))
    labels = Labels(rng.integers(0, 3, 12), rng.integers(0, 4, 60))
    found = evaluate(queries, database, [labels], ks=(5, 30))
    distances = queries.distances(database)
    relevant = labels.queries[:, None] == labels.database
    within = [
        relevant[q][distances[q] <= 2].mean() if (distances[q] <= 2).any() else 0.0
        for q in range(12)
    ]
    assert found.precision_within_2 == pytest.approx(np.mean(within))
    assert {bool(value) for value in within} == {True, False}

    def at(query: int, rank: int) -> float:
        """Relevant items among the first ranks, a tied one by its chance to be there."""
        total, before = 0.0, 0
        for distance in range(17):
            tied = distances[query] == distance
            share = min(max(rank - before, 0), tied.sum()) / max(tied.sum(), 1)
            total, before = total + share * relevant[query][tied].sum(), before + tied.sum()
        return total

    for rank in (5, 30):
        precision = np.mean([at(q, rank) / rank for q in range(12)])
        assert found.precision_at[rank] == pytest.approx(precision)
        recall = np.mean([at(q, rank) / max(relevant[q].sum(), 1) for q in range(12)])
        assert found.recall_at[rank] == pytest.approx(recall)
        of_found = [
            average_precision_of_found(TiedGroups.of(distances[q], relevant[q] * 1, 2), rank)
            for q in range(12)
        ]
        assert found.mean_average_precision_of_found_at[rank] == pytest.approx(np.mean(of_found))
    assert found.curve[-1] == (pytest.approx(1), pytest.approx(relevant.mean()))
    first = np.mean([at(q, 1) for q in range(12)])
    assert found.curve[0][1] == pytest.approx(first)
    assert found.as_dict()["precision_at"] == {str(k): v for k, v in found.precision_at.items()}
    distinct = len(np.unique(database.packed, axis=0))
    assert ["distinct", "codes", str(distinct)] in [line.split() for line in str(found).split("\n")]


def test_features_are_compared_by_their_angles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hashing.metrics.evaluation._BLOCK", 4)
    rng = np.random.default_rng(2)
    queries, database = rng.normal(size=(10, 4)) * 0.3, rng.normal(size=(30, 4)) * 9
    queries[7] = 0  # like nothing, and like everything
    labels = Labels(rng.integers(0, 3, 10), rng.integers(0, 3, 30))
    found = evaluate_features(queries, database, [labels], ks=(5,))
    expected = []
    for q, feature in enumerate(queries):
        angles = database @ feature / np.linalg.norm(database, axis=1)
        grades = (labels.database == labels.queries[q]) * 1
        expected.append(average_precision(TiedGroups.of(-angles.round(12), grades, 2))[0])
    assert found.mean_average_precision == pytest.approx(np.mean(expected))


def test_a_grade_is_one_unless_it_is_said() -> None:
    assert Labels.of(["a"], ["a"]).grade == LabelSets.of([{"a"}], [{"a"}]).grade == 1
    assert Labels.of(["a"], ["a"], 3).grade == LabelSets.of([{"a"}], [{"a"}], 3).grade == 3
    for array in (np.zeros(2), np.zeros((2, 1), np.int64)):
        with pytest.raises(UsageError, match=r"integers in one dimension, found .* \[2"):
            Labels(array, np.zeros(2, np.int64))


def test_pairs_of_several_blocks_are_added() -> None:
    codes = Codes(np.zeros((600, 1), np.uint8), 8)
    labels = np.zeros(600, np.int64)
    assert count_pairs(codes, codes, (8,), [Labels(labels, labels)])[8][0].tolist() == [360_000] * 2


def test_words_need_pairs_and_not_pairs_that_belong_together() -> None:
    few = closeness.FEWEST
    counts = np.zeros((9, 2), np.int64)
    counts[0] = few, few * 95 // 100  # fewer than that belong together, and they are enough
    counts[1] = 10 * few, 0
    words = closeness.Closeness.of({8: counts})
    assert words.bounds[8] == {"very close": 0}
    assert closeness.Closeness.read(words.as_dict()) == words
    assert words.kept({8: counts})["8"]["very close"] == {"pairs": few, "share": 0.95}
    other = closeness.Closeness({8: {"very close": 3, "close": 5}, 16: {"close": 1}})
    assert words.within(other).bounds == {8: {"very close": 0}}
    assert other.within(words).bounds == {8: {"very close": 0}, 16: {}}
    assert closeness.falling_shares(np.zeros((3, 2), np.int64)).tolist() == [1, 1, 1]
