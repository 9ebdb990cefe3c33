"""The network in ONNX Runtime, which takes a CPU two thirds of the time, or a third of it."""

import hashlib
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from hashing.files import read_regular, write_new
from hashing.models import HashModel, normalise

Output = Literal["logits", "features", "embedding"]
"""What of a network is asked for: logits, pooled features, or these as the trained head takes them
(`HashModel.embed`)."""

DIGEST = 32
"""Bytes of SHA-256, at the end of a kept export."""


def asked_of(network: HashModel, output: Output) -> Callable[[torch.Tensor], torch.Tensor]:
    """What gives that output of normalised pictures `[B, 3, S, S]`."""
    parts: dict[Output, Callable[[torch.Tensor], torch.Tensor]] = {
        "logits": network,
        "features": network.features,
        "embedding": network.embed,
    }
    return parts[output]


class OnnxNetwork:
    """Called like `Model.logits_of`. Raises ImportError where the extra `onnx` is not installed.

    kept: the file in which the export waits for the next time, for it takes seconds; made here
    where it is absent or damaged. Its name has to say which network it is.
    """

    def __init__(
        self,
        model: HashModel,
        output: Output = "logits",
        kept: Path | None = None,
    ) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        # Waiting threads would take the cores from those that decode.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._preprocessing = model.preprocessing
        function = model if output == "logits" else _Part(model, output)
        self._session = onnxruntime.InferenceSession(
            _kept_or_exported(function, model.preprocessing.size, kept),
            options,
            providers=["CPUExecutionProvider"],
        )

    def __call__(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The output float32 `[B, bits]` or `[B, D]` of pictures uint8 `[B, S, S, 3]`."""
        return self.run(normalise(torch.from_numpy(squares), self._preprocessing))

    def run(self, images: torch.Tensor) -> NDArray[np.float32]:
        """The same of normalised pictures float32 `[B, 3, S, S]`."""
        found: NDArray[np.float32] = self._session.run(None, {"images": images.numpy()})[0]
        return found


class _Part(nn.Module):
    """The first part of a network as a module, for the exporter takes nothing else."""

    def __init__(self, model: HashModel, output: Output) -> None:
        super().__init__()
        self.model, self.output = model, output

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return asked_of(self.model, self.output)(images)


def _kept_or_exported(model: nn.Module, size: int, kept: Path | None) -> bytes:
    if kept is not None:
        with suppress(OSError):
            content = read_regular(kept)
            if hashlib.sha256(content[:-DIGEST]).digest() == content[-DIGEST:]:
                return content[:-DIGEST]
    content = _exported(model, size)
    if kept is not None:
        with suppress(OSError):  # a folder that cannot be written costs only the time
            kept.parent.mkdir(exist_ok=True)
            write_new(kept, [content, hashlib.sha256(content).digest()])
    return content


def _exported(model: nn.Module, size: int) -> bytes:
    """The ONNX file of a module in eval mode, for any number of pictures of `size` at once."""
    with warnings.catch_warnings():
        # The exporter warns about its own insides, of which nothing follows for the user.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            model,
            (torch.zeros(2, 3, size, size),),
            input_names=["images"],
            output_names=["found"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("the exporter gave no model")
    content: bytes = program.model_proto.SerializeToString()
    return content
