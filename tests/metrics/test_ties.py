"""The formulas against enumeration of every order of the tied items, in exact fractions."""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashing.metrics import (
    TiedGroups,
    average_precision,
    average_precision_of_found,
    cumulative_gain,
    ndcg,
    precision,
    precision_within,
    recall,
    weighted_average_precision,
)

Ranking = tuple[int, ...]
Measure = Callable[[Ranking, int], Fraction]

COSTS_AND_GRADES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=7
).filter(lambda items: max(sum(c == d for c, _ in items) for d in range(4)) <= 5)


def orders(items: list[tuple[int, int]]) -> Iterator[Ranking]:
    """Every ranking that the costs allow, as grades by rank, each as often as it occurs."""
    groups = [[g for c, g in items if c == cost] for cost in sorted({c for c, _ in items})]
    for parts in product(*(permutations(group) for group in groups)):
        yield tuple(grade for part in parts for grade in part)


def exact_ap(ranking: Ranking, k: int) -> Fraction:
    total = sum(grade > 0 for grade in ranking)
    found, result = 0, Fraction(0)
    for rank, grade in enumerate(ranking[:k], 1):
        if grade:
            found += 1
            result += Fraction(found, rank)
    return result / min(total, k) if total else Fraction(0)


def exact_of_found(ranking: Ranking, k: int) -> Fraction:
    found, result = 0, Fraction(0)
    for rank, grade in enumerate(ranking[:k], 1):
        if grade:
            found += 1
            result += Fraction(found, rank)
    return result / found if found else Fraction(0)


def exact_weighted(ranking: Ranking, _: int) -> Fraction:
    relevant = [rank for rank, grade in enumerate(ranking, 1) if grade]
    total = sum((Fraction(sum(ranking[:rank]), rank) for rank in relevant), Fraction(0))
    return total / len(relevant) if relevant else Fraction(0)


def exact_gain(ranking: Ranking, k: int) -> Fraction:
    return Fraction(sum(ranking[:k]), k)


def exact_precision(ranking: Ranking, k: int) -> Fraction:
    return Fraction(sum(grade > 0 for grade in ranking[:k]), k)


def exact_recall(ranking: Ranking, k: int) -> Fraction:
    total = sum(grade > 0 for grade in ranking)
    return Fraction(sum(grade > 0 for grade in ranking[:k]), total) if total else Fraction(0)


def exact_ndcg(ranking: Ranking, k: int) -> Fraction:
    """Fractions of the discounts' floats: exact sums of them."""

    def gain(grades: Ranking) -> Fraction:
        return sum(
            (
                (2**grade - 1) * Fraction(1 / math.log2(rank + 1))
                for rank, grade in enumerate(grades[:k], 1)
            ),
            Fraction(0),
        )

    ideal = gain(tuple(sorted(ranking, reverse=True)))
    return gain(ranking) / ideal if ideal else Fraction(0)


def groups_of(items: list[tuple[int, int]]) -> TiedGroups:
    costs, grades = np.array(items).T
    return TiedGroups.of(costs, grades, 4)


@pytest.mark.parametrize(
    ("measure", "exact"),
    [
        (average_precision, exact_ap),
        (average_precision_of_found, exact_of_found),
        (lambda groups, k: weighted_average_precision(groups), exact_weighted),
        (cumulative_gain, exact_gain),
        (precision, exact_precision),
        (recall, exact_recall),
        (ndcg, exact_ndcg),
    ],
)
@given(items=COSTS_AND_GRADES, k=st.integers(1, 9))
def test_measures_are_the_mean_over_all_orders(
    measure: Callable[..., np.ndarray], exact: Measure, items: list[tuple[int, int]], k: int
) -> None:
    values = [exact(ranking, k) for ranking in orders(items)]
    expected = sum(values, Fraction(0)) / len(values)
    assert measure(groups_of(items), k)[0] == pytest.approx(float(expected), abs=1e-12)


@given(items=COSTS_AND_GRADES, k=st.none() | st.integers(1, 9))
def test_average_precision_of_the_kindest_and_unkindest_order(
    items: list[tuple[int, int]], k: int | None
) -> None:
    values = [exact_ap(ranking, k or len(items)) for ranking in orders(items)]
    groups = groups_of(items)
    best, worst = (average_precision(groups, k, order)[0] for order in ("best", "worst"))
    assert best == pytest.approx(float(max(values)), abs=1e-12)
    assert worst == pytest.approx(float(min(values)), abs=1e-12)


@pytest.mark.parametrize(("n", "r"), [(1, 1), (2, 1), (10, 3), (1000, 100), (50_000, 5_000)])
def test_a_collapsed_model_scores_the_closed_form(n: int, r: int) -> None:
    harmonic = sum(Fraction(1, i) for i in range(1, n + 1)) if n <= 1000 else None
    value = float(harmonic) if harmonic is not None else math.fsum(1 / i for i in range(1, n + 1))
    expected = (value + (r - 1) * (n - value) / max(n - 1, 1)) / n
    groups = TiedGroups(np.array([[[n - r, r]]]))
    assert average_precision(groups)[0] == pytest.approx(expected, abs=1e-12)


def test_hand_written_answers() -> None:
    # one relevant and one irrelevant item tie first, then one relevant item
    groups = TiedGroups(np.array([[[1, 1], [0, 0], [0, 1]]]))
    assert average_precision(groups)[0] == pytest.approx((3 / 4 + 2 / 3) / 2)
    assert average_precision(groups, order="best")[0] == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(groups, order="worst")[0] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert precision(groups, 1)[0] == pytest.approx(1 / 2)
    assert recall(groups, 1)[0] == pytest.approx(1 / 4)
    assert precision_within(groups, 2)[0] == pytest.approx(1 / 2)


def test_nothing_relevant_and_an_empty_ball_score_zero() -> None:
    groups = TiedGroups(np.array([[[0, 0], [5, 0]], [[0, 0], [0, 5]]]))
    assert average_precision(groups)[0] == 0
    assert ndcg(groups, 3).tolist() == [0, 1]
    assert recall(groups, 5).tolist() == [0, 1]
    assert precision_within(groups, 1).tolist() == [0, 0]


def test_with_one_grade_weights_say_nothing() -> None:
    rng = np.random.default_rng(0)
    groups = TiedGroups(rng.integers(0, 9, (5, 12, 2)))
    np.testing.assert_allclose(weighted_average_precision(groups), average_precision(groups))


def test_a_cut_through_a_large_group_is_its_mean_over_many_draws() -> None:
    groups = TiedGroups(np.array([[[3, 1], [400, 200], [50, 2]]]))
    rng, tied = np.random.default_rng(1), np.repeat([0, 1], [400, 200])
    values = []
    for _ in range(2000):
        first, second = rng.permutation([0, 0, 0, 1]), rng.permutation(tied)
        values.append(float(exact_of_found((*first, *second), 100)))
    found = average_precision_of_found(groups, 100)[0]
    assert found == pytest.approx(np.mean(values), abs=4 * np.std(values) / 2000**0.5)
