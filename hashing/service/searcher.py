"""Everything the page and the API can ask of one index, without any web in it."""

import threading

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hashing.collection.answer import Query, Recommender
from hashing.collection.explain import Explanation, explain
from hashing.collection.map import read_map
from hashing.collection.pictures import PREVIEW_SIDE, Pictures
from hashing.collection.refine import Filters
from hashing.encoding import Encoder
from hashing.encoding.thread import on_network_thread
from hashing.errors import ArtefactError, InputError, StorageError
from hashing.images import decode
from hashing.store import Index, open_index


class Searcher(Recommender):
    """A recommender with the model that made its index: it takes pictures, and says why."""

    def __init__(self, index: Index, encoder: Encoder) -> None:
        super().__init__(index)
        self.encoder = encoder
        self._former: list[Index] = []
        self._refreshing = threading.Lock()

    def close(self) -> None:
        """Leave the index."""
        for index in (*self._former, self.index):
            index.close()

    def warm(self, closing: threading.Event) -> None:
        """Look at the collection ahead of the visitors, until `closing`."""
        self.index.facets()
        self.years()
        self.pictures.warm(closing)

    def refresh(self) -> None:
        """See what others have published since; an index built anew takes the place of the old.

        Raises StorageError while there is none, ArtefactError for an index of another model.
        """
        with self._refreshing:
            try:
                if self.index.refresh():
                    self.info = self.index.info
            except StorageError:
                self._reopen()

    def _reopen(self) -> None:
        try:
            index = open_index(self.info.location)
        except ArtefactError:
            raise StorageError(
                "the collection is not there: wait if it is being rebuilt, else put it back"
            ) from None
        info = index.info
        if info.unfinished is not None:
            index.close()
            raise StorageError("the collection is being rebuilt: this takes a moment")
        if info.fingerprint != self.info.fingerprint:
            index.close()
            raise ArtefactError(
                "the collection was rebuilt with another model: start the server again"
            )
        # Answers that are under way still read the old one.
        self._former.append(self.index)
        self.index, self.info, self.pictures = index, info, Pictures(index)

    def read_picture(self, data: bytes) -> Query:
        """Decode and encode one picture. Raises ImageError."""
        return self.encode(decode(data))

    def encode(self, image: Image.Image) -> Query:
        """One pass of the network over one picture."""
        code, logits = on_network_thread(self.encoder.encode, [image])
        return Query(code, logits)

    def stored(self, item_id: int) -> tuple[Query, Image.Image]:
        """The query that a work of the index is, and its picture."""
        item = self.item(item_id)
        picture = decode(self.pictures.jpeg(item, PREVIEW_SIDE))
        return Query(self.index.codes([item_id])), picture

    def browse(self, filters: Filters, text: str = "") -> NDArray[np.int64]:
        """Ids of the works that pass the filters and match the text, best match first."""
        where = self._where(filters)
        return self.index.text_search(text, where=where) if text.strip() else self.index.ids(where)

    def explain(
        self, item_id: int, query: Query, picture: Image.Image | None, bits: int | None
    ) -> Explanation:
        """Why a work is near a query; its picture, if any, is run through the network again."""
        length = self._length(bits)
        work, shown = self.stored(item_id)
        codes = query.code.prefix(length), work.code.prefix(length)
        return on_network_thread(explain, self.encoder, *codes, picture, shown)

    def map(self) -> NDArray[np.void]:
        """The points of the collection's map (`layout.POINT`). Raises NoMapError."""
        points = read_map(self.index)
        if points is None:
            raise NoMapError("this index has no map: `index.py compact INDEX` draws one")
        return points

    def years(self) -> tuple[int, int] | None:
        """The first and the last year of the collection, None where no work has one."""
        span = self.index.span("year")
        return None if span is None else (int(span[0]), int(span[1]))


class NoMapError(InputError):
    """An index whose works were never laid out."""
