"""The side-by-side table: hand-made descriptors, networks as they come, classifiers, hash codes.

    python benchmarks/retrieval.py --config cifar10_frozen --preprocessing.size 96 \
        --backbones timm:tf_efficientnet_lite0 timm:tf_efficientnet_lite2 --weights package \
        --models runs/cifar10_classify_* [further arguments]

Everything is measured on the test part of one recipe's data and protocol, by the recipe's first
label field, in one run. The first backbone is trained by each of `--losses` with the recipe's own
settings, the others are measured as they come; `--models` are runs that have ended, with pictures
of a size of their own. A training that has ended in `--runs` is taken from there, as are features
that frozen networks gave. Further arguments are train.py's own. Writes `OUT.md` and, of generated
pictures, which are nobody's, a folder `OUT` with the ten answers to the same five queries for each
method.
"""

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rankings import Costs, Vectors, bytes_per_item, milliseconds, rankings

from hashing.codes import Codes
from hashing.config import Config, LossTerm
from hashing.encoding import Model
from hashing.encoding.descriptors import DESCRIPTORS
from hashing.errors import InputError, UsageError
from hashing.fit import linear_hash
from hashing.metrics import evaluate_costs
from hashing.models import HashModel, load_model
from hashing.progress import log, progress
from hashing.recipes import config_of, read_recipe
from hashing.training import Runtime, train
from hashing.training.evaluation import compute_logits
from hashing.training.examples import Examples, Part
from hashing.training.figures import png
from hashing.training.frozen import encode_views
from hashing.training.plots import retrieval_sheet
from hashing.training.preparation import prepare
from hashing.training.runs import FEATURES

CLASSIFIER = "NormalizedSoftmaxLoss"
LOSSES = ("dsh", "dpsh", "hashnet", "greedyhash", "csq", "orthohash")
QUERIES, ANSWERS = 5, 10


@dataclass(frozen=True)
class Entry:
    """One method: its vectors of the queries and of the database."""

    method: str
    queries: Vectors
    database: Vectors


@dataclass(frozen=True)
class Absent:
    """A method that cannot be measured here, and why."""

    method: str
    reason: str


@dataclass(frozen=True, eq=False)
class Bench:
    """A recipe, its pictures, and the part that all methods search."""

    config: Config
    examples: Examples
    part: Part
    bits: int
    runs: Path
    runtime: Runtime

    @classmethod
    def of(
        cls, config: Config, bits: int, queries: int | None, runs: Path, runtime: Runtime
    ) -> "Bench":
        """Read the pictures. queries: how many, evenly spread over the test part; None for all."""
        examples = prepare(config, runtime)
        part = examples.test
        if queries is not None:
            chosen = np.linspace(0, len(part.query) - 1, min(queries, len(part.query)))
            part = replace(part, query=part.query[np.unique(chosen.astype(np.intp))])
        return cls(config, examples, part, bits, runs, runtime)

    def of_model(self, folder: Path) -> "Bench":
        """The same part in pictures of the size of the run in `folder`.

        Raises UsageError where that run learned from another part.
        """
        config = read_recipe(folder / "model" / "recipe.yaml")
        data = replace(config.data, root=self.config.data.root)
        examples = prepare(replace(config, data=data), self.runtime)
        if examples.about["split"]["digest"] != self.examples.about["split"]["digest"]:
            raise UsageError(
                f"expected runs on protocol {self.config.data.protocol} of {data.name}, "
                f"found another split in {folder}: train it on the same data"
            )
        return replace(self, config=config, examples=examples)

    def features(self, network: HashModel) -> NDArray[np.float32]:
        """Features `[N, D]` of all pictures, kept for the next run."""
        config = replace(self.config, train=replace(self.config.train, views=1))
        return encode_views(network, config, self.examples, self.runs / FEATURES, self.runtime)[0]

    def logits(self, network: HashModel) -> list[NDArray[np.float32]]:
        """Logits of queries and database, from the features of a whole pass."""
        examples = replace(self.examples, views=[self.features(network)])
        found = compute_logits(network, examples, self.part.rows)
        rows = self.part.query, self.part.database
        return [found[np.searchsorted(self.part.rows, each)] for each in rows]


def main() -> None:
    """Measure all methods and write table and sheets."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--config", required=True, help="a recipe; its data and protocol count")
    parser.add_argument("--backbones", nargs="*", default=["resnet18"])
    parser.add_argument("--weights", default="imagenet", help="what pre-trained backbones hold")
    parser.add_argument("--models", nargs="*", type=Path, default=[], metavar="RUN")
    parser.add_argument("--losses", nargs="*", default=[CLASSIFIER, *LOSSES])
    parser.add_argument("--bits", type=int, default=64)
    parser.add_argument("--queries", type=int, help="so many, evenly spread (all)")
    parser.add_argument("--runs", type=Path, default=Path("runs/retrieval"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/side_by_side.md"))
    options, settings = parser.parse_known_args()
    config = config_of(["--config", options.config, *settings])
    runtime = Runtime(log=log, progress=progress)
    bench = Bench.of(config, options.bits, options.queries, options.runs, runtime)
    sheets = options.out.with_suffix("") if config.data.name == "generated" else None
    lines = head(bench)
    for entry in entries(bench, options):
        if isinstance(entry, Absent):
            lines.append(f"| {entry.method} | absent: {entry.reason} | | | | | |")
        else:
            lines += measure(entry, bench, sheets)
        log(lines[-1])
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def entries(bench: Bench, options: argparse.Namespace) -> Iterator[Entry | Absent]:
    """Every method in the table's order."""
    part = bench.part
    for name in DESCRIPTORS:
        handmade, squares = Model.load(name), bench.examples.squares
        rows = [handmade.features(list(squares[each])) for each in (part.query, part.database)]
        yield Entry(f"descriptor {name}", *rows)
    for backbone in options.backbones:
        for weights in ("none", options.weights):
            name = f"{backbone}, {'untrained' if weights == 'none' else 'ImageNet'}"
            model = replace(bench.config.model, backbone=backbone, weights=weights)
            try:
                torch.manual_seed(bench.config.train.seed)
                network = HashModel(model, bench.config.preprocessing).eval()
            except (InputError, UsageError) as error:
                yield Absent(name, re.split("[:;(]", str(error))[0].strip())
                continue
            yield from of_features(name, network, bench)
    for folder in options.models:
        network, theirs = load_model(folder / "model"), bench.of_model(folder)
        name = f"{folder.name} ({theirs.config.preprocessing.size} px)"
        yield from of_features(name, network, theirs)
        yield of_codes(name, theirs.logits(network), bench.bits)
    for loss in options.losses:
        network = trained(bench, options.backbones[0], loss)
        name = f"{options.backbones[0]}, {loss}"
        if loss == CLASSIFIER:
            yield from of_features(f"{options.backbones[0]}, classifier", network, bench)
            continue
        logits = bench.logits(network)
        yield of_codes(name, logits, bench.bits)
        yield Entry(f"{name}, logits", *(rows[:, : bench.bits] for rows in logits))


