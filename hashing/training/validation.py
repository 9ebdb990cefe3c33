"""How a network in training is scored on the validation part."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from hashing.training.evaluation import classify_by, evaluate_network
from hashing.training.examples import Examples, Part, Rows
from hashing.training.learner import Learner

MOST = 10_000
"""Pictures of the database that are searched. To encode more of them takes as long as an epoch of
training (CIFAR-10 `full` has 45,000) and chooses no better."""


def validation(
    examples: Examples, learner: Learner
) -> Callable[[], tuple[float, Mapping[str, float]]] | None:
    """How the learner's result is scored on the validation part, equally in every process.

    Beside the score that a model is chosen by, the first process knows accuracy and loss of the
    first field, where a loss classifies.
    """
    if examples.validation is None:
        return None
    part, here = sampled(examples.validation), learner.world

    def validate() -> tuple[float, Mapping[str, float]]:
        if not here.is_main:
            return here.broadcast(0.0), {}
        found = evaluate_network(learner.result, examples, part, bf16=learner.bf16)
        figures: dict[str, float] = {}
        for classifier in list(classify_by(learner.objective, found, examples, part).values())[:1]:
            figures["validation_accuracy"] = classifier.accuracy
            figures["validation_loss"] = classifier.loss
        return here.broadcast(found.score), figures

    return validate


def sampled(part: Part) -> Part:
    """The same queries, and of database and training part each at most `MOST` pictures.

    Drawn at random, always the same; where both parts are the same pictures, their samples are.
    """

    def some(rows: Rows) -> Rows:
        drawn = np.random.default_rng(0).permutation(len(rows))[:MOST]
        return np.sort(rows[drawn])

    return replace(part, database=some(part.database), train=some(part.train))
