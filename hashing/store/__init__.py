"""An index that lasts: made, opened, deleted wherever it lies, and the objects it exchanges."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

from hashing.registry import find
from hashing.store.contract import Index, IndexInfo, NewIndex, NewItem, NoItemError, StoredItem
from hashing.store.fields import check_new
from hashing.store.location import Location, read_location
from hashing.store.page import Page
from hashing.store.stores import STORES, Store

__all__ = [
    "STORES",
    "Index",
    "IndexInfo",
    "Location",
    "NewIndex",
    "NewItem",
    "NoItemError",
    "Page",
    "Place",
    "Store",
    "StoredItem",
    "create_index",
    "delete_index",
    "is_index",
    "open_index",
    "read_location",
]

Place = str | PathLike[str] | Location
"""A folder, or a URL such as `postgresql://…#name`; see `hashing.store.location`."""


def is_index(location: Place) -> bool:
    """Whether there is an index, be it damaged; one that was only begun is none."""
    place = read_location(location)
    return _store(place).exists(place)


def open_index(location: Place) -> Index:
    """Open an index at its newest generation.

    Raises ArtefactError where there is none or it is damaged, StorageError where it cannot be read.
    """
    place = read_location(location)
    return _store(place).open(place)


def create_index(
    location: Place,
    *,
    bits: int,
    lengths: Sequence[int],
    fingerprint: str,
    columns: Mapping[str, type],
    model: str | Path,
    roles: Mapping[str, str] = {},
    unfinished: str | None = None,
    features: int = 0,
) -> Index:
    """Make an empty index and open it.

    fingerprint: of the model whose codes it will hold; model: the folder of that model.
    columns: metadata columns with their types. roles: the columns of some roles (see
    `hashing.sources.roles`), an empty name for none; the others by the columns' names. unfinished:
    the source of a build that is only beginning; `finish` clears it. features: numbers that are
    kept of each item beside its code.
    Raises UsageError where `location` holds anything or no code could be kept, InputError for
    columns that cannot.
    """
    place = read_location(location)
    new = NewIndex(
        bits=bits,
        lengths=tuple(lengths),
        fingerprint=fingerprint,
        columns=columns,
        model=Path(model),
        roles=roles,
        unfinished=unfinished,
        features=features,
    )
    check_new(new)
    _store(place).create(place, new)
    return open_index(place)


def delete_index(location: Place) -> None:
    """Delete an index and nothing else that lies there; one that is not there needs no deleting."""
    place = read_location(location)
    _store(place).delete(place)


def _store(place: Location) -> Store:
    return find("store", place.store, STORES)
