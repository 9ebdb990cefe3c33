"""The model folder: `config.json`, `model.safetensors`, and whatever describes the model.

`config.json` holds the digest of the weights, so damage and mixed-up files are found on loading;
the fingerprint is taken over what decides the codes and nothing else.
"""

import errno
import glob
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from hashing.config import ModelConfig, Preprocessing
from hashing.errors import ArtefactError, ArtHashError, StorageError, UsageError
from hashing.files import open_regular, read_regular
from hashing.models import foreign
from hashing.models.network import HashModel
from hashing.models.publishing import CONFIG, REPLACED, WEIGHTS, is_part, publish_folder

FORMAT = 1

_LATER = ("stages", "whiten", "discriminants", "head", "dropout", "fitted", "fitted_whiten")
ADDED = {name: getattr(ModelConfig(), name) for name in _LATER}
"""What folders of earlier versions do not say of their network; it leaves their fingerprint."""


@dataclass(frozen=True)
class Manifest:
    """`config.json` of a model folder.

    sha256: of `model.safetensors`. pretrained: the name of what the backbone started from.
    extra: JSON values of the model's maker (class centres, fitted pictures, …).
    """

    model: ModelConfig
    preprocessing: Preprocessing
    sha256: str
    pretrained: str
    extra: Mapping[str, Any]


def save_model(
    model: HashModel,
    folder: Path,
    *,
    extra: Mapping[str, object] | None = None,
    files: Mapping[str, str | bytes] | None = None,
    half: bool = False,
) -> None:
    """Publish `model` as `folder`, whole or not at all; a model already there is replaced.

    extra: JSON values kept in `config.json` under `extra` (class centres, fitted pictures, …).
    files: further files by name, such as `README.md` and `metrics.json`.
    half: store convolution weights in float16, half the size for a few differing bits.

    Raises UsageError where `folder` holds anything but a whole model, OSError where writing fails.
    BatchNorm on the logits is folded into the hash layer.
    """
    folder = Path(folder)
    _refuse_foreign(folder)
    weights = safetensors.torch.save(_exported_state(model, half))
    others = {
        name: data.encode() if isinstance(data, str) else data
        for name, data in (files or {}).items()
    }
    manifest = _manifest_json(model, weights, extra or {})
    publish_folder(folder, others | {WEIGHTS: weights, CONFIG: manifest})


def copy_model(folder: Path, to: Path) -> None:
    """Publish a model with what describes it as another folder; raises like `save_model`."""
    _refuse_foreign(to)
    files = (file for file in folder.iterdir() if is_part(file) and not file.is_dir())
    publish_folder(to, {file.name: read_regular(file) for file in files})


def load_model(folder: Path, device: torch.device | str = "cpu") -> HashModel:
    """The model in `folder`, in eval mode, float32; nothing else is read, nothing downloaded.

    Raises ArtefactError where the folder is damaged or was never a model of ours, where its
    backbone needs a package that is not installed, and where that is code from outside which
    nobody has allowed (see `hashing.registry`).
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    try:
        empty = foreign.skeleton(manifest.model, manifest.preprocessing)
    except UsageError as error:
        raise ArtefactError(f"the model {folder} cannot be loaded: {error}") from error
    except ValueError as error:
        raise ArtefactError(f"{folder / CONFIG} is damaged: {error}") from error
    weights = _read(folder / WEIGHTS, foreign.most_bytes(empty))
    if _digest(weights) != manifest.sha256:
        raise ArtefactError(
            f"{folder / WEIGHTS} is damaged or belongs to another model: its digest is not the "
            f"one in {CONFIG}; copy the folder anew"
        )
    try:
        state = safetensors.torch.load(weights)
        foreign.check_state(empty, state)
        return foreign.filled(empty, state).to(device).eval()
    except (SafetensorError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ArtefactError(f"{folder} is damaged: {reason}") from error


def round_to_half(model: HashModel) -> None:
    """Round the weights that `save_model(half=True)` stores in float16, to be measured as stored.

    They stay float32 in memory.
    """
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if _is_halved(name, parameter):
                parameter.copy_(parameter.half().float())


def read_manifest(folder: Path) -> Manifest:
    """What `config.json` says; raises ArtefactError where it is missing, damaged or too new."""
    file = Path(folder) / CONFIG
    try:
        content = json.loads(_read(file, foreign.MOST_CONFIG))
    except (ValueError, RecursionError) as error:
        raise ArtefactError(f"{file} is damaged: {error}") from None
    try:
        if content["format"] != FORMAT:
            raise ArtefactError(
                f"expected model format {FORMAT}, found {str(content['format'])[:40]} in {file}: "
                "use the version that wrote it"
            )
        model = _dataclass(ModelConfig, ADDED | content["model"])
        preprocessing = _dataclass(Preprocessing, content["preprocessing"])
        foreign.check_limits(model, preprocessing)
        return Manifest(
            model,
            preprocessing,
            str(content["sha256"]),
            str(content["pretrained"]),
            dict(content["extra"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ArtefactError(f"{file} is damaged or not a model's: {str(error)[:300]}") from None


def fingerprint(folder: Path) -> str:
    """sha256 (hexadecimal) over all that decides a code: weights, network, preprocessing, bits.

    Taken from `config.json` alone; `load_model` checks that the weights are the ones named there.
    """
    return _fingerprint(read_manifest(folder))


def fingerprint_of(model: HashModel) -> str:
    """The fingerprint of the folder that `save_model` would make of a model in memory."""
    weights = safetensors.torch.save(_exported_state(model, half=False))
    config = _exported_config(model)
    return _fingerprint(Manifest(config, model.preprocessing, _digest(weights), "", {}))


def _fingerprint(manifest: Manifest) -> str:
    network = asdict(manifest.model)
    for name, absent in ADDED.items():
        if network[name] == absent:
            del network[name]
    parts = [manifest.sha256, network, asdict(manifest.preprocessing)]
    return _digest(json.dumps(parts, sort_keys=True).encode())


def _exported_state(model: HashModel, half: bool) -> dict[str, Tensor]:
    """Everything that is needed to encode: no head BatchNorm, no counters, on the CPU."""
    state = model.state_dict()
    state["hash_layer.weight"], state["hash_layer.bias"] = model.folded_head()
    return {
        name: (t.half() if half and _is_halved(name, t) else t.float()).detach().cpu().contiguous()
        for name, t in state.items()
        if not name.startswith("batchnorm.") and not name.endswith("num_batches_tracked")
    }


def _is_halved(name: str, tensor: Tensor) -> bool:
    """Norm statistics may leave float16's range and what follows whitening is small: both stay.

    So does a whitening of features that vary hardly or much, whose weights float16 cannot tell.
    """
    if name == "whitening.weight":
        largest, half = tensor.abs().amax(dim=0), torch.finfo(torch.float16)  # by feature
        fits = (largest == 0) | ((largest >= half.smallest_normal) & (largest < half.max))
        return bool(fits.all())
    return tensor.ndim == 4


def _exported_config(model: HashModel) -> ModelConfig:
    """What is left of the configuration where there is nothing more to learn."""
    return replace(model.config, weights="none", batchnorm=False, dropout=0.0, fitted_whiten=0.0)


def _manifest_json(model: HashModel, weights: bytes, extra: Mapping[str, object]) -> bytes:
    """The start's weights lie beside it from now on; paths of this machine are left out."""
    content = {
        "format": FORMAT,
        "model": asdict(_exported_config(model)),
        "preprocessing": asdict(model.preprocessing),
        "sha256": _digest(weights),
        "pretrained": model.config.pretrained,
        "extra": dict(extra),
    }
    return (json.dumps(content, indent=2) + "\n").encode()


