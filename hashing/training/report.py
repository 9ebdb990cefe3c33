"""The result of a run: what `metrics.json` holds, a few lines for a terminal, the model card."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hashing.config import Config
from hashing.training.evaluation import Evaluation
from hashing.training.examples import Examples
from hashing.training.fitted import count_classes
from hashing.training.provenance import public_config

Metrics = Mapping[str, Any]
"""What `metrics.json` holds."""

COLUMNS = ("mAP", "mAP@100", "P@1", "P@10", "nDCG@10")
SEEN = ("full", "5k-59k", "art-seen")
"""Protocols whose database holds the pictures that were trained on."""


def measures(config: Config, examples: Examples, evaluation: Evaluation) -> dict[str, Any]:
    """The figures of an evaluation, with the data, split and settings they belong to."""
    return {
        "protocol": examples.about["split"]["protocol"],
        "seed": config.train.seed,
        **examples.about,
        "retrieval": {
            field: {str(bits): found.as_dict() for bits, found in by_length.items()}
            for field, by_length in evaluation.retrieval.items()
        },
        "classification": {
            field: {
                "accuracy": found.accuracy,
                "confusion": found.confusion.tolist(),
                "classes": list(examples.classes[field]),
            }
            for field, found in evaluation.classification.items()
        },
        "distinct_codes": evaluation.distinct,
        "collapsed": evaluation.distinct < _classes_searched(examples),
        "configuration": public_config(config),
    }


def _classes_searched(examples: Examples) -> int:
    """Classes that the database carries, of the field that has most: so many codes it should have.

    Pictures with several labels each may carry more than there are pictures, each with one code.
    """
    rows = examples.test.database
    counts = [count_classes(examples.labels[field][rows]) for field in examples.fields]
    return min(max(counts), len(rows))


def as_json(metrics: Metrics) -> str:
    """The text of `metrics.json`: a value a line, but a list of plain values on one.

    A text that holds a bracket or brace keeps its list spread.
    Confusions of hundreds of classes would fill a million bytes with a number a line.
    """
    spread = json.dumps(metrics, indent=1, ensure_ascii=False)
    # A line break within a string is written as two characters: what spans lines is a list.
    lists = re.compile(r"(?<=\[)\n *([^][{}]*?)\n *(?=\])")
    return lists.sub(lambda found: re.sub(r"\n *", " ", found[1]), spread) + "\n"


def text(metrics: Metrics) -> str:
    """The result in a few lines for a terminal."""
    lines = [headline(metrics), f"{'':30}" + "".join(f"{name:>9}" for name in COLUMNS)]
    lines += [
        f"{f'{field}, {method}':30}" + "".join(f"{value:9.3f}" for value in values)
        for field, method, values in _rows(metrics)
    ]
    return "\n".join([*lines, *below_baselines(metrics), *_remarks(metrics)]) + "\n"


def card(name: str, metrics: Metrics, figures: Sequence[str]) -> str:
    """The model card, Markdown; `figures` are files beside it."""
    model = metrics["configuration"]["model"]
    size = metrics["configuration"]["preprocessing"]["size"]
    shorter = model["lengths"][:-1]
    prefixes = f", whose prefixes of {_listed(shorter)} bits are codes too" if shorter else ""
    lines = [
        f"# {name}",
        "",
        f"{model['backbone']}: a picture of {size} px becomes a binary code of "
        f"{model['lengths'][-1]} bits{prefixes}.",
        "",
        f"{headline(metrics)}.",
        "",
        "| label | method | " + " | ".join(COLUMNS) + " |",
        "|---|---|" + "---:|" * len(COLUMNS),
    ]
    for field, method, values in _rows(metrics):
        lines.append(f"| {field} | {method} | " + " | ".join(f"{v:.3f}" for v in values) + " |")
    lines += [
        "",
        *below_baselines(metrics),
        "Every figure is the expectation over the orders of items at equal distance, and a query "
        "never finds itself.",
        *_remarks(metrics),
        "",
        "## Figures",
        "",
    ]
    lines += [f"![{figure.rpartition('.')[0]}]({figure})\n" for figure in figures]
    use = [
        "## Use",
        "",
        "```python",
        "import hashing as ah",
        "",
        f'model = ah.Model.load("{name}")  # this folder',
        'codes = model.encode(["a.jpg", "b.jpg"])',
        'found = ah.Collection.build("pictures/", model, "mine.index").search("a.jpg")',
        "```",
        "",
    ]
    return "\n".join([*lines, *use, "## Origin", "", *_origin(metrics)]) + "\n"


def centre_remarks(
    distances: Mapping[str, Mapping[str, int]], coarser: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Sentences for each label field whose loss has class centres.

    distances: by field, then by code length in bits, the least Hamming distance of two centres.
    coarser: by finer field, the `coarser` field near whose centres its own lie, and by code length
    in `bits` how far they lie at most.
    """
    apart = [
        f"Class centres, {field}: at least {_listed(list(by_length.values()))} bits apart at "
        f"{_listed(list(by_length))} bits."
        for field, by_length in distances.items()
    ]
    near = [
        f"Class centres, {field}: at most {_listed(list(found['bits'].values()))} bits from their "
        f"{found['coarser']}'s at {_listed(list(found['bits']))} bits."
        for field, found in coarser.items()
    ]
    return apart + near


