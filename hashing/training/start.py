"""A run that starts from a whole model: linear probing, then fine-tuning (Kumar et al. 2022).

A head that was learned on a frozen backbone is where fine-tuning begins: from a head of random
weights the first steps would pull the backbone's features apart. Losses with parameters of their
own, which no model folder holds, learn them before the first step from the model's logits.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from hashing.config import Config
from hashing.errors import UsageError
from hashing.losses import Objective
from hashing.models import read_manifest
from hashing.training.evaluation import compute_logits
from hashing.training.examples import Examples
from hashing.training.learner import Learner
from hashing.training.runtime import Runtime

FREE = ("weights", "dropout", "fitted_whiten")
"""What a run may have its own way, whatever it starts from; of several starts the first alone says
the size of pictures."""

STEPS, BATCH, RATE = 300, 256, 1e-2
"""How the losses' own parameters learn what the model knows."""


def check_start(config: Config) -> None:
    """Hold `config.start`, where there is one, against the network that is asked for.

    Raises UsageError for the first setting that differs, ArtefactError where it is no model.
    """
    if config.train.epochs < 0 or not (config.train.epochs or config.starts):
        raise UsageError(
            f"expected train.epochs from 1, or 0 with a start, found {config.train.epochs}: "
            "without a step only a start is a model"
        )
    if config.start == ():
        raise UsageError("expected a model folder or several as start, found an empty list")
    if config.teacher is not None and not config.train.epochs:
        raise UsageError(
            f"expected no teacher with train.epochs 0, found {config.teacher}: without a step "
            "nothing is learned from it"
        )
    if not config.starts:
        return
    if config.model.weights != "none":
        raise UsageError(
            f"expected model.weights none with a start, found {config.model.weights}: "
            "the backbone comes from the start too"
        )
    first, *others = config.starts
    _check_shape(config, first, FREE)
    shared = centres_of(first)
    for folder in others:
        _check_shape(config, folder, (*FREE, "size"))
        theirs = centres_of(folder)
        for field, centres in shared.items():
            if theirs.get(field, centres) != centres:
                raise UsageError(
                    f"expected starts that share the class centres of {field}, found others in "
                    f"{folder} than in {first}: average models that went on from one"
                )


def _check_shape(config: Config, folder: Path, free: Collection[str]) -> None:
    """Raise UsageError for the first setting, but for `free` ones, that `folder` has otherwise."""
    found = read_manifest(folder)
    for part, theirs, ours in (
        ("model", asdict(found.model), asdict(config.model)),
        ("preprocessing", asdict(found.preprocessing), asdict(config.preprocessing)),
    ):
        for name in ours:
            if ours[name] != theirs[name] and name not in free:
                raise UsageError(
                    f"expected {part}.{name} {_text(theirs[name])}, as the start {folder} has it, "
                    f"found {_text(ours[name])}: set it so, or take the backbone alone by "
                    "model.weights"
                )


def check_centres(config: Config, objective: Objective) -> None:
    """Raise UsageError where the start was drawn to other class centres than those of the run."""
    for folder in config.starts:
        theirs = centres_of(folder)
        for field, ours in objective.record().items():
            known = theirs.get(field, ours["centres"])
            if known != ours["centres"]:
                raise UsageError(
                    f"expected the class centres of {field} that the start {folder} has "
                    f"({len(known)} classes), found others ({len(ours['centres'])}): "
                    "take its data, centres.share and train.seed, or its backbone alone by "
                    "model.weights"
                )


def centres_of(folder: Path) -> dict[str, list[str]]:
    """Class centres that the model in `folder` was drawn to, by label field."""
    known = read_manifest(folder).extra.get("objective") or {}
    return {field: record["centres"] for field, record in known.items()}


def teach_losses(learner: Learner, examples: Examples, runtime: Runtime) -> None:
    """Fit what the losses learn themselves, such as classifiers and proxies, to the first logits.

    They are those of the plain pictures that are learned from and carry a label; the network stays
    as it is.
    """
    objective = learner.objective
    parameters = [parameter for parameter in objective.parameters() if parameter.requires_grad]
    if not parameters:
        return
    labels = np.stack([examples.numbers(field) for field in examples.fields], axis=1)
    rows = examples.labelled[(labels[examples.labelled] >= 0).any(axis=1)]
    if not len(rows):
        return
    with runtime.progress(len(rows), "encoding for the losses", "pictures") as bar:
        known = compute_logits(
            learner.network, examples, rows, bf16=learner.bf16, on_pictures=bar.advance
        )
    device = learner.world.device
    logits, targets = torch.from_numpy(known).to(device), torch.from_numpy(labels[rows])
    generator = torch.Generator().manual_seed(learner.config.train.seed)
    optimiser = torch.optim.AdamW(parameters, lr=RATE)
    objective.step(0)
    for _ in range(STEPS):
        chosen = torch.randint(len(rows), (min(BATCH, len(rows)),), generator=generator)
        loss = objective(logits[chosen.to(device)], targets[chosen])
        optimiser.zero_grad()
        if loss.requires_grad:  # a batch may say nothing of the field that has parameters
            loss.backward()
            optimiser.step()
    optimiser.zero_grad()


def start_remarks(config: Config) -> Iterator[str]:
    """What a user should know of the start before training, a sentence each."""
    if config.train.refit or not config.train.validate_every:
        return
    if any(map(has_seen_all, config.starts)):
        yield (
            "The start was trained on its validation part too (refit): where that is this run's, "
            "validation flatters it."
        )


def has_seen_all(folder: Path) -> bool:
    """Whether the model in `folder`, maybe a stranger's, was trained on its validation part too."""
    try:
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        return bool(metrics.get("refit"))
    except (OSError, ValueError, AttributeError, RecursionError):  # a fitted model has none
        return False


def _text(value: object) -> str:
    return str(list(value)) if isinstance(value, tuple) else str(value)
