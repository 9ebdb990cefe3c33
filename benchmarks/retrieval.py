"""The side-by-side table: hand-made descriptors, networks as they come, classifiers, hash codes.

    python benchmarks/retrieval.py --config configs/generated_combined.yaml [further arguments]

Everything is measured on the test part of one recipe's data and protocol, by the recipe's first
label field, in one run. Networks are trained with the recipe's own settings, only backbone and
losses differ; a training that has ended in `--runs` is taken from there. Further arguments are
train.py's own. Writes `OUT.md` and a folder `OUT` with the ten answers to the same five queries for
each method.
"""

import argparse
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from hashing.codes import Codes
from hashing.config import Config, LossTerm
from hashing.encoding.descriptors import DESCRIPTORS, SIDE
from hashing.errors import InputError, UsageError
from hashing.fit import linear_hash
from hashing.metrics import evaluate_costs
from hashing.models import HashModel, load_model, normalise
from hashing.progress import log, progress
from hashing.recipes import config_of
from hashing.training import Runtime, train
from hashing.training.examples import Examples, Rows
from hashing.training.figures import png
from hashing.training.plots import retrieval_sheet
from hashing.training.preparation import prepare

CLASSIFIER = "NormalizedSoftmaxLoss"
LOSSES = (CLASSIFIER, "dsh", "dpsh", "hashnet", "greedyhash", "csq", "orthohash")
QUERIES, ANSWERS, BATCH = 5, 10, 250

Vectors = NDArray[np.float32] | Codes
Costs = Callable[[Any, Any], Iterator[NDArray[np.number]]]
"""From vectors of Q queries and N items to one array `[N]` per query, the least being nearest."""


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


def main() -> None:
    """Measure all methods and write table and sheets."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--config", required=True, help="a recipe; its data and protocol count")
    parser.add_argument("--backbones", nargs="*", default=["resnet18"])
    parser.add_argument("--losses", nargs="*", default=list(LOSSES))
    parser.add_argument("--bits", type=int, default=64)
    parser.add_argument("--runs", type=Path, default=Path("runs/retrieval"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/side_by_side.md"))
    options, settings = parser.parse_known_args()
    config = config_of(["--config", options.config, *settings])
    runtime = Runtime(log=log, progress=progress)
    examples = prepare(config, runtime)
    sheets = options.out.with_suffix("")
    sheets.mkdir(parents=True, exist_ok=True)
    lines = head(config, examples, options.bits)
    for entry in entries(config, examples, options, runtime):
        if isinstance(entry, Absent):
            lines.append(f"| {entry.method} | absent: {entry.reason} | | | | | |")
        else:
            lines += measure(entry, examples, sheets)
        log(lines[-1])
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def entries(
    config: Config, examples: Examples, options: argparse.Namespace, runtime: Runtime
) -> Iterator[Entry | Absent]:
    """Every method in the table's order."""
    part = examples.test
    for name, describe in DESCRIPTORS.items():
        rows = [describe(small(examples.squares[each])) for each in (part.query, part.database)]
        yield Entry(f"descriptor {name}", *rows)
    for backbone in options.backbones:
        for weights in ("none", "imagenet"):
            name = f"{backbone}, {'untrained' if weights == 'none' else 'ImageNet'}"
            model = replace(config.model, backbone=backbone, weights=weights)
            try:
                torch.manual_seed(config.train.seed)
                network = HashModel(model, config.preprocessing).eval()
            except (InputError, UsageError) as error:
                yield Absent(name, re.split("[:;(]", str(error))[0].strip())
                continue
            yield from of_features(name, network, examples, options.bits)
        for loss in options.losses:
            network = trained(config, backbone, loss, options.runs, runtime)
            if loss == CLASSIFIER:
                yield from of_features(f"{backbone}, classifier", network, examples, options.bits)
                continue
            logits = computed(network, examples, network)
            codes = [Codes.from_logits(rows).prefix(options.bits) for rows in logits]
            yield Entry(f"{backbone}, {loss}, code", *codes)
            yield Entry(
                f"{backbone}, {loss}, logits", *(rows[:, : options.bits] for rows in logits)
            )


