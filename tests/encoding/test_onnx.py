import builtins
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from hashing.config import ModelConfig, Preprocessing
from hashing.encoding import Model, Runtime, encode_catalogue
from hashing.encoding.onnx import OnnxNetwork, _exported
from hashing.errors import UsageError
from hashing.models import HashModel
from hashing.sources import Catalogue

pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
pytest.importorskip("onnxscript", reason="the extra onnx is not installed")


def squares(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(count).integers(0, 256, (count, 32, 32, 3), np.uint8)


@pytest.fixture(scope="module")
def model() -> HashModel:
    torch.manual_seed(0)
    config = ModelConfig("small_cnn", lengths=(16, 32), pooling="gem")
    return HashModel(config, Preprocessing(size=32)).eval()


@pytest.fixture(scope="module")
def exported(model: HashModel) -> bytes:
    return _exported(model, 32)


@pytest.fixture
def encoder(model: HashModel, exported: bytes, monkeypatch: pytest.MonkeyPatch) -> Model:
    """An encoder whose export, which takes seconds, was done before."""
    monkeypatch.setattr("hashing.encoding.onnx._exported", lambda model, size: exported)
    return Model(model, runtime="auto")


def test_the_same_logits_whatever_the_batch(encoder: Model) -> None:
    expected = {n: encoder.logits_of(squares(n)) for n in (1, 3, 40)}
    encoder.accelerate(squares(4))
    assert encoder.accelerated
    for count, logits in expected.items():
        found = encoder.logits_of(squares(count))
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, logits, atol=1e-4 * logits.std())
    assert encoder.logits_of(squares(0)).shape == (0, 32)


def test_features_are_those_before_the_head(model: HashModel) -> None:
    found = OnnxNetwork(model, "features")(squares(3))
    expected = Model(model).features_of(squares(3))
    np.testing.assert_allclose(found, expected, atol=1e-4 * expected.std())


def test_batchnorm_and_residuals_are_exported() -> None:
    torch.manual_seed(0)
    model = HashModel(ModelConfig("resnet18", lengths=(16,)), Preprocessing(size=32))
    model(torch.randn(4, 3, 32, 32))
    encoder = Model(model, runtime="onnx")
    expected = encoder.logits_of(squares(5))
    encoder.accelerate(squares(2))
    np.testing.assert_allclose(encoder.logits_of(squares(5)), expected, atol=1e-4 * expected.std())


@pytest.mark.parametrize("runtime", ["torch", "auto"])
def test_only_large_catalogues_are_worth_it(
    encoder: Model,
    catalogue: Catalogue,
    monkeypatch: pytest.MonkeyPatch,
    runtime: Runtime,
) -> None:
    encoder.runtime = runtime
    first = [batch.codes.hex() for batch in encode_catalogue(encoder, catalogue)]
    assert not encoder.accelerated
    monkeypatch.setattr("hashing.encoding.catalogue.ACCELERATE_FROM", 11)
    second = [batch.codes.hex() for batch in encode_catalogue(encoder, catalogue)]
    assert (not encoder.accelerated) == (runtime == "torch")
    assert first == second


def break_it(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("unsupported\nin many lines")

    real_call = OnnxNetwork.__call__
    real_import: Callable[..., object] = builtins.__import__

    def missing(name: str, *rest: object, **more: object) -> object:
        if name == "onnxruntime":
            raise ModuleNotFoundError("gone", name=name)
        return real_import(name, *rest, **more)

    if how == "differs":
        monkeypatch.setattr(OnnxNetwork, "__call__", lambda *a: real_call(*a) + 0.1)
    elif how == "export":
        monkeypatch.setattr("hashing.encoding.onnx._exported", fails)
    else:
        monkeypatch.setattr(builtins, "__import__", missing)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("differs", "its logits differ by"),
        ("export", "the export failed: unsupported"),
        ("missing", "onnxruntime is not installed"),
    ],
)
def test_torch_goes_on_with_one_line(
    encoder: Model,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    how: str,
    reason: str,
) -> None:
    expected = encoder.logits_of(squares(3))
    break_it(monkeypatch, how)
    with caplog.at_level(logging.WARNING):
        encoder.accelerate(squares(3))
    assert len(caplog.messages) == 1
    assert reason in caplog.messages[0]
    assert "\n" not in caplog.messages[0]
    assert np.array_equal(encoder.logits_of(squares(3)), expected)
    with pytest.raises(UsageError, match=reason):
        Model(encoder.network, runtime="onnx").accelerate(squares(3))


def test_an_error_without_words_is_told_by_its_name(
    encoder: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr("hashing.encoding.onnx._exported", fails)
    encoder.runtime = "onnx"
    with pytest.raises(UsageError, match="the export failed: NotImplementedError"):
        encoder.accelerate(squares(3))


@pytest.mark.parametrize("runtime", ["torch", "auto", "onnx"])
def test_what_is_asked_for_runs_few_pictures_too(encoder: Model, runtime: Runtime) -> None:
    encoder.runtime = runtime
    encoder.encode([squares(1)[0]])
    assert encoder.accelerated == (runtime == "onnx")


def test_a_first_batch_without_pictures_decides_nothing(
    encoder: Model, catalogue: Catalogue
) -> None:
    encoder.runtime = "onnx"
    items = [catalogue.items[4], catalogue.items[0]]  # the broken one first
    batches = encode_catalogue(encoder, catalogue, items=items, batch_size=1)
    assert next(batches).items == []
    assert not encoder.accelerated
    assert next(batches).items == [catalogue.items[0]]
    assert encoder.accelerated


def test_an_export_is_done_once(
    model: HashModel, exported: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    monkeypatch.setattr(
        "hashing.encoding.onnx._exported", lambda model, size: made.append(1) or exported
    )
    Model(model).save(tmp_path / "model")
    squares_seen = squares(2)

    def logits() -> NDArray[np.float32]:
        encoder = Model.load(tmp_path / "model")
        encoder.accelerate(squares_seen)
        assert encoder.accelerated
        return encoder.logits_of(squares_seen)

    first = logits()
    (kept,) = (tmp_path / "model" / ".cache").iterdir()
    np.testing.assert_array_equal(logits(), first)
    assert len(made) == 1
    kept.write_bytes(kept.read_bytes()[:-100])
    np.testing.assert_array_equal(logits(), first)
    assert len(made) == 2  # a damaged one is made anew
    np.testing.assert_array_equal(logits(), first)
    assert len(made) == 2
    other = tmp_path / "model" / ".cache"
    for file in other.iterdir():
        file.unlink()
    other.rmdir()
    other.write_text("in the way")
    np.testing.assert_array_equal(logits(), first)
    assert len(made) == 3
