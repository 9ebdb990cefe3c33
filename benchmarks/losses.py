"""What every supervised loss reaches on generated artworks by artists it has never seen.

    python benchmarks/losses.py [--seeds 0 1 2] [--losses generated_dsh …] [further arguments]

One classifier of styles is trained (`configs/generated_base.yaml`), and every loss goes on from its
backbone by its own recipe (`configs/generated_*.yaml`), all on the same artists. Queries and
database are pictures by the others. Further arguments, such as --train.precision=bf16, are
train.py's own, for every training. A run that has ended is not repeated; the table in
benchmarks/results/losses.md is written anew after each.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from short_runs import RUNTIME, Precisions, mean_and_spread, precisions, recipe, started

from hashing.places import recipes
from hashing.training import train
from hashing.training.preparation import prepare

BASE, BITS = "generated_base", 32
RESULTS = Path(__file__).parent / "results" / "losses.md"


def main() -> None:
    """Train what is missing and write the table."""
    names = [name for name in recipes() if name.startswith("generated_") and name != BASE]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--losses", nargs="+", choices=names, default=names, metavar="RECIPE")
    parser.add_argument("--runs", type=Path, default=Path("runs/losses"))
    options, settings = parser.parse_known_args()
    base = recipe(BASE, *settings)
    examples = prepare(base, RUNTIME)
    run = Path("runs") / BASE
    start = train(base, run, RUNTIME, resume=True)
    found: dict[str, list[Precisions]] = {name: [] for name in options.losses}
    for seed in options.seeds:
        for name in options.losses:
            config = started(recipe(name, *settings), seed, run / "model")
            file = options.runs / f"{name}-{seed}.json"
            found[name].append(precisions(config, examples, file))
            RESULTS.write_text(report(start, found), encoding="utf-8")


def report(start: Mapping[str, Any], found: Mapping[str, Sequence[Precisions]]) -> str:
    """The table of what has been measured so far.

    start: `metrics.json` of the classifier. found: by recipe, each seed's precisions.
    """
    lines = [
        "# Losses on artists that were not trained on",
        "",
        introduction(start),
        "",
        *table(found),
    ]
    for title, value in references(start).items():
        lines.append(f"| {title} | 1 | | {value:.3f} | | |")
    return "\n".join(lines) + "\n"


def table(found: Mapping[str, Sequence[Precisions]]) -> list[str]:
    """A line for each recipe or loss that has run, the best first."""
    lines = ["| method | seeds | 16 bits | 32 bits | 64 bits | 128 bits |"]
    lines.append("|---|---:|---:|---:|---:|---:|")
    for name, runs in sorted(found.items(), key=lambda entry: -mean_at_bits(entry[1])):
        if runs:
            cells = [mean_and_spread([run[bits] for run in runs]) for bits in runs[0]]
            title = name.removeprefix("generated_").replace("_", " ")
            lines.append(f"| {title} | {len(runs)} | " + " | ".join(cells) + " |")
    return lines


def introduction(start: Mapping[str, Any]) -> str:
    """What was measured, on what."""
    split, training = start["split"], start["configuration"]["train"]
    return (
        f"{start['data']['pictures']:,} generated artworks, protocol {split['protocol']}, split "
        f"{split['digest'][:12]}: {split['train']:,} trained on; {split['query']:,} pictures by "
        "other artists search each other, a query's own artist left out. Tie-aware style mAP, mean "
        f"over seeds and half the range. ResNet18 at 64 px in {training['precision']} on one "
        f"thread of {start['hardware']['device']}. One classifier of styles was trained from "
        f"random weights ({training['epochs']} epochs; accuracy on the other artists "
        f"{start['classification']['style']['accuracy']:.3f}); from its backbone every loss goes "
        "on, with each seed, by its recipe `configs/generated_*.yaml`. Epochs and rates were fixed "
        "before the other artists' works were looked at; the last weights are measured."
    )


def references(start: Mapping[str, Any]) -> dict[str, float]:
    """The mAP of what no loss of ours has trained."""
    rows = {
        f"the classifier's own {BITS} bits": start["retrieval"]["style"][str(BITS)],
        **{name: by_field["style"] for name, by_field in start["baselines"].items()},
    }
    return {name: figures["mean_average_precision"] for name, figures in rows.items()}


def mean_at_bits(runs: Sequence[Precisions]) -> float:
    """What the rows are ordered by."""
    return sum(run[BITS] for run in runs) / max(len(runs), 1)


if __name__ == "__main__":
    main()
