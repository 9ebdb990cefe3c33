"""Training: the loop, resumable state, report and plots."""

from hashing.training.closeness import calibrate, closeness_text
from hashing.training.report import text
from hashing.training.runs import evaluate, train
from hashing.training.runtime import Runtime

__all__ = ["Runtime", "calibrate", "closeness_text", "evaluate", "text", "train"]
