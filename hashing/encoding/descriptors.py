"""Models without a network and without training: descriptors made by hand, hashed at random.

    colour    a histogram of hue, saturation and value, whole and by quarters (Swain & Ballard 1991)
    texture   local binary patterns at two radii (Ojala et al. 2002)
    shape     histograms of oriented gradients (Dalal & Triggs 2005)

The bits are signs of random projections (SimHash, Charikar 2002): two codes differ in a bit with
the probability angle / π, so Hamming distance stands for the angle between two descriptors.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashing.config import Preprocessing
from hashing.errors import ArtefactError, UsageError, unknown
from hashing.files import leftovers, read_regular, write_new

Floats = NDArray[np.float32]
Squares = NDArray[np.uint8]

FILE = "descriptor.json"
SIDE = 96
LENGTHS = (16, 32, 64, 128)
SEED = 0
VERSION = 1
"""Counts changes of what is below: codes of different ones have nothing in common."""
HUES, SATURATIONS, VALUES = 16, 3, 4
CELL, ORIENTATIONS = 12, 9


def colour(squares: Squares) -> Floats:
    """Root of the share of each hue, saturation and value, of the whole and of four quarters."""
    red, green, blue = np.moveaxis(squares.astype(np.float32) / 255, -1, 0)
    value = np.maximum(np.maximum(red, green), blue)
    chroma = value - np.minimum(np.minimum(red, green), blue)
    safe = np.maximum(chroma, 1e-6)
    hue = np.where(
        value == red,
        ((green - blue) / safe) % 6,
        np.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    saturation = chroma / np.maximum(value, 1e-6)
    grey = saturation < 0.1
    bins = (np.minimum(hue / 6 * HUES, HUES - 1).astype(int) * SATURATIONS) + np.minimum(
        saturation * SATURATIONS, SATURATIONS - 1
    ).astype(int)
    bins = np.where(grey, HUES * SATURATIONS, bins) * VALUES
    bins = bins + np.minimum(value * VALUES, VALUES - 1).astype(int)
    count, half = (HUES * SATURATIONS + 1) * VALUES, squares.shape[1] // 2
    parts = [bins, bins[:, :half, :half], bins[:, :half, half:], bins[:, half:, :half]]
    parts.append(bins[:, half:, half:])
    found = [_shares(part, count) for part in parts]
    return np.sqrt(np.concatenate(found, axis=1))


def texture(squares: Squares) -> Floats:
    """Root of the share of each local binary pattern, at radius 1 and 2, by quarters."""
    grey = _grey(squares)
    side = squares.shape[1]
    found: list[Floats] = []
    for radius in (1, 2):
        middle = grey[:, radius:-radius, radius:-radius]
        pattern: NDArray[np.int64] = np.zeros(middle.shape, np.int64)
        for bit, (y, x) in enumerate(_AROUND):
            rows = slice(radius + y * radius, side - radius + y * radius)
            columns = slice(radius + x * radius, side - radius + x * radius)
            pattern |= (grey[:, rows, columns] >= middle + 2).astype(np.int64) << bit
        half = (side - 2 * radius) // 2
        halves = (slice(None, half), slice(half, None))
        quarters = (pattern[:, rows, columns] for rows in halves for columns in halves)
        found += [_shares(_UNIFORM[quarter], 59) for quarter in quarters]
    return np.sqrt(np.concatenate(found, axis=1))


def shape(squares: Squares) -> Floats:
    """Gradients by direction in cells of 12 pixels, each cell and its neighbours of length 1."""
    dy, dx = np.gradient(_grey(squares), axis=(1, 2))
    size, direction = np.hypot(dx, dy), np.arctan2(dy, dx) % np.pi
    bins = np.minimum(direction / np.pi * ORIENTATIONS, ORIENTATIONS - 1).astype(int)
    cells = squares.shape[1] // CELL
    weights = np.eye(ORIENTATIONS, dtype=np.float32)[bins] * size[..., None]
    summed = weights.reshape(len(squares), cells, CELL, cells, CELL, ORIENTATIONS).sum(axis=(2, 4))
    blocks = np.concatenate(
        [summed[:, y : cells - 1 + y, x : cells - 1 + x] for y in (0, 1) for x in (0, 1)], axis=-1
    )
    length = np.linalg.norm(blocks, axis=-1, keepdims=True)
    normed: Floats = (blocks / np.maximum(length, 1e-3)).reshape(len(squares), -1)
    return normed.astype(np.float32)


DESCRIPTORS: Mapping[str, Callable[[Squares], Floats]] = {
    "colour": colour,
    "texture": texture,
    "shape": shape,
}
"""By name: squares uint8 `[B, 96, 96, 3]` to descriptors float32 `[B, D]`."""

_AROUND = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))


def _uniform() -> NDArray[np.int64]:
    """The 58 patterns with at most two changes around the circle by number, all others as 58."""
    numbers, found = iter(range(58)), []
    for pattern in range(256):
        turned = (pattern >> 1) | ((pattern & 1) << 7)
        found.append(next(numbers) if (pattern ^ turned).bit_count() <= 2 else 58)
    return np.array(found, np.int64)


_UNIFORM = _uniform()


def _grey(squares: Squares) -> Floats:
    grey: Floats = squares.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return grey


def _shares(bins: NDArray[np.int64], count: int) -> Floats:
    rows = bins.reshape(len(bins), -1)
    found = np.stack([np.bincount(row, minlength=count) for row in rows])
    shares: Floats = (found / max(1, rows.shape[1])).astype(np.float32)
    return shares


class DescriptorNetwork:
    """A descriptor and its projection, called on squares; what a `Model` runs in a network's place.

    bits, lengths, embedding, preprocessing: as a network has them.
    """

    def __init__(self, name: str) -> None:
        if name not in DESCRIPTORS:
            raise UsageError(unknown("descriptor", name, DESCRIPTORS))
        self.name = name
        self.bits, self.lengths = LENGTHS[-1], LENGTHS
        self.preprocessing = Preprocessing(size=SIDE, fit="stretch")
        self.describe = DESCRIPTORS[name]
        width = self.describe(np.zeros((1, SIDE, SIDE, 3), np.uint8)).shape[1]
        directions = np.random.default_rng(SEED).standard_normal((width, self.bits))
        self._directions, self.embedding = directions.astype(np.float32), width

    def __call__(self, squares: Squares) -> Floats:
        """Logits float32 `[B, bits]` of squares uint8 `[B, 96, 96, 3]`."""
        return self.project(self.features(squares))

    def features(self, squares: Squares) -> Floats:
        """Descriptors float32 `[B, D]` of squares likewise."""
        return self.describe(squares) if len(squares) else np.empty((0, self.embedding), np.float32)

    def project(self, features: Floats) -> Floats:
        """Logits float32 `[B, bits]` of descriptors float32 `[B, D]`."""
        if not len(features):
            return np.empty((0, self.bits), np.float32)
        # row by row: a product of matrices may round another way for another number of rows
        logits: Floats = np.stack([row @ self._directions for row in features])
        return logits

    @property
    def fingerprint(self) -> str:
        """SHA-256 in hexadecimal of what decides a code."""
        return hashlib.sha256(f"{self.name} {VERSION} {SEED} {LENGTHS}".encode()).hexdigest()


def save_descriptor(name: str, folder: Path) -> None:
    """Write a model folder of a descriptor. Raises UsageError where anything else lies there."""
    there = set(folder.iterdir()) - set(leftovers(folder, FILE)) if folder.exists() else ()
    if there and read_descriptor(folder) is None:
        raise UsageError(f"{folder} exists and is no descriptor's folder: choose another place")
    folder.mkdir(parents=True, exist_ok=True)
    write_new(folder / FILE, [json.dumps({"descriptor": name, "version": VERSION}).encode()])


def read_descriptor(folder: Path) -> str | None:
    """The descriptor that a folder names; None where it is none of one. Raises ArtefactError."""
    file = folder / FILE
    if not file.is_file():
        return None
    try:
        told: Any = json.loads(read_regular(file))
        if told["version"] == VERSION and told["descriptor"] in DESCRIPTORS:
            return str(told["descriptor"])
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise ArtefactError(f"{file} names no descriptor of this version: build the index anew")
