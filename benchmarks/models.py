"""The table of trained models: every protocol that a model's training part allows, measured.

    python benchmarks/models.py runs/cifar10/model --data-root CIFAR10

measures a model, writes one JSON file a protocol to `benchmarks/results/retrieval/` and renders
`benchmarks/results/retrieval.md` from all of them; without a model it only renders.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from models_table import render
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.config import Config, DistillationConfig
from hashing.metrics import RetrievalMetrics, evaluate_costs, evaluate_features
from hashing.metrics import evaluate as evaluate_codes
from hashing.models import HashModel, load_model
from hashing.progress import log, progress
from hashing.recipes import read_recipe
from hashing.search.scores import asymmetric_costs
from hashing.training import Runtime
from hashing.training.baselines import measure_baselines
from hashing.training.evaluation import Evaluation, compute_logits, evaluate_logits
from hashing.training.examples import Examples
from hashing.training.frozen import encode_views, is_frozen
from hashing.training.preparation import prepare
from hashing.training.provenance import provenance
from hashing.training.report import measures
from hashing.training.runs import FEATURES

RESULTS = Path(__file__).parent / "results"
SAME_TRAINING = (("full", "dsh"), ("5k", "5k-59k"), ("art-seen", "art-new"), ("art-disjoint",))
"""Protocols that learn from the same pictures, so that one model answers for all of a group."""

COMPARED_BITS, COMPARED_QUERIES, RERANK = 64, 1000, 200
FROM_TRAINING = ("duration_s", "validations", "refit", "commit", "hardware", "versions", "seed")


def main() -> None:
    """Measure the model that is named, if any, and render the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", nargs="?", type=Path, help="a model folder that training wrote")
    parser.add_argument("--data-root", type=Path, help="its pictures")
    parser.add_argument("--metadata", type=Path, help="their metadata, where it lies elsewhere")
    parser.add_argument("--name", help="name of the rows (the recipe's, by the run's folder)")
    parser.add_argument(
        "--no-baselines", action="store_true", help="without an untrained network and colours"
    )
    options = parser.parse_args()
    rows = RESULTS / "retrieval"
    if options.model:
        name = options.name or options.model.absolute().parent.name
        rows.mkdir(exist_ok=True)
        where = options.data_root, options.metadata
        for row in measured(options.model, *where, baselines=not options.no_baselines):
            file = rows / f"{name}-{row['protocol']}-{row['training']['seed']}.json"
            text = json.dumps({"name": name} | row, indent=1, ensure_ascii=False)
            file.write_text(text + "\n", encoding="utf-8")
            log(f"wrote {file}")
    known = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(rows.glob("*.json"))]
    (RESULTS / "retrieval.md").write_text(render(known), encoding="utf-8")


def measured(
    folder: Path, root: Path | None, metadata: Path | None, *, baselines: bool = True
) -> list[dict[str, Any]]:
    """One row for each protocol that the model's training part allows."""
    config = read_recipe(folder / "recipe.yaml")
    network = load_model(folder)
    trained = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    config = replace(
        config,
        model=replace(network.config, weights=config.model.weights),
        data=replace(config.data, root=root, metadata=metadata, protocol=trained["protocol"]),
        train=replace(config.train, refit=trained["refit"]),
    )
    own = trained["protocol"]
    protocols = next((group for group in SAME_TRAINING if own in group), (own,))
    configs = [replace(config, data=replace(config.data, protocol=name)) for name in protocols]
    runtime = Runtime(log=log, progress=progress)
    # What a teacher said is of no use any more.
    untaught = [replace(one, teacher=None, distillation=DistillationConfig()) for one in configs]
    every = [prepare(one, runtime) for one in untaught]
    rows = np.unique(np.concatenate([examples.test.rows for examples in every]))
    with progress(len(rows), "testing", "pictures") as bar:
        if is_frozen(config):
            logits = from_features(network, config, every[0], rows, folder, runtime)
        else:
            logits = compute_logits(network, every[0], rows, settled=True, on_pictures=bar.advance)
    return [
        row(
            network,
            config,
            examples,
            logits[np.searchsorted(rows, examples.test.rows)],
            trained,
            baselines=baselines,
        )
        for config, examples in zip(configs, every, strict=True)
    ]


