"""Losses: one module per paper, the table of their names, and how they are put together."""

from hashing.losses.base import HashingLoss
from hashing.losses.centres import Centres, class_centres
from hashing.losses.hierarchy import Refinement, find_refinements
from hashing.losses.objective import LOSSES, Objective, make_objective

__all__ = [
    "LOSSES",
    "Centres",
    "HashingLoss",
    "Objective",
    "Refinement",
    "class_centres",
    "find_refinements",
    "make_objective",
]
