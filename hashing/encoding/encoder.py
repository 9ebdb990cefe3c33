"""`Encoder`: a model ready to encode, in PyTorch or, for many pictures on a CPU, ONNX Runtime."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from hashing.codes import Codes
from hashing.config import Preprocessing
from hashing.encoding.onnx import OnnxNetwork
from hashing.errors import UsageError
from hashing.images import to_square
from hashing.models import HashModel, fingerprint, load_model, normalise

BATCH = 32
"""Pictures through the network at once where nobody says otherwise."""

Runtime = Literal["auto", "torch", "onnx"]
"""`onnx` needs the extra of that name; `auto` takes it where it is installed and worth it."""

TOLERANCE = 1e-4
"""Largest difference between runtimes, in standard deviations of the logits. Of normal logits
fewer than 1 in 10,000 lie so near zero that it changes their bit."""

log = logging.getLogger(__name__)


class Encoder:
    """A model ready to encode. `fingerprint` is its folder's, empty for a model still in memory."""

    def __init__(self, model: HashModel, fingerprint: str = "", runtime: Runtime = "torch") -> None:
        self.model = model.eval()
        self.fingerprint = fingerprint
        self.runtime = runtime
        self._onnx: OnnxNetwork | None = None

    @classmethod
    def load(cls, folder: Path, device: str = "cpu", runtime: Runtime = "auto") -> Self:
        """The encoder of a model folder.

        Raises ArtefactError where the folder is damaged, UsageError where there is no such device.
        """
        try:
            torch.empty(0, device=device)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0]
            raise UsageError(f"the device {device!r} cannot be used: {reason}") from None
        return cls(load_model(folder, device), fingerprint(folder), runtime)

    @property
    def bits(self) -> int:
        """The longest code length, the one that is encoded."""
        return self.model.bits

    @property
    def lengths(self) -> tuple[int, ...]:
        """Every length that a prefix of the code may have."""
        return self.model.lengths

    @property
    def preprocessing(self) -> Preprocessing:
        """How a picture becomes the network's input."""
        return self.model.preprocessing

    def square(self, image: Image.Image) -> NDArray[np.uint8]:
        """The network's view of a decoded picture, uint8 `[S, S, 3]`."""
        return to_square(image, self.preprocessing.size, self.preprocessing.fit)

    def logits(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits float32 `[B, bits]` of pictures uint8 `[B, S, S, 3]`, as one batch."""
        return self._onnx(squares) if self._onnx else self._run(self.model, squares)

    def features(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Pooled features float32 `[B, D]` before the hash layer, of pictures likewise."""
        return self._run(self.model.features, squares)

    def encode(self, images: Sequence[Image.Image]) -> tuple[Codes, NDArray[np.float32]]:
        """Codes and logits float32 `[B, bits]` of decoded pictures, any number of them."""
        parts = [np.empty((0, self.bits), np.float32)]
        for start in range(0, len(images), BATCH):
            squares = [self.square(image) for image in images[start : start + BATCH]]
            parts.append(self.logits(np.stack(squares)))
        logits = np.concatenate(parts)
        return Codes.from_logits(logits), logits

    def explain(self, image: Image.Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """One picture's logits by region: contributions float32 `[bits, h, w]`, bias `[bits]`.

        `contributions.sum((1, 2)) + bias` is the logits. Raises UsageError where the model's
        pooling does not add up over regions.
        """
        batch = torch.from_numpy(self.square(image)[None]).to(self.model.device)
        explained = self.model.explain(normalise(batch, self.preprocessing))
        return explained.contributions[0].cpu().numpy(), explained.bias.cpu().numpy()

    def accelerate(self, squares: NDArray[np.uint8]) -> None:
        """Go over to ONNX Runtime if the runtime allows it and both agree on these pictures.

        squares: uint8 `[B, S, S, 3]`, B ≥ 1, some of the pictures to come.

        Otherwise PyTorch goes on and one log line says why; with `onnx` that is a UsageError.
        """
        if self._onnx or self.runtime == "torch" or self.model.device.type != "cpu":
            return
        try:
            candidate = OnnxNetwork(self.model)
            difference = self._difference(candidate, squares)
        except ImportError as error:
            self._stay(f"{error.name} is not installed: pip install -e '.[onnx]'")
        except Exception as error:  # noqa: BLE001 (an exporter fails in many ways; none may stop us)
            self._stay(f"the export failed: {str(error).splitlines()[0]}")
        else:
            if difference > TOLERANCE:
                self._stay(f"its logits differ by {difference:.1e} standard deviations")
            else:
                self._onnx = candidate

    def _difference(self, candidate: OnnxNetwork, squares: NDArray[np.uint8]) -> float:
        """Largest difference to PyTorch's logits, in standard deviations of these."""
        expected = self._run(self.model, squares)
        furthest = float(np.abs(candidate(squares) - expected).max())
        return furthest / max(float(expected.std()), 1e-9)

    def _stay(self, reason: str) -> None:
        message = f"encoding without ONNX Runtime: {reason}"
        if self.runtime == "onnx":
            raise UsageError(message)
        log.warning(message)

    @torch.inference_mode()
    def _run(
        self, network: Callable[[Tensor], Tensor], squares: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        batch = torch.from_numpy(squares).to(self.model.device)
        images = normalise(batch, self.preprocessing)
        # A quarter faster on a CPU than planes.
        images = images.contiguous(memory_format=torch.channels_last)
        found: NDArray[np.float32] = network(images).cpu().numpy()
        return found
