import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from hashing.config import (
    Config,
    LossTerm,
    ModelConfig,
    OptimConfig,
    Preprocessing,
    TrainConfig,
)
from hashing.errors import DivergedError
from hashing.losses import make_objective
from hashing.models import HashModel
from hashing.models.products import ProductConv2d
from hashing.training.batches import Batch
from hashing.training.distributed import World
from hashing.training.learner import Learner
from hashing.training.runlog import read_records
from hashing.training.runtime import Runtime
from hashing.training.state import load_newest_state
from hashing.training.trainer import Trainer, TrainState

HERE = World(0, 1, torch.device("cpu"))


def make(
    backbone: str = "small_cnn", accumulate: int = 1, batchnorm: bool = True, **optim: object
) -> Learner:
    config = Config(
        model=ModelConfig(backbone=backbone, lengths=(8,), batchnorm=batchnorm),
        preprocessing=Preprocessing(size=32),
        losses=(LossTerm("dsh"), LossTerm("ProxyAnchorLoss")),
        optim=OptimConfig(**{"ema": 0.9, **optim}),
        train=TrainConfig(epochs=2, precision="float32", accumulate=accumulate),
    )
    torch.manual_seed(0)
    network = HashModel(config.model, config.preprocessing)
    objective = make_objective(config.losses, {"label": 1.0}, {"label": 3}, (8,))
    return Learner(config, network, objective, 4, HERE)


def batch(seed: int = 0) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    return Batch(torch.randn(12, 3, 32, 32, generator=generator), torch.arange(12)[:, None] % 3)


def snapshot(learner: Learner) -> dict[str, Tensor]:
    state = learner.state_dict()
    parts = ("network", "objective", "average")
    return {
        f"{part}.{name}": value.clone()
        for part in parts
        for name, value in state[part].items()
        if isinstance(value, Tensor)
    }


def test_a_step_changes_everything_that_is_trained() -> None:
    learner = make()
    before = snapshot(learner)
    assert math.isfinite(learner.step(0, batch()).loss)
    same = [name for name, value in snapshot(learner).items() if torch.equal(value, before[name])]
    assert same == []


@pytest.mark.parametrize("what", ["pictures", "gradient"])
def test_a_step_that_is_not_finite_leaves_no_trace(what: str) -> None:
    learner = make()
    learner.step(0, batch())
    before, optimiser = snapshot(learner), repr(learner.optimiser.state_dict())
    bad = batch(1)
    if what == "pictures":
        bad.images[3, 0, 0, 0] = math.inf
    else:
        hook = learner.network.hash_layer.weight.register_hook(lambda g: g * math.nan)
    assert math.isnan(learner.step(1, bad).loss)
    for name, value in snapshot(learner).items():
        assert torch.equal(value, before[name]), name
    assert repr(learner.optimiser.state_dict()) == optimiser
    if what == "gradient":
        hook.remove()
    assert math.isfinite(learner.step(2, batch(1)).loss)


def test_frozen_norms_and_backbone_stay() -> None:
    learner = make("resnet18", freeze_batchnorm=True)
    before = snapshot(learner)
    learner.step(0, batch())
    changed = {n for n, v in snapshot(learner).items() if not torch.equal(v, before[n])}
    assert not any(".bn" in name for name in changed)
    assert "network.backbone.conv1.weight" in changed

    learner = make("resnet18", freeze_layers=2)
    before = snapshot(learner)
    learner.step(0, batch())
    changed = {n for n, v in snapshot(learner).items() if not torch.equal(v, before[n])}
    first = ["conv1.weight", "layer1.0.conv1.weight"]
    norms = [f"{norm}.{n}" for norm in ("bn1", "layer1.0.bn1") for n in ("weight", "running_mean")]
    held = {f"network.backbone.{name}" for name in (*first, *norms)}
    assert not held & changed
    assert held <= before.keys()
    after = ("layer1.0.conv2.weight", "layer1.0.bn2.weight", "layer1.0.bn2.running_mean")
    assert {f"network.backbone.{name}" for name in after} <= changed

    learner = make("resnet18", backbone_lr=0)
    before = snapshot(learner)
    learner.step(0, batch())
    changed = {n for n, v in snapshot(learner).items() if not torch.equal(v, before[n])}
    assert not any("backbone" in name for name in changed)
    assert "network.hash_layer.weight" in changed


