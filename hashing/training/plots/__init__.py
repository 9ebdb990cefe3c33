"""The pictures of a report: every function takes plain numbers and returns a figure."""

from hashing.training.plots.bits import bit_statistics
from hashing.training.plots.classes import classifier_sheet, confusion
from hashing.training.plots.learning import learning_curves
from hashing.training.plots.retrieval import map_by_length, precision_recall, retrieval_sheet

__all__ = [
    "bit_statistics",
    "classifier_sheet",
    "confusion",
    "learning_curves",
    "map_by_length",
    "precision_recall",
    "retrieval_sheet",
]
