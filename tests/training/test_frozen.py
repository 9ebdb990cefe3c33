import errno
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from hashing.cli import train as command
from hashing.cli.console import run
from hashing.config import Config
from hashing.models import HashModel, load_model, normalise
from hashing.training import accelerated, evaluation, frozen
from hashing.training.preparation import prepare
from hashing.training.runtime import Runtime

FROZEN = ["--optim.backbone_lr", "0", "--train.views", "3", "--model.whiten", "12"]
MLP = ["--model.pooling", "moments", "--model.head", "mlp", "--model.dropout", "0.1"]


def main(*arguments: object) -> int:
    return run(command.main, [str(argument) for argument in arguments])


@pytest.fixture
def config(recipe: Path) -> Config:
    return command.parse(["--config", str(recipe), *FROZEN, *MLP])[1]


def encode(config: Config, folder: Path, log: list[str]) -> list[np.ndarray]:
    torch.manual_seed(0)
    network = HashModel(config.model, config.preprocessing).eval()
    runtime = Runtime(device="cpu", log=log.append)
    views = frozen.encode_views(network, config, prepare(config, runtime), folder, runtime)
    return [np.array(view) for view in views]


@pytest.fixture
def no_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def encode(*arguments: object) -> Iterator[None]:
        raise AssertionError("expected the kept features to be read")
        yield

    monkeypatch.setattr(frozen, "_encode", encode)


