"""How good a network is on a part of its data: retrieval at every length, and classification."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hashing.codes import Codes
from hashing.data import read_ahead
from hashing.device import pinned
from hashing.encoding.onnx import Output, asked_of
from hashing.losses import Objective
from hashing.losses.softmax import classified
from hashing.metrics import Relevance, RetrievalMetrics, evaluate
from hashing.models import HashModel, normalise
from hashing.training.accelerated import by_onnx
from hashing.training.examples import Examples, Part, Rows
from hashing.training.ranking import evaluate_on

BATCH = 250
PIXELS = 32 * 288**2
"""Of a batch of large pictures: more of them fall out of a CPU's caches and take a third longer."""
CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class Classification:
    """Queries classified by their logits, which needs no classifier and favours no loss.

    A query belongs to the class whose mean direction, over the logits of the training part, has
    the largest cosine with its own.

    accuracy: share of the labelled queries classified right.
    confusion: int64 `[C, C]`, true class by row, found class by column.
    """

    accuracy: float
    confusion: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Classifier:
    """Queries classified by a loss's own classifier, which learned with the network.

    accuracy: share of the labelled queries classified right. loss: their mean cross-entropy.
    confusion: int64 `[C, C]`, true class by row, found class by column.
    """

    accuracy: float
    loss: float
    confusion: NDArray[np.int64]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, with the number of queries."""
        return {
            "accuracy": self.accuracy,
            "loss": self.loss,
            "queries": int(self.confusion.sum()),
            "confusion": self.confusion.tolist(),
        }


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One network measured on one part.

    retrieval: by label field, then by code length. classification: by label field.
    queries, database: logits float32 `[Q, bits]` and `[N, bits]`.
    """

    retrieval: Mapping[str, Mapping[int, RetrievalMetrics]]
    classification: Mapping[str, Classification]
    queries: NDArray[np.float32]
    database: NDArray[np.float32]

    @property
    def distinct(self) -> int:
        """How many different codes the database has, at full length."""
        return Codes.from_logits(self.database).count_distinct()

    @property
    def score(self) -> float:
        """What a validation is judged by: mAP, mean over lengths and fields."""
        return float(
            np.mean(
                [
                    found.mean_average_precision
                    for by_length in self.retrieval.values()
                    for found in by_length.values()
                ]
            )
        )


def evaluate_network(
    network: HashModel,
    examples: Examples,
    part: Part,
    *,
    bf16: bool = False,
    settled: bool = False,
    on_pictures: Callable[[int], None] = lambda count: None,
) -> Evaluation:
    """Search `part.query` in `part.database` by codes of every length the network has.

    settled: as `compute_logits` takes it.
    """
    logits = compute_logits(
        network, examples, part.rows, bf16=bf16, settled=settled, on_pictures=on_pictures
    )
    return evaluate_logits(logits, network.lengths, examples, part, network.device)


def compute_logits(
    network: HashModel,
    examples: Examples,
    rows: Rows,
    *,
    bf16: bool = False,
    settled: bool = False,
    on_pictures: Callable[[int], None] = lambda count: None,
) -> NDArray[np.float32]:
    """Logits `[len(rows), bits]` of these pictures, none of them augmented.

    From the features of the plain view where the examples have them.

    settled: the weights change no more, so that it pays on a CPU to bring the network into the form
        of ONNX Runtime, which takes seconds; in float32 alone.
    """
    return _compute(network, "logits", examples, rows, bf16, settled, on_pictures)


def compute_features(
    network: HashModel,
    examples: Examples,
    rows: Rows,
    on_pictures: Callable[[int], None] = lambda count: None,
) -> NDArray[np.float32]:
    """Features `[len(rows), D]` of these pictures, none of them augmented, from settled weights."""
    pictures = replace(examples, views=())
    return _compute(network, "features", pictures, rows, False, True, on_pictures)


def _compute(
    network: HashModel,
    output: Output,
    examples: Examples,
    rows: Rows,
    bf16: bool,
    settled: bool,
    on_pictures: Callable[[int], None],
) -> NDArray[np.float32]:
    """That output of the network for these pictures, `[len(rows), bits or D]`."""
    network.eval()
    device, source = network.device, examples.views[0] if examples.views else examples.squares
    batch = BATCH if examples.views else _batch(network.preprocessing.size)
    chunks = [rows[start : start + batch] for start in range(0, len(rows), batch)]
    function = asked_of(network, output)
    width = network.bits if output == "logits" else network.channels
    # A GPU is not waited for while it has work; a few numbers a picture are all that stay there.
    found = torch.empty((len(rows), width), device=device)

    def read(chunk: Rows) -> Tensor:
        return pinned(torch.from_numpy(np.asarray(source[chunk])), device)

    for number, given in enumerate(read_ahead(read, chunks)):
        inputs = given.to(device, non_blocking=True)
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            if not examples.views:
                inputs = normalise(inputs, network.preprocessing)
                if settled and not number and not bf16:
                    function = by_onnx(network, inputs, len(rows), output) or function
            found[number * batch : number * batch + len(inputs)] = function(inputs)
        on_pictures(len(inputs))
    return found.cpu().numpy()


