"""Which figures a report has, drawn from a run's own numbers and pictures."""

import io
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from hashing.codes import Codes
from hashing.search import ReferenceEngine, SearchRequest
from hashing.training import plots
from hashing.training.epochs import epochs_of
from hashing.training.evaluation import Evaluation
from hashing.training.examples import Examples

QUERIES, ANSWERS = 8, 10
LARGEST_CONFUSION = 40


def draw_curves(records: Iterable[Mapping[str, Any]]) -> dict[str, bytes]:
    """The course of a run as PNG, by file name; `records` are the lines of its log."""
    kept = list(records)
    return {"curves.png": png(plots.learning_curves(*_curves(kept), epochs_of(kept)))}


def draw_figures(examples: Examples, found: Evaluation) -> dict[str, bytes]:
    """What a model finds, as PNG by file name."""
    figures = {
        "lengths.png": plots.map_by_length(found.retrieval),
        "bits.png": plots.bit_statistics(Codes.from_logits(found.database).signs(), found.database),
    }
    for field, by_length in found.retrieval.items():
        figures[f"precision-recall-{field}.png"] = plots.precision_recall(
            by_length, f"Precision and recall, {field}"
        )
    for field in examples.fields:
        figures[f"answers-{field}.png"] = draw_answers(examples, found, field)
        classes = examples.classes[field]
        if field in found.classification and len(classes) <= LARGEST_CONFUSION:
            matrix = found.classification[field].confusion
            figures[f"confusion-{field}.png"] = plots.confusion(
                matrix, classes, f"Found for each true {field}, %"
            )
    return {name: png(figure) for name, figure in figures.items()}


def draw_answers(examples: Examples, found: Evaluation, field: str) -> Figure:
    """Some queries, evenly spread over the test part, and the nearest items of each."""
    part, labels, classes = examples.test, examples.labels[field], examples.classes[field]
    chosen = np.unique(np.linspace(0, len(part.query) - 1, QUERIES).astype(np.intp))
    queries = Codes.from_logits(found.queries[chosen])
    engine = ReferenceEngine(Codes.from_logits(found.database))
    shown = []
    for row, query in enumerate(chosen):
        allowed = np.ones(len(part.database), bool)
        for left_out in examples.excluded(field, part):
            allowed &= ~left_out.matches(int(query))
        request = SearchRequest(queries[row : row + 1], ANSWERS, allowed=np.flatnonzero(allowed))
        ids = engine.search(request).ids[0]
        right = examples.relevant(field, part)[0].matches(int(query))[ids]
        shown.append((examples.squares[part.database[ids]], right.tolist()))
    if labels.ndim == 2:
        carried = [np.flatnonzero(one) for one in labels[part.query[chosen]]]
        names = [", ".join(classes[label] for label in some[:3]) for some in carried]
    else:
        names = [classes[label] if label >= 0 else "" for label in labels[part.query[chosen]]]
    pictures = examples.squares[part.query[chosen]]
    return plots.retrieval_sheet(pictures, [a for a, _ in shown], [r for _, r in shown], names)


def png(figure: Figure) -> bytes:
    """The figure as a PNG file's bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight", facecolor="white")
    return buffer.getvalue()


def _curves(
    records: Iterable[Mapping[str, Any]],
) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    """Losses and validations as (step, value); a loss that was not finite is NaN."""
    losses, validations = [], []
    for record in records:
        if "validation" in record:
            validations.append((record["step"], record["validation"]))
        else:
            loss = record["loss"]
            losses.append((record["step"], float("nan") if loss is None else loss))
    return losses, validations
