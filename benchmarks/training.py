"""How fast our training loop is beside a bare one, on a GPU as it runs there and on a CPU in small.

    python benchmarks/training.py [--device cuda] [--backbones resnet18 resnet50] [--sizes 32 224]

One command, and the table it prints is what we ask of whoever has a GPU (docs/how-to/gpu.md).

All loops train the same network with the same loss, optimiser, batch and precision on the same
pictures, in turns: ours with everything around a step (order, augmentation, clipping, finite check,
log), ours compiled (on a GPU, or with --compile), and the bare one on a batch that is ready, with
the network as torchvision makes it. Rates are pictures a second, medians over the rounds. Beside
them stands what a run of two epochs with a validation after each and a state after each spends
besides its steps: waiting for batches, validating, and saving as far as steps wait; how often
a step makes the host wait for the GPU; and the most memory of the GPU that was taken.
Writes benchmarks/results/training.md.
"""

import argparse
import itertools
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
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
from hashing.device import choose_device, send
from hashing.models import HashModel
from hashing.training.batches import Batches
from hashing.training.distributed import World
from hashing.training.evaluation import evaluate_network
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

HEAD = (
    "| network | px | precision | loop | pictures/s | of bare | waiting | validating | saving "
    "| waits a step | memory |",
    "|---|---:|---|---|---:|---:|---:|---:|---:|---:|---:|",
)


@dataclass(frozen=True)
class Spent:
    """Beside its steps, in seconds of a run of two epochs; waits a step, and bytes at most."""

    waiting: float
    validating: float
    saving: float
    seconds: float
    waits: float | None
    memory: int | None


