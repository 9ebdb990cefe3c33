"""What every supervised loss reaches on generated artworks by artists it has never seen.

    python benchmarks/losses.py [--seeds 0 1 2] [--losses dsh csq …] [--runs runs/losses]

For each seed one classifier of styles is trained (`configs/generated_base.yaml`), and every loss
goes on from its backbone by its own recipe (`configs/generated_*.yaml`), all on the same artists.
Queries and database are pictures by the others. A run that has ended is not repeated; the table in
benchmarks/results/losses.md is written anew after each.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from short_runs import RUNTIME, Precisions, mean_and_spread, precisions, recipe, started

from hashing.cli.train import RECIPES
from hashing.training import train
from hashing.training.preparation import prepare

BASE, BITS = "generated_base", 32
RESULTS = Path(__file__).parent / "results" / "losses.md"


def main() -> None:
    """Train what is missing and write the table."""
    names = [path.stem for path in sorted(RECIPES.glob("generated_*.yaml")) if path.stem != BASE]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--losses", nargs="+", choices=names, default=names, metavar="RECIPE")
    parser.add_argument("--runs", type=Path, default=Path("runs/losses"))
    options = parser.parse_args()
    examples = prepare(recipe(BASE), RUNTIME)
    starts: list[Mapping[str, Any]] = []
    found: dict[str, list[Precisions]] = {name: [] for name in options.losses}
    for seed in options.seeds:
        start = options.runs / f"{BASE}-{seed}"
        starts.append(train(recipe(BASE, f"--train.seed={seed}"), start, RUNTIME, resume=True))
        for name in options.losses:
            config = started(recipe(name), seed, start / "model")
            file = options.runs / f"{name}-{seed}.json"
            found[name].append(precisions(config, examples, file))
            RESULTS.write_text(report(starts, found), encoding="utf-8")


def report(starts: Sequence[Mapping[str, Any]], found: Mapping[str, Sequence[Precisions]]) -> str:
    """The table of what has been measured so far.

    starts: `metrics.json` of each seed's classifier. found: by recipe, each seed's precisions.
    """
    lines = [
        "# Losses on artists that were not trained on",
        "",
        introduction(starts),
        "",
        "| method | seeds | 16 bits | 32 bits | 64 bits | 128 bits |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, runs in sorted(found.items(), key=lambda entry: -mean_at_bits(entry[1])):
        if runs:
            cells = [mean_and_spread([run[bits] for run in runs]) for bits in runs[0]]
            title = name.removeprefix("generated_").replace("_", " ")
            lines.append(f"| {title} | {len(runs)} | " + " | ".join(cells) + " |")
    for title, values in references(starts).items():
        lines.append(f"| {title} | {len(values)} | | {mean_and_spread(values)} | | |")
    return "\n".join(lines) + "\n"


def introduction(starts: Sequence[Mapping[str, Any]]) -> str:
    """What was measured, on what."""
    first, split = starts[0], starts[0]["split"]
    accuracies = mean_and_spread([start["classification"]["style"]["accuracy"] for start in starts])
    return (
        f"{first['data']['pictures']:,} generated artworks, protocol {split['protocol']}, split "
        f"{split['digest'][:12]}: {split['train']:,} trained on; {split['query']:,} pictures by "
        "other artists search each other, a query's own artist left out. Tie-aware style mAP, mean "
        "over seeds and half the range. ResNet18 at 64 px on one thread of "
        f"{first['hardware']['device']}. Each seed trains one classifier of styles from random "
        f"weights ({first['configuration']['train']['epochs']} epochs; accuracy on the other "
        f"artists {accuracies}), from whose backbone every loss goes on by its recipe "
        "`configs/generated_*.yaml`. Epochs and rates were fixed before the other artists' works "
        "were looked at; the last weights are measured."
    )


def references(starts: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """Each seed's mAP of what no loss of ours has trained."""
    classifier = [start["retrieval"]["style"][str(BITS)] for start in starts]
    baselines = {
        name: [start["baselines"][name]["style"] for start in starts]
        for name in starts[0]["baselines"]
    }
    rows = {f"the classifier's own {BITS} bits": classifier, **baselines}
    return {
        name: [figures["mean_average_precision"] for figures in row] for name, row in rows.items()
    }


def mean_at_bits(runs: Sequence[Precisions]) -> float:
    """What the rows are ordered by."""
    return sum(run[BITS] for run in runs) / max(len(runs), 1)


if __name__ == "__main__":
    main()
