"""What a catalogue says about its pictures, as numbers."""

import hashlib
import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hashing.sources import Catalogue, Item

_PARTS = {"train": "train", "test": "test", "val": "val", "validation": "val"}


def number_labels(values: Sequence[str | None]) -> tuple[NDArray[np.int64], list[str]]:
    """Labels 0 … C−1 int64 `[N]`, −1 where absent, and the C names in sorted order."""
    names = sorted({value for value in values if value is not None})
    number = {name: i for i, name in enumerate(names)}
    codes = (-1 if value is None else number[value] for value in values)
    return np.fromiter(codes, np.int64, len(values)), names


def number_sets(
    values: Sequence[str | None], separator: str
) -> tuple[NDArray[np.bool_], list[str]]:
    """Which of C labels each picture carries, bool `[N, C]`, and their names in sorted order.

    A value is a picture's labels with the separator between them; spaces around them are dropped.
    """
    sets = [{one.strip() for one in (value or "").split(separator)} - {""} for value in values]
    names = sorted(set().union(*sets))
    number = {name: i for i, name in enumerate(names)}
    found = np.zeros((len(values), len(names)), np.bool_)
    for row, labels in enumerate(sets):
        found[row, [number[label] for label in labels]] = True
    return found, names


def official_parts(catalogue: Catalogue) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Rows of the training and the test part, None where the source has no such parts.

    A picture's part is its `split` column, else the first folder on its path named `train`,
    `test`, `val` or `validation`. Without a `test` part the validation part stands for it; beside
    one it belongs to the training part. Pictures of no part are in neither.
    """
    parts = np.array([_part(item) for item in catalogue.items])
    test = parts == ("test" if "test" in parts else "val")
    train = (parts == "train") | ((parts == "val") & ~test)
    if not (test.any() and train.any()):
        return None
    return np.flatnonzero(train), np.flatnonzero(test)


def digest_catalogue(catalogue: Catalogue) -> str:
    """SHA-256 of every path and its fields, in order, as hexadecimal text."""
    digest = hashlib.sha256()
    for item in catalogue.items:
        digest.update(json.dumps([item.path, item.fields], sort_keys=True).encode())
    return digest.hexdigest()


def _part(item: Item) -> str:
    named = item.fields.get("split")
    folders = [str(named)] if named is not None else item.path.split("/")[:-1]
    return next((_PARTS[name.lower()] for name in folders if name.lower() in _PARTS), "")
