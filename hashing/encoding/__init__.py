"""Pictures to codes: the one road for evaluation, index and service."""

from hashing.encoding.catalogue import (
    EncodedBatch,
    PreparedBatch,
    encode_catalogue,
    prepared_batches,
)
from hashing.encoding.encoder import BATCH, Encoder, Runtime

__all__ = [
    "BATCH",
    "EncodedBatch",
    "Encoder",
    "PreparedBatch",
    "Runtime",
    "encode_catalogue",
    "prepared_batches",
]
