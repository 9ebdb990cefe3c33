"""Losses: one module per paper, the table of their names, and how they are put together."""

from hashing.losses.base import HashingLoss
from hashing.losses.centres import Centres, class_centres
from hashing.losses.distillation import Distillation, Targets
from hashing.losses.hierarchy import Refinement, find_refinements
from hashing.losses.objective import LOSSES, Objective, make_objective

__all__ = [
    "LOSSES",
    "Centres",
    "Distillation",
    "HashingLoss",
    "Objective",
    "Refinement",
    "Targets",
    "class_centres",
    "find_refinements",
    "make_objective",
]
