"""`index.py evaluate`: how well an index finds what belongs together."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hashing.cli.console import emit
from hashing.cli.index.options import (
    Commands,
    command,
    encoder_of,
    index_argument,
    model_options,
    picture_options,
)
from hashing.cli.index.tables import print_table
from hashing.errors import InputError
from hashing.progress import log, progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hashing.codes import Codes
    from hashing.metrics import RetrievalMetrics
    from hashing.sources import Value
    from hashing.store import Index

USUAL_LABELS = (("style", "artist"), ("label",))
K = 10


@dataclass(frozen=True, eq=False)
class Pictures:
    """One side of the evaluation. logits are None where the pictures were not encoded here."""

    fields: Sequence["Mapping[str, Value]"]
    contents: Sequence[bytes]
    codes: "Codes"
    logits: NDArray[np.float32] | None = None


def add_commands(commands: Commands) -> None:
    """Declare `evaluate`."""
    parser = command(commands, "evaluate", evaluate, "measure retrieval against the metadata")
    index_argument(parser)
    picture_options(parser, required=False)
    parser.add_argument(
        "--labels", metavar="A,B", help="columns that make items relevant (default style,artist)"
    )
    parser.add_argument(
        "--rerank", type=int, default=200, metavar="R", help="reach of re-ranking (default 200)"
    )
    parser.add_argument("--model", metavar="MODEL", help="the model, if it has moved")
    model_options(parser)


def evaluate(arguments: argparse.Namespace) -> int:
    """Every item against the rest, as codes and as a visitor sees it, or other pictures."""
    from hashing.cli.index import recommendation
    from hashing.store import open_index

    with open_index(arguments.index) as index:
        items = index.items(index.ids().tolist())
        if not items:
            raise InputError(f"{arguments.index} holds no items to evaluate")
        database = Pictures(
            [item.fields for item in items],
            [item.content for item in items],
            index.codes([item.id for item in items]),
        )
        names = _label_names(arguments.labels, index.info.columns)
        queries = database if arguments.images is None else _encode(index, arguments)
        lengths = index.info.lengths
        seen = recommendation.measure(index, names) if arguments.images is None else None
    measured = _measure(queries, database, names, lengths, arguments.rerank)
    if arguments.json:
        emit(
            {
                "labels": names,
                "queries": len(queries.contents),
                "database": len(items),
                "results": {name: metrics.as_dict() for name, metrics in measured.items()},
                "recommendation": seen and seen.as_dict(),
            }
        )
    else:
        _print(measured, names)
        if seen:
            recommendation.show(seen)
    return 0


def _label_names(given: str | None, columns: "Mapping[str, type]") -> list[str]:
    if given is not None:
        names = [name.strip() for name in given.split(",")]
        unknown = [name for name in names if name not in columns]
        if unknown:
            known = ", ".join(columns) or "none"
            raise InputError(
                f"there is no column {unknown[0]!r} in the index; its columns: {known}"
            )
        return names
    for usual in USUAL_LABELS:
        if names := [name for name in usual if name in columns]:
            return names
    raise InputError("expected --labels: the index has no column style, artist or label")


def _encode(index: "Index", arguments: argparse.Namespace) -> Pictures:
    """The query pictures with their logits; broken ones are left out and told."""
    import hashlib
    from pathlib import Path

    from hashing.codes import Codes
    from hashing.encoding import encode_catalogue
    from hashing.sources import read_catalogue

    model = None if arguments.model is None else Path(arguments.model)
    encoder = encoder_of(index, model, arguments.device)
    catalogue = read_catalogue(arguments.images, arguments.metadata)
    fields, contents, logits = [], [], [np.empty((0, encoder.bits), np.float32)]
    with progress(len(catalogue), "encoding", "pictures") as bar:
        for batch in encode_catalogue(
            encoder,
            catalogue,
            workers=arguments.workers,
            derive=lambda data, _: hashlib.sha256(data).digest(),
        ):
            fields += [item.fields for item in batch.items]
            contents += batch.derived
            logits.append(batch.logits)
            for item, error in batch.failures:
                log(f"skipped {item.path}: {error}")
            bar.advance(len(batch.items) + len(batch.failures))
    if not fields:
        raise InputError(f"none of {len(catalogue)} pictures in {arguments.images} can be read")
    together = np.concatenate(logits)
    return Pictures(fields, contents, Codes.from_logits(together), together)


def _measure(
    queries: Pictures,
    database: Pictures,
    names: Sequence[str],
    lengths: Sequence[int],
    rerank: int,
) -> dict[str, "RetrievalMetrics"]:
    """Plain Hamming at every length; with logits also both asymmetric orders and the floats'."""
    from hashing import metrics
    from hashing.search.scores import asymmetric_costs

    relevance = metrics.graded(
        metrics.Labels.of(
            [fields.get(name) for fields in queries.fields],
            [fields.get(name) for fields in database.fields],
        )
        for name in names
    )
    itself = [metrics.Labels.of(queries.contents, database.contents)]

    def by_cost(costs: Iterator[NDArray[np.int64]]) -> "RetrievalMetrics":
        return metrics.evaluate_costs(costs, relevance, exclude=itself, ks=(K,))

    measured = {
        f"{bits} bits": metrics.evaluate(
            queries.codes.prefix(bits),
            database.codes.prefix(bits),
            relevance,
            exclude=itself,
            ks=(K,),
        )
        for bits in lengths
    }
    if queries.logits is not None:
        bits = queries.codes.bits
        for name, reach in (("ties by score", None), (f"rerank {rerank}", rerank)):
            measured[f"{bits} bits, {name}"] = by_cost(
                asymmetric_costs(queries.codes, queries.logits, database.codes, reach)
            )
        floats = _logits_of(database, queries)
        if floats is not None:
            measured["floats (cosine)"] = metrics.evaluate_features(
                queries.logits, floats, relevance, exclude=itself, ks=(K,)
            )
    return measured


def _logits_of(database: Pictures, encoded: Pictures) -> NDArray[np.float32] | None:
    """The logits of all items of the index, where all of them are among the encoded pictures."""
    place = {content: row for row, content in enumerate(encoded.contents)}
    rows = [place.get(content, -1) for content in database.contents]
    if encoded.logits is None or min(rows) < 0:
        return None
    return encoded.logits[rows]


def _print(measured: dict[str, "RetrievalMetrics"], names: Sequence[str]) -> None:
    first = next(iter(measured.values()))
    log(f"{first.queries:,} queries, {first.database:,} items, relevant by {', '.join(names)}")
    rows = [
        [
            name,
            f"{found.mean_average_precision:.4f}",
            f"{found.mean_average_precision_worst:.4f}–{found.mean_average_precision_best:.4f}",
            f"{found.precision_at[K]:.4f}",
            f"{found.ndcg_at[K]:.4f}",
            "" if found.codes is None else f"{found.codes.distinct:,}",
        ]
        for name, found in measured.items()
    ]
    columns = ("ranking", "mAP", "worst–best order", f"P@{K}", f"nDCG@{K}", "distinct codes")
    print_table(columns, rows, right=columns[1:])
