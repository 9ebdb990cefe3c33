"""What `index.py evaluate` says of the index as a source of recommendations."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from hashing.cli.index.tables import print_table
from hashing.collection.answer import Recommender
from hashing.collection.quality import (
    CONTROLS,
    LIKED,
    SHOWN,
    TOP,
    AnswerQuality,
    TasteQuality,
    Works,
    draw_tastes,
    judge_answers,
    judge_tastes,
)
from hashing.collection.refine import Refine
from hashing.progress import log

if TYPE_CHECKING:
    from hashing.store import Index

QUERIES = 300
TASTES = 50
SEED = 0


@dataclass(frozen=True)
class Recommendation:
    """Quality of the answers to `queries` works by control, and of tastes by their kind."""

    queries: int
    answers: Mapping[str, AnswerQuality]
    tastes: Mapping[str, TasteQuality]

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)


def measure(index: "Index", names: Sequence[str]) -> Recommendation:
    """Ask for works similar to some random ones, and with tastes of one label and of two."""
    recommender = Recommender(index)
    works = Works.of(recommender, names)
    everything = np.arange(len(works.ids))
    queries = np.random.default_rng(SEED).permutation(everything)[:QUERIES]
    answers = {
        name: judge_answers(recommender, works, queries, refine)
        for name, refine in CONTROLS.items()
    }
    tastes = {}
    for field in names:
        for count, name in ((1, f"one {field}"), (2, f"two {field}s")):
            drawn = draw_tastes(works, field, everything, count, TASTES, SEED)
            if drawn:
                tastes[name] = judge_tastes(recommender, works, field, drawn, Refine())
    return Recommendation(len(queries), answers, tastes)


def show(measured: Recommendation) -> None:
    """Two tables: answers by control, tastes by kind."""
    log(f"{measured.queries:,} works asked for, as a visitor sees the answers")
    first = next(iter(measured.answers.values()))
    columns = (
        "controls",
        f"nDCG@{TOP}",
        *(f"{field} P@{TOP}" for field in first.precision),
        f"variety@{SHOWN}",
        "copies",
        "coverage",
    )
    rows = [
        [
            name,
            f"{found.ndcg:.4f}",
            *(f"{value:.4f}" for value in found.precision.values()),
            f"{found.variety:.4f}",
            f"{found.copies}",
            f"{found.coverage:.2f}",
        ]
        for name, found in measured.answers.items()
    ]
    print_table(columns, rows, right=columns[1:])
    if measured.tastes:
        columns = (
            "taste",
            f"recall@{SHOWN}, one liked",
            f"{LIKED} of each liked",
            "gain",
            "at most",
            f"P@{SHOWN}",
        )
        rows = [
            [
                name,
                f"{found.recall_one:.4f}",
                f"{found.recall:.4f}",
                f"{found.gain:.2f}",
                f"{found.bound:.4f}",
                f"{found.precision:.4f}",
            ]
            for name, found in measured.tastes.items()
        ]
        print_table(columns, rows, right=columns[1:])
