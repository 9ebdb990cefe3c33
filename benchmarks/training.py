"""How much of a bare training loop's speed our loop keeps.

    python benchmarks/training.py [--backbone resnet18] [--size 32] [--batch 64] [--steps 20]

Both train the same network with the same loss, optimiser, batch and precision on the same
pictures, in turns: ours with everything around a step (order, augmentation, clipping, finite
check, weight average, log), the bare one on a batch that is ready. Rates are pictures a second of
wall time and of the process's own time (all its threads), medians over the rounds.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

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
from hashing.training.batches import Batches
from hashing.training.distributed import World, choose_device
from hashing.training.examples import Examples, Part
from hashing.training.learner import Learner
from hashing.training.loop import Course, Loop
from hashing.training.runs import make_learner
from hashing.training.runtime import Runtime

ROUNDS = 5


def main() -> None:
    """Print both rates and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    here = World(0, 1, choose_device(options.device))
    config = Config(
        model=ModelConfig(options.backbone, lengths=(16, 32, 64, 128)),
        preprocessing=Preprocessing(options.size),
        data=DataConfig(fields={"label": 1.0}),
        losses=(LossTerm("orthohash"), LossTerm("dsh", 0.05)),
        optim=OptimConfig(ema=0.999),
        train=TrainConfig(epochs=1, batch=options.batch),
    )
    examples = make_examples(options.batch * options.steps, options.size)
    batches = Batches(config, examples, here)
    learner = make_learner(config, examples, options.steps, here)
    ours, bare = [], []
    for _ in range(ROUNDS + 1):
        ours.append(rates(lambda: our_loop(config, learner, batches), examples, here))
        bare.append(rates(lambda: bare_loop(learner, batches, options.steps), examples, here))
    # The first round compiles kernels and fills caches.
    wall, own = (
        tuple(statistics.median(rate[clock] for rate in side[1:]) for side in (ours, bare))
        for clock in (0, 1)
    )
    print(f"{options.backbone}, {options.size} px, batch {options.batch}, {here.device}")
    print("| loop | pictures/s, wall | pictures/s, own time |")
    print("|---|---:|---:|")
    print(f"| bare forward, backward, step | {wall[1]:.1f} | {own[1]:.1f} |")
    print(f"| ours | {wall[0]:.1f} | {own[0]:.1f} |")
    print(f"| ours / bare | {wall[0] / wall[1]:.3f} | {own[0] / own[1]:.3f} |")


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
        loop = Loop(config.train, learner, Course(), batches, None, Path(folder), Runtime())
        loop.save = lambda: None  # type: ignore[method-assign]
        loop.run()


def bare_loop(learner: Learner, batches: Batches, steps: int) -> None:
    """As many updates from one batch that is ready."""
    images, labels = next(batches(0, 0))
    kind = learner.world.device.type
    learner.network.train()
    for _ in range(steps):
        with torch.autocast(kind, torch.bfloat16, enabled=learner.bf16):
            logits = learner.forward(images)
        loss = learner.objective(logits.float(), labels)
        learner.optimiser.zero_grad()
        loss.backward()
        learner.optimiser.step()


if __name__ == "__main__":
    main()
