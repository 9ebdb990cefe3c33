"""The stores by name, and what each can do with a location.

A store from outside is another `Store`, by an entry point of the group `arthash.stores` that is
named like the scheme of its URLs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hashing.errors import MissingPackageError, UsageError
from hashing.store.contract import Index, NewIndex
from hashing.store.embedded.creation import create, delete_index
from hashing.store.embedded.index import EmbeddedIndex
from hashing.store.embedded.schema import DATABASE
from hashing.store.location import FOLDER, Location


@dataclass(frozen=True)
class Store:
    """What can be done where an index lies.

    open: raises ArtefactError where there is none, StorageError where it cannot be reached.
    create: raises UsageError where there is anything already. exists: also for a damaged one.
    delete: what is not there needs no deleting; what is not the index's stays.
    """

    open: Callable[[Location], Index]
    create: Callable[[Location, NewIndex], None]
    exists: Callable[[Location], bool]
    delete: Callable[[Location], None]


def _in_folder(location: Location) -> Path:
    if location.engine:
        raise UsageError(f"expected no engine beside the folder of an index, found {location}")
    return location.folder.absolute()  # where the process may go to changes nothing


def _postgres() -> Store:
    """The store on a server; its packages are imported once it is asked for."""
    try:
        from hashing.store.postgres import schema
        from hashing.store.postgres.index import PostgresIndex
    except ImportError as error:
        raise MissingPackageError("an index on PostgreSQL", error.name or "psycopg") from error
    return Store(PostgresIndex, schema.create, schema.exists, schema.delete)


STORES: dict[str, Store] = {
    FOLDER: Store(
        open=lambda location: EmbeddedIndex(_in_folder(location)),
        create=lambda location, new: create(_in_folder(location), new),
        exists=lambda location: (location.folder / DATABASE).exists(),
        delete=lambda location: delete_index(location.folder),
    ),
    "postgresql": Store(
        open=lambda location: _postgres().open(location),
        create=lambda location, new: _postgres().create(location, new),
        exists=lambda location: _postgres().exists(location),
        delete=lambda location: _postgres().delete(location),
    ),
}