def from_features(
    network: HashModel,
    config: Config,
    examples: Examples,
    rows: NDArray[np.int64],
    folder: Path,
    runtime: Runtime,
) -> NDArray[np.float32]:
    """Logits `[len(rows), bits]` of a frozen backbone, from features that its run has kept."""
    plain = replace(config, train=replace(config.train, views=1))
    kept = folder.absolute().parent.parent / FEATURES
    views = encode_views(network, plain, examples, kept, runtime)
    return compute_logits(network, replace(examples, views=views), rows)


def row(
    network: HashModel,
    config: Config,
    examples: Examples,
    logits: NDArray[np.float32],
    trained: Mapping[str, Any],
    *,
    baselines: bool = True,
) -> dict[str, Any]:
    """All that the table and a reader who doubts it need to know of a model on one protocol.

    logits: of the rows of the protocol's test part, float32 `[len(rows), bits]`.
    """
    part = examples.test
    found = evaluate_logits(logits, network.lengths, examples, part)
    known = measures(config, examples, found)
    kept = ("data", "split", "duplicates", "distinct_codes", "collapsed", "configuration")
    beside = measure_baselines(config, examples, network.device) if baselines else {}
    return {
        "protocol": config.data.protocol,
        **{key: known[key] for key in kept},
        "accuracy": {field: c.accuracy for field, c in found.classification.items()},
        "retrieval": {
            field: {str(bits): figures(m) for bits, m in by_length.items()}
            for field, by_length in found.retrieval.items()
        },
        "compared": compared(examples, found, network.lengths),
        "baselines": {
            method: {field: figures(m) for field, m in by_field.items()}
            for method, by_field in beside.items()
        }
        if len(part.database) <= 10_000
        else {},
        "training": {key: trained[key] for key in FROM_TRAINING}
        | {"unlabelled": trained.get("unlabelled", 0)},  # unknown to older models
        "measured": provenance(network.device),
    }


def compared(examples: Examples, found: Evaluation, lengths: Sequence[int]) -> dict[str, Any]:
    """Codes of one length, re-ranked codes and the logits they come from, on the same queries."""
    bits = COMPARED_BITS if COMPARED_BITS in lengths else lengths[-1]
    part, count = examples.test, min(COMPARED_QUERIES, len(examples.test.query))
    chosen = np.unique(np.linspace(0, len(part.query) - 1, count).astype(np.intp))
    part, field = replace(part, query=part.query[chosen]), examples.measured[-1]
    relevant, exclude = examples.relevant(field, part), examples.excluded(field, part)
    queries, database = found.queries[chosen, :bits], found.database[:, :bits]
    codes = Codes.from_logits(queries), Codes.from_logits(database)
    reranked = asymmetric_costs(codes[0], queries, codes[1], RERANK)
    by_method = {
        "code": evaluate_codes(*codes, relevant, exclude=exclude),
        f"rerank {RERANK}": evaluate_costs(reranked, relevant, exclude=exclude),
        "float": evaluate_features(queries, database, relevant, exclude=exclude),
    }
    return {
        "bits": bits,
        "queries": count,
        "field": field,
        **{method: figures(metrics) for method, metrics in by_method.items()},
    }


def figures(found: RetrievalMetrics) -> dict[str, float]:
    """The columns of the table."""
    return {
        "mAP": found.mean_average_precision,
        "P@1": found.precision_at[1],
        "P@10": found.precision_at[10],
        "nDCG@10": found.ndcg_at[10],
    }


if __name__ == "__main__":
    main()
