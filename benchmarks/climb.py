"""The table that climbs: from a network that learned nothing to our best, a row a method.

    python benchmarks/climb.py cifar10|artworks --data-root PICTURES [--rows untrained dsh …] …

One backbone, data set, protocol and picture size for all rows, so that a row differs from the one
before it by its method alone: random weights; ImageNet weights, features by cosine; codes of these
without labels, by ITQ and by CIBHash; Deep Supervised Hashing on them; Deep Image Retrieval without
its fine-tuning (R-MAC, whitening fitted on the training part, three scales of each query); our best
recipe on the same frozen backbone. Each row is a command by `--rows NAME`; what it found is kept in
a file of its own, and the table is made of all of one split and size. Features and trainings in
`--runs` are not made again. Writes `benchmarks/results/climb-NAME.md`.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from hashing.codes import Codes
from hashing.config import Config, LossTerm
from hashing.fit import linear_hash
from hashing.metrics import Relevance, RetrievalMetrics, evaluate, evaluate_features
from hashing.models import HashModel, fit_whitening, normalise
from hashing.progress import log, progress
from hashing.recipes import config_of
from hashing.training import Runtime, train
from hashing.training.examples import Examples
from hashing.training.frozen import encode_views
from hashing.training.preparation import prepare
from hashing.training.provenance import plain, provenance

RESULTS = Path(__file__).parent / "results"
RECIPES = {"cifar10": "cifar10_frozen", "artworks": "artworks_frozen"}
BITS, WHITENED, SCALES = 64, 256, (0.5**0.5, 1.0, 2.0**0.5)

Floats = NDArray[np.float32]
Found = dict[str, RetrievalMetrics]
"""By label field."""


class Bench:
    """Data and backbone that all rows share."""

    def __init__(self, config: Config, runs: Path, runtime: Runtime) -> None:
        self.config, self.runs, self.runtime = config, runs, runtime
        self.examples: Examples = prepare(config, runtime)

    @property
    def undiscriminating(self) -> Config:
        """The recipe with nothing fitted to labels before its head learns."""
        model = replace(self.config.model, discriminants=0, fitted=0.0)
        return replace(self.config, model=model)

    def network(self, weights: str, pooling: str) -> HashModel:
        """The backbone as it comes, its last map pooled."""
        torch.manual_seed(self.config.train.seed)
        model = replace(
            self.config.model.without_head(),
            weights=weights,
            pooling=pooling,  # type: ignore[arg-type]
            stages=1,
        )
        return HashModel(model, self.config.preprocessing).eval()

    def features(self, network: HashModel) -> Floats:
        """Features `[N, D]` of all pictures, kept for the next run."""
        config = replace(self.config, train=replace(self.config.train, views=1))
        return encode_views(network, config, self.examples, self.runs / "features", self.runtime)[0]

    def judged(self, measure: Callable[[Sequence[Relevance], Sequence[Relevance]], Any]) -> Found:
        """What a ranking is worth, by each measured field."""
        part = self.examples.test
        return {
            field: measure(self.examples.relevant(field, part), self.examples.excluded(field, part))
            for field in self.examples.measured
        }

    def by_cosine(self, queries: Floats, database: Floats) -> Found:
        """Features ranked by their cosine."""
        return self.judged(
            lambda relevant, exclude: evaluate_features(
                queries, database, relevant, exclude=exclude
            )
        )

    def of_test(self, features: Floats) -> tuple[Floats, Floats]:
        """Queries and database."""
        return features[self.examples.test.query], features[self.examples.test.database]


def untrained(bench: Bench) -> Found:
    """Random weights."""
    return bench.by_cosine(*bench.of_test(bench.features(bench.network("none", "average"))))


def imagenet(bench: Bench) -> Found:
    """ImageNet weights, nothing else."""
    return bench.by_cosine(*bench.of_test(bench.features(bench.network("package", "average"))))


def fitted(bench: Bench) -> Found:
    """Codes by ITQ, fitted without labels on the training part."""
    features = bench.features(bench.network("package", "average"))
    weight, bias = linear_hash(features[bench.examples.trained], (BITS,), "itq")
    queries, database = (Codes.from_logits(x @ weight.T + bias) for x in bench.of_test(features))
    return bench.judged(
        lambda relevant, exclude: evaluate(queries, database, relevant, exclude=exclude)
    )


def unsupervised(bench: Bench) -> Found | Mapping[str, Any]:
    """Codes by CIBHash and bi-half: two views of each picture in a batch, no label."""
    losses = (LossTerm("cibhash"), LossTerm("bihalf", weight=0.01))
    train = replace(bench.config.train, views=2, repeat=2)
    config = replace(bench.undiscriminating, losses=losses, train=train)
    return _trained(bench, "unsupervised", config)


def image_retrieval(bench: Bench) -> Found:
    """R-MAC, whitening, three scales of each query (Gordo et al. 2016), without fine-tuning."""
    network = bench.network("package", "rmac")
    features = _unit(bench.features(network))
    components = min(WHITENED, features.shape[1], len(bench.examples.trained))
    weight, bias = fit_whitening(features[bench.examples.trained], components)

    def whitened(rows: Floats) -> Floats:
        return _unit(_unit(rows) @ weight.numpy().T + bias.numpy())

    queries = sum(whitened(one) for one in _scales(network, bench.examples))
    return bench.by_cosine(np.asarray(queries), whitened(features[bench.examples.test.database]))


def dsh(bench: Bench) -> Found | Mapping[str, Any]:
    """Deep Supervised Hashing, the head of our best recipe by DSH's loss alone."""
    return _trained(bench, "dsh", replace(bench.undiscriminating, losses=(LossTerm("dsh"),)))


