"""Every error a user can cause, one class per exit code.

ArtHashError
├── UsageError      2  wrong arguments or configuration
│   └── MissingPackageError  2  a package that is needed for this is not installed
├── InputError      3  pictures, metadata or data sets that cannot be used
│   └── ImageError  3  one picture that cannot be read
├── ArtefactError   4  a model or index that is corrupt or does not match
├── StorageError    5  input/output failure, disk full, locked, not writable
│   └── BusyError   5  another process keeps it for too long; trying again may do
└── DivergedError   6  training whose loss stopped being finite

A message is one line: what was expected, what was found, what to do.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import ClassVar, TypeVar

Entry = TypeVar("Entry")

DISTRIBUTIONS = {
    "clickhouse_connect": "clickhouse-connect",
    "faiss": "faiss-cpu",
    "fastapi_offline": "fastapi-offline",
    "psycopg": "psycopg[binary]",
    "pytorch_metric_learning": "pytorch-metric-learning",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Packages of another name than the module that they bring."""

EXTRAS = {
    "jsonargparse": "train",
    "matplotlib": "train",
    "pytorch_metric_learning": "train",
    "yaml": "train",
    "fastapi": "serve",
    "fastapi_offline": "serve",
    "gradio": "serve",
    "uvicorn": "serve",
    "wandb": "wandb",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "onnxscript": "onnx",
    "faiss": "faiss",
    "openpyxl": "tables",
    "pyarrow": "tables",
    "psycopg": "postgres",
    "pymilvus": "milvus",
    "clickhouse_connect": "clickhouse",
    "httpx": "serve",
    "segno": "serve",
    "watchfiles": "watch",
}
"""Modules that only some purposes need, and the extra of this distribution that brings each."""


class ArtHashError(Exception):
    """Base of all errors that are reported in one line; `exit_code` is the process's."""

    exit_code: ClassVar[int] = 1


class UsageError(ArtHashError):
    """Arguments or configuration that cannot be used."""

    exit_code = 2


class MissingPackageError(UsageError):
    """A package that is needed for something is not installed.

    purpose: what needs it, the beginning of a sentence. module: as it is imported.
    """

    def __init__(self, purpose: str, module: str) -> None:
        top = module.partition(".")[0]
        package = DISTRIBUTIONS.get(top, top)
        ours = f", or this distribution with its extra [{EXTRAS[top]}]" if top in EXTRAS else ""
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed: "
            f"pip install {package}{ours}"
        )


class InputError(ArtHashError):
    """Pictures, metadata or data sets that cannot be used."""

    exit_code = 3


class ImageError(InputError):
    """One picture that cannot be read."""


class ArtefactError(ArtHashError):
    """A model folder or an index that is corrupt or does not match its partner."""

    exit_code = 4


class StorageError(ArtHashError):
    """Reading or writing failed: disk full, no permission, locked by another process."""

    exit_code = 5


class BusyError(StorageError):
    """Another process is at it; nothing was done, and trying again may do."""


class DivergedError(ArtHashError):
    """Training stopped because its loss was not finite too many times in a row."""

    exit_code = 6


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """The message for a name that is not in a table: the nearest one, then all of them."""
    names = sorted(set(known))
    nearest = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {nearest[0]}? " if nearest else ""
    return f"unknown {kind} {name[:80]!r}; {hint}Known: {', '.join(names)}"


def choose(kind: str, name: str, table: Mapping[str, Entry]) -> Entry:
    """The entry of a table of choices; raises UsageError with the known names otherwise."""
    if name not in table:
        raise UsageError(unknown(kind, name, table))
    return table[name]
