"""`Model`: a network, or a descriptor in its place, ready to encode pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from hashing.codes import Codes
from hashing.config import Preprocessing
from hashing.device import choose_device
from hashing.encoding.descriptors import (
    DESCRIPTORS,
    DescriptorNetwork,
    read_descriptor,
    save_descriptor,
)
from hashing.encoding.onnx import Output
from hashing.encoding.runner import ACCELERATE_FROM, Runner, Runtime
from hashing.encoding.thread import on_network_thread
from hashing.errors import UsageError
from hashing.images import Picture, open_picture, to_square
from hashing.models import (
    HashModel,
    explain,
    fingerprint,
    fingerprint_of,
    load_model,
    normalise,
    read_manifest,
    save_model,
)
from hashing.sources.decoding import prepare_ahead

CACHE = ".cache"
"""Folder within a model's for what can be made anew."""


class Model:
    """A network that turns pictures into codes, and the folder it came from.

    Attributes:
        network: the torch module, in eval mode.
        folder: where it lies; None for a model that was never saved.

    Example:
        >>> model = Model.load("checkpoints/artworks-lite")  # doctest: +SKIP
        >>> codes = model.encode(["a.jpg", "b.jpg"])  # doctest: +SKIP
        >>> codes.bits == model.bits  # doctest: +SKIP
        True
    """

    def __init__(
        self, network: HashModel, folder: Path | None = None, runtime: Runtime = "torch"
    ) -> None:
        self.network = network.eval()
        self.folder = folder
        self.runtime = runtime
        self._fingerprint = "" if folder is None else fingerprint(folder)
        self._described: DescriptorNetwork | None = None
        self._logits, self._features = Runner(network, "logits"), Runner(network, "features")

    @classmethod
    def load(cls, folder: str | Path, device: str = "auto", runtime: Runtime = "auto") -> Self:
        """Load a model folder, as training, `fit` and `save` make them.

        Args:
            folder: a folder with `config.json` and `model.safetensors`, or `colour`, `texture`,
                `shape`: descriptors made by hand, without a network.
            device: `cpu`, `cuda`, `cuda:1`, …, or `auto`, a GPU where there is one.
            runtime: `auto` goes over to ONNX Runtime for many pictures where it is installed.

        Returns:
            The model, ready to encode.

        Raises:
            ArtefactError: there is no model in the folder, or it is damaged.
            UsageError: there is no such device.
        """
        place = Path(folder)
        name = read_descriptor(place)
        if name is None and not place.exists() and str(place) in DESCRIPTORS:
            name = str(place)
        if name is not None:
            return cls._of_descriptor(name, place)
        network = on_network_thread(load_model, place, choose_device(device))
        return cls(network, place, runtime)

    @classmethod
    def _of_descriptor(cls, name: str, folder: Path) -> Self:
        """A descriptor in a network's place; its folder is none until it is saved."""
        described = DescriptorNetwork(name)
        model = cls.__new__(cls)
        model.network = described  # type: ignore[assignment]  # what a model asks of one, it has
        model._described = described
        model.folder = folder if folder.is_dir() else None
        model.runtime = "torch"
        model._fingerprint = described.fingerprint
        return model

    @property
    def noted(self) -> Mapping[str, Any]:
        """What the folder says of the model beside what decides its codes; empty without one."""
        if self.folder is None or self.descriptor is not None:
            return {}
        return read_manifest(self.folder).extra

    @property
    def descriptor(self) -> str | None:
        """The name of the descriptor that stands in the network's place; None for a network."""
        return None if self._described is None else self._described.name

    @property
    def bits(self) -> int:
        """The longest code length, the one that is encoded: whole bytes, filled up if need be."""
        return -(-self.network.bits // 8) * 8

    @property
    def lengths(self) -> tuple[int, ...]:
        """Every length that a prefix of the code may have (nested, or Matryoshka, codes)."""
        return (*self.network.lengths[:-1], self.bits)

    @property
    def width(self) -> int:
        """How many numbers the features of a picture are."""
        return self.network.channels

    @property
    def preprocessing(self) -> Preprocessing:
        """How a picture becomes the network's input."""
        return self.network.preprocessing

    @property
    def fingerprint(self) -> str:
        """SHA-256 in hexadecimal over all that decides a code; collections remember it."""
        if not self._fingerprint:
            self._fingerprint = fingerprint_of(self.network)
        return self._fingerprint

    def __repr__(self) -> str:
        lengths = ", ".join(map(str, self.lengths))
        if self.descriptor is not None:
            return f"Model({self.descriptor}, {lengths} bits, {self.fingerprint[:12]})"
        return f"Model({self.network.config.backbone}, {lengths} bits, {self.fingerprint[:12]})"

    def save(self, folder: str | Path) -> None:
        """Write the model as a folder, whole or not at all; one already there is replaced.

        Args:
            folder: where; what is in the way and is no model is left alone.

        Raises:
            UsageError: the folder holds something else.
        """
        if self.descriptor is not None:
            save_descriptor(self.descriptor, Path(folder))
            self.folder = Path(folder)
            return
        save_model(self.network, Path(folder))
        self.folder = Path(folder)
        self._fingerprint = fingerprint(self.folder)

    def encode(self, pictures: Sequence[Picture]) -> Codes:
        """The codes of some pictures, in their order.

        Args:
            pictures: any mix of paths, encoded bytes, PIL images and arrays, uint8 `[H, W, 3]`
                or `[H, W]`. Files are decoded while the network runs.

        Returns:
            One code of `bits` bits for each picture: bit 1 where the logit is ≥ 0.

        Raises:
            ImageError: one of them cannot be read; the message names it.
        """
        return Codes.from_logits(self.logits(pictures))

    def logits(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """What the codes are the signs of: float32 `[N, bits]`.

        Args:
            pictures: as `encode` takes them.

        Raises:
            ImageError: one of them cannot be read; the message names it.
        """
        return self._each(pictures, "logits")

    def features(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """What the codes are made of: float32 `[N, D]`, as `features_of` says.

        Args:
            pictures: as `encode` takes them.

        Raises:
            ImageError: one of them cannot be read; the message names it.
        """
        return self._each(pictures, "features")

    def square(self, image: Image.Image) -> NDArray[np.uint8]:
        """The network's view of a decoded picture, uint8 `[S, S, 3]`."""
        return to_square(image, self.preprocessing.size, self.preprocessing.fit)

    def logits_of(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits float32 `[B, bits]` of pictures uint8 `[B, S, S, 3]`, as one batch."""
        if self._described is not None:
            return self._described(squares)
        return self._filled(self._logits(squares))

    def features_of(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features float32 `[B, D]` of pictures likewise: what the codes are made of.

        Of a network those that are pooled before the head, of a descriptor its numbers.
        """
        if self._described is not None:
            return self._described.features(squares)
        return self._features(squares)

    def logits_from(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits float32 `[B, bits]` of features float32 `[B, D]`."""
        if self._described is not None:
            return self._described.project(features)
        return self._filled(on_network_thread(self._head, features))

    def explain(self, image: Image.Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """One picture's logits by region: contributions float32 `[bits, h, w]`, bias `[bits]`.

        `contributions.sum((1, 2)) + bias` is the logits. Raises UsageError where the model's
        pooling does not add up over regions.
        """
        if self.descriptor is not None:
            raise UsageError(
                f"expected a network to explain, found the descriptor {self.descriptor}"
            )
        return on_network_thread(self._explain, image)

    def accelerate(self, squares: NDArray[np.uint8], output: Output = "logits") -> None:
        """Go over to ONNX Runtime if the runtime allows it and both agree on these pictures.

        squares: uint8 `[B, S, S, 3]`, B ≥ 1, some of the pictures to come. output: of what.

        Otherwise PyTorch goes on and one log line says why; with `onnx` that is a UsageError.
        """
        if self._described is None:
            runner = self._logits if output == "logits" else self._features
            runner.accelerate(squares, self.runtime, lambda: self._kept_export(output))

    @property
    def accelerated(self) -> bool:
        """Whether logits are computed by ONNX Runtime."""
        return self._described is None and self._logits.onnx is not None

    def _kept_export(self, output: Output) -> Path | None:
        """Where the network lies as ONNX; another exporter may make another file of it."""
        if self.folder is None:
            return None
        name = self.fingerprint[:16] + ("" if output == "logits" else f"-{output}")
        return self.folder / CACHE / f"{name}-torch-{torch.__version__}.onnx"

    def _each(self, pictures: Sequence[Picture], output: Output) -> NDArray[np.float32]:
        of = self.logits_of if output == "logits" else self.features_of
        parts = [np.empty((0, self.bits if output == "logits" else self.width), np.float32)]
        undecided = len(pictures) >= ACCELERATE_FROM
        if len(pictures) == 1:  # no pool for one: a visitor waits
            batches = iter([(pictures, [self._view(pictures[0])])])
        else:
            batches = prepare_ahead(self._view, pictures)
        for _, squares in batches:
            if undecided:
                self.accelerate(np.stack(squares), output)
                undecided = False
            parts.append(of(np.stack(squares)))
        return np.concatenate(parts)

    def _view(self, picture: Picture) -> NDArray[np.uint8]:
        return self.square(open_picture(picture))

    def _explain(self, image: Image.Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        batch = torch.from_numpy(self.square(image)[None]).to(self.network.device)
        explained = explain(self.network, normalise(batch, self.preprocessing))
        contributions, bias = (
            x[0].cpu().numpy() for x in (explained.contributions, explained.bias)
        )
        return self._filled(contributions, axis=0), self._filled(bias, axis=0)

    def _filled(self, logits: NDArray[np.float32], axis: int = 1) -> NDArray[np.float32]:
        """The same up to whole bytes by zeros, which tell no two pictures apart."""
        missing = self.bits - logits.shape[axis]
        if not missing:
            return logits
        return np.pad(logits, [(0, missing if n == axis else 0) for n in range(logits.ndim)])

    @torch.inference_mode()
    def _head(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        batch = torch.from_numpy(features).to(self.network.device)
        found: NDArray[np.float32] = self.network(batch).cpu().numpy()
        return found