def best(bench: Bench) -> Found | Mapping[str, Any]:
    """Our best recipe for a frozen backbone."""
    return _trained(bench, "best", bench.config)


ROWS: Mapping[str, tuple[str, Callable[[Bench], Any]]] = {
    "untrained": ("untrained network, features by cosine", untrained),
    "imagenet": ("ImageNet features, cosine", imagenet),
    "fitted": (f"the same as codes of {BITS} bits, fitted without labels (ITQ)", fitted),
    "unsupervised": (f"the same by CIBHash (2021), {BITS} bits", unsupervised),
    "dsh": (f"DSH on the frozen backbone, {BITS} bits", dsh),
    "dir": ("R-MAC, whitening, three scales of the query, cosine", image_retrieval),
    "best": (f"our best recipe on it, {BITS} bits", best),
}


WHY = {
    "fitted": f"{BITS} bits stand in for all numbers of a feature, and no label is used.",
    "unsupervised": "a frozen backbone keeps two views of a picture, as it is and mirrored, where "
    "the paper draws new crops and colours at each step and lets the backbone learn.",
    "dir": "no label is learned here, unlike in the row before: ImageNet features are its measure. "
    "Its fine-tuning (`configs/deep_image_retrieval.yaml`) needs a GPU and is not in this row; at "
    "small sizes the last map has few cells for R-MAC's regions.",
    "best": f"the one nearest picture is told better by {WHITENED} floating-point numbers than by "
    f"{BITS} bits; what is learned are classes, which mAP and P@10 measure.",
}
"""Why a row may lie below the one before it."""


def make_parser() -> argparse.ArgumentParser:
    """What a row's command may say."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", choices=sorted(RECIPES))
    parser.add_argument("--data-root", type=Path)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--size", type=int, help="px of the pictures (the recipe's own)")
    parser.add_argument("--protocol", help="(artworks: art-new; cifar10: 5k)")
    parser.add_argument("--runs", type=Path, default=Path("runs/climb"))
    parser.add_argument("--device", default="auto")
    return parser


def main() -> None:
    """Measure the rows that are asked for, and write the table of all there are."""
    options = make_parser().parse_args()
    protocol = options.protocol or {"artworks": "art-new", "cifar10": "5k"}[options.data]
    arguments = ["--config", RECIPES[options.data], "--data.protocol", protocol]
    arguments += ["--data.root", str(options.data_root)] if options.data_root else []
    arguments += ["--preprocessing.size", str(options.size)] if options.size else []
    runtime = Runtime(options.device, log=log, progress=progress)
    bench = Bench(config_of(arguments), options.runs, runtime)
    (kept := RESULTS / "climb").mkdir(parents=True, exist_ok=True)
    for name in options.rows:
        start, cpu = time.perf_counter(), time.process_time()
        found = ROWS[name][1](bench)
        row = {
            "data": options.data,
            "row": name,
            "split": bench.examples.about["split"],
            "px": bench.config.preprocessing.size,
            "seed": bench.config.train.seed,
            "figures": {field: _figures(one) for field, one in found.items()},
            "seconds": time.perf_counter() - start,
            "cpu_seconds": time.process_time() - cpu,
            **provenance(torch.device("cpu")),
        }
        text = json.dumps(plain(row), indent=1, ensure_ascii=False) + "\n"
        file_of(row, kept).write_text(text, encoding="utf-8")
        log(f"{ROWS[name][0]}: {row['figures']}")
    (RESULTS / f"climb-{options.data}.md").write_text(table(row, kept), encoding="utf-8")


def file_of(row: Mapping[str, Any], kept: Path) -> Path:
    """Where a row's figures are kept."""
    return kept / f"{row['data']}-{row['split']['protocol']}-{row['px']}px-{row['row']}.json"


