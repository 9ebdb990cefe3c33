"""Evaluate a ranking of the database for every query: by codes, by features or by any cost."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.metrics.codes import CodeStatistics, code_statistics
from hashing.metrics.labels import Labels, LabelSets
from hashing.metrics.results import RetrievalMetrics
from hashing.metrics.ties import (
    Floats,
    TiedGroups,
    average_precision,
    average_precision_of_found,
    cumulative_gain,
    ndcg,
    precision,
    precision_within,
    recall,
    relevant_found,
    weighted_average_precision,
)
from hashing.search.reference import distances, word_columns

KS = (1, 10, 100)
"""Numbers of results at which measures are reported unless said otherwise."""

Relevance = Labels | LabelSets
"""What tells which items match a query, and how well."""

_BLOCK = 256
_CURVE_POINTS = 50


def evaluate(
    queries: Codes,
    database: Codes,
    relevance: Sequence[Relevance],
    *,
    exclude: Sequence[Relevance] = (),
    ks: Sequence[int] = KS,
) -> RetrievalMetrics:
    """Rank the database by Hamming distance to each query.

    An item's grade is the sum of the grades of the `relevance` fields in which it matches the
    query, times the labels that they share where these are sets; it is left out for queries that
    it matches in any `exclude` field (content hashes for self matches, a second field for disjoint
    protocols).
    Raises UsageError on lengths that disagree.
    """
    if queries.bits != database.bits:
        raise UsageError(
            f"expected queries of {database.bits} bits like the database, found {queries.bits}"
        )
    blocks = tied_groups(queries, database, relevance, exclude)
    return evaluate_groups(blocks, len(queries), len(database), ks, code_statistics(database))


def tied_groups(
    queries: Codes,
    database: Codes,
    relevance: Sequence[Relevance],
    exclude: Sequence[Relevance] = (),
) -> Iterator[TiedGroups]:
    """How many items of each grade lie at each distance, a block of queries at a time."""
    judge = _Judge(relevance, exclude, len(queries), len(database))
    yield from _code_groups(queries, database, judge)


def evaluate_features(
    queries: NDArray[np.floating],
    database: NDArray[np.floating],
    relevance: Sequence[Relevance],
    *,
    exclude: Sequence[Relevance] = (),
    ks: Sequence[int] = KS,
) -> RetrievalMetrics:
    """Rank by cosine similarity of features `[Q, D]` and `[N, D]`; a zero vector scores 0."""
    costs = _cosine_costs(queries, database)
    return evaluate_costs(costs, relevance, exclude=exclude, ks=ks)


def evaluate_costs(
    costs: Iterable[NDArray[np.number]],
    relevance: Sequence[Relevance],
    *,
    exclude: Sequence[Relevance] = (),
    ks: Sequence[int] = KS,
) -> RetrievalMetrics:
    """Rank by any cost: one array `[N]` per query, the least first, equal costs tied."""
    if not relevance:
        raise UsageError("expected at least one field of labels, found none")
    judge = _Judge(relevance, exclude, len(relevance[0].queries), len(relevance[0].database))
    return evaluate_groups(_cost_groups(costs, judge), judge.queries, judge.database, ks)


class _Judge:
    """Gives every item its grade for a query, `left_out` where it must not be counted."""

    def __init__(
        self,
        relevance: Sequence[Relevance],
        exclude: Sequence[Relevance],
        queries: int,
        database: int,
    ) -> None:
        if not relevance:
            raise UsageError("expected at least one field of labels, found none")
        if not queries or not database:
            raise UsageError(
                f"expected queries and a database, found {queries} queries and {database} items"
            )
        for labels in (*relevance, *exclude):
            if (len(labels.queries), len(labels.database)) != (queries, database):
                raise UsageError(
                    f"expected labels of {queries} queries and {database} items, "
                    f"found {len(labels.queries)} and {len(labels.database)}"
                )
        self.queries, self.database = queries, database
        self._relevance, self._exclude = relevance, exclude
        self.left_out = sum(labels.grade * labels.most for labels in relevance) + 1

    def grades(self, query: int) -> NDArray[np.intp]:
        """The grade of every item `[N]`."""
        grades = np.zeros(self.database, np.intp)
        for labels in self._relevance:
            grades += labels.grade * labels.shared(query)
        for labels in self._exclude:
            grades[labels.matches(query)] = self.left_out
        return grades


def _code_groups(queries: Codes, database: Codes, judge: _Judge) -> Iterator[TiedGroups]:
    """Histograms over (distance, grade) of a block of queries at a time."""
    grades = judge.left_out + 1
    shape = (queries.bits + 1, grades)
    columns = word_columns(database)
    for start in range(0, len(queries), _BLOCK):
        block = word_columns(queries[start : start + _BLOCK])
        counts = np.empty((block.shape[1], *shape), np.int64)
        for row, query in enumerate(block.T):
            keys = distances(columns, query).astype(np.intp) * grades + judge.grades(start + row)
            counts[row] = np.bincount(keys, minlength=shape[0] * grades).reshape(shape)
        yield TiedGroups(counts[:, :, : judge.left_out])


def _cost_groups(costs: Iterable[NDArray[np.number]], judge: _Judge) -> Iterator[TiedGroups]:
    rows = iter(costs)
    for query in range(judge.queries):
        row = np.asarray(next(rows, ()))
        if row.shape != (judge.database,) or np.isnan(row).any():
            raise UsageError(
                f"expected {judge.database} finite costs for query {query}, found "
                f"{list(row.shape)}" + (" with NaN" if row.size == judge.database else "")
            )
        grades = judge.grades(query)
        counted = grades != judge.left_out
        yield TiedGroups.of(row[counted], grades[counted], judge.left_out)


def _cosine_costs(
    queries: NDArray[np.floating], database: NDArray[np.floating]
) -> Iterator[NDArray[np.float64]]:
    units = _unit_rows(database)
    for start in range(0, len(queries), _BLOCK):
        similarities = _unit_rows(queries[start : start + _BLOCK]) @ units.T
        # equal features must tie, wherever they stand in a block of the matrix product
        yield from -similarities.round(12)


def _unit_rows(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    rows = rows.astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float64] = rows / np.where(lengths > 0, lengths, 1)
    return unit


def evaluate_groups(
    blocks: Iterable[TiedGroups],
    queries: int,
    database: int,
    ks: Sequence[int] = KS,
    codes: CodeStatistics | None = None,
) -> RetrievalMetrics:
    """Measure rankings that are known by their tied groups alone, a block of queries at a time.

    codes: statistics of the database's codes where it was ranked by them: group d then holds what
    lies at distance d.
    """
    if any(k < 1 for k in ks):
        raise UsageError(f"expected numbers of results of at least 1, found {list(ks)}")
    ranks = _curve_ranks(database)
    curve = np.zeros((1, len(ranks), 2))
    measured = []
    for groups in blocks:
        found = _measures(groups, ks, ranks, codes is not None)
        # hundreds of numbers a query: only their sum is kept
        curve = np.concatenate([curve, found.pop("curve")]).sum(axis=0, keepdims=True)
        measured.append(found)
    mean = {name: np.concatenate([part[name] for part in measured]).mean() for name in measured[0]}
    by_k = {
        name: {k: float(mean[f"{name} {k}"]) for k in ks}
        for name in ("average_precision", "of_found", "precision", "recall", "ndcg")
    }
    graded = "weighted" in mean
    return RetrievalMetrics(
        queries=queries,
        database=database,
        without_relevant=round(float(mean["without_relevant"]) * queries),
        mean_average_precision=float(mean["expected"]),
        mean_average_precision_best=float(mean["best"]),
        mean_average_precision_worst=float(mean["worst"]),
        mean_average_precision_at=by_k["average_precision"],
        precision_at=by_k["precision"],
        recall_at=by_k["recall"],
        ndcg_at=by_k["ndcg"],
        precision_within_2=None if codes is None else float(mean["precision_within_2"]),
        curve=tuple(map(tuple, (curve[0] / queries).tolist())),
        codes=codes,
        mean_average_precision_of_found_at=by_k["of_found"],
        weighted_mean_average_precision=float(mean["weighted"]) if graded else None,
        cumulative_gain_at={k: float(mean[f"gain {k}"]) for k in ks} if graded else {},
    )


def _measures(
    groups: TiedGroups, ks: Sequence[int], ranks: NDArray[np.int64], with_radius: bool
) -> dict[str, Floats]:
    """Every measure of a block of queries, `[B]` each; the curve `[B, points, 2]`."""
    found = relevant_found(groups, ranks)
    total = groups.total_relevant[:, None]
    measures = {
        "without_relevant": (groups.total_relevant == 0).astype(np.float64),
        "expected": average_precision(groups),
        "best": average_precision(groups, order="best"),
        "worst": average_precision(groups, order="worst"),
        "curve": np.stack([found / np.maximum(total, 1), found / ranks], axis=2),
    }
    graded = groups.counts.shape[2] > 2
    if graded:
        measures["weighted"] = weighted_average_precision(groups)
    for k in ks:
        if graded:
            measures[f"gain {k}"] = cumulative_gain(groups, k)
        measures[f"of_found {k}"] = average_precision_of_found(groups, k)
        measures[f"average_precision {k}"] = average_precision(groups, k)
        measures[f"precision {k}"] = precision(groups, k)
        measures[f"recall {k}"] = recall(groups, k)
        measures[f"ndcg {k}"] = ndcg(groups, k)
    if with_radius:
        measures["precision_within_2"] = precision_within(groups, 3)
    return measures


def _curve_ranks(database: int) -> NDArray[np.int64]:
    """Up to 50 ranks from 1 to the whole database, evenly spaced in their logarithm."""
    return np.unique(np.geomspace(1, database, _CURVE_POINTS).round().astype(np.int64))
