"""Where a backbone's weights start: ImageNet, a weights file, or another model's folder."""

import re
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
import torchvision
from safetensors import SafetensorError
from torch import Tensor, nn

from hashing.config import ModelConfig
from hashing.errors import ArtefactError, InputError, UsageError

State = Mapping[str, Tensor]


def load_pretrained(backbone: nn.Module, config: ModelConfig) -> None:
    """Fill `backbone` with `config.weights`; `none` leaves it as it is.

    Raises UsageError where the backbone has no ImageNet weights, InputError where weights cannot
    be read or downloaded, ArtefactError where they do not fit.
    """
    if config.weights == "none":
        return
    read = _imagenet_state if config.weights == "imagenet" else _local_state
    state = _without_classifier(read(config))
    wrong = _mismatch(backbone.state_dict(), state)
    if wrong:
        raise ArtefactError(
            f"the weights {config.weights} do not fit {config.backbone} with the {config.stem} "
            f"stem: {wrong}; choose the backbone and stem they were made with"
        )
    backbone.load_state_dict(state, strict=False)


def _imagenet_state(config: ModelConfig) -> State:
    """Weights of torchvision's first recipe, whose features transfer better than the second's."""
    try:
        weights = torchvision.models.get_model_weights(config.backbone)["IMAGENET1K_V1"]
    except ValueError:
        raise UsageError(
            f"there are no ImageNet weights for {config.backbone}: use weights: none or a file"
        ) from None
    try:
        state: State = weights.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"the ImageNet weights of {config.backbone} could not be downloaded ({error}): "
            f"fetch {weights.url} elsewhere and give its path instead of imagenet"
        ) from error
    return state


def _local_state(config: ModelConfig) -> State:
    """A `.safetensors` file, a file written by `torch.save`, or a model folder's backbone."""
    path = Path(config.weights)
    file = path / "model.safetensors" if path.is_dir() else path
    if not file.is_file():
        raise InputError(
            f"expected weights none, imagenet, a weights file or a model folder, "
            f"found nothing at {file}"
        )
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


def _without_classifier(state: State) -> State:
    """Names as our backbones have them, without wrappers' prefixes and anything after pooling."""
    backbone = {}
    for name, tensor in state.items():
        plain = re.sub(r"^(module\.|_orig_mod\.|backbone\.)+", "", name)
        # torchvision's DenseNet files still carry the names of its first version.
        plain = re.sub(r"\.(norm|conv)\.([12])\.", r".\1\2.", plain)
        if not re.match(r"(fc|classifier|hash_layer|batchnorm|pooling)\.", plain):
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
