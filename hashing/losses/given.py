"""What a loss is given beside a recipe's arguments: it follows from the data and the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from hashing.errors import UsageError
from hashing.losses.centres import Centres, class_centres
from hashing.losses.hierarchy import Refinement


@dataclass
class Given:
    """What follows from the data and the model; centres are only searched for if wanted."""

    classes: int
    lengths: Sequence[int]
    seed: int
    refinement: Refinement | None = None
    coarser: "Given | None" = None
    share: float = 1.0

    @cached_property
    def centres(self) -> Centres:
        """The class centres, near those of the coarser field where there is one."""
        if self.refinement is None or self.coarser is None:
            return class_centres(self.classes, self.lengths, self.seed)
        belongs = self.refinement.classes
        around = np.where(belongs[:, None] >= 0, self.coarser.centres.signs[belongs], 0)
        return class_centres(
            self.classes, self.lengths, self.seed, around=around.astype(np.int8), share=self.share
        )

    def argument(self, name: str, bits: int) -> Any:
        """The value of an argument of this name, for a prefix of `bits`."""
        if name == "centres":
            return torch.from_numpy(self.centres.signs[:, :bits].copy())
        return {"classes": self.classes, "bits": bits}[name]


def given_by(
    fields: Mapping[str, float],
    classes: Mapping[str, int],
    lengths: Sequence[int],
    seed: int,
    refinements: Mapping[str, Refinement] | None,
    share: float,
) -> dict[str, Given]:
    """By field. Raises UsageError for a field that the data lack."""
    given = {field: Given(_classes_of(field, classes), lengths, seed) for field in fields}
    for field, refinement in (refinements or {}).items():
        mine = given[field]
        mine.refinement, mine.coarser, mine.share = refinement, given[refinement.coarser], share
    return given


def _classes_of(field: str, classes: Mapping[str, int]) -> int:
    if not classes.get(field):
        raise UsageError(
            f"expected pictures with the label field {field!r}, found "
            f"{', '.join(classes) or 'none'} in the data: change data.fields"
        )
    return classes[field]
