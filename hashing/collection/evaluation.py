"""What an evaluation of a collection found, and how it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from hashing.collection.quality import LIKED, SHOWN, TOP, AnswerQuality, TasteQuality
from hashing.metrics import RetrievalMetrics
from hashing.tables import Table

K = 10
"""Number of results at which rankings are compared."""


@dataclass(frozen=True)
class Recommendation:
    """Quality of the answers to `queries` works by control, and of tastes by their kind."""

    queries: int
    answers: Mapping[str, AnswerQuality]
    tastes: Mapping[str, TasteQuality]


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found; it shows itself as tables.

    labels: the columns that make items relevant. queries, database: how many of each.
    results: tie-aware measures by the name of the ranking. by_label: of the longest codes, where
    relevant is what shares this one label; empty for a single label.
    recommendation: the answers as a visitor sees them, None for pictures from outside.
    """

    labels: Sequence[str]
    queries: int
    database: int
    results: Mapping[str, RetrievalMetrics]
    recommendation: Recommendation | None
    by_label: Mapping[str, RetrievalMetrics] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "labels": list(self.labels),
            "queries": self.queries,
            "database": self.database,
            "results": {name: found.as_dict() for name, found in self.results.items()},
            "by_label": {name: found.as_dict() for name, found in self.by_label.items()},
            "recommendation": self.recommendation and asdict(self.recommendation),
        }

    def tables(self) -> list[Table]:
        """Rankings first, then answers by control and tastes by kind."""
        tables = [_rankings(self)]
        if self.by_label:
            tables += [_labels(self)]
        if self.recommendation:
            tables += [_answers(self.recommendation)]
            if self.recommendation.tastes:
                tables += [_tastes(self.recommendation)]
        return tables

    def __str__(self) -> str:
        return "\n\n".join(str(table) for table in self.tables())

    def _repr_html_(self) -> str:
        return "".join(table._repr_html_() for table in self.tables())


def _rankings(found: Evaluation) -> Table:
    rows = [
        [
            name,
            f"{measured.mean_average_precision:.4f}",
            f"{measured.mean_average_precision_worst:.4f}–"
            f"{measured.mean_average_precision_best:.4f}",
            f"{measured.precision_at[1]:.4f}",
            f"{measured.precision_at[K]:.4f}",
            f"{measured.ndcg_at[K]:.4f}",
            "" if measured.codes is None else f"{measured.codes.distinct:,}",
        ]
        for name, measured in found.results.items()
    ]
    heading = (
        f"{found.queries:,} queries, {found.database:,} items, "
        f"relevant by {', '.join(found.labels)}"
    )
    columns = ("ranking", "mAP", "worst–best order", "P@1", f"P@{K}", f"nDCG@{K}", "distinct codes")
    return Table(heading, columns, rows)


def _labels(found: Evaluation) -> Table:
    rows = [
        [
            name,
            f"{measured.mean_average_precision:.4f}",
            f"{measured.precision_at[1]:.4f}",
            f"{measured.precision_at[K]:.4f}",
            f"{measured.queries - measured.without_relevant:,}",
        ]
        for name, measured in found.by_label.items()
    ]
    columns = ("label by itself", "mAP", "P@1", f"P@{K}", "queries with something to find")
    return Table("", columns, rows)


def _answers(found: Recommendation) -> Table:
    first = next(iter(found.answers.values()))
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
            f"{quality.ndcg:.4f}",
            *(f"{value:.4f}" for value in quality.precision.values()),
            f"{quality.variety:.4f}",
            f"{quality.copies}",
            f"{quality.coverage:.2f}",
        ]
        for name, quality in found.answers.items()
    ]
    return Table(f"{found.queries:,} works asked for, as a visitor sees the answers", columns, rows)


def _tastes(found: Recommendation) -> Table:
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
            f"{quality.recall_one:.4f}",
            f"{quality.recall:.4f}",
            f"{quality.gain:.2f}",
            f"{quality.bound:.4f}",
            f"{quality.precision:.4f}",
        ]
        for name, quality in found.tastes.items()
    ]
    return Table("", columns, rows)
