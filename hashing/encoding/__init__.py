"""Pictures to codes: the one road for evaluation, index and service."""

from hashing.encoding.catalogue import (
    EncodedBatch,
    PreparedBatch,
    encode_catalogue,
    prepared_batches,
)
from hashing.encoding.model import Model
from hashing.encoding.runner import Runtime
from hashing.sources.decoding import BATCH

__all__ = [
    "BATCH",
    "EncodedBatch",
    "Model",
    "PreparedBatch",
    "Runtime",
    "encode_catalogue",
    "prepared_batches",
]
