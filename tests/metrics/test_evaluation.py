import time

import numpy as np
import pytest

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.metrics import (
    Labels,
    LabelSets,
    RetrievalMetrics,
    TiedGroups,
    average_precision,
    cumulative_gain,
    evaluate,
    evaluate_costs,
    evaluate_features,
    graded,
    ndcg,
    weighted_average_precision,
)


def random_codes(rng: np.random.Generator, n: int, bits: int = 16) -> Codes:
    return Codes(rng.integers(0, 256, (n, bits // 8), np.uint8) & 0x11, bits)


def close(a: RetrievalMetrics, b: RetrievalMetrics) -> bool:
    return a.as_dict() == pytest.approx(b.as_dict(), abs=1e-9) and np.allclose(
        a.curve, b.curve, atol=1e-9
    )


def flat(metrics: RetrievalMetrics) -> list[float]:
    """Every measure in one list."""
    plain = metrics.as_dict()
    numbers: list[float] = []
    for value in plain.values():
        if isinstance(value, dict):
            numbers += value.values()
        elif isinstance(value, tuple):
            numbers += [number for point in value for number in point]
        elif value is not None:
            numbers.append(value)
    return numbers


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_codes_agree_with_explicit_distances_per_query(rng: np.random.Generator) -> None:
    queries, database = random_codes(rng, 20, 72), random_codes(rng, 90, 72)
    style = Labels(rng.integers(-1, 3, 20), rng.integers(-1, 3, 90))
    artist = Labels(rng.integers(0, 5, 20), rng.integers(0, 5, 90), grade=2)
    found = evaluate(queries, database, [style, artist], ks=(1, 7))

    def groups(query: int) -> TiedGroups:
        differ = queries.unpacked()[query] != database.unpacked()
        grades = [
            (style.queries[query] == s and s >= 0) + 2 * (artist.queries[query] == a)
            for s, a in zip(style.database, artist.database, strict=True)
        ]
        return TiedGroups.of(differ.sum(axis=1), np.array(grades, np.int64), 4)

    rankings = [groups(query) for query in range(20)]
    assert found.mean_average_precision == pytest.approx(
        np.mean([average_precision(g)[0] for g in rankings])
    )
    assert found.ndcg_at[7] == pytest.approx(np.mean([ndcg(g, 7)[0] for g in rankings]))
    assert found.queries == 20
    assert found.database == 90
    assert found.curve[-1][0] == pytest.approx(1)


def test_no_measure_changes_under_permutation(rng: np.random.Generator) -> None:
    queries, database = random_codes(rng, 30), random_codes(rng, 200)
    labels = Labels(rng.integers(0, 4, 30), rng.integers(0, 4, 200))
    self_match = Labels(np.arange(30), rng.permutation(200))
    order = rng.permutation(200)
    shuffled = [Labels(field.queries, field.database[order]) for field in (labels, self_match)]
    before = evaluate(queries, database, [labels], exclude=[self_match])
    after = evaluate(queries, database[order], [shuffled[0]], exclude=[shuffled[1]])
    assert flat(after) == pytest.approx(flat(before), abs=1e-9)


def test_features_equal_codes_when_they_are_the_signs(rng: np.random.Generator) -> None:
    queries, database = random_codes(rng, 25), random_codes(rng, 150)
    labels = Labels(rng.integers(0, 3, 25), rng.integers(0, 3, 150))
    by_code = evaluate(queries, database, [labels])
    by_feature = evaluate_features(
        queries.signs().astype(np.float32), database.signs().astype(np.float32), [labels]
    )
    assert by_feature.codes is None
    assert by_feature.precision_within_2 is None
    assert flat(by_feature)[:6] == pytest.approx(flat(by_code)[:6], abs=1e-9)
    assert np.allclose(by_feature.curve, by_code.curve, atol=1e-9)


def test_a_query_never_finds_what_is_excluded() -> None:
    codes = Codes(np.array([[0], [0], [255]], np.uint8), 8)
    labels = Labels(np.array([0, 0, 1]), np.array([0, 0, 1]))
    same = Labels(np.arange(3), np.arange(3))
    everything = evaluate(codes, codes, [labels], ks=(1,))
    rest = evaluate(codes, codes, [labels], exclude=[same], ks=(1,))
    assert everything.precision_at[1] == 1
    # the third query has nothing left to find: it scores 0 and is counted
    assert rest.precision_at[1] == pytest.approx(2 / 3)
    assert rest.without_relevant == 1
    assert rest.mean_average_precision == pytest.approx(2 / 3)


def test_everything_may_be_excluded() -> None:
    codes = Codes(np.zeros((2, 1), np.uint8), 8)
    same = Labels(np.zeros(2, int), np.zeros(2, int))
    assert evaluate(codes, codes, [same], exclude=[same]).mean_average_precision == 0
    features = np.ones((2, 3))
    assert evaluate_features(features, features, [same], exclude=[same]).without_relevant == 2


def test_class_sorted_database_gains_nothing_from_a_collapsed_model() -> None:
    labels = np.repeat(np.arange(10), 10)
    codes = Codes(np.zeros((100, 2), np.uint8), 16)
    found = evaluate(codes, codes, [Labels(labels, labels)])
    assert found.mean_average_precision == pytest.approx(0.1 + 0.9 * 0.0419, abs=0.01)
    assert found.mean_average_precision_worst < found.mean_average_precision
    assert found.mean_average_precision_best == pytest.approx(1)
    assert found.codes is not None
    assert found.codes.distinct == 1


def test_absent_labels_match_nothing() -> None:
    nan = float("nan")
    assert not Labels.of([nan, 1.0], [nan, nan, 2.0]).matches(0).any()
    with pytest.raises(UsageError, match=r"use LabelSets\.of"):
        Labels.of([frozenset({1, 2})], [frozenset({2, 3})])
    labels = Labels.of(["a", None, "c"], ["b", None, "a"])
    assert labels.queries.tolist() == [0, -1, 1]
    assert [labels.matches(q).tolist() for q in range(3)] == [
        [False, False, True],
        [False] * 3,
        [False] * 3,
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"relevance": []}, "at least one field"),
        ({"database": Codes(np.zeros((0, 1), np.uint8), 8)}, "at least one code"),
        ({"database": Codes(np.zeros((2, 2), np.uint8), 16)}, "16 bits"),
        ({"relevance": [Labels(np.zeros(2, int), np.zeros(3, int))]}, "found 2 and 3"),
        ({"ks": (0,)}, "at least 1"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(change: dict[str, object], message: str) -> None:
    codes = Codes(np.zeros((2, 1), np.uint8), 8)
    same = Labels(np.zeros(2, int), np.zeros(2, int))
    arguments = {"queries": codes, "database": codes, "relevance": [same]} | change
    with pytest.raises(UsageError, match=message):
        evaluate(**arguments)  # type: ignore[arg-type]


def test_costs_must_be_complete() -> None:
    labels = [Labels(np.zeros(2, int), np.zeros(3, int))]
    with pytest.raises(UsageError, match="found \\[0\\]"):
        evaluate_costs([np.zeros(3)], labels)
    with pytest.raises(UsageError, match="NaN"):
        evaluate_costs(np.full((2, 3), np.nan), labels)


def test_results_are_checked() -> None:
    codes = Codes(np.zeros((2, 1), np.uint8), 8)
    good = evaluate(codes, codes, [Labels(np.zeros(2, int), np.zeros(2, int))])
    fields = {name: getattr(good, name) for name in good.__dataclass_fields__}
    with pytest.raises(UsageError, match="between 0 and 1"):
        RetrievalMetrics(**fields | {"precision_at": {5: 1.5}})
    with pytest.raises(UsageError, match="mean average precision between"):
        RetrievalMetrics(**fields | {"mean_average_precision_best": 0.1})


def test_cost_grows_with_bits_and_not_with_the_database(rng: np.random.Generator) -> None:
    queries, database = random_codes(rng, 200, 64), random_codes(rng, 50_000, 64)
    labels = Labels(rng.integers(0, 10, 200), rng.integers(0, 10, 50_000))
    started = time.thread_time()
    evaluate(queries, database, [labels])
    assert time.thread_time() - started < 10


def test_several_fields_are_graded_by_their_places() -> None:
    """A match in the n-th field adds n, so three fields give grades from 0 to 6."""
    queries = np.zeros(1, np.int64)
    matches = [[0, 1, 0, 1, 0, 1, 0, 1], [0, 0, 1, 1, 0, 0, 1, 1], [0, 0, 0, 0, 1, 1, 1, 1]]
    fields = graded(Labels(queries, 1 - np.array(field)) for field in matches)
    assert [field.grade for field in fields] == [1, 2, 3]
    costs = np.arange(8)[None]
    found = evaluate_costs(costs, fields, ks=(8,)).ndcg_at[8]
    grades = [0, 1, 2, 3, 3, 4, 5, 6]
    gains = [2**grade - 1 for grade in grades]
    discounts = 1 / np.log2(np.arange(2, 10))
    assert found == pytest.approx((gains @ discounts) / (sorted(gains)[::-1] @ discounts))


def test_sets_of_labels_are_graded_by_what_is_shared(rng: np.random.Generator) -> None:
    queries, database = random_codes(rng, 6), random_codes(rng, 40)
    mine, theirs = rng.random((6, 5)) < 0.4, rng.random((40, 5)) < 0.4
    mine[2] = False  # carries no label: nothing is relevant to it
    found = evaluate(queries, database, [LabelSets(mine, theirs)], ks=(7,))
    gains, weighted, precisions = [], [], []
    for query in range(6):
        grades = [len(set(np.flatnonzero(mine[query])) & set(np.flatnonzero(t))) for t in theirs]
        groups = TiedGroups.of(queries.distances(database)[query], np.array(grades), 6)
        gains.append(cumulative_gain(groups, 7)[0])
        weighted.append(weighted_average_precision(groups)[0])
        precisions.append(average_precision(groups)[0])
    assert found.without_relevant == 1
    assert found.mean_average_precision == pytest.approx(np.mean(precisions))
    assert found.weighted_mean_average_precision == pytest.approx(np.mean(weighted))
    assert found.cumulative_gain_at[7] == pytest.approx(np.mean(gains))
    assert "weighted mean average precision" in str(found)


def test_sets_come_as_sets_of_values_or_as_columns() -> None:
    sets = LabelSets.of([{"sea", "sky"}, None], [["sky"], [], ["city", "sky", "sea"]])
    assert sets.shared(0).tolist() == [1, 0, 2]
    assert sets.matches(1).tolist() == [False] * 3
    with pytest.raises(UsageError, match="expected the same labels"):
        LabelSets(np.ones((1, 2), bool), np.ones((1, 3), bool))
    with pytest.raises(UsageError, match="0 and 1 of each"):
        LabelSets(np.full((1, 2), 7), np.ones((1, 2)))
    for single in ("sky", 3, np.ones(2)):
        with pytest.raises(UsageError, match="a set of labels each"):
            LabelSets.of([single], [{"sky"}])  # type: ignore[list-item]
