"""A frozen backbone encodes every picture once a view; the head then learns from what is kept.

The features lie on disk under a digest of all that decides them. Such a file is a line of JSON
padded to `HEADER` bytes, the features float32 `[n, D]`, and the sha256 of both (32 bytes).
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hashing.config import Config, Preprocessing
from hashing.data import read_ahead
from hashing.data.transforms import AUGMENTATIONS, apply, draw
from hashing.errors import ArtefactError
from hashing.files import write_new
from hashing.models import HashModel, normalise
from hashing.registry import find
from hashing.training.accelerated import by_onnx
from hashing.training.examples import Examples, Rows
from hashing.training.runtime import Runtime

Features: TypeAlias = NDArray[np.float32]
View = Callable[[Tensor, Rows], Tensor]
"""Pictures uint8 `[B, S, S, 3]` and their rows to the network's input `[B, 3, S, S]`."""

DECISIVE = ("backbone", "stem", "pooling", "stages")
"""What decides features besides weights, pictures and preprocessing."""

BATCH = 64
HEADER = 4096
DIGEST_BYTES = 32


def is_frozen(config: Config) -> bool:
    """Whether the backbone is never changed."""
    return config.optim.backbone_lr == 0


def encode_views(
    network: HashModel, config: Config, examples: Examples, folder: Path, runtime: Runtime
) -> list[Features]:
    """Features float32 `[N, D]` of all pictures of the data set, for each of `train.views`.

    The first view is the plain picture, the second mirrored, later ones as `train.augment` varies
    it. Rows of no part are zero. What is in `folder` already is read from there.

    Raises OSError where the disk is full, and leaves nothing half-written.
    """
    rows = examples.used
    folder.mkdir(parents=True, exist_ok=True)
    shared = {
        "network": _digest_network(network),
        "pictures": _digest_pictures(examples, rows),
        "preprocessing": asdict(network.preprocessing),
        **{
            part: getattr(network.config, part)
            for part in ("backbone", "stem", "pooling", "stages")
        },
    }
    found = []
    for about, view in _views(config, network.preprocessing):
        key = shared | about
        path = folder / f"{_digest(key)[:32]}.features"
        kept = _read(path, key, len(rows), network.channels, runtime)
        if kept is None:
            with runtime.progress(len(rows), f"encoding, {about['view']}", "pictures") as bar:
                pieces = _encode(network, examples, rows, view, bar.advance)
                write_new(path, _file(key, pieces))
            kept = _open(path, len(rows), network.channels)
        if len(rows) == examples.squares.shape[0]:
            found.append(kept)  # stays on disk, mapped
        else:
            whole = np.zeros((examples.squares.shape[0], network.channels), np.float32)
            whole[rows] = kept
            found.append(whole)
    return found


def _views(config: Config, preprocessing: Preprocessing) -> Iterator[tuple[dict[str, Any], View]]:
    """What is said of each view in its file's key, and how it is made."""
    augmentation = find("augmentation", config.train.augment, AUGMENTATIONS)
    seed, size = config.train.seed, preprocessing.size

    def plain(squares: Tensor, rows: Rows) -> Tensor:
        return normalise(squares, preprocessing)

    def mirrored(squares: Tensor, rows: Rows) -> Tensor:
        return normalise(squares, preprocessing).flip(3)

    def varied(number: int) -> View:
        return lambda squares, rows: apply(
            squares, draw(augmentation, seed, number, rows), size, preprocessing
        )

    for number in range(max(1, config.train.views)):
        if number < 2:
            yield {"view": ("plain", "mirrored")[number]}, (plain, mirrored)[number]
        else:
            about = {"augment": asdict(augmentation), "seed": seed}
            yield {"view": f"view {number + 1}", **about}, varied(number)


@torch.inference_mode()
def _encode(
    network: HashModel,
    examples: Examples,
    rows: Rows,
    view: View,
    on_pictures: Callable[[int], None],
) -> Iterator[Features]:
    """Features of `rows`, some at a time, in float32: those that the finished model will have.

    By ONNX Runtime where it is installed, worth it and agrees, for it takes a third of the time.
    """
    network.eval()

    def by_torch(images: Tensor) -> Tensor:
        return network.features(images.contiguous(memory_format=torch.channels_last))

    encode: Callable[[Tensor], Tensor] = by_torch
    chunks = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    for chunk, squares in zip(
        chunks, read_ahead(examples.squares.__getitem__, chunks), strict=True
    ):
        images = view(torch.from_numpy(squares).to(network.device), chunk)
        if chunk is chunks[0]:
            encode = by_onnx(network, images, len(rows)) or by_torch
        yield encode(images).float().cpu().numpy()
        on_pictures(len(chunk))


def _file(key: dict[str, Any], pieces: Iterator[Features]) -> Iterator[bytes]:
    """The bytes of a file of features."""
    header = json.dumps({"key": key}).encode().ljust(HEADER)
    digest = hashlib.sha256(header)
    yield header
    for piece in pieces:
        data = np.ascontiguousarray(piece, "<f4").tobytes()
        digest.update(data)
        yield data
    yield digest.digest()


def _read(
    path: Path, key: dict[str, Any], count: int, channels: int, runtime: Runtime
) -> Features | None:
    """The features in a file; None, with a line that says why, where they have to be made anew."""
    if not path.exists():
        return None
    try:
        with path.open("rb") as file:
            header = json.loads(file.read(HEADER))
            if header != {"key": json.loads(json.dumps(key))}:
                raise ArtefactError("is of other weights, pictures or preprocessing")
            file.seek(0)
            digest = hashlib.sha256()
            left = path.stat().st_size - DIGEST_BYTES
            while left > 0:
                piece = file.read(min(left, 1 << 22))
                digest.update(piece)
                left -= len(piece)
            if file.read() != digest.digest():
                raise ArtefactError("is damaged")
        return _open(path, count, channels)
    except (ArtefactError, ValueError) as error:
        reason = str(error) if isinstance(error, ArtefactError) else "is damaged"
        runtime.log(f"the kept features {path} {reason}: encoding anew")
        return None


def _open(path: Path, count: int, channels: int) -> Features:
    return np.memmap(path, "<f4", "r", offset=HEADER, shape=(count, channels))


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _digest_network(network: HashModel) -> str:
    """sha256 over everything that turns pictures into features."""
    digest = hashlib.sha256()
    for part in (network.backbone, network.pooling):
        for name, tensor in part.state_dict().items():
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _digest_pictures(examples: Examples, rows: Rows) -> str:
    """sha256 over the pixels of `rows`, in order."""
    digest = hashlib.sha256(rows.astype("<i8").tobytes())
    chunks = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    for squares in read_ahead(examples.squares.__getitem__, chunks):
        digest.update(np.ascontiguousarray(squares).tobytes())
    return digest.hexdigest()
