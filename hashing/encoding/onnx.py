"""The network in ONNX Runtime, which is about half as fast again as PyTorch on a CPU."""

import warnings

import numpy as np
import torch
from numpy.typing import NDArray

from hashing.models import HashModel, normalise


class OnnxNetwork:
    """Called like `Model.logits_of`. Raises ImportError where the extra `onnx` is not installed."""

    def __init__(self, model: HashModel) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        # Waiting threads would take the cores from those that decode.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._preprocessing = model.preprocessing
        self._session = onnxruntime.InferenceSession(
            _exported(model), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits float32 `[B, bits]` of pictures uint8 `[B, S, S, 3]`."""
        images = normalise(torch.from_numpy(squares), self._preprocessing).numpy()
        logits: NDArray[np.float32] = self._session.run(["logits"], {"images": images})[0]
        return logits


def _exported(model: HashModel) -> bytes:
    """The ONNX file of a model in eval mode, for any number of pictures at once."""
    size = model.preprocessing.size
    with warnings.catch_warnings():
        # The exporter warns about its own insides, of which nothing follows for the user.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            model,
            (torch.zeros(2, 3, size, size),),
            input_names=["images"],
            output_names=["logits"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("the exporter gave no model")
    content: bytes = program.model_proto.SerializeToString()
    return content
