"""How a network in training is scored on the validation part."""

from collections.abc import Callable, Mapping

from hashing.training.evaluation import classify_by, evaluate_network
from hashing.training.examples import Examples
from hashing.training.learner import Learner


def validation(
    examples: Examples, learner: Learner
) -> Callable[[], tuple[float, Mapping[str, float]]] | None:
    """How the learner's result is scored on the validation part, equally in every process.

    Beside the score that a model is chosen by, the first process knows accuracy and loss of the
    first field, where a loss classifies.
    """
    part, here = examples.validation, learner.world
    if part is None:
        return None

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
