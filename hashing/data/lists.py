"""Lists of pictures with columns of 0 and 1, as hashing papers publish NUS-WIDE, COCO and ImageNet.

HashNet's files and those of its successors: `train.txt`, `test.txt` (the queries) and
`database.txt`, a line a picture, `path 0 1 0 …`, a column a class.
"""

from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from hashing.errors import InputError
from hashing.sources import Catalogue, Item
from hashing.sources.left_out import LeftOut
from hashing.sources.text import decode_text

FILES = {"train": "train.txt", "query": "test.txt", "database": "database.txt"}
NAMES = "classes.txt"
"""A class a line, where it is there; else classes are called by their column, from 0."""

BETWEEN = ";"


def read_lists(root: Path) -> Catalogue:
    """The pictures of all lists, each once.

    Its columns are `label`, the classes with `;` between, and `list`, the lists that it stands in.
    Raises InputError for a list that is not there or not of this form, and for a picture outside
    `root` or with other labels in another list.
    """
    labels: dict[str, str] = {}
    parts: dict[str, list[str]] = {}
    left_out = LeftOut()
    names, width = _names(root, left_out), 0
    for part, file in FILES.items():
        for number, line in enumerate(_lines(root / file, left_out), 1):
            path, *columns = line.split()
            width = width or len(columns)
            if not columns or len(columns) != width or not set(columns) <= {"0", "1"}:
                raise InputError(
                    f"expected a path and 0 or 1 for each of {width or 'some'} classes in line "
                    f"{number} of {root / file}, found {line[:80]!r}"
                )
            if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
                raise InputError(f"expected a path within {root}, found {path} in {file}")
            carried = BETWEEN.join(
                names[n] if n < len(names) else str(n)
                for n, one in enumerate(columns)
                if one == "1"
            )
            if labels.setdefault(path, carried) != carried:
                raise InputError(f"{path} has other labels in {root / file} than in a list before")
            parts.setdefault(path, []).append(part)
    items = [
        Item(number, path, {"label": labels[path], "list": BETWEEN.join(parts[path])})
        for number, path in enumerate(sorted(labels))
    ]
    return Catalogue(root, items, {"label": str, "list": str}, left_out=left_out)


def rows_of_lists(
    catalogue: Catalogue,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The rows of what is learned from, of queries and of the database, as the lists say.

    Raises InputError for a catalogue that `read_lists` did not make.
    """
    if "list" not in catalogue.columns:
        raise InputError(
            f"expected a column list in {catalogue.root}, found none: --data.name lists has one"
        )
    parts = [(value or "").split(BETWEEN) for value in catalogue.labels("list")]
    train, query, database = (
        np.flatnonzero([name in listed for listed in parts]) for name in FILES
    )
    return train, query, database


def _lines(file: Path, left_out: LeftOut) -> list[str]:
    try:
        text = decode_text(file.read_bytes(), str(file), left_out)
    except OSError as error:
        raise InputError(f"expected a list of pictures in {file}: {error}") from error
    return [line for line in text.splitlines() if line.strip()]


def _names(root: Path, left_out: LeftOut) -> list[str]:
    return _lines(root / NAMES, left_out) if (root / NAMES).is_file() else []
