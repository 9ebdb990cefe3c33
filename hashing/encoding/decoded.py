"""What a model makes of pictures that are decoded: squares, features, logits, regions."""

from copy import copy
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from hashing.config import Preprocessing
from hashing.encoding.descriptors import (
    DescriptorNetwork,
)
from hashing.encoding.onnx import Output
from hashing.encoding.runner import Runner, Runtime
from hashing.encoding.thread import on_network_thread
from hashing.errors import UsageError
from hashing.images import to_square
from hashing.models import (
    CACHE,
    HashModel,
    explain,
    fingerprint,
    fingerprint_of,
    normalise,
)


class Decoded:
    """A network with what runs it, or a descriptor in its place.

    network, folder: as of `Model`. runtime: what may run the network.
    """

    _pooled = False
    """Whether features are those before the network whitens them."""

    def __init__(
        self, network: HashModel, folder: Path | None = None, runtime: Runtime = "torch"
    ) -> None:
        self.network = network.eval()
        self.folder = folder
        self.runtime = runtime
        self._fingerprint = "" if folder is None else fingerprint(folder)
        self._described: DescriptorNetwork | None = None
        self._logits, self._features = Runner(network, "logits"), Runner(network, "embedding")

    def with_features(self, width: int) -> Self:
        """The same model, whose features are those of an index that keeps `width` numbers of each.

        Indexes of models that whiten kept features as they are pooled until November 2026.

        Args:
            width: `IndexInfo.features` of an index that keeps features.

        Example:
            >>> model.with_features(art.info.features) is model
            True
        """
        if width == self.width or self._described is not None or width != self.network.channels:
            return self
        other = copy(self)
        other._features, other._pooled = Runner(self.network, "features"), True
        return other

    @property
    def descriptor(self) -> str | None:
        """The name of the descriptor that stands in the network's place; None for a network.

        Example:
            >>> ah.Model.load("colour").descriptor
            'colour'
        """
        return None if self._described is None else self._described.name

    @property
    def bits(self) -> int:
        """The longest code length, the one that is encoded: whole bytes, filled up if need be.

        Example:
            >>> model.bits
            64
        """
        return -(-self.network.bits // 8) * 8

    @property
    def width(self) -> int:
        """How many numbers the features of a picture are.

        Example:
            >>> model.width
            500
        """
        return self.network.channels if self._pooled else self.network.embedding

    @property
    def preprocessing(self) -> Preprocessing:
        """How a picture becomes the network's input.

        Example:
            >>> model.preprocessing.size
            32
        """
        return self.network.preprocessing

    @property
    def fingerprint(self) -> str:
        """SHA-256 in hexadecimal over all that decides a code; collections remember it.

        Example:
            >>> art.info.fingerprint == model.fingerprint
            True
        """
        if not self._fingerprint:
            self._fingerprint = fingerprint_of(self.network)
        return self._fingerprint

    def square(self, image: Image.Image) -> NDArray[np.uint8]:
        """The network's view of a decoded picture.

        Args:
            image: RGB.

        Returns:
            uint8 `[S, S, 3]`.

        Example:
            >>> model.square(PIL.Image.open("a.jpg")).shape
            (32, 32, 3)
        """
        return to_square(image, self.preprocessing.size, self.preprocessing.fit)

    def logits_of(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits of pictures as one batch.

        Args:
            squares: uint8 `[B, S, S, 3]`, as `square` gives them.

        Returns:
            float32 `[B, bits]`.

        Example:
            >>> model.logits_of(np.zeros((2, 32, 32, 3), np.uint8)).shape
            (2, 64)
        """
        if self._described is not None:
            return self._described(squares)
        return self._filled(self._logits(squares))

    def features_of(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the codes of pictures are made of, as one batch.

        Of a network the pooled features, whitened where the model whitens them, as the trained head
        takes them; of a descriptor its numbers.

        Args:
            squares: uint8 `[B, S, S, 3]`, as `square` gives them.

        Returns:
            float32 `[B, D]`.

        Example:
            >>> model.features_of(np.zeros((2, 32, 32, 3), np.uint8)).shape
            (2, 500)
        """
        if self._described is not None:
            return self._described.features(squares)
        return self._features(squares)

    def logits_from(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits of features, by the head alone.

        Args:
            features: float32 `[B, D]`.

        Returns:
            float32 `[B, bits]`.

        Example:
            >>> near = model.logits_from(model.features(["a.jpg"])) - model.logits(["a.jpg"])
            >>> bool(abs(near).max() < 1e-4)
            True
        """
        if self._described is not None:
            return self._described.project(features)
        return self._filled(on_network_thread(self._head, features))

    def explain(self, image: Image.Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """One picture's logits by region; their sum and the bias are the logits.

        Args:
            image: decoded, RGB.

        Returns:
            contributions, float32 `[bits, h, w]`, and bias, float32 `[bits]`.

        Raises:
            UsageError: the model's pooling does not add up over regions.

        Example:
            >>> contributions, bias = model.explain(PIL.Image.open("a.jpg"))
            >>> whole = contributions.sum((1, 2)) + bias
            >>> np.allclose(whole, model.logits(["a.jpg"])[0], atol=1e-3)
            True
        """
        if self.descriptor is not None:
            raise UsageError(
                f"expected a network to explain, found the descriptor {self.descriptor}"
            )
        return on_network_thread(self._explain, image)

    def accelerate(self, squares: NDArray[np.uint8], output: Output = "logits") -> None:
        """Go over to ONNX Runtime if the runtime allows it and both agree on these pictures.

        Otherwise PyTorch goes on and one log line says why.

        Args:
            squares: uint8 `[B, S, S, 3]`, B ≥ 1, some of the pictures to come.
            output: `logits` or `embedding`, which is what `features_of` gives.

        Raises:
            UsageError: with the runtime `onnx`, where it cannot be had or differs.

        Example:
            >>> model.accelerate(np.zeros((2, 32, 32, 3), np.uint8))  # doctest: +SKIP
        """
        if self._described is None:
            runner = self._logits if output == "logits" else self._features
            runner.accelerate(squares, self.runtime, lambda: self._kept_export(runner.output))

    @property
    def accelerated(self) -> bool:
        """Whether logits are computed by ONNX Runtime.

        Example:
            >>> model.accelerated
            False
        """
        return self._described is None and self._logits.onnx is not None

    def _kept_export(self, output: Output) -> Path | None:
        """Where the network lies as ONNX; another exporter may make another file of it."""
        if self.folder is None:
            return None
        name = self.fingerprint[:16] + ("" if output == "logits" else f"-{output}")
        return self.folder / CACHE / f"{name}-torch-{torch.__version__}.onnx"

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
        found: Tensor = self.network(batch) if self._pooled else self.network.hash(batch)
        return found.cpu().numpy()