def _batch(size: int) -> int:
    """How many pictures of `size` px run through the network at once."""
    return max(1, min(BATCH, PIXELS // size**2))


def evaluate_logits(
    logits: NDArray[np.float32],
    lengths: Sequence[int],
    examples: Examples,
    part: Part,
    device: torch.device = CPU,
) -> Evaluation:
    """What `evaluate_network` finds, from logits float32 `[P, bits]` of the P `part.rows`.

    device: where rankings are counted; the figures are the same anywhere.
    """
    queries, database, train = (
        logits[np.searchsorted(part.rows, rows)] for rows in (part.query, part.database, part.train)
    )
    retrieval = {
        field: _by_length(
            queries,
            database,
            lengths,
            examples.relevant(field, part),
            examples.excluded(field, part),
            device,
        )
        for field in examples.measured
    }
    classification = {
        field: classify(
            queries, numbers[part.query], train, numbers[part.train], len(examples.classes[field])
        )
        for field in examples.fields
        if field not in examples.sets
        for numbers in [examples.numbers(field)]
    }
    return Evaluation(retrieval, classification, queries, database)


def _by_length(
    queries: NDArray[np.float32],
    database: NDArray[np.float32],
    lengths: Sequence[int],
    relevance: Sequence[Relevance],
    exclude: Sequence[Relevance],
    device: torch.device,
) -> Mapping[int, RetrievalMetrics]:
    """Retrieval by the codes of these logits, at every length."""
    if device.type != "cpu":
        return evaluate_on(device, queries, database, lengths, relevance, exclude)
    codes = Codes.from_logits(queries), Codes.from_logits(database)
    return {
        bits: evaluate(codes[0].prefix(bits), codes[1].prefix(bits), relevance, exclude=exclude)
        for bits in lengths
    }


@torch.inference_mode()
def classify_by(
    objective: Objective, found: Evaluation, examples: Examples, part: Part
) -> dict[str, Classifier]:
    """What the losses' own classifiers say of the queries, by field; fields without one are not in.

    A weight average has none of its own: the classifier is that of the last step.
    """
    device = next((x.device for x in (*objective.parameters(), *objective.buffers())), CPU)
    classifiers = {}
    scored = objective.classify(torch.from_numpy(found.queries).to(device))
    for field, scores in zip(examples.fields, scored, strict=True):
        if scores is None or field in examples.sets:
            continue
        labels = torch.from_numpy(examples.numbers(field)[part.query]).to(device)
        accuracy, loss = classified(scores, labels)
        carried = labels >= 0
        guessed = scores.argmax(1)[carried].cpu().numpy()
        confusion = _confusion(labels[carried].cpu().numpy(), guessed, scores.shape[1])
        classifiers[field] = Classifier(float(accuracy), float(loss), confusion)
    return classifiers


def classify(
    queries: NDArray[np.float32],
    query_labels: Rows,
    train: NDArray[np.float32],
    train_labels: Rows,
    classes: int,
) -> Classification:
    """Classify query logits `[Q, bits]` by the class means of training logits `[M, bits]`.

    Labels are 0 … `classes` − 1, negative where absent: such rows are left out. Of some classes
    there may be no picture here; one without a mean is never found.
    """
    known, labelled = train_labels >= 0, query_labels >= 0
    means = np.zeros((classes, train.shape[1]))
    np.add.at(means, train_labels[known], _directions(train[known]))
    cosines = _directions(queries[labelled]) @ _directions(means).T
    cosines[:, np.bincount(train_labels[known], minlength=classes) == 0] = -np.inf
    found = cosines.argmax(axis=1)
    confusion = _confusion(query_labels[labelled], found, classes)
    return Classification(float(np.trace(confusion) / max(confusion.sum(), 1)), confusion)


def _confusion(true: Rows, found: Rows, count: int) -> NDArray[np.int64]:
    """How often each class by row was taken for each by column, int64 `[count, count]`."""
    confusion = np.zeros((count, count), np.int64)
    np.add.at(confusion, (true, found), 1)
    return confusion


def _directions(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rows scaled to length one; a zero row stays zero."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: NDArray[np.float64] = rows / np.maximum(lengths, 1e-12)
    return scaled
