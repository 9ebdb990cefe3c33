"""How well a collection finds what belongs together, as codes and as a visitor sees it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hashing import metrics
from hashing.codes import Codes
from hashing.collection.evaluation import Evaluation, K, Recommendation
from hashing.collection.judged import Judged, Pictures
from hashing.collection.opened import Opened
from hashing.collection.quality import (
    Works,
    controls,
    draw_tastes,
    judge_answers,
    judge_tastes,
)
from hashing.collection.reading import as_list
from hashing.collection.request import Refine
from hashing.collection.search import PART, feature_parts
from hashing.errors import InputError, UsageError, choose
from hashing.metrics import RetrievalMetrics
from hashing.progress import Bar, log, progress
from hashing.search.features import DISTANCES, feature_distances, half
from hashing.search.scores import asymmetric_costs
from hashing.sources import Catalogue
from hashing.store import Index, IndexInfo

if TYPE_CHECKING:
    from hashing.encoding import Model

RERANK = 200
QUERIES = 300
TASTES = 50
SEED = 0


def evaluate(
    opened: Opened,
    labels: str | Sequence[str] | None = None,
    encoded: Callable[[], Pictures] | None = None,
    rerank: int = RERANK,
    by: str | Sequence[str] = (),
    sets: str | Sequence[str] = (),
) -> Evaluation:
    """Measure every item against the rest, or pictures from outside against all items.

    labels: columns that make items relevant, the broad one first; by default those of the roles
    group and creator. encoded: the pictures from outside, asked for once all else is known to be
    right. by: distances of features to measure, too. sets: further columns, each cell of which
    holds several labels (`dog, car`): relevant is what shares one, the more the better.
    Raises InputError for an empty index and for a column that it does not have, UsageError for
    features that it does not keep and for a reach of re-ranking below 1.
    """
    by, sets = as_list(by), as_list(sets)
    if rerank < 1:
        raise UsageError(f"expected to rerank at least 1 picture, found {rerank}")
    if by and not opened.info.features:
        raise UsageError(
            f"expected an index with features to evaluate by {by[0]}, found codes alone: build it "
            "with --features"
        )
    for name in by:
        choose("distance of features", name, DISTANCES)
    if not opened.info.count:
        raise InputError(f"{opened.info.location} holds no items to evaluate")
    single = () if sets and labels is None else label_names(labels, opened.info)
    names = [*single, *label_names(sets, opened.info)]
    alone = names if len(names) > 1 else []
    queries = None if encoded is None else encoded()
    rankings = len(opened.info.lengths) + len(by) + len(alone)
    with progress(rankings, "measuring", "rankings") as bar:
        judged = Judged.of(opened.index, names, sets, queries)
        relevance = metrics.graded(judged.fields[name] for name in names)
        results = _measure(queries, judged, relevance, opened.info.lengths, rerank, bar)
        for name in by:
            features = None if queries is None else queries.features
            results[f"features, {name}"] = _measure_features(
                opened, features, judged, relevance, name
            )
            bar.advance()
        by_label = {}
        for name in alone:
            by_label[name] = _measure_label(queries, judged, name)
            bar.advance()
    count = len(judged.ids)
    asked = count if queries is None else len(queries.contents)
    seen = None if queries or sets else _recommendation(opened, judged, names)
    return Evaluation(names, asked, count, results, seen, by_label)


def label_names(given: str | Sequence[str] | None, info: IndexInfo) -> list[str]:
    """The columns to grade by. Raises InputError for one that is not there."""
    columns = info.columns
    if given is not None:
        given = as_list(given)
        unknown = [name for name in given if name not in columns]
        if unknown:
            known = ", ".join(columns) or "none"
            raise InputError(
                f"there is no column {unknown[0]!r} in the index; its columns: {known}"
            )
        return given
    if names := [info.roles[role] for role in ("group", "creator") if role in info.roles]:
        return names
    known = ", ".join(columns) or "none"
    raise InputError(f"expected labels, the names of columns to judge by; its columns: {known}")


def encode_queries(
    model: "Model", catalogue: Catalogue, workers: int | None = None, *, features: bool = False
) -> Pictures:
    """Pictures from outside with their logits; broken ones are left out and told."""
    from hashing.encoding import encode_catalogue

    fields, contents, logits = [], [], [np.empty((0, model.bits), np.float32)]
    halves = []
    with progress(len(catalogue), "encoding", "pictures") as bar:
        for batch in encode_catalogue(
            model,
            catalogue,
            workers=workers,
            derive=lambda data, _: hashlib.sha256(data).digest(),
            features=features,
        ):
            fields += [item.fields for item in batch.items]
            contents += batch.derived
            logits.append(batch.logits)
            if batch.features is not None:
                halves.append(half(batch.features))
            for item, error in batch.failures:
                log(f"skipped {item.path}: {error}")
            bar.advance(len(batch.items) + len(batch.failures))
    if not fields:
        raise InputError(f"none of {len(catalogue)} pictures in {catalogue.root} can be read")
    together = np.concatenate(logits)
    codes = Codes.from_logits(together)
    return Pictures(fields, contents, codes, together, np.concatenate(halves) if halves else None)


def _measure(
    queries: Pictures | None,
    database: Judged,
    relevance: Sequence[metrics.Relevance],
    lengths: Sequence[int],
    rerank: int,
    bar: Bar,
) -> dict[str, RetrievalMetrics]:
    """Plain Hamming at every length; with logits also both asymmetric orders and the floats'."""
    itself = [database.itself]
    codes = database.codes if queries is None else queries.codes

    def by_cost(costs: Iterator[NDArray[np.int64]]) -> RetrievalMetrics:
        return metrics.evaluate_costs(costs, relevance, exclude=itself, ks=(1, K))

    measured = {}
    for bits in lengths:
        both = codes.prefix(bits), database.codes.prefix(bits)
        found = metrics.evaluate(*both, relevance, exclude=itself, ks=(1, K))
        measured[f"{bits} bits"] = found
        bar.advance()
    if queries is not None and queries.logits is not None:
        for name, reach in (("ties by score", None), (f"rerank {rerank}", rerank)):
            measured[f"{codes.bits} bits, {name}"] = by_cost(
                asymmetric_costs(codes, queries.logits, database.codes, reach)
            )
        places = database.places_in(queries.contents)
        if places.min() >= 0:
            measured["floats (cosine)"] = metrics.evaluate_features(
                queries.logits, queries.logits[places], relevance, exclude=itself, ks=(1, K)
            )
    return measured


