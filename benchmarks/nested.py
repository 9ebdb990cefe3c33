"""One nested model of 16, 32, 64 and 128 bits beside a model trained for each length alone.

    python benchmarks/nested.py [--cifar ROOT] [--per-class 500] [--seeds 0 1 2] [further arguments]

Both are trained by our combination of losses, for as many steps, from the backbone of one
classifier, which is trained on the same pictures. ROOT is an archive or folder with the parts
`train` and `test` in class folders; of each class the first pictures are taken, `--per-class` to
learn from and a fifth of that to search with. Further arguments, such as --train.precision=bf16,
are train.py's own, for every training. Runs that have ended are not repeated;
benchmarks/results/nested.md is written anew after each data set.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from short_runs import RUNTIME, Precisions, mean_and_spread, precisions, recipe, started

from hashing.config import Config, LossTerm
from hashing.losses import class_centres
from hashing.sources import read_catalogue
from hashing.training import train
from hashing.training.preparation import prepare

RESULTS = Path(__file__).parent / "results" / "nested.md"
CLASSIFIER = (LossTerm("NormalizedSoftmaxLoss", args={"temperature": 0.1}),)


@dataclass(frozen=True)
class Comparison:
    """A data set, the classifier that all start from, its run, and what goes on from there."""

    title: str
    base: Config
    start: Path
    config: Config


def main() -> None:
    """Train what is missing and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cifar", type=Path, help="CIFAR-10 as pictures; left out without")
    parser.add_argument("--per-class", type=int, default=500)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--runs", type=Path, default=Path("runs/nested"))
    options, settings = parser.parse_known_args()
    base, combined = (recipe(f"generated_{name}", *settings) for name in ("base", "combined"))
    comparisons = [Comparison("generated artworks", base, Path("runs/generated_base"), combined)]
    if options.cifar:
        pictures = first_pictures(options.cifar, options.per_class, options.runs)
        title = f"CIFAR-10, {options.per_class} pictures of each class"
        comparisons.append(Comparison(title, *cifar(pictures, options.runs, settings)))
    lines = ["# One model for every length", ""]
    for comparison in comparisons:
        lines += [f"## {comparison.title[0].upper()}{comparison.title[1:]}", ""]
        lines += table(comparison, options.seeds, options.runs / comparison.title.split()[0])
        RESULTS.write_text("\n".join(lines), encoding="utf-8")


def first_pictures(source: Path, per_class: int, runs: Path) -> Path:
    """The first pictures of each class of CIFAR-10, in a folder of that number, whole or absent."""
    folder = runs / f"cifar10-{per_class}"
    if folder.exists():
        return folder
    catalogue = read_catalogue(source)
    taken: dict[Path, int] = {}
    runs.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=runs) as begun:
        for item in catalogue.items:
            part, name = Path(item.path).parts[-3:-1]
            place, limit = Path(begun, part, name), per_class // (1 if part == "train" else 5)
            taken[place] = taken.get(place, 0) + 1
            if taken[place] <= limit:
                place.mkdir(parents=True, exist_ok=True)
                (place / Path(item.path).name).write_bytes(catalogue.read(item))
        Path(begun).rename(folder)
    return folder


def cifar(pictures: Path, runs: Path, settings: Sequence[str]) -> tuple[Config, Path, Config]:
    """A classifier of CIFAR-10, where its run lies, and our combination."""
    config = recipe(
        "cifar10_cpu",
        f"--data.root={pictures}",
        "--model.backbone=resnet18",
        "--train.epochs=2",
        "--train.refit=true",
        *settings,
    )
    base = replace(
        config,
        model=replace(config.model, lengths=(32,)),
        losses=CLASSIFIER,
        optim=replace(config.optim, schedule="one-cycle"),
        train=replace(config.train, epochs=8, batch=32),
    )
    return base, runs / f"{pictures.name}-base", config


def table(comparison: Comparison, seeds: Sequence[int], runs: Path) -> Iterator[str]:
    """The lines of one data set."""
    config = comparison.config
    lengths = config.model.lengths
    examples = prepare(comparison.base, RUNTIME)
    train(comparison.base, comparison.start, RUNTIME, resume=True)
    nested: list[Precisions] = []
    dedicated: list[Precisions] = []
    for seed in seeds:
        ours = started(config, seed, comparison.start / "model")
        nested.append(precisions(ours, examples, runs / f"nested-{seed}.json"))
        alone: Precisions = {}
        for bits in lengths:
            one = replace(ours, model=replace(ours.model, lengths=(bits,)))
            alone |= precisions(one, examples, runs / f"{bits}-{seed}.json")
        dedicated.append(alone)
    field, split = examples.fields[0], examples.about["split"]
    distances = class_centres(len(examples.classes[field]), lengths, seeds[0]).minimum_distances
    yield (
        f"Protocol {split['protocol']}: {split['train']:,} trained on, {split['query']:,} queries, "
        f"{split['database']:,} in the database; {config.model.backbone} at "
        f"{config.preprocessing.size} px, seeds: {', '.join(map(str, seeds))}. "
        f"Tie-aware mAP by {field}, mean and half the range; the difference in points is nested "
        "less dedicated, mean over seeds."
    )
    yield ""
    yield "| bits | nested | dedicated | difference | least distance of two centres |"
    yield "|---:|---:|---:|---:|---:|"
    for bits in lengths:
        both = [[run[bits] for run in side] for side in (nested, dedicated)]
        gaps = [one - other for one, other in zip(*both, strict=True)]
        yield (
            f"| {bits} | {mean_and_spread(both[0])} | {mean_and_spread(both[1])} | "
            f"{100 * sum(gaps) / len(gaps):+.1f} | {distances[bits]} |"
        )
    yield ""


if __name__ == "__main__":
    main()
