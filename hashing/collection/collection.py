"""`Collection`: pictures, their codes and what is known of them, as one object."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from hashing.codes import Codes
from hashing.collection.answer import Answer
from hashing.collection.change import compact
from hashing.collection.evaluate import RERANK, Evaluation, encode_queries, evaluate
from hashing.collection.explain import Explanation, explain
from hashing.collection.map import read_map
from hashing.collection.opened import Opened
from hashing.collection.pictures import PREVIEW_SIDE
from hashing.collection.recommend import recommend
from hashing.collection.request import DIVERSITY, Query, Refine, Taste
from hashing.collection.search import search
from hashing.errors import InputError, UsageError
from hashing.filters import Filter, parse
from hashing.images import Picture, decode, open_picture
from hashing.sources import read_catalogue
from hashing.store import Index, IndexInfo, Page, Place, StoredItem, open_index
from hashing.store.page import PAGE

if TYPE_CHECKING:
    from hashing.collection.build import Outcome
    from hashing.encoding import Model


MOST_LIKED = 200


class NoMapError(InputError):
    """A collection whose items were never laid out."""


class Collection:
    """An index of pictures with the model that made it: build, search, recommend, evaluate.

    The model is loaded when a picture has to be encoded, not before. Methods may be called from
    any thread. Close it, or use it as a context manager.

    Attributes:
        outcome: what the last `build` or `add` did with its pictures; None before.

    Example:
        >>> with Collection.open("art.index") as art:  # doctest: +SKIP
        ...     found = art.search("query.jpg", k=10, where="year > 1900")
    """

    def __init__(
        self, index: Index, model: "Model | Path | None" = None, device: str = "auto"
    ) -> None:
        self.opened = Opened.of(index)
        self.outcome: Outcome | None = None
        self._model, self._device = model, device
        self._checked = False
        self._loading = threading.Lock()

    @classmethod
    def build(
        cls,
        images: str | Path,
        model: "Model | str | Path",
        out: Place,
        *,
        metadata: str | Path | None = None,
        roles: Mapping[str, str] = {},
        columns: Mapping[str, str] = {},
        device: str = "auto",
        workers: int | None = None,
        previews: int = PREVIEW_SIDE,
        strict: bool = False,
    ) -> Self:
        """Make a new collection of pictures.

        The same call after an interruption goes on where it stopped. Pictures that cannot be read
        are skipped and listed in `outcome`.

        Args:
            images: a folder or a tar archive.
            model: the model, or its folder. A model that was never saved is kept in the index.
            out: the index to make, a folder or a URL (`postgresql://…#name`).
            metadata: a table (CSV, JSONL, Excel, Parquet, …) with a column that names the
                pictures; by default every `metadata.csv`, `.jsonl`, … within `images`.
            roles: the columns that play the roles title, creator, group, year and link, where
                their names do not say it: `{"group": "category", "creator": "brand"}`.
            columns: new names of the table's columns: `{"file": "Image file"}`.
            device: where the network runs if `model` is a folder.
            workers: threads that decode, by default one per core.
            previews: longer side in pixels of the small pictures kept; 0 keeps none.
            strict: fail at a broken picture, or at a row, folder or name that cannot be used, and
                add none.

        Returns:
            The collection, open.

        Raises:
            UsageError: there is something at `out` already.
            InputError: pictures or metadata cannot be used.
            ArtefactError: the model is damaged.
        """
        from hashing.collection.build import build

        index, loaded, outcome = build(
            Path(images),
            Path(model) if isinstance(model, str) else model,
            out,
            metadata=_optional(metadata),
            roles=roles,
            columns=columns,
            device=device,
            workers=workers,
            previews=previews,
            strict=strict,
        )
        collection = cls(index, loaded)
        collection.outcome = outcome
        return collection

    @classmethod
    def open(
        cls,
        location: Place,
        *,
        model: "Model | str | Path | None" = None,
        device: str = "auto",
    ) -> Self:
        """Open a collection at its newest state.

        Args:
            location: the folder of an index, or its URL.
            model: its model or the model's folder, if it has moved.
            device: where the network runs, `auto`, `cpu`, `cuda`, …

        Raises:
            ArtefactError: there is no index, or it is damaged.
            StorageError: it cannot be read.
        """
        return cls(open_index(location), Path(model) if isinstance(model, str) else model, device)

    @property
    def index(self) -> Index:
        """The index itself."""
        return self.opened.index

    @property
    def info(self) -> IndexInfo:
        """What the collection says of itself: counts, columns, code lengths, its model."""
        return self.opened.info

    @property
    def model(self) -> "Model":
        """The model that made the codes, loaded now if it was not.

        Raises:
            ArtefactError: it is gone, damaged, or another one.
        """
        from hashing.collection.models import model_of

        with self._loading:
            if not self._checked:
                self._model = model_of(self.info, self._model, self._device)
                self._checked = True
        return self._model  # type: ignore[return-value]  # a model, from here on

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return self.info.count

    def __repr__(self) -> str:
        info = self.info
        return f"Collection({info.location!r}, {info.count:,} items, {info.bits} bits)"

    def close(self) -> None:
        """Leave the index; a closed one can be copied as it is."""
        self.index.close()

    def refresh(self) -> bool:
        """See what others have published since; True where that changed anything.

        Raises:
            StorageError: the index is gone or was built anew.
        """
        changed = self.index.refresh()
        if changed:
            self._look()
        return changed

    def add(
        self,
        images: str | Path,
        *,
        metadata: str | Path | None = None,
        columns: Mapping[str, str] = {},
        workers: int | None = None,
        previews: int = PREVIEW_SIDE,
        strict: bool = False,
    ) -> "Outcome":
        """Put more pictures in; those already there are skipped. Arguments as for `build`."""
        from hashing.collection.build import fill
        from hashing.collection.check import refuse_broken

        catalogue = read_catalogue(
            Path(images), _optional(metadata), columns=columns, strict=strict
        )
        if strict:
            refuse_broken(catalogue, workers)
        self.outcome = fill(self.index, self.model, catalogue, workers=workers, previews=previews)
        self._look()
        return self.outcome

    def remove(self, ids: Iterable[int] = (), *, where: str | Filter | None = None) -> int:
        """Take items out, by id or by filter; their ids are never used again.

        Returns:
            How many were there.
        """
        chosen = {*ids, *(self.ids(where=where).tolist() if where is not None else ())}
        removed = self.index.remove(sorted(chosen))
        self._look()
        return removed

    def compact(self) -> None:
        """Merge segments, drop removed items for good, and draw the map anew if it is old."""
        compact(self.index)
        self._look()

    def ids(self, *, where: str | Filter | None = None, text: str = "") -> NDArray[np.int64]:
        """Ids of the items that pass a filter and match some words, best match first.

        Args:
            where: a filter such as `year > 1900 and colour = 'red'`.
            text: words of any column; without them ids ascend.

        Returns:
            int64 `[N]`.
        """
        if text.strip():
            return self.index.text_search(text, where=self.filter(where))
        return self.index.ids(self.filter(where))

    def page(
        self,
        *,
        where: str | Filter | None = None,
        text: str = "",
        seed: int | None = None,
        offset: int = 0,
        limit: int = PAGE,
    ) -> Page:
        """Part of the items that pass a filter and match some words, and how many do.

        Args:
            where: a filter such as `year > 1900 and style = 'Cubism'`.
            text: words of a title or a name; the best match comes first.
            seed: shuffle them, the same way for every page.
            offset: items to leave out at the beginning.
            limit: items at most.
        """
        return self.index.page(self.filter(where), text, seed=seed, offset=offset, limit=limit)

    def items(self, ids: Iterable[int] | None = None) -> list[StoredItem]:
        """Some items in this order, or all: each with id, file and fields."""
        return self.index.items(self.index.ids() if ids is None else ids)

    def item(self, item_id: int) -> StoredItem:
        """One item. Raises UnknownItemError."""
        return self.opened.item(item_id)

    def search(
        self,
        query: Picture | Codes,
        k: int = 10,
        where: str | Filter | None = None,
        *,
        bits: int | None = None,
        max_distance: int | None = None,
        rerank: int | None = None,
    ) -> Answer:
        """The k items nearest to a picture or a code, ordered by (distance, id).

        Args:
            query: a path, encoded bytes, a PIL image, an array, one row of `Codes`, or a code in
                hexadecimal.
            k: how many items.
            where: only items that this filter keeps.
            bits: search by this prefix of the code.
            max_distance: only items that differ in at most so many bits.
            rerank: order the R nearest by the network's own scores; needs a picture.

        Returns:
            Hits with id, distance, file and fields.

        Raises:
            ImageError: the picture cannot be read.
            UsageError: an argument is out of range, or the filter is none.
        """
        refine = Refine(k, self.filter(where), bits, max_distance, rerank, diversity=0, fold=False)
        asked = self.query(query)
        if rerank is None:
            asked = Query(asked.code)
        return self.answer(asked, refine)

    def similar(self, item_id: int, k: int = 10, where: str | Filter | None = None) -> Answer:
        """The k items nearest to one of the collection, without itself."""
        return self.answer(
            self.stored(item_id), Refine(k, self.filter(where), diversity=0, fold=False)
        )

    def recommend(
        self,
        like: Sequence[int | str],
        dislike: Sequence[int | str] = (),
        k: int = 20,
        where: str | Filter | None = None,
        *,
        diversity: float = DIVERSITY,
    ) -> Answer:
        """Items for a taste: several likes take turns, near-duplicates are folded.

        Args:
            like: ids of items, or codes in hexadecimal for pictures from outside; one at least.
            dislike: the same; what is near them is put back.
            k: how many items.
            where: only items that this filter keeps.
            diversity: 0 the most similar … 1 the most varied.
        """
        return self.answer(
            self.taste(like, dislike), Refine(k, self.filter(where), diversity=diversity)
        )

    def answer(self, asked: Query | Taste, refine: Refine) -> Answer:
        """What `search`, `similar` and `recommend` give, with every control there is."""
        if isinstance(asked, Taste):
            return recommend(self.opened, asked, refine)
        return search(self.opened, asked, refine)

    def filter(self, where: str | Filter | None) -> Filter | None:
        """A filter written as text, checked against the columns there are. Raises UsageError."""
        return parse(where, self.info.columns) if isinstance(where, str) else where

    def query(self, query: Picture | Codes) -> Query:
        """Whatever can be searched with as a code, encoded if it is a picture."""
        if isinstance(query, Codes):
            if len(query) != 1:
                raise UsageError(f"expected one code, found {len(query)}")
            return Query(query)
        if isinstance(query, str) and self._is_hex(query):
            return Query(Codes.from_hex([query], self.info.bits))
        return self.encode(open_picture(query))

    def encode(self, image: Image) -> Query:
        """One pass of the network over one decoded picture."""
        logits = self.model.logits([image])
        return Query(Codes.from_logits(logits), logits)

    def stored(self, item_id: int) -> Query:
        """The query that an item is, which does not find itself. Raises UnknownItemError."""
        return Query(self.opened.code(item_id), exclude=(item_id,))

    def taste(self, like: Sequence[int | str], dislike: Sequence[int | str] = ()) -> Taste:
        """Liked and disliked ids and codes in hexadecimal, in any mix, as codes.

        Raises:
            UsageError: there is no like, or more than 200 likes and dislikes.
        """
        if not like or len(like) + len(dislike) > MOST_LIKED:
            raise UsageError(
                f"expected one liked work or more and at most {MOST_LIKED} in all, "
                f"found {len(like)} liked and {len(dislike)} disliked"
            )
        known = [work for work in (*like, *dislike) if not isinstance(work, str)]
        return Taste(self._codes(like), self._codes(dislike), tuple(map(int, known)))

    def explain(
        self,
        item_id: int,
        query: int | Picture | Codes,
        *,
        bits: int | None = None,
    ) -> Explanation:
        """Why an item is near a query: which bits agree, and which regions carry that.

        Args:
            item_id: the item.
            query: another item's id, a picture, or a code (which shows no regions of its own).
            bits: by this prefix of the code.
        """
        length = self.opened.length(bits)
        picture: Image | None = None
        if isinstance(query, int):
            asked, picture = self.stored(query), self._picture(query)
        else:
            if not isinstance(query, Codes) and not (
                isinstance(query, str) and self._is_hex(query)
            ):
                query = picture = open_picture(query)
            asked = self.query(query)
        codes = asked.code.prefix(length), self.opened.code(item_id).prefix(length)
        return explain(self.model, *codes, picture, self._picture(item_id))

    def map(self) -> NDArray[np.void]:
        """Every item as a point, like beside like: (`id`, `x`, `y`) `[N]`, x and y in 0 … 1.

        Raises:
            NoMapError: none was laid out; `compact` draws one.
        """
        points = read_map(self.index)
        if points is None:
            raise NoMapError("this index has no map: `index.py compact INDEX` draws one")
        return points

    def evaluate(
        self,
        labels: Sequence[str] | None = None,
        *,
        images: str | Path | None = None,
        metadata: str | Path | None = None,
        columns: Mapping[str, str] = {},
        rerank: int = RERANK,
        workers: int | None = None,
    ) -> Evaluation:
        """How well items that belong together find each other, every item against the rest.

        Args:
            labels: columns that make items relevant, the broad one first; by default those of the
                roles group and creator.
            images: measure these pictures against the collection instead.
            metadata: of `images`.
            columns: new names of its columns.
            rerank: reach of re-ranking in bits' order, for `images`.
            workers: threads that decode.

        Returns:
            Tie-aware measures at every code length; it shows itself as tables.
        """
        queries = None
        if images is not None:
            catalogue = read_catalogue(Path(images), _optional(metadata), columns=columns)
            queries = encode_queries(self.model, catalogue, workers)
        return evaluate(self.opened, labels, queries, rerank)

    def _look(self) -> None:
        """Note what the index says of itself now."""
        self.opened = Opened(self.index, self.index.info, self.opened.pictures)

    def _is_hex(self, text: str) -> bool:
        digits = len(text) == self.info.bits // 4 and not set(text) - set("0123456789abcdefABCDEF")
        return digits and not Path(text).exists()

    def _picture(self, item_id: int) -> Image:
        return decode(self.opened.pictures.jpeg(self.item(item_id), PREVIEW_SIDE))

    def _codes(self, works: Sequence[int | str]) -> Codes:
        bits = self.info.bits
        rows = [
            Codes.from_hex([work], bits) if isinstance(work, str) else self.opened.code(int(work))
            for work in works
        ]
        return Codes.concatenate([Codes(np.empty((0, bits // 8), np.uint8), bits), *rows])


def _optional(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)
