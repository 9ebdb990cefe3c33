"""What frozen features, and the bits fitted to them, tell of artists that were never learned.

    python benchmarks/held_out_artists.py --data-root ARTWORKS [--recipes artworks_unseen …]

The artists of the training part of `art-disjoint` are dealt into `--folds`. For each fold the
whitening, the discriminants and the bits are fitted to the works of the others, and the works of
the fold search one another. No test picture is looked at, so that choices may follow these figures.
Encoded pictures are kept in `--features`; a `train.py` of the same recipe uses them there.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from short_runs import encoded, mean_and_spread, recipe

from hashing.codes import Codes
from hashing.config import Config
from hashing.metrics import RetrievalMetrics, evaluate, evaluate_features
from hashing.training.examples import Examples, Part, Rows
from hashing.training.fitted import count_classes, whitened_hash, whitening_layer
from hashing.training.provenance import provenance

RESULTS = Path(__file__).parent / "results" / "held_out_artists.md"
LENGTHS = (48, 64, 96)
WHITEN = (0.0, 0.25, 0.5, 0.75)
HELD_OUT = "artist"
COARSER = "style"


def main() -> None:
    """Measure every recipe and write the table after each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-root", type=Path, required=True, help="as configs/artworks.yaml")
    names = ["artworks_unseen", "artworks_unseen_resnet50", "artworks_frozen_resnet50"]
    parser.add_argument("--recipes", nargs="+", default=names, metavar="RECIPE")
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1], help="of the folds")
    parser.add_argument("--features", type=Path, default=Path("runs/features"))
    options = parser.parse_args()
    lines = header(options.folds, options.seeds)
    for name in options.recipes:
        lines += rows(name, options.data_root, options.folds, options.seeds, options.features)
        RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


def header(folds: int, seeds: Sequence[int]) -> list[str]:
    """What is measured, and the head of the table."""
    device = provenance(torch.device("cpu"))["hardware"]["device"]
    ranked = ["cosine", *(f"{bits} bits" for bits in LENGTHS)]
    return [
        "# Artists that were not learned",
        "",
        f"Artists of the training part of `art-disjoint`, dealt into {folds} folds, with seeds "
        f"{', '.join(map(str, seeds))}. Discriminants and bits are fitted to the works of the "
        "other artists, and the works of a fold search one another, by the features of the "
        "recipe's frozen networks. Bits are those of ITQ, fitted to the discriminants after these "
        "are whitened that far (`model.fitted_whiten`). Artist P@1, tie-aware, mean over folds and "
        "seeds, and half the range of the seeds; style mAP in brackets. On "
        f"{device}, by `benchmarks/held_out_artists.py`.",
        "",
        f"| recipe | fitted_whiten | {' | '.join(ranked)} |",
        f"|---|---:|{'---:|' * len(ranked)}",
    ]


def rows(name: str, root: Path, folds: int, seeds: Sequence[int], features: Path) -> Iterator[str]:
    """A recipe's lines."""
    config = recipe(name, f"--data.root={root}", "--data.protocol=art-disjoint")
    examples = encoded(config, features)
    measured = np.array([measure(config, examples, folds, seed) for seed in seeds])
    for row, whiten in enumerate(WHITEN):
        cells = " | ".join(
            f"{mean_and_spread(artists)} ({np.mean(styles):.3f})"
            for artists, styles in np.moveaxis(measured[:, row], 0, -1)
        )
        yield f"| {name} | {whiten:g} | {cells} |"


def measure(config: Config, examples: Examples, folds: int, seed: int) -> NDArray[np.float64]:
    """Artist P@1 and style mAP `[whitenings, cosine and lengths, 2]`, means over folds."""
    fold = deal(np.asarray(examples.labels[HELD_OUT][examples.trained], np.int64), folds, seed)
    found = np.zeros((len(WHITEN), 1 + len(LENGTHS), 2))
    for number in range(folds):
        learned, held = (examples.trained[side] for side in (fold != number, fold == number))
        part = Part(learned, held, held, examples.test.left_out)
        shown = discriminants(config, examples, learned)
        by_cosine = judged(shown[held], examples, part)
        for row, whiten in enumerate(WHITEN):
            weight, bias = whitened_hash(shown[learned], LENGTHS, whiten)
            codes = Codes.from_logits(shown[held] @ weight.T + bias)
            by_bits = [judged(codes.prefix(bits), examples, part) for bits in LENGTHS]
            found[row] += [by_cosine, *by_bits]
    return found / folds


def deal(artists: Rows, folds: int, seed: int) -> Rows:
    """For each picture its artist's fold; works without an artist are never held out."""
    dealt = np.random.default_rng(seed).permutation(artists.max() + 1) % folds
    return np.where(artists >= 0, dealt[artists], folds)


def discriminants(config: Config, examples: Examples, learned: Rows) -> NDArray[np.float32]:
    """The recipe's discriminants of all pictures `[N, D]`, fitted to those that are learned."""
    labels = [
        (examples.labels[field][learned], counts) for field, counts in config.data.fields.items()
    ]
    most = sum(count_classes(carried) - 1 for carried, _ in labels)
    model = replace(config.model, discriminants=min(config.model.discriminants, most))
    features = np.asarray(examples.views[0])
    weight, bias = whitening_layer(features[learned], labels, model)
    return np.asarray(features @ weight.numpy().T + bias.numpy())


def judged(
    shown: Codes | NDArray[np.float32], examples: Examples, part: Part
) -> tuple[float, float]:
    """Artist P@1 and style mAP of the held-out works among themselves."""

    def by(field: str) -> RetrievalMetrics:
        relevant, excluded = examples.relevant(field, part), examples.excluded(field, part)
        if isinstance(shown, Codes):
            return evaluate(shown, shown, relevant, exclude=excluded)
        return evaluate_features(shown, shown, relevant, exclude=excluded)

    return by(HELD_OUT).precision_at[1], by(COARSER).mean_average_precision


if __name__ == "__main__":
    main()