def main() -> None:
    """Measure each backbone, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--backbones", nargs="+", default=["resnet18", "resnet50"])
    parser.add_argument("--sizes", nargs="+", type=int, help="px (a GPU: 32 224; a CPU: 32)")
    parser.add_argument("--batch", type=int, help="(a GPU: 512 to 64 px, 128 above; a CPU: 64)")
    parser.add_argument("--steps", type=int, help="a round (a GPU: 50; a CPU: 4)")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--compile", action="store_true", help="also with torch.compile")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    here = World(0, 1, choose_device(options.device))
    gpu = here.device.type == "cuda"
    sizes = options.sizes or ([32, 224] if gpu else [32])
    steps = options.steps or (50 if gpu else 4)
    lines = [
        "# Training beside a bare loop",
        "",
        f"{described(here)}; {steps} steps a round, medians of {options.rounds} rounds. The "
        "bare loop is forward, backward and step on one batch that is ready; ours adds order, "
        "augmentation, gradient norm, finite check and log, and on a CPU it computes small "
        "convolutions as matrix products (`hashing/models/products.py`). Waiting for batches, "
        "validating and saving are shares of a run of two epochs of these steps, with a validation "
        "(of 500 queries in the training pictures) and a state after each: epochs are much longer "
        "in earnest. Waits are how often a step makes the host wait for a GPU.",
        "",
        *HEAD,
    ]
    print("\n".join(lines[2:]), flush=True)
    for backbone, size, precision in itertools.product(options.backbones, sizes, PRECISIONS):
        batch = options.batch or ((512 if size <= 64 else 128) if gpu else 64)
        for line in measure(backbone, size, precision, batch, steps, options, here):
            lines.append(line)
            print(line, flush=True)
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def measure(
    backbone: str,
    size: int,
    precision: Precision,
    batch: int,
    steps: int,
    options: argparse.Namespace,
    here: World,
) -> list[str]:
    """The lines of one network, size and precision."""
    config = Config(
        model=ModelConfig(
            backbone,
            lengths=(16, 32, 64, 128),
            stem="cifar" if size <= 64 and backbone.startswith("resnet") else "imagenet",
        ),
        preprocessing=Preprocessing(size),
        data=DataConfig(fields={"label": 1.0}),
        losses=(LossTerm("orthohash"), LossTerm("dsh", 0.05)),
        optim=OptimConfig(name="sgd", lr=0.01, ema=0.999),
        train=TrainConfig(
            epochs=2, batch=batch, precision=precision, augment="shift", state_every=steps
        ),
    )
    configs = {"ours": config}
    if options.compile or here.device.type == "cuda":
        configs["ours, compiled"] = replace(config, train=replace(config.train, compile=True))
    examples = make_examples(batch * steps, size)
    batches = Batches(config, examples, here)
    learners = {name: make_learner(one, examples, steps, here) for name, one in configs.items()}
    network = HashModel(config.model, config.preprocessing).to(here.device)
    network.to(memory_format=torch.channels_last)
    optimiser = make_optimiser([{"params": [*network.parameters()]}], config.optim, here.device)
    loops: dict[str, Callable[[], None]] = {
        "bare": lambda: bare_loop(network, optimiser, learners["ours"], batches, steps)
    }
    for name, learner in learners.items():
        loops[name] = lambda learner=learner: our_loop(learner, batches)  # type: ignore[misc]
    # The first round compiles kernels and fills caches.
    rounds = [
        {name: rate(loop, examples, here) for name, loop in loops.items()}
        for _ in range(options.rounds + 1)
    ][1:]
    rates = {name: statistics.median(one[name] for one in rounds) for name in loops}
    lines = []
    for name, found in rates.items():
        told = "| | | | | |"
        if name in learners:
            spent = whole_run(configs[name], learners[name], batches, examples, here)
            shares = (spent.waiting, spent.validating, spent.saving)
            told = "| " + " | ".join(f"{share / spent.seconds:.1%}" for share in shares)
            told += f" | {'' if spent.waits is None else f'{spent.waits:.1f}'}"
            told += f" | {'' if spent.memory is None else f'{spent.memory / 2**30:.1f} GiB'} |"
        share = found / rates["bare"]
        row = f"| {backbone} | {size} | {precision} | {name} | {found:,.0f} | {share:.2f} {told}"
        lines.append(row)
    return lines


def described(here: World) -> str:
    """Device, threads and versions."""
    about = provenance(here.device)
    return (
        f"{about['hardware']['device']}, {about['hardware']['cores']} cores, "
        f"{about['hardware']['threads']} threads, torch {about['versions']['torch']}, "
        f"commit {str(about['commit'])[:12]}"
    )


def make_examples(count: int, size: int) -> Examples:
    """Noise in ten classes."""
    rng = np.random.default_rng(0)
    rows = np.arange(count)
    part = Part(rows, rows[:500], rows, {})
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


def rate(run: Callable[[], None], examples: Examples, here: World) -> float:
    """Pictures a second."""
    start = time.perf_counter()
    run()
    if here.device.type == "cuda":
        torch.cuda.synchronize()
    return len(examples.contents) / (time.perf_counter() - start)


def our_loop(learner: Learner, batches: Batches) -> None:
    """One epoch as train.py runs it, without the state at its end."""
    config = replace(learner.config.train, epochs=1, state_every=0, state_minutes=0.0)
    with tempfile.TemporaryDirectory() as folder:
        one = Trainer(config, learner, TrainState(), batches, None, Path(folder), Runtime())
        one.save = lambda: None  # type: ignore[method-assign]
        one.run()


def whole_run(
    config: Config, learner: Learner, batches: Batches, examples: Examples, here: World
) -> Spent:
    """Two epochs with validations and states, and what they spend beside their steps."""
    gpu, state = here.device.type == "cuda", TrainState()

    def validate() -> tuple[float, dict[str, float]]:
        return evaluate_network(learner.result, examples, examples.test).score, {}

    if gpu:
        torch.cuda.reset_peak_memory_stats()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        Trainer(config.train, learner, state, batches, validate, Path(folder), Runtime()).run()
        seconds = time.perf_counter() - start
    return Spent(
        state.spent["waiting"],
        state.spent["validating"],
        state.spent["saving"],
        seconds,
        waits_a_step(learner, batches) if gpu else None,
        torch.cuda.max_memory_allocated() if gpu else None,
    )


def waits_a_step(learner: Learner, batches: Batches, steps: int = 5) -> float:
    """How often a step makes the host wait for the GPU, as torch itself tells."""
    given = batches(0, 0)
    learner.step(0, next(given))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            for step in range(steps):
                learner.step(step, next(given, next(batches(0, 0))))
        finally:
            torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(one.message) for one in told) / steps


def bare_loop(
    network: HashModel,
    optimiser: torch.optim.Optimizer,
    learner: Learner,
    batches: Batches,
    steps: int,
) -> None:
    """So many updates of `network` from one batch that is ready, with the learner's loss."""
    images, labels, *_ = next(batches(0, 0))
    labels = send(labels, learner.world.device)
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