def below_baselines(metrics: Metrics) -> list[str]:
    """A warning in words for each field and baseline that finds as much as the longest code."""
    warnings = []
    for field, by_length in metrics["retrieval"].items():
        bits, found = list(by_length.items())[-1]
        held_against = {
            method: by_field[field]["mean_average_precision"]
            for method, by_field in metrics.get("baselines", {}).items()
        }
        for method, best in {**held_against, "chance": chance(found)}.items():
            if found["mean_average_precision"] <= best:
                warnings.append(
                    f"BELOW A BASELINE: by {field} the code of {bits} bits finds no more than "
                    f"{method} does (mAP {found['mean_average_precision']:.3f} and {best:.3f})."
                )
    return warnings


def chance(found: Metrics) -> float:
    """Precision of any order, which is that over the whole database: the share of relevant items.

    found: one ranking's figures, as `metrics.json` holds them.
    """
    return float(found["curve"][-1][1])


def most_frequent(metrics: Metrics) -> float | None:
    """Accuracy of always naming the most frequent class of the first field that is classified."""
    for found in metrics["classification"].values():
        counts = [sum(row) for row in found["confusion"]]
        return float(max(counts) / max(sum(counts), 1))
    return None


def headline(metrics: Metrics) -> str:
    """Data, protocol, sizes, split and seed in one line."""
    split = metrics["split"]
    return (
        f"{metrics['data']['name']}, protocol {metrics['protocol']}: {split['query']:,} queries, "
        f"{split['database']:,} in the database, {learned_from(split, metrics)}; "
        f"split {split['digest'][:12]}, seed {metrics['seed']}"
    )


def learned_from(split: Mapping[str, Any], training: Mapping[str, Any]) -> str:
    """How many pictures were, with labels and, where a training notes any, without."""
    more = training.get("unlabelled")
    return f"{split['train']:,} trained on" + (f" beside {more:,} without labels" if more else "")


def _rows(metrics: Metrics) -> Iterator[tuple[str, str, list[float]]]:
    """Label field, method and figures of every line of the result's table."""
    for field, by_length in metrics["retrieval"].items():
        for bits, found in by_length.items():
            yield field, f"{bits} bits", _figures(found)
        for method, by_field in metrics.get("baselines", {}).items():
            yield field, method, _figures(by_field[field])


def _figures(found: Mapping[str, Any]) -> list[float]:
    return [
        found["mean_average_precision"],
        found["mean_average_precision_at"]["100"],
        found["precision_at"]["1"],
        found["precision_at"]["10"],
        found["ndcg_at"]["10"],
    ]


def _remarks(metrics: Metrics) -> list[str]:
    """What must be known to read the table, a sentence each."""
    remarks = [
        f"Classification by the nearest class mean, {field}: accuracy {found['accuracy']:.3f}."
        for field, found in metrics["classification"].items()
    ]
    remarks += [
        f"Classification by the loss's own classifier, {field}: accuracy {found['accuracy']:.3f}, "
        f"cross-entropy {found['loss']:.3f} of {found['queries']:,} queries."
        for field, found in metrics.get("classifier", {}).items()
    ]
    by_chance = [
        f"{chance(list(by_length.values())[-1]):.3f} by {field}"
        for field, by_length in metrics["retrieval"].items()
    ]
    remarks.append(f"Precision by chance: {', '.join(by_chance)}.")
    remarks.append(f"{metrics['distinct_codes']:,} distinct codes in the database.")
    remarks += centre_remarks(
        metrics.get("centre_distances", {}), metrics.get("coarser_distances", {})
    )
    if found := metrics["duplicates"]:
        remarks.append(
            f"{found['exact']} queries have an exact and {found['near']} a near duplicate in the "
            "database."
        )
    if metrics["collapsed"]:
        remarks.append(
            "COLLAPSED: fewer distinct codes than classes in the database; "
            "the figures mean nothing."
        )
    if metrics["protocol"] in SEEN:
        remarks.append(
            "The database holds the pictures that were trained on: this is classification more "
            "than retrieval."
        )
    if metrics["refit"]:
        remarks.append("Trained on the validation part too, schedule and epochs fixed before.")
    return remarks


def started_from(configuration: Mapping[str, Any]) -> str:
    """Which weights a run began with, by its settings."""
    start: str | list[str] = configuration.get("start") or configuration["model"]["weights"]
    return start if isinstance(start, str) else f"the average of {', '.join(start)}"


def _origin(metrics: Metrics) -> list[str]:
    configuration, hardware = metrics["configuration"], metrics["hardware"]
    losses = " + ".join(f"{term['weight']:g} × {term['name']}" for term in configuration["losses"])
    teacher = configuration.get("teacher")
    return [
        f"- losses {losses}; weights at the start: {started_from(configuration)}"
        f"{f'; drawn to the teacher {teacher}' if teacher else ''}",
        f"- commit {metrics['commit']}; data {metrics['data']['digest'][:12]}",
        f"- torch {metrics['versions']['torch']} on {hardware['device']}, {hardware['cores']} "
        f"cores, {metrics['duration_s']:,.0f} s",
        "- all settings and figures: `metrics.json`",
    ]


def _listed(lengths: Sequence[object]) -> str:
    return ", ".join(map(str, lengths)) or "no fewer"
