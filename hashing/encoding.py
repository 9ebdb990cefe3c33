"""Pictures to codes: the one road for evaluation, index and service."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from hashing.codes import Codes
from hashing.config import Preprocessing
from hashing.errors import ImageError, UsageError
from hashing.images import decode, to_square
from hashing.items import Catalogue, Item
from hashing.models import HashModel, fingerprint, load_model, normalise

BATCH = 32
"""Pictures through the network at once where nobody says otherwise."""

Derive = Callable[[bytes, Image.Image], Any]
"""Anything else wanted of a picture, from its encoded bytes and its decoded form."""


class Encoder:
    """A model ready to encode. `fingerprint` is its folder's, empty for a model still in memory."""

    def __init__(self, model: HashModel, fingerprint: str = "") -> None:
        self.model = model.eval()
        self.fingerprint = fingerprint

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> Self:
        """The encoder of a model folder.

        Raises ArtefactError where the folder is damaged, UsageError where there is no such device.
        """
        try:
            torch.empty(0, device=device)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0]
            raise UsageError(f"the device {device!r} cannot be used: {reason}") from None
        return cls(load_model(folder, device), fingerprint(folder))

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
        return self._run(self.model, squares)

    def features(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Pooled features float32 `[B, D]` before the hash layer, of pictures likewise."""
        return self._run(self.model.features, squares)

    @torch.inference_mode()
    def _run(
        self, network: Callable[[Tensor], Tensor], squares: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        batch = torch.from_numpy(squares).to(self.model.device)
        found: NDArray[np.float32] = network(normalise(batch, self.preprocessing)).cpu().numpy()
        return found

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

    codes, logits: one row per item; logits are float32 `[n, bits]`.
    items, derived, failures: as in `PreparedBatch`.
    """

    items: list[Item]
    codes: Codes
    logits: NDArray[np.float32]
    derived: list[Any]
    failures: list[tuple[Item, ImageError]]


def encode_catalogue(
    encoder: Encoder,
    catalogue: Catalogue,
    *,
    batch_size: int = BATCH,
    workers: int | None = None,
    items: Sequence[Item] | None = None,
    derive: Derive | None = None,
) -> Iterator[EncodedBatch]:
    """Encode `items` (all of the catalogue by default), one result per `batch_size` of them.

    The network runs while the next pictures are decoded (see `prepared_batches`).
    """
    batches = prepared_batches(
        encoder, catalogue, batch_size=batch_size, workers=workers, items=items, derive=derive
    )
    for batch in batches:
        logits = encoder.logits(batch.squares)
        codes = Codes.from_logits(logits)
        yield EncodedBatch(batch.items, codes, logits, batch.derived, batch.failures)


def prepared_batches(
    encoder: Encoder,
    catalogue: Catalogue,
    *,
    batch_size: int = BATCH,
    workers: int | None = None,
    items: Sequence[Item] | None = None,
    derive: Derive | None = None,
) -> Iterator[PreparedBatch]:
    """The encoder's view of each picture, `batch_size` at a time.

    Reading, decoding and `derive` run in `workers` threads (by default one per core), two
    batches ahead of the caller.
    """

    def prepare(item: Item) -> tuple[NDArray[np.uint8], Any] | ImageError:
        try:
            data = catalogue.read(item)
            image = decode(data)
            return encoder.square(image), derive(data, image) if derive else None
        except ImageError as error:
            return error

    pool = ThreadPoolExecutor(workers or os.cpu_count(), "decode")
    try:
        chosen = catalogue.items if items is None else items
        for chunk, found in _ahead(pool, prepare, chosen, batch_size):
            yield _gather(chunk, found, encoder.preprocessing.size)
    finally:
        pool.shutdown(cancel_futures=True)


def _ahead(
    pool: ThreadPoolExecutor, prepare: Callable[[Item], Any], items: Sequence[Item], size: int
) -> Iterator[tuple[Sequence[Item], list[Any]]]:
    """Chunks of items with their prepared pictures, the next two chunks being prepared already."""
    pending: deque[tuple[Sequence[Item], list[Future[Any]]]] = deque()
    for start in range(0, len(items), size):
        chunk = items[start : start + size]
        pending.append((chunk, [pool.submit(prepare, item) for item in chunk]))
        if len(pending) > 2:
            ready, futures = pending.popleft()
            yield ready, [future.result() for future in futures]
    for ready, futures in pending:
        yield ready, [future.result() for future in futures]


def _gather(chunk: Sequence[Item], found: list[Any], size: int) -> PreparedBatch:
    pairs = list(zip(chunk, found, strict=True))
    failures = [(item, error) for item, error in pairs if isinstance(error, ImageError)]
    good = [(item, *parts) for item, parts in pairs if not isinstance(parts, ImageError)]
    squares = np.empty((len(good), size, size, 3), np.uint8)
    for row, (_, square, _) in enumerate(good):
        squares[row] = square
    return PreparedBatch([g[0] for g in good], squares, [g[2] for g in good], failures)