def small(squares: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Squares `[N, S, S, 3]` of the side that descriptors look at."""
    size = (SIDE, SIDE)
    return np.stack([np.asarray(Image.fromarray(square).resize(size)) for square in squares])


def of_features(name: str, network: HashModel, examples: Examples, bits: int) -> Iterator[Entry]:
    """A network's pooled features, and codes of them fitted without labels."""
    part = examples.test
    queries, database = computed(network, examples, network.features)
    yield Entry(f"{name}, features", queries, database)
    (learned,) = compute(network, examples, network.features, [part.train])
    weight, bias = linear_hash(learned, (bits,), "itq")
    codes = [
        Codes.from_logits((rows @ weight.T + bias).astype(np.float32))
        for rows in (queries, database)
    ]
    yield Entry(f"{name}, fitted code", *codes)


def trained(config: Config, backbone: str, loss: str, runs: Path, runtime: Runtime) -> HashModel:
    """The recipe's network with another backbone and loss, trained unless it is there."""
    model = replace(config.model, backbone=backbone)
    config = replace(config, model=model, losses=(LossTerm(loss),))
    out = runs / f"{backbone}-{loss}"
    train(config, out, runtime, resume=True)
    return load_model(out / "model")


def computed(
    network: HashModel, examples: Examples, function: Callable[[torch.Tensor], torch.Tensor]
) -> list[NDArray[np.float32]]:
    """What `function` gives for queries and database."""
    return compute(network, examples, function, [examples.test.query, examples.test.database])


def compute(
    network: HashModel,
    examples: Examples,
    function: Callable[[torch.Tensor], torch.Tensor],
    parts: Sequence[Rows],
) -> list[NDArray[np.float32]]:
    """What `function` gives for the pictures of each part, float32 `[n, D]`."""

    @torch.inference_mode()
    def batch(rows: Rows) -> NDArray[np.float32]:
        squares = torch.from_numpy(examples.squares[rows]).to(network.device)
        images = normalise(squares, network.preprocessing)
        found: NDArray[np.float32] = function(images).float().cpu().numpy()
        return found

    return [
        np.concatenate([batch(rows[i : i + BATCH]) for i in range(0, len(rows), BATCH)])
        for rows in parts
    ]


def head(config: Config, examples: Examples, bits: int) -> list[str]:
    """The table's first lines."""
    split = examples.about["split"]
    return [
        "# Retrieval, method by method",
        "",
        f"{config.data.name}, protocol {split['protocol']}, split {split['digest'][:12]}, label "
        f"{examples.fields[0]}: {split['query']:,} queries, {split['database']:,} in the database; "
        f"codes of {bits} bits; {config.train.epochs} epochs from {config.model.weights} where "
        "trained. Measures are expectations over tied orders. Time is one query at a time in numpy "
        "on one thread, distances and the ten nearest.",
        "",
        "| method | ranked by | P@1 | P@10 | mAP | bytes per item | ms per query |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]


def measure(entry: Entry, examples: Examples, sheets: Path) -> list[str]:
    """The table's lines of one method, one for each way of ranking; a sheet for the first."""
    lines = []
    for number, (name, costs) in enumerate(rankings(entry.queries).items()):
        field, part = examples.fields[0], examples.test
        found = evaluate_costs(
            costs(entry.queries, entry.database),
            examples.relevant(field, part),
            exclude=examples.excluded(field, part),
        )
        lines.append(
            f"| {entry.method} | {name} | {found.precision_at[1]:.3f} | "
            f"{found.precision_at[10]:.3f} | {found.mean_average_precision:.3f} | "
            f"{bytes_per_item(entry.database):,} | {milliseconds(costs, entry):.2f} |"
        )
        if number == 0:
            draw_sheet(entry, costs, examples, sheets)
    return lines


def rankings(vectors: Vectors) -> dict[str, Costs]:
    """Ways to rank vectors of this kind."""
    if isinstance(vectors, Codes):
        return {"Hamming": hamming}
    return {"cosine": cosine, "Euclidean": euclidean, "Manhattan": manhattan}


def hamming(queries: Codes, database: Codes) -> Iterator[NDArray[np.number]]:
    """Number of differing bits."""
    for row in range(len(queries)):
        yield database.distances(queries[row : row + 1])[:, 0]


def cosine(
    queries: NDArray[np.float32], database: NDArray[np.float32]
) -> Iterator[NDArray[np.number]]:
    """Minus the cosine."""
    units = database / np.linalg.norm(database, axis=1, keepdims=True).clip(1e-12)
    for query in queries:
        yield -(units @ query) / max(float(np.linalg.norm(query)), 1e-12)


def euclidean(
    queries: NDArray[np.float32], database: NDArray[np.float32]
) -> Iterator[NDArray[np.number]]:
    """Square of the distance."""
    squares = (database**2).sum(axis=1)
    for query in queries:
        yield squares - 2 * (database @ query)


def manhattan(
    queries: NDArray[np.float32], database: NDArray[np.float32]
) -> Iterator[NDArray[np.number]]:
    """Sum of absolute differences."""
    for query in queries:
        yield np.abs(database - query).sum(axis=1)


def bytes_per_item(vectors: Vectors) -> int:
    """What the database stores of an item."""
    rows = vectors.packed if isinstance(vectors, Codes) else vectors
    return rows.nbytes // len(rows)


def milliseconds(costs: Costs, entry: Entry) -> float:
    """Thread time of one query, mean over a hundred."""
    some = entry.queries[np.arange(min(100, len(entry.queries)))]
    started = time.thread_time()
    for row in costs(some, entry.database):
        np.argpartition(row, min(ANSWERS, len(row) - 1))
    return 1000 * (time.thread_time() - started) / len(some)


def draw_sheet(entry: Entry, costs: Costs, examples: Examples, sheets: Path) -> None:
    """The ten nearest items of five queries, evenly spread over the test part."""
    part, field = examples.test, examples.fields[0]
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
