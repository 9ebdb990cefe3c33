import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from torch import Tensor
from torch.nn import functional

from hashing.config import ModelConfig, Preprocessing
from hashing.errors import ArtefactError
from hashing.models import HashModel

STAGES = {2: ("abc", 64), 3: ("abcd", 128), 4: ("abcdef", 256), 5: ("abc", 512)}

MEAN = [123.68, 116.779, 103.939]

Weights = dict[str, Tensor]


def write(weights: Weights, folder: Path, shards: int = 3) -> Path:
    """A layers model of TensorFlow.js, cut anywhere into shards."""
    stored = b"".join(tensor.numpy().astype("<f4").tobytes() for tensor in weights.values())
    names = [f"group1-shard{n}of{shards}.bin" for n in range(1, shards + 1)]
    side = -(-len(stored) // shards)
    for n, name in enumerate(names):
        (folder / name).write_bytes(stored[n * side : (n + 1) * side])
    said = [{"name": n, "shape": list(t.shape), "dtype": "float32"} for n, t in weights.items()]
    manifest = [{"paths": names, "weights": said}]
    file = folder / "model.json"
    file.write_text(json.dumps({"format": "layers-model", "weightsManifest": manifest}))
    return file


@pytest.fixture(scope="module")
def keras() -> Weights:
    """Random weights whose maps keep their scale, so small that epsilon counts."""
    generator = torch.Generator().manual_seed(0)
    weights: Weights = {}

    def layer(conv: str, norm: str, side: int, wide: int, out: int) -> None:
        scale = 0.1 * (2 / (side * side * wide)) ** 0.5 / (74 if conv == "conv1" else 1)
        shape = (side, side, wide, out)
        weights[f"{conv}/kernel"] = torch.randn(shape, generator=generator) * scale
        weights[f"{conv}/bias"] = torch.randn(out, generator=generator) * 0.01
        for name, least in (("gamma", 0.5), ("beta", -0.5), ("moving_mean", -0.5)):
            spread = 0.1 if name == "moving_mean" else 1
            weights[f"{norm}/{name}"] = (torch.rand(out, generator=generator) + least) * spread
        weights[f"{norm}/moving_variance"] = torch.rand(out, generator=generator) / 100 + 5e-3

    layer("conv1", "bn_conv1", 7, 3, 64)
    wide = 64
    for stage, (letters, narrow) in STAGES.items():
        for letter in letters:
            name = f"{stage}{letter}_branch"
            layer(f"res{name}2a", f"bn{name}2a", 1, wide, narrow)
            layer(f"res{name}2b", f"bn{name}2b", 3, narrow, narrow)
            layer(f"res{name}2c", f"bn{name}2c", 1, narrow, 4 * narrow)
            if letter == "a":
                layer(f"res{name}1", f"bn{name}1", 1, wide, 4 * narrow)
            wide = 4 * narrow
    weights["fc1000/kernel"] = torch.zeros(wide, 10)
    weights["fc1000/bias"] = torch.zeros(10)
    return weights


def described(weights: Weights, pictures: Tensor) -> Tensor:
    """What Keras's ResNet50 makes of blue, green, red: its last map, pooled.

    pictures: without their mean, 3 px of padding around them.
    """

    def layer(x: Tensor, conv: str, norm: str, stride: int = 1, padding: int = 0) -> Tensor:
        kernel = weights[f"{conv}/kernel"].permute(3, 2, 0, 1)
        x = functional.conv2d(x, kernel, weights[f"{conv}/bias"], stride, padding)
        mean, variance = weights[f"{norm}/moving_mean"], weights[f"{norm}/moving_variance"]
        gamma, beta = weights[f"{norm}/gamma"], weights[f"{norm}/beta"]
        return functional.batch_norm(x, mean, variance, gamma, beta, eps=1e-3)

    x = layer(pictures, "conv1", "bn_conv1", 2).relu()
    x = functional.max_pool2d(functional.pad(x, (1, 1, 1, 1)), 3, 2)
    for stage, (letters, _) in STAGES.items():
        for letter in letters:
            stride = 2 if letter == "a" and stage > 2 else 1
            name = f"{stage}{letter}_branch"
            y = layer(x, f"res{name}2a", f"bn{name}2a", stride).relu()
            y = layer(y, f"res{name}2b", f"bn{name}2b", 1, 1).relu()
            y = layer(y, f"res{name}2c", f"bn{name}2c")
            shortcut = layer(x, f"res{name}1", f"bn{name}1", stride) if letter == "a" else x
            x = (y + shortcut).relu()
    return x.mean((2, 3))


def make(
    file: Path, backbone: str = "resnet50", preprocessing: Preprocessing | None = None
) -> HashModel:
    config = ModelConfig(backbone, weights=str(file), lengths=(16,))
    return HashModel(config, preprocessing or Preprocessing(size=64)).eval()


OTHERS = Preprocessing(size=64, mean=(0.5, 0.4, 0.6), std=(0.5, 0.3, 1.0))


@pytest.mark.parametrize("preprocessing", [Preprocessing(size=64), OTHERS])
def test_it_sees_what_keras_sees(
    keras: Weights, tmp_path: Path, preprocessing: Preprocessing
) -> None:
    backbone = make(write(keras, tmp_path), "resnet50_v1", preprocessing).backbone
    network = torchvision.models.resnet50()
    missing, surplus = network.load_state_dict(backbone.state_dict(), strict=False)
    assert (set(missing), surplus) == ({"fc.weight", "fc.bias"}, [])
    levels = torch.randint(256, (2, 3, 64, 64), generator=torch.Generator().manual_seed(1)) * 1.0
    mean, std = (torch.tensor(v)[:, None, None] for v in (preprocessing.mean, preprocessing.std))
    with torch.inference_mode():
        ours = backbone((levels / 255 - mean) / std).mean((2, 3))
        # Around a picture we have our mean, not theirs.
        around = functional.pad(levels - 255 * mean, (3, 3, 3, 3)) + 255 * mean
        theirs = described(keras, (around - torch.tensor(MEAN)[:, None, None]).flip(1))
    assert theirs.std() > 0.01
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


def test_the_shards_may_be_cut_anywhere(keras: Weights, tmp_path: Path) -> None:
    states = []
    for shards in (1, 7):
        (tmp_path / str(shards)).mkdir()
        states.append(make(write(keras, tmp_path / str(shards), shards)).backbone.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        ("conv1/bias", torch.zeros(64), "found another: 'res2a_branch2a/kernel'"),
        ("conv1/bias", torch.zeros(3), "found another: .*size of tensor"),
        ("conv1/kernel", torch.zeros(3), "found another: permute"),
        ("conv1/kernel", torch.zeros(7, 7, 1, 64), "found another: size mismatch"),
    ],
)
def test_another_network(keras: Weights, tmp_path: Path, name, tensor, message) -> None:  # type: ignore[no-untyped-def]
    first = {n: t for n, t in keras.items() if n.startswith(("conv1/", "bn_conv1/"))}
    with pytest.raises(ArtefactError, match=f"expected Keras's ResNet50 in .*{message}") as caught:
        make(write(first | {name: tensor}, tmp_path))
    assert "\n" not in str(caught.value)