def of_features(name: str, network: HashModel, bench: Bench) -> Iterator[Entry]:
    """A network's pooled features, and codes of them fitted without labels."""
    part, features = bench.part, bench.features(network)
    queries, database = features[part.query], features[part.database]
    yield Entry(f"{name}, features", queries, database)
    weight, bias = linear_hash(features[bench.examples.trained], (bench.bits,), "itq")
    logits = [(rows @ weight.T + bias).astype(np.float32) for rows in (queries, database)]
    yield replace(of_codes(name, logits, bench.bits), method=f"{name}, fitted code")


def of_codes(name: str, logits: Sequence[NDArray[np.float32]], bits: int) -> Entry:
    """The codes of a network's logits."""
    codes = [Codes.from_logits(rows).prefix(bits) for rows in logits]
    return Entry(f"{name}, code", *codes)


def trained(bench: Bench, backbone: str, loss: str) -> HashModel:
    """The recipe's network with another backbone and loss, trained unless it is there."""
    model = replace(bench.config.model, backbone=backbone)
    config = replace(bench.config, model=model, losses=(LossTerm(loss),))
    out = bench.runs / f"{backbone.replace(':', '-')}-{loss}"
    train(config, out, bench.runtime, resume=True)
    return load_model(out / "model")


def head(bench: Bench) -> list[str]:
    """The table's first lines."""
    config, split = bench.config, bench.examples.about["split"]
    return [
        "# Retrieval, method by method",
        "",
        f"{config.data.name}, protocol {split['protocol']}, split {split['digest'][:12]}, label "
        f"{bench.examples.fields[0]}: {len(bench.part.query):,} of {split['query']:,} queries, "
        f"{split['database']:,} in the database, {config.preprocessing.size} px unless it says "
        f"otherwise; codes of {bench.bits} bits; losses by the recipe's {config.train.epochs} "
        f"epochs from {config.model.weights}. Measures are expectations over tied orders. Time is "
        "one query at a time in numpy on one thread, distances and the ten nearest.",
        "",
        "| method | ranked by | P@1 | P@10 | mAP | bytes per item | ms per query |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]


def measure(entry: Entry, bench: Bench, sheets: Path | None) -> list[str]:
    """The table's lines of one method, one for each way of ranking; a sheet for the first."""
    lines, examples, part = [], bench.examples, bench.part
    field = examples.fields[0]
    for number, (name, costs) in enumerate(rankings(entry.queries).items()):
        found = evaluate_costs(
            costs(entry.queries, entry.database),
            examples.relevant(field, part),
            exclude=examples.excluded(field, part),
        )
        spent = milliseconds(costs, entry.queries, entry.database, ANSWERS)
        lines.append(
            f"| {entry.method} | {name} | {found.precision_at[1]:.3f} | "
            f"{found.precision_at[10]:.3f} | {found.mean_average_precision:.3f} | "
            f"{bytes_per_item(entry.database):,} | {spent:.2f} |"
        )
        if number == 0 and sheets is not None:
            sheets.mkdir(parents=True, exist_ok=True)
            draw_sheet(entry, costs, bench, sheets)
    return lines


def draw_sheet(entry: Entry, costs: Costs, bench: Bench, sheets: Path) -> None:
    """The ten nearest items of five queries, evenly spread over the test part."""
    part, examples = bench.part, bench.examples
    field = examples.fields[0]
    chosen = np.linspace(0, len(part.query) - 1, QUERIES).astype(np.intp)
    pictures, right = [], []
    for query, row in zip(chosen, costs(entry.queries[chosen], entry.database), strict=True):
        kept = np.ones(len(row), bool)
        for left_out in examples.excluded(field, part):
            kept &= ~left_out.matches(int(query))
        ids = np.flatnonzero(kept)[np.argsort(row[kept], kind="stable")[:ANSWERS]]
        pictures.append(examples.squares[part.database[ids]])
        right.append(examples.relevant(field, part)[0].matches(int(query))[ids].tolist())
    names = [examples.classes[field][label] for label in examples.labels[field][part.query[chosen]]]
    sheet = retrieval_sheet(examples.squares[part.query[chosen]], pictures, right, names)
    name = "".join(letter if letter.isalnum() else "-" for letter in entry.method)
    (sheets / f"{name}.png").write_bytes(png(sheet))


if __name__ == "__main__":
    main()
