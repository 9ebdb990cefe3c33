"""Retrieval metrics that do not depend on the order of tied items."""

from hashing.metrics.closeness import Closeness, count_pairs
from hashing.metrics.codes import CodeStatistics, code_statistics
from hashing.metrics.evaluation import (
    Relevance,
    evaluate,
    evaluate_costs,
    evaluate_features,
    evaluate_groups,
)
from hashing.metrics.labels import Labels, LabelSets, Numbering, graded
from hashing.metrics.results import RetrievalMetrics
from hashing.metrics.ties import (
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

__all__ = [
    "Closeness",
    "CodeStatistics",
    "LabelSets",
    "Labels",
    "Numbering",
    "Relevance",
    "RetrievalMetrics",
    "TiedGroups",
    "average_precision",
    "average_precision_of_found",
    "code_statistics",
    "count_pairs",
    "cumulative_gain",
    "evaluate",
    "evaluate_costs",
    "evaluate_features",
    "evaluate_groups",
    "graded",
    "ndcg",
    "precision",
    "precision_within",
    "recall",
    "weighted_average_precision",
]
