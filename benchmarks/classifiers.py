"""Classifiers side by side on CIFAR-10, and what their features and codes find.

    make compare-cifar10 [DATA=CIFAR10]
    python benchmarks/classifiers.py [--recipes cifar10_classify_cnn …] [train.py's own arguments]

Each recipe is trained by its own settings; a run that has ended in `--runs` is taken as it is, one
that was interrupted goes on. Accuracy and loss are those of the softmax head: of training as it
went, of the validation part, and of the test part, which chose nothing. Retrieval searches the test
part's database by cosine of the features before the head, for some queries, and by the codes.
Writes `OUT.md` and `OUT.png`.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashing.config import Config
from hashing.metrics import evaluate_features
from hashing.models import load_model
from hashing.progress import log, progress
from hashing.recipes import config_of
from hashing.training import Runtime, train
from hashing.training.epochs import Epoch, epochs_of
from hashing.training.examples import Examples
from hashing.training.figures import png
from hashing.training.frozen import encode_views
from hashing.training.plots import classifier_sheet
from hashing.training.preparation import prepare
from hashing.training.runlog import read_records
from hashing.training.runs import FEATURES

NETWORKS = ("cnn", "resnet18", "resnet50", "vgg16", "lite")
QUERIES = 1000
"""Queries that are searched by features, evenly spread over the test part."""


@dataclass(frozen=True)
class Row:
    """One network: the lines of its log by epoch, its report, and mAP by cosine of its features."""

    name: str
    epochs: Sequence[Epoch]
    metrics: dict[str, Any]
    classes: Sequence[str]
    by_features: float


def main() -> None:
    """Train what is missing, measure, write table and sheet."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--recipes", nargs="+", default=[f"cifar10_classify_{name}" for name in NETWORKS]
    )
    parser.add_argument("--data-root", type=Path, help="CIFAR-10, or class folders train and test")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/classifiers.md"))
    options, settings = parser.parse_known_args()
    if options.data_root is not None:
        settings += ["--data.root", str(options.data_root)]
    runtime = Runtime(options.device, log=log, progress=progress)
    rows = []
    for name in options.recipes:
        config = config_of(["--config", name, *settings])
        rows.append(measured(config, options.runs / Path(name).stem, runtime))
        write(options.out, rows)


def measured(config: Config, out: Path, runtime: Runtime) -> Row:
    """Train as `config` says where that has not been done in `out`, and measure."""
    metrics = dict(train(config, out, runtime, resume=True))
    examples = prepare(config, runtime)
    field = examples.fields[0]
    queries, database, part = features(config, out, examples, runtime)
    found = evaluate_features(
        queries, database, examples.relevant(field, part), exclude=examples.excluded(field, part)
    )
    return Row(
        out.name.removeprefix("cifar10_classify_"),
        epochs_of(read_records(out / "metrics.jsonl")),
        metrics,
        examples.classes[field],
        found.mean_average_precision,
    )


def features(
    config: Config, out: Path, examples: Examples, runtime: Runtime
) -> tuple[NDArray[np.float32], NDArray[np.float32], Any]:
    """Features of some queries and of the database, kept in `--runs`, and the part with those."""
    part, network = examples.test, load_model(out / "model")
    chosen = np.unique(np.linspace(0, len(part.query) - 1, QUERIES).astype(np.intp))
    part = replace(part, query=part.query[chosen], train=part.train[:0])
    plain = replace(config, train=replace(config.train, views=1))
    kept = encode_views(network, plain, examples, out.parent / FEATURES, runtime)[0]
    return kept[part.query], kept[part.database], part


def write(out: Path, rows: Sequence[Row]) -> None:
    """Table and sheet of the rows so far."""
    first = rows[0].metrics
    field = next(iter(first["retrieval"]))
    lines = [
        "# Classifiers side by side",
        "",
        f"{first['data']['name']}, protocol {first['protocol']}, split "
        f"{first['split']['digest'][:12]}, seed {first['seed']}: {first['split']['train']:,} to "
        f"learn from, {first['split']['validation']:,} to choose the epoch by, "
        f"{first['split']['query']:,} queries, {first['split']['database']:,} in the database. "
        "Accuracy and loss are the softmax head's; training's are those of the last epoch as it "
        f"went. By features: cosine, {min(QUERIES, first['split']['query']):,} of the queries. mAP "
        "is the expectation over ties.",
        "",
        "| network | px | parameters | epochs | minutes | training accuracy / loss | validation "
        "accuracy / loss | test accuracy | n | mAP, features | mAP, codes |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        metrics, last = row.metrics, row.epochs[-1]
        configuration, test = metrics["configuration"], metrics["classifier"][field]
        best = max(row.epochs, key=lambda epoch: epoch.validation_accuracy)
        codes = " / ".join(
            f"{found['mean_average_precision']:.3f} at {bits} bits"
            for bits, found in metrics["retrieval"][field].items()
        )
        cells = [
            row.name,
            f"{configuration['preprocessing']['size']}",
            f"{metrics['parameters'] / 1e6:.1f} M",
            f"{len(row.epochs)}",
            f"{metrics['duration_s'] / 60:.0f}",
            f"{last.accuracy:.3f} / {last.loss:.3f}",
            f"{best.validation_accuracy:.3f} / {best.validation_loss:.3f}",
            f"{test['accuracy']:.3f}",
            f"{test['queries']:,}",
            f"{row.by_features:.3f}",
            codes,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    hardware = {row.metrics["hardware"]["device"] for row in rows}
    lines += ["", f"On {', '.join(sorted(hardware))}. ![curves and confusion]({out.stem}.png)", ""]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines), flush=True)
    sheet = classifier_sheet(
        {row.name: row.epochs for row in rows},
        {row.name: np.array(row.metrics["classifier"][field]["confusion"]) for row in rows},
        rows[0].classes,
    )
    out.with_suffix(".png").write_bytes(png(sheet))


if __name__ == "__main__":
    main()