def table(like: Mapping[str, Any], kept: Path) -> str:
    """All rows of the split and size of one, marked where one is below the row before it."""
    data, split, px = like["data"], like["split"], like["px"]
    files = [file for name in ROWS if (file := file_of({**like, "row": name}, kept)).exists()]
    rows = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    rows = [row for row in rows if row["split"]["digest"] == split["digest"]]
    command = f"python benchmarks/climb.py {data} --data-root PICTURES --size {px} --protocol"
    measured = [(field, name) for field in rows[0]["figures"] for name in ("mAP", "P@1", "P@10")]
    lines = [
        f"# The table that climbs: {data}",
        "",
        f"Protocol {split['protocol']}, split {split['digest'][:12]}, {split['query']:,} queries, "
        f"{split['database']:,} in the database, {px} px, seed {rows[0]['seed']}, one "
        "frozen backbone (EfficientNet-Lite0) for all rows. Expectations over ties; ↓ marks what "
        f"is below the row before. On {rows[0]['hardware']['device']}; minutes of one "
        "core, with all that was not kept yet.",
        "",
        "| method | command | " + " | ".join(map(" ".join, measured)) + " | CPU minutes |",
        "|---|---|" + "---:|" * (len(measured) + 1),
    ]
    before: list[float] = []
    below = []
    for row in rows:
        values = [value for figures in row["figures"].values() for value in figures]
        marked = [
            f"{value:.3f}" + (" ↓" if before and value < before[place] else "")
            for place, value in enumerate(values)
        ]
        method, minutes = ROWS[row["row"]][0], f"{row['cpu_seconds'] / 60:.1f}"
        said = f"`{command} {split['protocol']} --rows {row['row']}`"
        cells = [method, said, *marked, minutes]
        lines.append("| " + " | ".join(cells) + " |")
        below += [row["row"]] if any(cell.endswith("↓") for cell in marked) else []
        before = values
    lines += ["", *(f"- {ROWS[name][0]}: {WHY[name]}" for name in below if name in WHY)]
    return "\n".join(lines).rstrip() + "\n"


def _trained(bench: Bench, name: str, config: Config) -> Mapping[str, Any]:
    size, protocol = config.preprocessing.size, config.data.protocol
    out = bench.runs / f"{name}-{config.data.name}-{protocol}-{size}"
    metrics = train(config, out, bench.runtime, resume=True)
    found: Mapping[str, Any] = metrics["retrieval"]
    return {field: by_length[str(BITS)] for field, by_length in found.items()}


def _figures(found: RetrievalMetrics | Mapping[str, Any]) -> list[float]:
    """mAP, P@1 and P@10."""
    values = found.as_dict() if isinstance(found, RetrievalMetrics) else found
    precision: Any = values["precision_at"]
    return [float(values["mean_average_precision"]), precision["1"], precision["10"]]  # type: ignore[arg-type]


def _unit(rows: Floats) -> Floats:
    scaled: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return scaled


@torch.inference_mode()
def _scales(network: HashModel, examples: Examples, batch: int = 64) -> list[Floats]:
    """Features of the queries at each scale."""
    rows, found = examples.test.query, []
    for scale in SCALES:
        parts = []
        for start in range(0, len(rows), batch):
            squares = torch.from_numpy(examples.squares[rows[start : start + batch]])
            images = normalise(squares, network.preprocessing)
            if scale != 1:
                images = functional.interpolate(
                    images, scale_factor=scale, mode="bilinear", antialias=True
                )
            parts.append(network.features(images).numpy())
        found.append(np.concatenate(parts))
    return found


if __name__ == "__main__":
    main()
