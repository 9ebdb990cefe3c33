"""The collection that is being served: one built anew takes the place of the old."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np
from PIL import Image
from threadpoolctl import threadpool_limits

from hashing.collection import Collection
from hashing.collection.facets import facets
from hashing.collection.request import Refine
from hashing.collection.surveying import NoMapError
from hashing.encoding import Model
from hashing.encoding.onnx import Output
from hashing.errors import ArtefactError, StorageError, UsageError
from hashing.progress import log
from hashing.service.points import Points
from hashing.service.public import public
from hashing.store import Index, open_index
from hashing.store.location import FOLDER

PATIENCE = 0.1
"""Seconds after which a server is asked again what others have published since."""

SLOW = 0.015
"""Seconds for one picture, above which starting ten seconds later pays for a visitor."""


class Current:
    """The newest state of a collection, for one request at a time each.

    A request reads one collection from its beginning to its end; a replaced one is closed when
    the last request that reads it has left.

    public: what of an index visitors may see, all of it by default. points: of its map, packed.
    """

    def __init__(
        self, collection: Collection, public: Callable[[Index], Index] = lambda index: index
    ) -> None:
        self._collection, self._public = collection, public
        self.points = Points()
        self._readers: Counter[Collection] = Counter()
        self._guard = threading.Lock()
        self._refreshing = threading.Lock()
        far = collection.index.location.store != FOLDER
        self._patience = PATIENCE if far else 0.0
        self._asked = -self._patience

    def served_at(self, prefix: str) -> None:
        """Note the path below which the world finds the pictures."""
        self._collection.served_at = prefix

    @contextmanager
    def reading(self) -> Iterator[Collection]:
        """The collection as it is now, open until the block ends.

        Raises StorageError while there is none to show, ArtefactError for one of another model.
        """
        self._refresh()
        with self._guard:
            collection = self._collection
            self._readers[collection] += 1
        try:
            yield collection
        finally:
            with self._guard:
                self._readers[collection] -= 1
                if not self._readers[collection]:
                    del self._readers[collection]
                left = collection is not self._collection and collection not in self._readers
            if left:
                collection.close()

    def close(self) -> None:
        """Leave the collection."""
        self._collection.close()

    def warm(self, closing: threading.Event) -> None:
        """Look at the collection ahead of the visitors, until `closing`."""
        with self.reading() as collection:
            facets(collection.opened)
            with suppress(NoMapError):
                self.points.of(collection)
            collection.opened.pictures.warm(closing)

    def _refresh(self) -> None:
        """See what others have published since."""
        with self._refreshing:
            if time.monotonic() < self._asked + self._patience:
                return
            try:
                self._collection.refresh()
            except StorageError:
                self._replace(self._reopen())
            self._asked = time.monotonic()

    def _reopen(self) -> Collection:
        former = self._collection.info
        try:
            found = Collection.open(self._collection.index.location)
        except ArtefactError:
            raise StorageError(
                "the collection is not there: wait if it is being rebuilt, else put it back"
            ) from None
        with ExitStack() as unless_taken:
            unless_taken.callback(found.close)
            if found.info.unfinished is not None:
                raise StorageError("the collection is being rebuilt: this takes a moment")
            if found.info.fingerprint != former.fingerprint:
                raise ArtefactError(
                    "the collection was rebuilt with another model: start the server again"
                )
            try:
                shown = self._public(found.index)
            except UsageError:  # the visitor's request was none, and the filter is not theirs
                raise StorageError(
                    "the collection was rebuilt without what --where asks for: start the server "
                    "again with another filter"
                ) from None
            anew = Collection(shown, self._collection.model)
            anew.served_at = self._collection.served_at
            unless_taken.pop_all()
        return anew

    def _replace(self, collection: Collection) -> None:
        with self._guard:
            former, self._collection = self._collection, collection
            unread = former not in self._readers
        if unread:
            former.close()


def open_shown(
    location: str, device: str = "auto", model: Path | None = None, where: str = ""
) -> Collection:
    """What is public of a collection, and its model.

    where: shows only the works that pass this filter. Raises ArtefactError where index and model
    do not match, UsageError for a filter that is none.
    """
    collection = Collection(public(where)(open_index(location)), model, device)
    log("Loading the model …")
    _ = collection.model
    return collection


def open_current(
    location: str, device: str = "auto", model: Path | None = None, where: str = ""
) -> Current:
    """The same to be served, warmed up."""
    # Numpy's products of matrices are small here, and for some 30 ms after each its own threads
    # would keep a core busy that the network wants.
    threadpool_limits(1, user_api="blas")
    collection = open_shown(location, device, model, where)
    log("Warming up …")
    collection.answer(collection.encode(Image.new("RGB", (64, 64))), Refine())
    _accelerate(collection.model, "embedding" if collection.info.features else "logits")
    return Current(collection, public(where))


def _accelerate(model: Model, output: Output) -> None:
    """Go over to ONNX Runtime where it is installed and a query's picture takes PyTorch long."""
    size = model.preprocessing.size
    pictures = np.random.default_rng(0).integers(0, 256, (3, size, size, 3), np.uint8)
    started = time.perf_counter()
    for picture in pictures:
        (model.logits_of if output == "logits" else model.features_of)(picture[None])
    if time.perf_counter() - started > len(pictures) * SLOW:
        model.accelerate(pictures, output)