def test_another_backbone(keras: Weights, tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="do not fit resnet18"):
        make(write(keras, tmp_path), "resnet18")


SMALL = {"a/kernel": torch.zeros(2, 3), "a/bias": torch.zeros(3)}


def damaged(folder: Path, **changes: object) -> Path:
    file = write(SMALL, folder, 1)
    said = json.loads(file.read_text())
    said["weightsManifest"][0]["weights"][1] |= changes
    file.write_text(json.dumps(said))
    return file


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dtype": "uint8"}, "a/bias is uint8 or quantised"),
        ({"quantization": {"scale": 1}}, "a/bias is float32 or quantised"),
        ({"shape": [4]}, "a/bias ends after the 36 bytes of its shards"),
        ({"shape": [10**30]}, "a/bias ends after"),
        ({"shape": [-1, -3]}, "a/bias ends after"),
        ({"shape": [0, -1]}, "a/bias ends after"),
        ({"shape": [float("inf")]}, "layers model of TensorFlow.js"),
        ({"shape": None}, "layers model of TensorFlow.js"),
        ({"shape": ["x"]}, "layers model of TensorFlow.js"),
    ],
)
def test_weights_that_cannot_be(tmp_path: Path, changes, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ArtefactError, match=message) as caught:
        make(damaged(tmp_path, **changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"weightsManifest": 3}',
        b'{"weightsManifest": [3]}',
        b"[" * 10**5,
    ],
)
def test_files_that_are_no_layers_model(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.json").write_bytes(content)
    with pytest.raises(ArtefactError, match=r"layers model of TensorFlow.js .*model.json"):
        make(tmp_path / "model.json")


def test_a_shard_is_missing(tmp_path: Path) -> None:
    file = write(SMALL, tmp_path, 2)
    (tmp_path / "group1-shard2of2.bin").unlink()
    with pytest.raises(ArtefactError, match=r"model.json cannot be read: .*shard2of2.bin"):
        make(file)


def test_shards_are_read_beside_the_model_only(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    file = write(SMALL, tmp_path / "model", 1)
    np.zeros(9, "<f4").tofile(tmp_path / "secret.bin")
    file.write_text(file.read_text().replace("group1-shard1of1.bin", "../secret.bin"))
    with pytest.raises(ArtefactError, match=r"cannot be read: .*model/secret.bin"):
        make(file)
