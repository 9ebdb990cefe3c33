"""A store of your own: `index.py build … --out store:SCRATCH://today`.

Indexes that vanish with the process that made them. This one keeps them in a temporary folder; one
on a server of yours gives the same four functions and an `Index` of its own.
"""

import atexit
import shutil
import tempfile
from pathlib import Path

from hashing.store import STORES, Location, NewIndex, Store
from hashing.store.contract import Index

FOLDER = STORES["folder"]
SHELF = Path(tempfile.mkdtemp(prefix="scratch-indexes-"))
atexit.register(shutil.rmtree, SHELF, ignore_errors=True)


def place(location: Location) -> Location:
    """The folder of an index of this name."""
    name = location.address.rpartition("//")[2]
    return Location("folder", str(SHELF / name))


def open_scratch(location: Location) -> Index:
    """The index, at its newest state."""
    return FOLDER.open(place(location))


def create_scratch(location: Location, new: NewIndex) -> None:
    """An empty index."""
    FOLDER.create(place(location), new)


SCRATCH = Store(
    open=open_scratch,
    create=create_scratch,
    exists=lambda location: FOLDER.exists(place(location)),
    delete=lambda location: FOLDER.delete(place(location)),
)
