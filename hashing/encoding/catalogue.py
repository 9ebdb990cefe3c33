"""A whole catalogue to codes, decoding while the network runs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hashing.codes import Codes
from hashing.encoding.model import Model
from hashing.encoding.runner import ACCELERATE_FROM
from hashing.errors import ImageError
from hashing.sources import Catalogue, Item
from hashing.sources.decoding import BATCH, decode_each

Derive = Callable[[bytes, Image.Image], Any]
"""Anything else wanted of a picture, from its encoded bytes and its decoded form."""


@dataclass(frozen=True, eq=False)
class PreparedBatch:
    """Consecutive items of a catalogue, decoded.

    items: those whose pictures could be decoded, in the catalogue's order.
    squares: uint8 `[n, S, S, 3]`, one row per item.
    derived: what `derive` made of each item's picture.
    failures: the items that could not be decoded, with the reason.
    """

    items: list[Item]
    squares: NDArray[np.uint8]
    derived: list[Any]
    failures: list[tuple[Item, ImageError]]


@dataclass(frozen=True, eq=False)
class EncodedBatch:
    """Consecutive items of a catalogue, encoded.

    codes, logits: one row per item; logits are float32 `[n, bits]`. features: float32 `[n, D]`,
    None where they were not asked for.
    items, derived, failures: as in `PreparedBatch`.
    """

    items: list[Item]
    codes: Codes
    logits: NDArray[np.float32]
    derived: list[Any]
    failures: list[tuple[Item, ImageError]]
    features: NDArray[np.float32] | None = None


def encode_catalogue(
    model: Model,
    catalogue: Catalogue,
    *,
    batch_size: int = BATCH,
    workers: int | None = None,
    items: Sequence[Item] | None = None,
    derive: Derive | None = None,
    features: bool = False,
) -> Iterator[EncodedBatch]:
    """Encode `items` (all of the catalogue by default), one result per `batch_size` of them.

    features: give those that the codes are made of, too.

    The network runs while the next pictures are decoded (see `prepared_batches`), in ONNX Runtime
    where the model may use it and there is enough to encode.
    """
    chosen = catalogue.items if items is None else items
    undecided = model.runtime == "onnx" or len(chosen) >= ACCELERATE_FROM
    batches = prepared_batches(
        model, catalogue, batch_size=batch_size, workers=workers, items=chosen, derive=derive
    )
    for batch in batches:
        if undecided and batch.items:
            model.accelerate(batch.squares, "embedding" if features else "logits")
            undecided = False
        found = model.features_of(batch.squares) if features else None
        logits = model.logits_of(batch.squares) if found is None else model.logits_from(found)
        codes = Codes.from_logits(logits)
        yield EncodedBatch(batch.items, codes, logits, batch.derived, batch.failures, found)


def prepared_batches(
    model: Model,
    catalogue: Catalogue,
    *,
    batch_size: int = BATCH,
    workers: int | None = None,
    items: Sequence[Item] | None = None,
    derive: Derive | None = None,
) -> Iterator[PreparedBatch]:
    """The model's view of each picture, `batch_size` at a time.

    Reading, decoding and `derive` run in `workers` threads (by default one per core), two
    batches ahead of the caller.
    """

    def make(data: bytes, image: Image.Image) -> tuple[NDArray[np.uint8], Any]:
        return model.square(image), derive(data, image) if derive else None

    batches = decode_each(catalogue, make, items=items, workers=workers, batch_size=batch_size)
    for chunk, found in batches:
        yield _gather(chunk, found, model.preprocessing.size)


def _gather(chunk: Sequence[Item], found: Sequence[Any], size: int) -> PreparedBatch:
    pairs = list(zip(chunk, found, strict=True))
    failures = [(item, error) for item, error in pairs if isinstance(error, ImageError)]
    good = [(item, *parts) for item, parts in pairs if not isinstance(parts, ImageError)]
    squares = np.empty((len(good), size, size, 3), np.uint8)
    for row, (_, square, _) in enumerate(good):
        squares[row] = square
    return PreparedBatch([g[0] for g in good], squares, [g[2] for g in good], failures)
