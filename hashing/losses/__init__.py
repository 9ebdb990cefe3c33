"""Losses: one module per paper, the table of their names, and how they are put together."""

from hashing.losses.base import HashingLoss
from hashing.losses.centres import Centres, class_centres
from hashing.losses.objective import LOSSES, Objective, make_objective

__all__ = ["LOSSES", "Centres", "HashingLoss", "Objective", "class_centres", "make_objective"]