def test_the_gradient_is_clipped() -> None:
    steps = []
    for clip in (0.0, 1e-3):
        learner = make(name="sgd", lr=1.0, momentum=0.0, clip=clip, warmup=0, weight_decay=0)
        before = snapshot(learner)["network.hash_layer.weight"]
        learner.step(0, batch())
        steps.append((snapshot(learner)["network.hash_layer.weight"] - before).norm())
    assert steps[1] < 1.001e-3 < steps[0]


def loop(learner: Learner, state: TrainState, folder: Path, poisoned: range) -> Trainer:
    """Four batches an epoch; those whose step is in `poisoned` hold a picture of infinities."""

    def batches(epoch: int, start: int):
        for number in range(start, 4):
            given = batch(number)
            if 4 * epoch + number in poisoned:
                given.images[0] = np.inf
            yield given

    config = TrainConfig(epochs=2, state_every=1, bad_steps=3)
    return Trainer(config, learner, state, batches, None, folder, Runtime())


def test_bad_losses_are_skipped_and_counted(tmp_path: Path) -> None:
    state = TrainState()
    loop(make(), state, tmp_path, range(2, 4)).run()
    assert (state.step, state.skipped, state.bad) == (8, 2, 0)
    losses = [record["loss"] for record in read_records(tmp_path / "metrics.jsonl")]
    assert [loss is None for loss in losses] == [False] * 2 + [True] * 2 + [False] * 4


def test_too_many_bad_losses_stop_and_leave_the_last_good_state(tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match="found 3 in a row") as caught:
        loop(make(), TrainState(), tmp_path, range(3, 8)).run()
    assert caught.value.exit_code == 6
    assert "by --resume auto with more --train.bad_steps" in str(caught.value)
    state = load_newest_state(tmp_path)
    assert state is not None
    assert state["course"]["step"] == 3
    assert state["course"]["skipped"] == 0


def test_training_stops_when_validation_no_longer_improves(tmp_path: Path) -> None:
    scores = iter([0.5, 0.7, 0.6, 0.65, 0.9])
    best: list[Tensor] = []
    learner, state = make(), TrainState()

    def validate() -> tuple[float, dict[str, float]]:
        score = next(scores)
        if score == 0.7:
            best.append(learner.result.hash_layer.weight.clone())
        return score, {}

    def batches(epoch: int, start: int):
        return (batch(number) for number in range(start, 4))

    config = TrainConfig(epochs=10, patience=2)
    Trainer(config, learner, state, batches, validate, tmp_path, Runtime()).run()
    assert state.scores == [(4, 0.5), (8, 0.7), (12, 0.6), (16, 0.65)]
    assert torch.equal(state.best["hash_layer.weight"], best[0])
    assert not torch.equal(state.best["hash_layer.weight"], learner.result.hash_layer.weight)

    again = TrainState(**vars(state))
    Trainer(config, learner, again, batches, validate, tmp_path, Runtime()).run()
    assert again.step == 16


@pytest.mark.parametrize("parts", [2, 3])
def test_parts_of_a_batch_add_up_to_the_gradient_of_its_whole_loss(parts: int) -> None:
    """Without norms, which see one part, nothing is lost: not even the pairs across parts."""
    ends = []
    for accumulate in (1, parts):
        learner = make(accumulate=accumulate, batchnorm=False, ema=0.0, warmup=0, name="sgd")
        losses = [learner.step(step, batch(step)).loss for step in range(3)]
        ends.append((losses, snapshot(learner)))
    (losses, whole), (losses_of_parts, in_parts) = ends
    assert losses_of_parts == pytest.approx(losses, rel=1e-5)
    for name, value in whole.items():
        torch.testing.assert_close(in_parts[name], value, rtol=1e-4, atol=1e-6)


def test_statistics_of_norms_move_once_a_part() -> None:
    learner = make("resnet18", accumulate=3)
    learner.step(0, batch())
    assert learner.network.backbone.bn1.num_batches_tracked == 3


def test_a_cpu_learns_with_convolutions_as_products() -> None:
    kinds = [type(module) for module in make("resnet18").network.modules()]
    assert ProductConv2d in kinds