def _measure_features(
    opened: Opened,
    queries: NDArray[np.float16] | None,
    judged: Judged,
    relevance: Sequence[metrics.Relevance],
    by: str,
) -> RetrievalMetrics:
    """The ranking by a distance of features."""
    costs = _feature_costs(opened.index, queries, by)
    return metrics.evaluate_costs(costs, relevance, exclude=[judged.itself], ks=(1, K))


def _feature_costs(
    index: Index, queries: NDArray[np.float16] | None, by: str
) -> Iterator[NDArray[np.float64]]:
    """Distances to all items for each of some queries, or for each item; few at a time."""
    ids = index.ids()
    step = max(1, PART // len(ids))
    for start in range(0, len(ids) if queries is None else len(queries), step):
        chosen = slice(start, start + step)
        some = index.features(ids[chosen]) if queries is None else queries[chosen]
        parts = [feature_distances(some, rows, by) for _, rows in feature_parts(index, ids)]
        yield from np.concatenate(parts, axis=1)


def _measure_label(queries: Pictures | None, database: Judged, name: str) -> RetrievalMetrics:
    """The longest codes, where relevant is what shares one label."""
    codes = database.codes if queries is None else queries.codes
    relevance, itself = [database.fields[name]], [database.itself]
    return metrics.evaluate(codes, database.codes, relevance, exclude=itself, ks=(1, K))


def _recommendation(opened: Opened, judged: Judged, names: Sequence[str]) -> Recommendation:
    """Ask for works similar to some random ones, and with tastes of one label and of two."""
    works = Works(judged.ids, judged.numbers())
    everything = np.arange(len(works.ids))
    queries = np.random.default_rng(SEED).permutation(everything)[:QUERIES]
    settings = controls(opened.column("creator"))
    answers = {
        name: judge_answers(opened, works, queries, refine) for name, refine in settings.items()
    }
    tastes = {}
    for field in names:
        for count, name in ((1, f"one {field}"), (2, f"two {field}s")):
            drawn = draw_tastes(works, field, everything, count, TASTES, SEED)
            if drawn:
                tastes[name] = judge_tastes(opened, works, field, drawn, Refine())
    return Recommendation(len(queries), answers, tastes)
