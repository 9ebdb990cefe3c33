"""Short trainings whose outcome is one number per code length, each kept in a small JSON file."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hashing.config import Config
from hashing.device import choose_device
from hashing.files import write_new
from hashing.models import round_to_half
from hashing.progress import log, progress
from hashing.recipes import config_of
from hashing.training import Runtime
from hashing.training.batches import Batches
from hashing.training.distributed import World
from hashing.training.evaluation import evaluate_network
from hashing.training.examples import Examples
from hashing.training.fitted import fit_to_features
from hashing.training.frozen import encode_views
from hashing.training.preparation import prepare
from hashing.training.provenance import plain_config
from hashing.training.runs import make_learner, make_network
from hashing.training.trainer import Trainer, TrainState

RUNTIME = Runtime(log=log, progress=progress)

Precisions = dict[int, float]
"""Tie-aware mAP of the test part by code length in bits."""


def recipe(name: str, *arguments: str) -> Config:
    """The recipe of that name in `configs/`, changed by train.py's own arguments."""
    return config_of(["--config", name, *arguments])


def started(config: Config, seed: int, start: Path) -> Config:
    """The same with another seed, from the weights in `start`."""
    return replace(
        config,
        model=replace(config.model, weights=str(start)),
        train=replace(config.train, seed=seed),
    )


def encoded(config: Config, features: Path) -> Examples:
    """The pictures of `config` with what its frozen network gives of them, kept in `features`."""
    examples = prepare(config, RUNTIME)
    network = make_network(config)
    round_to_half(network)
    return replace(examples, views=encode_views(network, config, examples, features, RUNTIME))


def precisions(config: Config, examples: Examples, file: Path) -> Precisions:
    """Train as `config` says and measure retrieval by its first label field.

    What `file` holds is taken from there if its settings were the same.
    """
    settings = plain_config(config)
    if file.exists():
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["configuration"] == settings:
            return {int(bits): value for bits, value in kept["precisions"].items()}
    here = World(0, 1, choose_device("auto"))
    batches = Batches(config, examples, here)
    network = make_network(config)
    fit_to_features(network, examples, config.data.fields, RUNTIME)
    learner = make_learner(config, examples, batches.steps_per_epoch, here, network)
    with TemporaryDirectory() as folder:
        Trainer(config.train, learner, TrainState(), batches, None, Path(folder), RUNTIME).run()
    # Without the training part, which only classification needs.
    part = replace(examples.test, train=examples.test.train[:0])
    found = evaluate_network(learner.result, examples, part).retrieval[examples.fields[0]]
    by_length = {bits: one.mean_average_precision for bits, one in found.items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"precisions": by_length, "configuration": settings}, indent=1) + "\n"
    write_new(file, [text.encode()])
    return by_length


def mean_and_spread(values: Sequence[float]) -> str:
    """Mean and half the range of several runs; one value alone has no spread."""
    mean = sum(values) / len(values)
    if len(values) == 1:
        return f"{mean:.3f}"
    return f"{mean:.3f} ± {(max(values) - min(values)) / 2:.3f}"
