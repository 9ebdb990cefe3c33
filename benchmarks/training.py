"""How fast our training loop is beside a bare one.

    python benchmarks/training.py [--backbones resnet18 resnet50] [--sizes 32 48] [--batch 64]

All train the same network with the same loss, optimiser, batch and precision on the same pictures,
in turns: ours with everything around a step (order, augmentation, clipping, finite check, log),
with and without the weight average, and the bare one on a batch that is ready, with the network as
torchvision makes it. Rates are pictures a second of wall time and of the process's own time (all
its threads), medians over the rounds.
Writes benchmarks/results/training.md.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from hashing.config import (
    Config,
    DataConfig,
    LossTerm,
    ModelConfig,
    OptimConfig,
    Preprocessing,
    TrainConfig,
)
from hashing.device import choose_device
from hashing.models import HashModel
from hashing.training.batches import Batches
from hashing.training.distributed import World
from hashing.training.examples import Examples, Part
from hashing.training.learner import Learner
from hashing.training.optimiser import make_optimiser
from hashing.training.provenance import provenance
from hashing.training.runs import make_learner
from hashing.training.runtime import Runtime
from hashing.training.trainer import Trainer, TrainState

Precision = Literal["float32", "bf16"]
PRECISIONS: tuple[Precision, ...] = ("float32", "bf16")
ROUNDS = 5
RESULTS = Path(__file__).parent / "results" / "training.md"


def main() -> None:
    """Measure each backbone, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--backbones", nargs="+", default=["resnet18", "resnet50"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[32, 48])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    here = World(0, 1, choose_device(options.device))
    lines = [
        "# Training beside a bare loop",
        "",
        f"Batch {options.batch}, {options.steps} steps a round, median of {ROUNDS} rounds in "
        f"turns; {described(here)}. Pictures a second of wall time and of the process's own time, "
        "and their ratio to the bare loop's: forward, backward and step on one batch that is "
        "ready. Ours adds order, augmentation, gradient norm, finite check and log; on a CPU it "
        "computes small convolutions as matrix products (`hashing/models/products.py`).",
        "",
        "| network | px | precision | loop | wall | own time | wall, ratio | own time, ratio |",
        "|---|---:|---|---|---:|---:|---:|---:|",
    ]
    cases = itertools.product(options.backbones, options.sizes, PRECISIONS)
    for backbone, size, precision in cases:
        measured = measure(backbone, size, precision, options, here)
        bare = measured["bare"]
        for name, (wall, own) in measured.items():
            figures = f"{wall:.1f} | {own:.1f} | {wall / bare[0]:.2f} | {own / bare[1]:.2f}"
            lines.append(f"| {backbone} | {size} | {precision} | {name} | {figures} |")
            print(lines[-1], flush=True)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


def measure(
    backbone: str, size: int, precision: Precision, options: argparse.Namespace, here: World
) -> dict[str, tuple[float, float]]:
    """Pictures a second of wall and of process time, by the name of the loop."""
    config = Config(
        model=ModelConfig(backbone, lengths=(16, 32, 64, 128)),
        preprocessing=Preprocessing(size),
        data=DataConfig(fields={"label": 1.0}),
        losses=(LossTerm("orthohash"), LossTerm("dsh", 0.05)),
        optim=OptimConfig(ema=0.999),
        train=TrainConfig(epochs=1, batch=options.batch, precision=precision),
    )
    plain = replace(config, optim=replace(config.optim, ema=0.0))
    examples = make_examples(options.batch * options.steps, size)
    batches = Batches(config, examples, here)
    learners = [make_learner(one, examples, options.steps, here) for one in (config, plain)]
    network = HashModel(config.model, config.preprocessing).to(here.device)
    network.to(memory_format=torch.channels_last)
    optimiser = make_optimiser([{"params": [*network.parameters()]}], config.optim, here.device)
    loops = {
        "bare": lambda: bare_loop(network, optimiser, learners[1], batches, options.steps),
        "ours": lambda: our_loop(plain, learners[1], batches),
        "ours with weight average": lambda: our_loop(config, learners[0], batches),
    }
    # The first round compiles kernels and fills caches.
    rounds = [
        {name: rates(loop, examples, here) for name, loop in loops.items()}
        for _ in range(ROUNDS + 1)
    ][1:]
    return {
        name: (
            statistics.median(each[name][0] for each in rounds),
            statistics.median(each[name][1] for each in rounds),
        )
        for name in loops
    }


def described(here: World) -> str:
    """Device, threads and versions."""
    about = provenance(here.device)
    return (
        f"{about['hardware']['device']}, {about['hardware']['threads']} threads, "
        f"torch {about['versions']['torch']}"
    )


def make_examples(count: int, size: int) -> Examples:
    """Noise in ten classes."""
    rng = np.random.default_rng(0)
    rows = np.arange(count)
    part = Part(rows, rows[:1], rows, {})
    return Examples(
        squares=rng.integers(0, 256, (count, size, size, 3), np.uint8),
        labels={"label": rng.integers(0, 10, count)},
        classes={"label": [str(number) for number in range(10)]},
        fields=["label"],
        contents=rows,
        splits=(),
        test=part,
        validation=None,
        about={},
    )


def rates(run: Callable[[], None], examples: Examples, here: World) -> tuple[float, float]:
    """Pictures a second of wall time and of process time."""
    wall, own = time.perf_counter(), time.process_time()
    run()
    if here.device.type == "cuda":
        torch.cuda.synchronize()
    count = len(examples.contents)
    return count / (time.perf_counter() - wall), count / (time.process_time() - own)


def our_loop(config: Config, learner: Learner, batches: Batches) -> None:
    """One epoch as train.py runs it, without the state at its end."""
    with tempfile.TemporaryDirectory() as folder:
        loop = Trainer(config.train, learner, TrainState(), batches, None, Path(folder), Runtime())
        loop.save = lambda: None  # type: ignore[method-assign]
        loop.run()


def bare_loop(
    network: HashModel,
    optimiser: torch.optim.Optimizer,
    learner: Learner,
    batches: Batches,
    steps: int,
) -> None:
    """So many updates of `network` from one batch that is ready, with the learner's loss."""
    images, labels, _ = next(batches(0, 0))
    kind = learner.world.device.type
    network.train()
    for _ in range(steps):
        with torch.autocast(kind, torch.bfloat16, enabled=learner.bf16):
            logits = network(images)
        loss = learner.objective(logits.float(), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


if __name__ == "__main__":
    main()
