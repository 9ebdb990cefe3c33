"""A network as a function of pictures: run by PyTorch or, for many on a CPU, by ONNX Runtime."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from hashing.encoding.onnx import OnnxNetwork, Output, asked_of
from hashing.encoding.thread import on_network_thread
from hashing.errors import UsageError
from hashing.models import HashModel, normalise

ACCELERATE_FROM = 500
"""Pictures above which ONNX Runtime saves more time than the export to it takes."""

Runtime = Literal["auto", "torch", "onnx"]
"""`onnx` needs the extra of that name; `auto` takes it where it is installed and worth it."""

TOLERANCE = 1e-4
"""Largest difference between runtimes, in standard deviations of what is compared. Of normal
logits fewer than 1 in 10,000 lie so near zero that it changes their bit."""

log = logging.getLogger(__name__)


class Runner:
    """One output of a network, called with pictures uint8 `[B, S, S, 3]`.

    Attributes:
        output: which.
        onnx: the same in ONNX Runtime, once `accelerate` has found that both agree.
    """

    def __init__(self, network: HashModel, output: Output) -> None:
        self._network, self.output = network, output
        self.onnx: OnnxNetwork | None = None

    def __call__(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The output float32 `[B, bits]` or `[B, D]`, as one batch."""
        return on_network_thread(self.onnx or self._by_torch, squares)

    def accelerate(
        self, squares: NDArray[np.uint8], runtime: Runtime, kept: Callable[[], Path | None]
    ) -> None:
        """Go over to ONNX Runtime if the runtime allows it and both agree on these pictures.

        squares: uint8 `[B, S, S, 3]`, B ≥ 1, some of the pictures to come. kept: the file in which
        the export waits for the next time.

        Otherwise PyTorch goes on and one log line says why; with `onnx` that is a UsageError.
        """
        if self.onnx or runtime == "torch" or self._network.device.type != "cpu":
            return
        try:
            candidate = on_network_thread(OnnxNetwork, self._network, self.output, kept())
            difference = self._difference(candidate, squares)
        except ImportError as error:
            _stay(
                runtime, f"{error.name} is not installed: pip install onnx onnxruntime onnxscript"
            )
        except Exception as error:  # noqa: BLE001 (an exporter fails in many ways; none may stop us)
            reason, *_ = [*str(error).splitlines(), type(error).__name__]
            _stay(runtime, f"the export failed: {reason}")
        else:
            if difference > TOLERANCE:
                _stay(runtime, f"its {self.output} differ by {difference:.1e} standard deviations")
            else:
                self.onnx = candidate

    def _difference(self, candidate: OnnxNetwork, squares: NDArray[np.uint8]) -> float:
        """Largest difference to PyTorch's output, in standard deviations of it."""
        expected = on_network_thread(self._by_torch, squares)
        furthest = float(np.abs(on_network_thread(candidate, squares) - expected).max())
        return furthest / max(float(expected.std()), 1e-9)

    @torch.inference_mode()
    def _by_torch(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        batch = torch.from_numpy(squares).to(self._network.device)
        images = normalise(batch, self._network.preprocessing)
        # A quarter faster on a CPU than planes.
        images = images.contiguous(memory_format=torch.channels_last)
        found = asked_of(self._network, self.output)(images)
        return found.cpu().numpy()


def _stay(runtime: Runtime, reason: str) -> None:
    message = f"encoding without ONNX Runtime: {reason}"
    if runtime == "onnx":
        raise UsageError(message)
    log.warning(message)
