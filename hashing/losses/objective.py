"""The table of losses, and the one objective that a configuration amounts to."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hashing.config import LossTerm
from hashing.device import send
from hashing.errors import UsageError, unknown
from hashing.losses.base import HashingLoss
from hashing.losses.bihalf import BiHalf
from hashing.losses.centres import Centres
from hashing.losses.cibhash import CIBHash
from hashing.losses.compose import MultiField, Nested, WeightedSum
from hashing.losses.csq import CSQ
from hashing.losses.dhd import DHD
from hashing.losses.dpn import DPN
from hashing.losses.dpsh import DPSH
from hashing.losses.dsh import DSH
from hashing.losses.given import Given, given_by
from hashing.losses.greedyhash import GreedyHash
from hashing.losses.hashnet import HashNet
from hashing.losses.hierarchy import Refinement
from hashing.losses.metric import MetricLoss, is_metric_loss, metric_losses
from hashing.losses.orthohash import OrthoHash
from hashing.losses.softmax import Softmax
from hashing.losses.terms import Balance, Decorrelation, Quantisation
from hashing.registry import check_arguments, find

LOSSES: dict[str, type[HashingLoss]] = {
    "dsh": DSH,
    "dpsh": DPSH,
    "hashnet": HashNet,
    "greedyhash": GreedyHash,
    "csq": CSQ,
    "orthohash": OrthoHash,
    "dpn": DPN,
    "dhd": DHD,
    "cibhash": CIBHash,
    "bihalf": BiHalf,
    "softmax": Softmax,
    "quantisation": Quantisation,
    "balance": Balance,
    "decorrelation": Decorrelation,
}
"""Our losses by name; every loss of pytorch-metric-learning is known by its own."""

GIVEN = frozenset({"classes", "bits", "centres"})
"""Parameters of a loss that follow from data and model; all others are `args` of a recipe."""


class Objective(HashingLoss):
    """Σ_fields weight · mean over prefixes of Σ_terms weight · loss, plus terms without labels.

    Called with logits `[B, bits]` and labels int64 `[B, fields]`, −1 where absent, best on the CPU
    (see `MultiField`); one more column
    may number the pictures, by which terms without labels know views of one picture. These see
    the whole code of every picture, or every prefix where they are about similarity.

    fields: how many label fields there are.
    centres: the class centres of each field, empty where no loss has any.
    refinements: by finer field whose centres lie near those of a coarser one, which that is.
    """

    def __init__(
        self,
        fields: int,
        labelled: HashingLoss,
        unlabelled: HashingLoss,
        centres: Mapping[str, Centres],
        refinements: Mapping[str, Refinement],
    ) -> None:
        super().__init__()
        self.fields = fields
        self.labelled = labelled
        self.unlabelled = unlabelled
        self.centres = centres
        self.refinements = refinements

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The sum of both parts."""
        of_fields, numbers = labels[:, : self.fields], labels[:, self.fields :]
        if numbers.numel():
            pictures = send(numbers.flatten(), logits.device)
        else:
            pictures = torch.arange(len(logits), device=logits.device)
        unlabelled = self.unlabelled(logits, pictures)
        total: Tensor = self.labelled(logits, of_fields) + unlabelled
        return total

    def classify(self, logits: Tensor) -> list[Tensor | None]:
        """By field, the scores `[B, classes]` of its first loss that classifies whole codes.

        None where there is no such loss, and where labels are sets.
        """
        if not isinstance(self.labelled, MultiField):
            return [None] * self.fields
        parts, sets = enumerate(self.labelled.losses), self.labelled.sets
        return [None if n in sets else _scores(nested, logits) for n, nested in parts]

    def centre_distances(self) -> dict[str, dict[str, int]]:
        """By field, then by code length in bits: the least Hamming distance of two centres."""
        return {
            field: {str(bits): distance for bits, distance in found.minimum_distances.items()}
            for field, found in self.centres.items()
        }

    def coarser_distances(self) -> dict[str, dict[str, Any]]:
        """By finer field: its coarser one, and by length how far the farthest centre lies."""
        return {
            field: {
                "coarser": refinement.coarser,
                "bits": {str(n): d for n, d in self.centres[field].coarser_distances.items()},
            }
            for field, refinement in self.refinements.items()
        }

    def record(self) -> dict[str, Any]:
        """What belongs in the model folder: each field's centres and how they lie."""
        return {
            field: {"centres": found.hex(), "minimum_distances": found.minimum_distances}
            | self._belonging(field)
            for field, found in self.centres.items()
        }

    def _belonging(self, field: str) -> dict[str, Any]:
        if field not in self.refinements:
            return {}
        refinement = self.refinements[field]
        return {
            "coarser": refinement.coarser,
            "coarser_classes": refinement.classes.tolist(),
            "coarser_distances": self.centres[field].coarser_distances,
        }


