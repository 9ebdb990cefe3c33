"""Which figures a report has, drawn from a run's own numbers and pictures."""

import io
from collections.abc import Iterable, Mapping
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from hashing.codes import Codes
from hashing.search import ReferenceEngine, SearchRequest
from hashing.training import plots
from hashing.training.epochs import Course
from hashing.training.evaluation import Evaluation
from hashing.training.examples import Examples
from hashing.training.plots.style import STYLE

QUERIES, ANSWERS = 8, 10
LARGEST_CONFUSION = 40

Files = dict[str, bytes]
"""Figures by file name: a chart as SVG and as PNG, a sheet of pictures as PNG alone."""


def draw_course(course: Course) -> Files:
    """The course of a run; nothing where no step was taken."""
    if not course.losses:
        return {}
    return _files({"curves": plots.learning_curves(course)})


def draw_measures(metrics: Mapping[str, Any]) -> Files:
    """What `metrics.json` says, drawn from it alone: mAP, precision and recall, confusions."""
    baselines = metrics.get("baselines") or {}
    figures = {"lengths": plots.map_by_length(metrics["retrieval"], baselines)}
    for field, by_length in metrics["retrieval"].items():
        others = {method: by_field[field] for method, by_field in baselines.items()}
        figures[f"precision-recall-{field}"] = plots.precision_recall(by_length, field, others)
    for field, found in metrics["classification"].items():
        if len(found["classes"]) <= LARGEST_CONFUSION:
            figures[f"confusion-{field}"] = plots.confusion(
                np.array(found["confusion"]), found["classes"], f"Found for each true {field}, %"
            )
    return _files(figures)


def draw_found(examples: Examples, found: Evaluation) -> Files:
    """The bits of a model's codes as a chart, and what some queries find as pictures."""
    signs = Codes.from_logits(found.database).signs()
    sheets = {f"answers-{field}": draw_answers(examples, found, field) for field in examples.fields}
    return _files({"bits": plots.bit_statistics(signs, found.database)}) | {
        f"{name}.png": _saved(sheet, "png") for name, sheet in sheets.items()
    }


def shown(files: Iterable[str]) -> list[str]:
    """The figures that a document shows, of the names of all files: each once, SVG before PNG."""
    names = set(files)
    charts = {name for name in names if name.endswith(".svg")}
    pictures = {name for name in names if name.endswith(".png")}
    return sorted(charts | {name for name in pictures if f"{name[:-4]}.svg" not in charts})


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
    return _saved(figure, "png")


def _files(figures: Mapping[str, Figure]) -> Files:
    """Charts, each as SVG and as PNG."""
    return {
        f"{name}.{kind}": _saved(figure, kind)
        for name, figure in figures.items()
        for kind in ("svg", "png")
    }


def _saved(figure: Figure, kind: str) -> bytes:
    buffer = io.BytesIO()
    about = {"Date": None} if kind == "svg" else {}
    with matplotlib.rc_context(STYLE):
        figure.savefig(buffer, format=kind, bbox_inches="tight", facecolor="white", metadata=about)
    return buffer.getvalue()
