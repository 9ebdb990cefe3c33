import json
from pathlib import Path

import pytest
import torch

from hashing.config import ModelConfig, Preprocessing
from hashing.errors import ArtefactError, UsageError
from hashing.models import HashModel, explain, load_model, own_preprocessing, save_model
from tests.models.test_timm_backbones import LITE, pretend_package


def make(backbone: str, **options: object) -> HashModel:
    options = {"pooling": "moments", "stages": 1, "lengths": (16,), **options}
    config = ModelConfig(backbone, **options)  # type: ignore[arg-type]
    return HashModel(config, Preprocessing(size=64)).eval()


def test_features_are_those_of_each_network_one_after_another() -> None:
    model = make("resnet18 + timm:test_resnet", stages=2)
    alone = [make(name, stages=2) for name in ("resnet18", "timm:test_resnet")]
    for one, part in zip(alone, model.backbone.children(), strict=True):
        one.backbone.load_state_dict(part.state_dict())
    images = torch.rand(2, 3, 64, 64)
    expected = torch.cat([one.features(images) for one in alone], 1)
    torch.testing.assert_close(model.features(images), expected)
    assert model.channels == expected.shape[1]


def test_a_network_of_fewer_maps_gives_all_it_has() -> None:
    names = ("resnet18", "vgg16", LITE)
    model = make(" + ".join(names), stages=6)
    assert model.channels == sum(
        make(name, stages=stages).channels for name, stages in zip(names, (4, 1, 6), strict=True)
    )
    assert model.features(torch.rand(2, 3, 64, 64)).shape == (2, model.channels)
    with pytest.raises(UsageError, match=r"^expected model\.stages from 1 to 6, .* found 7$"):
        make(" + ".join(names), stages=7)


def test_a_model_is_saved_loaded_and_explained(tmp_path: Path) -> None:
    model = make("resnet18+timm:test_resnet", whiten=32, head="mlp")
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    images = torch.rand(2, 3, 64, 64)
    torch.testing.assert_close(loaded(images), model(images), rtol=1e-3, atol=1e-3)
    found = explain(loaded, images)
    total = found.contributions.sum((2, 3)) + found.bias
    torch.testing.assert_close(total, loaded(images), rtol=1e-3, atol=1e-3)


def test_each_network_starts_from_its_own_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_package(tmp_path, monkeypatch)
    alone = make(LITE, weights="package").backbone.state_dict()
    twice = make(f"{LITE} + {LITE}", weights="package").backbone.children()
    for part in twice:
        torch.testing.assert_close(dict(part.state_dict()), dict(alone))
    with pytest.raises(UsageError, match="found resnet18; there are packages for timm:"):
        make(f"{LITE} + resnet18", weights="package")


def test_each_network_starts_from_a_model_of_its_own(tmp_path: Path) -> None:
    names, folders = ("resnet18", "timm:test_resnet"), (tmp_path / "a+b", tmp_path / "c")
    alone = [make(name) for name in names]
    for model, folder in zip(alone, folders, strict=True):
        save_model(model, folder)
    both = make(" + ".join(names), weights=f"{folders[0]} + {folders[1]}")
    for one, part in zip(alone, both.backbone.children(), strict=True):
        torch.testing.assert_close(dict(part.state_dict()), dict(one.backbone.state_dict()))
    save_model(both, tmp_path / "both")
    assert json.loads((tmp_path / "both/config.json").read_text())["pretrained"] == "a+b + c"
    again = make(" + ".join(names), weights=str(tmp_path / "both"))
    torch.testing.assert_close(again.backbone.state_dict(), both.backbone.state_dict())
    with pytest.raises(ArtefactError, match="do not fit resnet18"):
        make(" + ".join(names), weights=f"{folders[1]} + {folders[0]}")
    with pytest.raises(UsageError, match="for each of the 2, found 3: none \\+ none \\+ none"):
        make(" + ".join(names), weights="none + none + none")


def test_preprocessing_is_that_of_the_first() -> None:
    lite = own_preprocessing("timm:tf_efficientnet_lite2")
    assert own_preprocessing("timm:tf_efficientnet_lite2+resnet18") == lite != Preprocessing()


@pytest.mark.parametrize(
    ("backbone", "message"),
    [("resnet18+", "unknown backbone ''"), ("resnet18 + vgg61", "unknown backbone 'vgg61'")],
)
def test_a_name_that_is_none_is_refused(backbone: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make(backbone)


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        ("resnet18 + os.path:join", "code of the package os"),
        ("timm:test_resnet + os.path:join", "code of the package os"),
        ("+".join(["resnet18"] * 9), "at most 8 side by side"),
    ],
)
def test_a_folder_from_elsewhere_imports_nothing_and_stays_small(
    tmp_path: Path, backbone: str, message: str
) -> None:
    save_model(make("resnet18"), tmp_path / "model")
    file = tmp_path / "model" / "config.json"
    content = json.loads(file.read_text())
    content["model"]["backbone"] = backbone
    file.write_text(json.dumps(content))
    with pytest.raises(ArtefactError, match=message):
        load_model(tmp_path / "model")