def make_objective(
    terms: Sequence[LossTerm],
    fields: Mapping[str, float],
    classes: Mapping[str, int],
    lengths: Sequence[int],
    seed: int = 0,
    *,
    refinements: Mapping[str, Refinement] | None = None,
    share: float = 1.0,
    sets: Mapping[str, NDArray[np.bool_]] | None = None,
) -> Objective:
    """The objective of a configuration.

    fields: label fields in the order of the labels' columns, with their weights.
    classes: number of classes of each field.
    lengths: the model's code lengths, ascending.
    refinements: by finer field, the coarser one near whose centres its own are placed, within
        `share` of the bits; 1 places every field for itself.
    sets: by field whose labels are sets, which labels each picture carries, bool `[N, classes]`;
        the field's column of a batch then holds rows of it.

    A field that no term is about is measured, not learned. Raises UsageError for unknown losses,
    arguments or fields, a field that the data lack, no term at all, a share that is none, and more
    classes than there can be centres.
    """
    if not terms:
        raise UsageError("expected at least one loss, found none")
    if not 0 < share <= 1:
        raise UsageError(f"expected centres.share above 0 and at most 1, found {share:g}")
    labelled = [term for term in terms if _needs_labels(term.name)]
    unlabelled = [
        (term.weight, _unlabelled(term, Given(0, lengths, seed)))
        for term in terms
        if not _needs_labels(term.name)
    ]
    if labelled and not fields:
        raise UsageError(f"the loss {labelled[0].name} needs a label field, found none")
    for term in terms:
        _check_field(term, fields)
    given = given_by(fields, classes, lengths, seed, refinements if share < 1 else None, share)
    parts = [
        (weight, _nested([t for t in labelled if t.field in ("", field)], given[field], lengths))
        for field, weight in fields.items()
    ]
    sets = sets or {}
    for term in labelled:
        _check_sets(term, [term.field] if term.field else fields, sets)
    tables = {n: torch.from_numpy(sets[name]) for n, name in enumerate(fields) if name in sets}
    supervised = MultiField(parts, tables) if labelled else WeightedSum([])
    centres = {field: g.centres for field, g in given.items() if "centres" in vars(g)}
    near = {field: given[field].refinement for field in centres}
    return Objective(
        len(fields),
        supervised,
        WeightedSum(unlabelled),
        centres,
        {field: refinement for field, refinement in near.items() if refinement is not None},
    )


def _scores(nested: Any, logits: Tensor) -> Tensor | None:
    """The scores of the first of a field's losses on the whole code that has any."""
    longest = list(nested.losses)[-1]
    found = (loss.scores(logits) for loss in longest.losses)
    return next((scores for scores in found if scores is not None), None)


def _nested(terms: Sequence[LossTerm], given: Given, lengths: Sequence[int]) -> Nested:
    return Nested(
        {bits: WeightedSum([(t.weight, _make(t, given, bits)) for t in terms]) for bits in lengths}
    )


def _unlabelled(term: LossTerm, given: Given) -> HashingLoss:
    """A term without labels: on the whole code, or nested where it is about similarity."""
    if not _kind(term.name).by_length:
        return _make(term, given, given.lengths[-1])
    return Nested({bits: _make(term, given, bits) for bits in given.lengths})


def _make(term: LossTerm, given: Given, bits: int) -> HashingLoss:
    if is_metric_loss(term.name):
        return MetricLoss(term.name, given.classes, bits, term.args)
    kind = _kind(term.name)
    check_arguments(f"the loss {term.name}", kind, term.args, GIVEN)
    known = [name for name in inspect.signature(kind).parameters if name in GIVEN]
    return kind(**{name: given.argument(name, bits) for name in known}, **term.args)


def _kind(name: str) -> type[HashingLoss]:
    """The class of one of our losses, or of one from outside."""
    kind = find("loss", name, LOSSES, also=metric_losses())
    if not (inspect.isclass(kind) and issubclass(kind, HashingLoss)):
        raise UsageError(f"expected a subclass of hashing.losses.HashingLoss, found {name}")
    return kind


def _needs_labels(name: str) -> bool:
    return is_metric_loss(name) or _kind(name).needs_labels


def _check_field(term: LossTerm, fields: Mapping[str, float]) -> None:
    if not term.field:
        return
    if not _needs_labels(term.name):
        raise UsageError(f"the loss {term.name} needs no labels: leave out its field {term.field}")
    if term.field not in fields:
        raise UsageError(unknown(f"label field of the loss {term.name}", term.field, fields))


def _check_sets(
    term: LossTerm, fields: Iterable[str], sets: Mapping[str, NDArray[np.bool_]]
) -> None:
    for field in fields:
        if field in sets and (is_metric_loss(term.name) or not _kind(term.name).takes_sets):
            able = ", ".join(name for name, kind in LOSSES.items() if kind.takes_sets)
            raise UsageError(
                f"the loss {term.name} takes one label a picture, but {field} is in data.sets: "
                f"take {able}, or another field"
            )
