"""The outcome of one evaluation."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from hashing.errors import UsageError
from hashing.metrics.codes import CodeStatistics
from hashing.tables import Table

_ROUNDING = 1e-9


@dataclass(frozen=True)
class RetrievalMetrics:
    """Means over all queries; every measure lies in [0, 1] and is the expectation over ties.

    queries, database: how many of each; without_relevant: queries with nothing to find, which
    score 0 and are counted.
    mean_average_precision, its best and worst: over all ranks, and for the kindest and unkindest
    order of tied items.
    mean_average_precision_at, precision_at, recall_at, ndcg_at: by number of results k.
    precision_within_2: within Hamming radius 2, an empty ball counting 0; None without codes.
    curve: (recall, precision) at growing numbers of results, the whole database last.
    codes: statistics of the database's codes; None without codes.
    mean_average_precision_of_found_at: by k, divided by the relevant items among the first k, as
    hashing papers print mAP@k; `mean_average_precision_at` divides by the most there can be.
    weighted_mean_average_precision, cumulative_gain_at: weighted by grades, and mean grade of the
    first k, both 1 per grade and not bounded by 1; None and empty where there is one grade.
    """

    queries: int
    database: int
    without_relevant: int
    mean_average_precision: float
    mean_average_precision_best: float
    mean_average_precision_worst: float
    mean_average_precision_at: Mapping[int, float]
    precision_at: Mapping[int, float]
    recall_at: Mapping[int, float]
    ndcg_at: Mapping[int, float]
    precision_within_2: float | None
    curve: tuple[tuple[float, float], ...]
    codes: CodeStatistics | None
    mean_average_precision_of_found_at: Mapping[int, float] = field(default_factory=dict)
    weighted_mean_average_precision: float | None = None
    cumulative_gain_at: Mapping[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in self._measures():
            if not -_ROUNDING <= value <= 1 + _ROUNDING:
                raise UsageError(f"expected {name} between 0 and 1, found {value}")
        worst, best = self.mean_average_precision_worst, self.mean_average_precision_best
        if not worst - _ROUNDING <= self.mean_average_precision <= best + _ROUNDING:
            raise UsageError(
                f"expected a mean average precision between {worst} and {best}, "
                f"found {self.mean_average_precision}"
            )
        if not 0 <= self.without_relevant <= self.queries:
            raise UsageError(
                f"expected at most {self.queries} queries without a relevant item, "
                f"found {self.without_relevant}"
            )

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON; the keys of the measures by k become text."""
        plain = asdict(self)
        for name, value in plain.items():
            if isinstance(value, Mapping) and name.endswith("_at"):
                plain[name] = {str(k): measure for k, measure in value.items()}
        return plain

    def table(self) -> Table:
        """Every measure with its value."""
        graded = [("weighted_mean_average_precision", self.weighted_mean_average_precision)]
        graded += [(f"cumulative_gain_at {k}", v) for k, v in self.cumulative_gain_at.items()]
        measured = [*self._measures(), *((name, v) for name, v in graded if v is not None)]
        rows = [(name.replace("_", " "), f"{value:.4f}") for name, value in measured]
        if self.codes is not None:
            rows.append(("distinct codes", f"{self.codes.distinct:,}"))
        return Table(f"{self.queries:,} queries, {self.database:,} items", ("measure", ""), rows)

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def _measures(self) -> list[tuple[str, float]]:
        single = ("mean_average_precision", "precision_within_2")
        by_k = (
            "mean_average_precision_at",
            "mean_average_precision_of_found_at",
            "precision_at",
            "recall_at",
            "ndcg_at",
        )
        found = [(name, getattr(self, name)) for name in single]
        found += [(f"{name} {k}", v) for name in by_k for k, v in getattr(self, name).items()]
        return [(name, value) for name, value in found if value is not None]