def _dataclass(kind: type[Any], values: Mapping[str, Any]) -> Any:
    """A frozen configuration from JSON, whose lists become tuples again; every field is needed."""
    names = {field.name for field in fields(kind)}
    if set(values) != names:
        odd = sorted(names ^ set(values))
        raise KeyError(f"{kind.__name__} has other fields: {', '.join(odd)}")
    foreign.check_fields(values, kind)
    return kind(**{n: tuple(v) if isinstance(v, list) else v for n, v in values.items()})


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _refuse_foreign(folder: Path) -> None:
    """Raise UsageError where a model in its place would delete what is none, or no part of one."""
    if not folder.exists():
        return
    if not (folder.is_dir() and _is_empty_or_model(folder)):
        raise UsageError(f"{folder} exists and is not a model folder: choose another place")
    others = sorted(path.name for path in folder.iterdir() if not is_part(path))
    if others:
        raise UsageError(
            f"expected a model alone in {folder}, found {others[0]}, which would be lost: "
            "move it away or choose another place"
        )


def _is_empty_or_model(folder: Path) -> bool:
    """Other programs have files of the name `config.json` too."""
    if not any(folder.iterdir()):
        return True
    try:
        read_manifest(folder)
    except ArtefactError:
        return False
    return True


def _read(file: Path, most: int) -> bytes:
    """A file of a model folder that has at most so many bytes."""
    try:
        with open_regular(file) as opened:
            data = opened.read(most + 1)
    except (FileNotFoundError, NotADirectoryError):
        if file.name == CONFIG:
            raise ArtefactError(_no_model(file.parent)) from None
        raise ArtefactError(f"{file.parent} is not a whole model: {file.name} is missing") from None
    except OSError as error:
        raise _unreadable(file, error) from error
    if len(data) > most:
        raise ArtefactError(f"{file} is damaged: expected at most {most:,} bytes, found more")
    return data


def _unreadable(file: Path, error: OSError) -> ArtHashError:
    """The disk's fault, or the folder's where something else lies in the place of a file."""
    kind = ArtefactError if error.errno == errno.EINVAL else StorageError
    return kind(f"cannot read {file}: {error.strerror}")


def _no_model(folder: Path) -> str:
    folder = folder.resolve()
    aside = sorted(folder.parent.glob(f".{glob.escape(folder.name)}.*{REPLACED}"))
    if aside:
        return f"{folder} was being replaced when the process died: rename {aside[0]} to it"
    inside = folder / "model"
    hint = (
        f"did you mean {inside}?"
        if (inside / CONFIG).is_file()
        else "train.py and `index.py fit` make one, checkpoints/ holds released ones"
    )
    return f"expected a model folder, found no {folder / CONFIG}; {hint}"
