"""Several models' weights as one: the average, and a run of it from beginning to end."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
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
from hashing.errors import UsageError
from hashing.models import HashModel, load_model, save_model
from hashing.training import Runtime, train
from hashing.training.average import average_weights
from hashing.training.checks import check
from hashing.training.provenance import public_config


@pytest.fixture(scope="module")
def members(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Two models that went on from one, in another order and at another size."""
    out = tmp_path_factory.mktemp("members")
    first = learning(pictures)
    train(first, out / "one", Runtime())
    further = replace(first, model=averaged(first.model), start=out / "one" / "model")
    train(replace(further, train=replace(first.train, seed=1)), out / "two", Runtime())
    network = load_model(out / "two" / "model")
    network.preprocessing = replace(network.preprocessing, size=48)
    save_model(network, out / "three" / "model")
    return out / "two" / "model", out / "three" / "model", out / "one" / "model"


def learning(pictures: Path) -> Config:
    return Config(
        model=ModelConfig("timm:test_resnet", lengths=(8, 16), dropout=0.5),
        preprocessing=Preprocessing(32),
        data=DataConfig("folder", pictures, protocol="holdout", fields={"label": 1.0}),
        losses=(LossTerm("greedyhash"),),
        optim=OptimConfig(lr=5e-3),
        train=TrainConfig(epochs=2, batch=16, validate_every=0, precision="float32"),
    )


def averaged(model: ModelConfig) -> ModelConfig:
    return replace(model, batchnorm=False, dropout=0.0)


def averaging(pictures: Path, members: tuple[Path, ...], **changes: Any) -> Config:
    config = learning(pictures)
    return replace(
        config,
        model=averaged(config.model),
        start=members,
        train=replace(config.train, **({"epochs": 0} | changes)),
    )


def test_every_weight_is_the_mean_of_the_models(members: tuple[Path, ...]) -> None:
    found = average_weights(members)
    states = [load_model(folder).state_dict() for folder in members]
    assert found.keys() == states[0].keys()
    for name, tensor in found.items():
        if not name.endswith("num_batches_tracked"):
            values = np.mean([state[name].numpy().astype(float) for state in states], axis=0)
            np.testing.assert_allclose(tensor.numpy(), values, rtol=1e-6, atol=1e-7)


def test_models_that_are_equal_have_no_other_average(members: tuple[Path, ...]) -> None:
    alone = load_model(members[0]).state_dict()
    for folders in (members[:1], members[:1] * 3):
        found = average_weights(folders)
        assert all(torch.equal(found[name], tensor) for name, tensor in alone.items())


def test_a_model_averaged_with_itself_is_itself(
    pictures: Path, members: tuple[Path, ...], tmp_path: Path
) -> None:
    train(averaging(pictures, members[:1] * 2), tmp_path / "run", Runtime())
    found = load_model(tmp_path / "run" / "model").state_dict()
    for name, tensor in load_model(members[0]).state_dict().items():
        assert torch.equal(found[name], tensor)


def test_a_run_without_a_step_that_is_resumed_is_the_same(
    pictures: Path, members: tuple[Path, ...], tmp_path: Path
) -> None:
    config = averaging(pictures, members, validate_every=1)
    found = train(config, tmp_path / "run", Runtime())
    for file in (tmp_path / "run" / "model").iterdir():
        file.unlink()
    again = train(config, tmp_path / "run", Runtime(), resume=True)
    assert again["validations"] == found["validations"]
    assert len(again["validations"]) == 1
    assert again["classifier"] == found["classifier"]


def test_a_run_without_a_step_is_the_average(
    pictures: Path, members: tuple[Path, ...], tmp_path: Path
) -> None:
    config = averaging(pictures, members)
    metrics = train(config, tmp_path / "run", Runtime())
    found = load_model(tmp_path / "run" / "model").state_dict()
    for name, tensor in average_weights(members).items():
        if not name.endswith("num_batches_tracked"):
            expected = tensor.half().float() if tensor.ndim == 4 else tensor
            assert torch.equal(found[name], expected)
    names = ["two/model", "three/model", "one/model"]
    assert metrics["configuration"]["start"] == public_config(config)["start"] == names
    assert "the average of" in (tmp_path / "run/model/README.md").read_text(encoding="utf-8")
    assert not (tmp_path / "run/model/curves.png").exists()
    assert metrics["classifier"]["label"]["accuracy"] > 0.5
    again = train(config, tmp_path / "run", Runtime(), resume=True)
    assert again == json.loads((tmp_path / "run/model/metrics.json").read_text(encoding="utf-8"))


