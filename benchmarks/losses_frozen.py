"""What every supervised loss makes of the features of one frozen network, generated and real art.

    python benchmarks/losses_frozen.py --data-root ARTWORKS [--seeds 0 1 2] [--losses dsh …]

EfficientNet-Lite0 as its package holds it encodes all pictures once; on what it gave, every loss of
the recipes `configs/generated_*.yaml` trains the same head by the same schedule. Generated artworks
are searched by works of artists that were never seen, real ones by works that were not (`art-new`).
Features and outcomes in `--runs` are not made again; the table is written anew after each.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from losses import BASE, BITS, table
from short_runs import Precisions, encoded, mean_and_spread, precisions, recipe

from hashing.config import Config
from hashing.metrics import evaluate_features
from hashing.places import recipes
from hashing.training.examples import Examples
from hashing.training.provenance import provenance

RESULTS = Path(__file__).parent / "results"
SETTINGS = (
    "--model.backbone=timm:tf_efficientnet_lite0",
    "--model.pooling=moments",
    "--model.stages=5",
    "--model.whiten=512",
    "--model.discriminants=0",
    "--model.fitted=0",
    "--centres.share=1",
)
"""What differs from `configs/artworks_frozen.yaml`: one network, fewer numbers, other epochs."""
EPOCHS = 12
PER_LABEL = 32
"""Pictures of each style in a batch, for the losses that compare pictures with each other."""


@dataclass(frozen=True)
class Bench:
    """Pictures with the features that all trainings share, and their mAP by cosine."""

    config: Config
    examples: Examples
    by_cosine: float


def main() -> None:
    """Train what is missing and write the tables."""
    names = [
        name.removeprefix("generated_")
        for name in recipes()
        if name.startswith("generated_") and name != BASE
    ]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-root", type=Path, help="real artworks, as configs/artworks.yaml")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--losses", nargs="+", choices=names, default=names, metavar="LOSS")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--runs", type=Path, default=Path("runs/losses_frozen"))
    parser.add_argument("--out", type=Path, default=RESULTS / "losses_frozen.md")
    options = parser.parse_args()
    asked = {
        "generated": ["--data.name=generated", "--data.count=6000", "--preprocessing.size=128"]
    }
    asked["generated"] += ["--data.protocol=art-disjoint"]
    if options.data_root is not None:
        asked["real"] = [f"--data.root={options.data_root}", "--preprocessing.size=224"]
        asked["real"] += ["--data.protocol=art-new"]
    schedule = [f"--train.epochs={options.epochs}"]
    benches = {name: bench([*asked[name], *schedule], options.runs) for name in asked}
    found: dict[str, dict[str, list[Precisions]]] = {
        title: {name: [] for name in options.losses} for title in benches
    }
    for seed in options.seeds:
        for name in options.losses:
            for title, one in benches.items():
                file = options.runs / f"{title}-{name}-{seed}-{options.epochs}.json"
                config = with_loss(one.config, name, seed)
                found[title][name].append(precisions(config, one.examples, file))
            options.out.write_text(report(benches, found), encoding="utf-8")


def bench(arguments: Sequence[str], runs: Path) -> Bench:
    """Encode all pictures by the frozen network."""
    config = recipe("artworks_frozen", *SETTINGS, *arguments)
    config = replace(config, data=replace(config.data, fields={"style": 1.0}))
    examples = encoded(config, runs / "features")
    return Bench(config, examples, by_cosine(examples))


def with_loss(config: Config, name: str, seed: int) -> Config:
    """The head learns by the losses of `configs/generated_NAME.yaml`, in batches that suit them."""
    theirs = recipe(f"generated_{name}")
    per_label = PER_LABEL if theirs.train.per_label else 0
    train = replace(config.train, seed=seed, per_label=per_label)
    return replace(config, losses=theirs.losses, train=train)


def report(
    benches: Mapping[str, Bench], found: Mapping[str, Mapping[str, Sequence[Precisions]]]
) -> str:
    """A table for each kind of artworks, of what has been measured so far."""
    some = next(iter(benches.values())).config
    device = provenance(torch.device("cpu"))["hardware"]["device"]
    lines = [
        "# Losses on the features of one frozen network",
        "",
        "EfficientNet-Lite0 with the ImageNet weights of its package, mean and standard deviation "
        f"of its last {some.model.stages} maps, whitened to {some.model.whiten} numbers; on them "
        f"every loss trains the same head (a hidden layer, dropout {some.model.dropout:g}) for "
        f"{some.train.epochs} epochs in batches of {some.train.batch}, those that compare pictures "
        f"in batches of {PER_LABEL} a style. Schedule and rates were fixed beforehand and are the "
        "same for all, the last weights are measured. Tie-aware style mAP, mean over seeds and "
        f"half the range, on one thread of {device}. Losses from "
        "[their own schedules, trained end to end](losses.md) stand beside it, and what all make "
        f"of [{EPOCHS} epochs](losses_frozen.md) or some of "
        f"[{4 * EPOCHS}](losses_frozen_longer.md).",
    ]
    for title, one in benches.items():
        lines += ["", f"## {title.capitalize()} artworks", "", about(one), ""]
        lines += table(found[title])
        lines.append(f"| the features themselves, cosine | 1 | | {one.by_cosine:.3f} | | |")
        lines += main_row(one.examples.about["split"])
    return "\n".join(lines) + "\n"


def main_row(split: Mapping[str, Any]) -> list[str]:
    """What two such networks reach that learn artists, too, on the same queries, if measured."""
    name = f"artworks_frozen-{split['protocol']}-*.json"
    rows = [json.loads(file.read_text("utf-8")) for file in (RESULTS / "retrieval").glob(name)]
    found = [row["retrieval"]["style"] for row in rows if row["split"]["digest"] == split["digest"]]
    if not found:
        return []
    cells = [mean_and_spread([one[bits]["mAP"] for one in found]) for bits in found[0]]
    return [f"| artworks_frozen, styles and artists | {len(found)} | " + " | ".join(cells) + " |"]


def about(one: Bench) -> str:
    """What was measured, on what."""
    split = one.examples.about["split"]
    return (
        f"{one.examples.about['data']['pictures']:,} pictures at "
        f"{one.config.preprocessing.size} px, protocol {split['protocol']}, split "
        f"{split['digest'][:12]}: {split['train']:,} learned from, {split['query']:,} queries, "
        f"{split['database']:,} in the database. Ordered by {BITS} bits."
    )


def by_cosine(examples: Examples) -> float:
    """Tie-aware style mAP of the features before whitening."""
    part, features = examples.test, examples.views[0]
    found = evaluate_features(
        features[part.query],
        features[part.database],
        examples.relevant("style", part),
        exclude=examples.excluded("style", part),
    )
    return found.mean_average_precision


if __name__ == "__main__":
    main()
