"""Retrieval metrics that do not depend on the order of tied items."""

from hashing.metrics.codes import CodeStatistics, code_statistics
from hashing.metrics.evaluation import evaluate, evaluate_costs, evaluate_features
from hashing.metrics.labels import Labels, graded
from hashing.metrics.results import RetrievalMetrics
from hashing.metrics.ties import (
    TiedGroups,
    average_precision,
    ndcg,
    precision,
    precision_within,
    recall,
)

__all__ = [
    "CodeStatistics",
    "Labels",
    "RetrievalMetrics",
    "TiedGroups",
    "average_precision",
    "code_statistics",
    "evaluate",
    "evaluate_costs",
    "evaluate_features",
    "graded",
    "ndcg",
    "precision",
    "precision_within",
    "recall",
]
