"""An index that lasts: `open_index`, `create_index`, and the value objects they exchange."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from hashing.store.contract import Index, IndexInfo, NewItem, StoredItem
from hashing.store.embedded.creation import create
from hashing.store.embedded.index import EmbeddedIndex
from hashing.store.embedded.schema import DATABASE

__all__ = ["Index", "IndexInfo", "NewItem", "StoredItem", "create_index", "is_index", "open_index"]


def is_index(location: str | Path) -> bool:
    """Whether there is an index, be it damaged; a folder in which one was only begun is none."""
    return (Path(location) / DATABASE).exists()


def open_index(location: str | Path) -> Index:
    """Open an index folder at its newest generation.

    Raises ArtefactError where there is none or it is damaged, StorageError where it cannot be read.
    """
    return EmbeddedIndex(Path(location))


def create_index(
    location: str | Path,
    *,
    bits: int,
    lengths: Sequence[int],
    fingerprint: str,
    columns: Mapping[str, type],
    model: str | Path,
    roles: Mapping[str, str] = {},
    unfinished: str | None = None,
) -> Index:
    """Make an empty index folder and open it.

    fingerprint: of the model whose codes it will hold; model: the folder of that model.
    columns: metadata columns with their types. roles: the columns of some roles (see
    `hashing.sources.roles`), an empty name for none; the others by the columns' names. unfinished:
    the source of a build that is only beginning; `finish` clears it.
    Raises UsageError where `location` holds anything.
    """
    folder = Path(location)
    create(
        folder,
        bits=bits,
        lengths=tuple(lengths),
        fingerprint=fingerprint,
        columns=columns,
        roles=roles,
        model=Path(model),
        unfinished=unfinished,
    )
    return EmbeddedIndex(folder)