def test_training_goes_on_from_an_average(
    pictures: Path, members: tuple[Path, ...], tmp_path: Path
) -> None:
    config = averaging(pictures, members, epochs=2, state_every=2, validate_every=1)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    metrics = train(config, whole, Runtime())
    assert metrics["validations"][0][0] == 0
    train(config, cut, Runtime())
    sorted(cut.glob("state-*.pt"))[-1].unlink()
    for file in (cut / "model").iterdir():
        file.unlink()
    train(config, cut, Runtime(), resume=True)
    ours, theirs = (load_model(folder / "model").state_dict() for folder in (cut, whole))
    assert all(torch.equal(ours[name], tensor) for name, tensor in theirs.items())


def test_models_without_weights_between_them_are_refused(tmp_path: Path) -> None:
    def saved(name: str, config: ModelConfig, size: int) -> Path:
        network = HashModel(config, Preprocessing(size))
        if config.whiten:
            network.whiten(torch.randn(config.whiten, network.channels), torch.zeros(config.whiten))
        save_model(network, tmp_path / name)
        return tmp_path / name

    whitened = ModelConfig("small_cnn", whiten=8, lengths=(8,))
    one, two = saved("one", whitened, 32), saved("two", whitened, 32)
    with pytest.raises(UsageError, match=r"the values of whitening.weight, found others in .*two"):
        average_weights([one, two])
    assert average_weights([one, one])
    transformer = ModelConfig("timm:test_vit", lengths=(8,))
    three, four = saved("three", transformer, 32), saved("four", transformer, 64)
    with pytest.raises(UsageError, match=r"the shape of .*pos_embed, found others in .*four"):
        average_weights([three, four])


def test_the_first_start_alone_says_the_size_of_pictures(
    pictures: Path, members: tuple[Path, ...]
) -> None:
    config = averaging(pictures, members)
    check(config)
    two, three, _ = members
    with pytest.raises(UsageError, match=r"preprocessing.size 48, as the start .*three"):
        check(replace(config, start=(three, two)))
    with pytest.raises(UsageError, match=r"model.lengths \[8, 16\], as the start .*two"):
        check(replace(config, model=replace(config.model, lengths=(8,))))


def test_starts_of_other_class_centres_are_refused(
    pictures: Path, members: tuple[Path, ...], tmp_path: Path
) -> None:
    for name, centres in (("one", ["00ff"]), ("two", ["ff00"])):
        extra = {"objective": {"label": {"centres": centres, "minimum_distances": {}}}}
        save_model(load_model(members[0]), tmp_path / name, extra=extra)
    config = averaging(pictures, (tmp_path / "one", tmp_path / "two"))
    with pytest.raises(UsageError, match=r"the class centres of label, found others in .*two"):
        check(config)
    check(replace(config, start=(tmp_path / "one", members[0])))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": ()}, "a model folder or several as start, found an empty list"),
        ({"teacher": Path("elsewhere")}, "no teacher with train.epochs 0, found elsewhere"),
    ],
)
def test_settings_that_would_do_nothing_are_refused(
    pictures: Path, members: tuple[Path, ...], changes: dict[str, Any], message: str
) -> None:
    epochs = 1 if "start" in changes else 0
    with pytest.raises(UsageError, match=message):
        check(replace(averaging(pictures, members, epochs=epochs), **changes))


@pytest.mark.parametrize(("epochs", "started"), [(0, False), (-1, True)])
def test_without_a_step_only_a_start_is_a_model(
    pictures: Path, members: tuple[Path, ...], epochs: int, started: bool
) -> None:
    config = averaging(pictures, members, epochs=epochs)
    with pytest.raises(UsageError, match=f"train.epochs from 1, or 0 with a start, found {epochs}"):
        check(config if started else replace(config, start=None))