def test_a_frozen_run_gives_an_ordinary_model(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "runs" / "one"
    assert main("--config", recipe, "--out", out, "--json", *FROZEN, *MLP) == 0
    trained = json.loads(capsys.readouterr().out)
    assert main("--config", recipe, "--evaluate", out / "model", "--json") == 0
    measured = json.loads(capsys.readouterr().out)
    # By features while training, by pictures afterwards: the same codes.
    assert measured["retrieval"] == trained["retrieval"]
    assert trained["retrieval"]["label"]["16"]["mean_average_precision"] > 0.5
    model = load_model(out / "model")
    assert (model.config.head, model.config.whiten) == ("mlp", 12)
    torch.manual_seed(0)
    start = HashModel(
        command.parse(["--config", str(recipe), *FROZEN, *MLP])[1].model, model.preprocessing
    ).backbone.state_dict()
    for name, tensor in model.backbone.state_dict().items():
        torch.testing.assert_close(tensor, start[name], rtol=1e-3, atol=1e-4)


@pytest.mark.usefixtures("no_encoding")
def test_what_is_missing_is_encoded(config: Config, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="expected the kept features"):
        encode(config, tmp_path / "kept", [])
    assert not list((tmp_path / "kept").iterdir())


def test_a_second_run_reads_what_the_first_encoded(
    recipe: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    runs = [tmp_path / "runs" / name for name in ("one", "two")]
    arguments = ["--config", recipe, *FROZEN, "--quiet"]
    assert main(*arguments, "--out", runs[0]) == 0
    request.getfixturevalue("no_encoding")
    assert main(*arguments, "--out", runs[1]) == 0
    weights = [(run / "model" / "model.safetensors").read_bytes() for run in runs]
    assert weights[0] == weights[1]
    assert main(*arguments, "--out", tmp_path / "other" / "three") == 1


def test_views_are_the_features_of_plain_and_mirrored_pictures(
    config: Config, tmp_path: Path
) -> None:
    plain, mirrored, varied = encode(config, tmp_path, [])
    torch.manual_seed(0)
    network = HashModel(config.model, config.preprocessing).eval()
    squares = torch.from_numpy(np.asarray(prepare(config, Runtime(device="cpu")).squares[:4]))
    with torch.inference_mode():
        images = normalise(squares, config.preprocessing)
        np.testing.assert_allclose(plain[:4], network.features(images), rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(
            mirrored[:4], network.features(images.flip(3)), rtol=1e-3, atol=1e-4
        )
    assert np.abs(varied - plain).max() > 0.01


@pytest.mark.parametrize("damage", ["is damaged", "is of other weights, pictures or preprocessing"])
def test_features_that_are_not_ours_are_made_anew(
    config: Config, tmp_path: Path, damage: str
) -> None:
    before = encode(config, tmp_path, [])
    first, second, _ = sorted(tmp_path.glob("*.features"))
    if damage == "is damaged":
        content = bytearray(first.read_bytes())
        content[5000] ^= 1
        first.write_bytes(content)
    else:
        first.write_bytes(second.read_bytes())
    log: list[str] = []
    after = encode(config, tmp_path, log)
    assert any(f"{first.name} {damage}: encoding anew" in line for line in log)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_other_weights_have_other_features(config: Config, tmp_path: Path) -> None:
    encode(config, tmp_path, [])
    torch.manual_seed(1)
    network = HashModel(config.model, config.preprocessing).eval()
    runtime = Runtime(device="cpu")
    frozen.encode_views(network, config, prepare(config, runtime), tmp_path, runtime)
    assert len(list(tmp_path.glob("*.features"))) == 6


def test_a_full_disk_is_one_line_and_leaves_nothing(
    recipe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(path: Path, pieces: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr("hashing.training.frozen.write_new", full)
    assert main("--config", recipe, "--out", tmp_path / "runs" / "one", "--quiet", *FROZEN) == 5
    assert capsys.readouterr().err.startswith("error: the disk is full: ")
    assert not list((tmp_path / "runs" / "features").iterdir())


@pytest.mark.parametrize(("directions", "numbers"), [(0, 12), (3, 3)])
def test_whitening_is_fitted_for_a_backbone_in_training_too(
    recipe: Path, tmp_path: Path, directions: int, numbers: int
) -> None:
    out = tmp_path / "run"
    asked = ["--model.whiten", 12, "--model.discriminants", directions]
    assert main("--config", recipe, "--out", out, "--quiet", *asked) == 0
    state = safetensors.torch.load_file(out / "model" / "model.safetensors")
    assert state["whitening.weight"].shape == (numbers, 500)
    assert state["hash_layer.weight"].shape == (16, numbers)
    assert not (tmp_path / "features").exists()


def test_onnx_runtime_gives_the_same_features(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    expected = encode(config, tmp_path / "torch", [])
    monkeypatch.setattr(accelerated, "ACCELERATE_FROM", 1)
    used = []
    by_onnx = frozen.by_onnx
    monkeypatch.setattr(frozen, "by_onnx", lambda *of: used.append(by_onnx(*of)) or used[-1])
    found = encode(config, tmp_path / "onnx", [])
    assert used
    assert all(used)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4 * other.std())


def test_a_finished_network_is_measured_by_onnx_runtime(
    recipe: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    out = tmp_path / "run"
    assert main("--config", recipe, "--out", out, "--json") == 0
    expected = json.loads(capsys.readouterr().out)["retrieval"]
    monkeypatch.setattr(accelerated, "ACCELERATE_FROM", 1)
    used = []
    by_onnx = evaluation.by_onnx
    monkeypatch.setattr(evaluation, "by_onnx", lambda *of: used.append(by_onnx(*of)) or used[-1])
    assert main("--config", recipe, "--evaluate", out / "model", "--json") == 0
    assert used
    assert all(used)
    assert json.loads(capsys.readouterr().out)["retrieval"] == expected


def test_too_few_pictures_for_a_whitening_are_told_before_any_is_encoded(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "runs" / "few"
    assert main("--config", recipe, "--out", out, *FROZEN[:-1], 500) == 3
    assert "expected at least 500 pictures to fit a whitening" in capsys.readouterr().err
    assert not (out.parent / "features").exists()


@pytest.mark.parametrize(
    ("directions", "complaint"),
    [(4, r"expected model\.discriminants up to 3, .* found 4"), (13, "from 0 to 12, the")],
)
def test_too_many_discriminants(
    recipe: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    directions: int,
    complaint: str,
) -> None:
    out = tmp_path / "runs" / "many"
    asked = ["--model.discriminants", directions]
    assert main("--config", recipe, "--out", out, *FROZEN, *asked) == 2
    assert re.search(complaint, capsys.readouterr().err)
    assert not (out.parent / "features").exists()
