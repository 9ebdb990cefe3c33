from pathlib import Path
from urllib.error import URLError

import pytest
import safetensors.torch
import torch
import torchvision

from hashing import places
from hashing.config import ModelConfig, Preprocessing
from hashing.errors import ArtefactError, InputError, UsageError
from hashing.models import HashModel, at_hand, pretrained, save_model


def make(weights: object, backbone: str = "resnet18", stem: str = "imagenet") -> HashModel:
    config = ModelConfig(backbone, weights=str(weights), stem=stem, lengths=(16,))  # type: ignore[arg-type]
    return HashModel(config, Preprocessing(size=32))


def same(first: torch.nn.Module, second: torch.nn.Module) -> bool:
    pairs = zip(first.state_dict().items(), second.state_dict().items(), strict=True)
    return all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)


@pytest.fixture(scope="module")
def resnet() -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    return dict(torchvision.models.resnet18(weights=None).state_dict())


@pytest.mark.parametrize("wrap", [dict, lambda s: {"state_dict": s}, lambda s: {"model": s}])
def test_a_file_of_torchvision_fits(resnet, tmp_path: Path, wrap) -> None:  # type: ignore[no-untyped-def]
    torch.save(wrap(resnet), tmp_path / "resnet.pth")
    backbone = make(tmp_path / "resnet.pth").backbone
    assert torch.equal(
        backbone.state_dict()["layer4.1.conv2.weight"], resnet["layer4.1.conv2.weight"]
    )


def test_wrapped_names_and_missing_counters_fit(resnet, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    state = {f"module.{n}": t for n, t in resnet.items() if "num_batches_tracked" not in n}
    safetensors.torch.save_file(state, tmp_path / "resnet.safetensors")
    backbone = make(tmp_path / "resnet.safetensors").backbone
    assert torch.equal(backbone.state_dict()["conv1.weight"], resnet["conv1.weight"])


def test_densenet_files_keep_their_old_names(tmp_path: Path) -> None:
    state = torchvision.models.densenet121(weights=None).state_dict()
    old = {}
    for name, tensor in state.items():
        for part in ("norm1", "norm2", "conv1", "conv2"):
            name = name.replace(f".{part}.", f".{part[:4]}.{part[4]}.")
        old[name] = tensor
    assert old.keys() != state.keys()
    torch.save(old, tmp_path / "densenet.pth")
    backbone = make(tmp_path / "densenet.pth", "densenet121").backbone
    name = "features.denseblock4.denselayer16.conv2.weight"
    assert torch.equal(backbone.state_dict()[name], state[name])


def test_another_model_gives_its_backbone(tmp_path: Path) -> None:
    first = make("none", stem="cifar")
    save_model(first, tmp_path / "model")
    second = make(tmp_path / "model", stem="cifar")
    assert same(first.backbone, second.backbone)
    assert not torch.equal(first.hash_layer.weight, second.hash_layer.weight)


@pytest.mark.parametrize(
    ("backbone", "stem", "message"),
    [
        ("resnet18", "cifar", r"conv1.weight expected \[64, 3, 3, 3\], found \[64, 3, 7, 7\]"),
        ("resnet50", "imagenet", r"layer1.0.conv1.weight expected \[64, 64, 1, 1\]"),
        ("vgg16", "imagenet", "features.0.weight is missing, like 25 more"),
    ],
)
def test_weights_that_do_not_fit(resnet, tmp_path: Path, backbone, stem, message) -> None:  # type: ignore[no-untyped-def]
    torch.save(resnet, tmp_path / "resnet.pth")
    with pytest.raises(ArtefactError, match=message) as caught:
        make(tmp_path / "resnet.pth", backbone, stem)
    assert "\n" not in str(caught.value)


def test_surplus_weights_do_not_fit(resnet, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    torch.save(resnet | {"layer5.weight": torch.ones(1)}, tmp_path / "resnet.pth")
    with pytest.raises(ArtefactError, match=r"layer5.weight is not part of it"):
        make(tmp_path / "resnet.pth")


@pytest.mark.parametrize("name", ["bad.pth", "bad.safetensors"])
@pytest.mark.parametrize("content", [b"", b"not weights", b"\x80\x02cos\nsystem\n."])
def test_damaged_or_hostile_files(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ArtefactError, match=name):
        make(tmp_path / name)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found nothing at"):
        make(tmp_path / "nowhere.pth")


def test_no_imagenet_weights_of_the_small_network() -> None:
    with pytest.raises(UsageError, match="no ImageNet weights for small_cnn"):
        make("imagenet", "small_cnn")


def test_a_failed_download_tells_the_way_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise URLError("no route")

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", offline)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    with pytest.raises(InputError, match=r"resnet18 could not be downloaded.*resnet18-.*\.pth"):
        make("imagenet")


def test_downloaded_weights_are_used(resnet, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", lambda *_, **__: resnet)
    assert torch.equal(
        make("imagenet").backbone.state_dict()["conv1.weight"], resnet["conv1.weight"]
    )


def test_a_released_model_is_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = tmp_path / "checkout"
    (top / "configs").mkdir(parents=True)
    (top / "pyproject.toml").touch()
    monkeypatch.setattr("hashing.places.PACKAGE", top / "hashing")
    save_model(make("none"), top / "checkpoints" / "mine")
    monkeypatch.chdir(tmp_path)
    expected = make(top / "checkpoints" / "mine")
    assert same(make("checkpoints/mine").backbone, expected.backbone)
    with pytest.raises(InputError, match=r"found nothing at checkpoints/other"):
        make("checkpoints/other")


def test_weights_come_from_what_is_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"timm:tf_efficientnet_lite0": tmp_path / "weights.pth"}
    models = {"artworks-lite": tmp_path / "artworks-lite"}
    monkeypatch.setattr(pretrained, "package_file", files.get)
    monkeypatch.setattr(places, "released", models.get)
    assert at_hand(None) == ("timm:tf_efficientnet_lite0", "package")
    assert at_hand("timm:tf_efficientnet_lite0") == ("timm:tf_efficientnet_lite0", "package")
    files.clear()
    assert at_hand(None) == (None, str(tmp_path / "artworks-lite"))
    with pytest.raises(UsageError, match="no weights of resnet50 are at hand"):
        at_hand("resnet50")
    models.clear()
    with pytest.raises(UsageError, match=r"\[weights\], or name --weights"):
        at_hand(None)
