"""`Collection`: pictures, their codes and what is known of them, as one object."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from hashing.codes import Codes
from hashing.collection.answer import Answer
from hashing.collection.asking import Asking
from hashing.collection.closeness import closeness
from hashing.collection.colours import by_colour, read_colours
from hashing.collection.duplicates import KINDS, Duplicates, Kind, find_duplicates
from hashing.collection.evaluate import RERANK, encode_queries, evaluate
from hashing.collection.evaluation import Evaluation
from hashing.collection.explain import Explanation, explain
from hashing.collection.map import Map, read_map
from hashing.collection.mix import mix
from hashing.collection.path import Walk, find_path
from hashing.collection.pictures import PREVIEW_SIDE
from hashing.collection.reading import optional_path
from hashing.collection.recommend import recommend
from hashing.collection.request import DIVERSITY, Mix, Query, Refine, Taste
from hashing.collection.search import search
from hashing.collection.words import Understood, understand
from hashing.errors import InputError, choose
from hashing.filters import Filter
from hashing.images import Picture, decode, open_picture
from hashing.metrics import Closeness
from hashing.search.features import HAMMING
from hashing.sources import read_catalogue


class NoMapError(InputError):
    """A collection whose items were never laid out."""


class Collection(Asking):
    """An index of pictures with the model that made it: build, search, recommend, evaluate.

    The model is loaded when a picture has to be encoded, not before. Methods may be called from
    any thread. Close it, or use it as a context manager.

    Attributes:
        outcome: what the last `build` or `add` did with its pictures; None before.

    Example:
        >>> with Collection.open("art.index") as art:  # doctest: +SKIP
        ...     found = art.search("query.jpg", k=10, where="year > 1900")
    """

    def search(
        self,
        query: Picture | Codes,
        k: int = 10,
        where: str | Filter | None = None,
        *,
        bits: int | None = None,
        max_distance: float | None = None,
        rerank: int | None = None,
        by: str = HAMMING,
        palette: Sequence[str] = (),
    ) -> Answer:
        """The k items nearest to a picture or a code, ordered by (distance, id).

        Args:
            query: a path, encoded bytes, a PIL image, an array, one row of `Codes`, or a code in
                hexadecimal.
            k: how many items.
            where: only items that this filter keeps.
            bits: search by this prefix of the code.
            max_distance: only items that differ in at most so many bits, or are so far by `by`.
            rerank: order the R nearest by the network's own scores; needs a picture.
            by: `hamming`, or in a collection with features `cosine`, `euclidean`, `manhattan`.
            palette: only items that have all these colours, such as `#2b2a26`.

        Returns:
            Hits with id, distance, file and fields.

        Raises:
            ImageError: the picture cannot be read.
            UsageError: an argument is out of range, or the filter is none.
        """
        refine = Refine(
            k,
            self.filter(where),
            bits,
            max_distance,
            rerank,
            diversity=0,
            fold=False,
            by=by,
            palette=tuple(palette),
        )
        asked = self.query(query)
        if rerank is None:
            asked = replace(asked, logits=None)
        return self.answer(asked, refine)

    def similar(
        self, item_id: int, k: int = 10, where: str | Filter | None = None, *, by: str = HAMMING
    ) -> Answer:
        """The k items nearest to one of the collection, without itself."""
        refine = Refine(k, self.filter(where), diversity=0, fold=False, by=by)
        return self.answer(self.stored(item_id), refine)

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

    def blend(
        self,
        parts: Mapping[int | str, float],
        k: int = 20,
        where: str | Filter | None = None,
        *,
        diversity: float = DIVERSITY,
    ) -> Answer:
        """Items for several questions at once: near all that are wanted, away from the others.

        Args:
            parts: weights from −1 to 1, at least one above 0, by id of an item, or by code in
                hexadecimal for a picture from outside: `{12: 1, 345: 0.5, 78: -0.5}`.
            k: how many items.
            where: only items that this filter keeps.
            diversity: 0 the most similar … 1 the most varied.
        """
        return self.answer(self.mix(parts), Refine(k, self.filter(where), diversity=diversity))

    def path(self, start: int, end: int) -> Walk:
        """Items that step from one to another, the longest step as short as it can be.

        Args:
            start: the id of an item.
            end: of another.
        """
        return find_path(self.opened, start, end)

    def answer(self, asked: Query | Taste | Mix, refine: Refine) -> Answer:
        """What `search`, `similar`, `recommend` and `blend` give, with every control there is."""
        if isinstance(asked, Mix):
            return mix(self.opened, asked, refine)
        if isinstance(asked, Taste):
            return recommend(self.opened, asked, refine)
        return search(self.opened, asked, refine)

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
        if isinstance(query, int | np.integer):
            asked, picture = self.stored(int(query)), self._picture(int(query))
        else:
            if not isinstance(query, Codes) and not (
                isinstance(query, str) and self._is_hex(query)
            ):
                query = picture = open_picture(query)
            asked = self.query(query)
        codes = asked.code.prefix(length), self.opened.code(item_id).prefix(length)
        return explain(self.model, *codes, picture, self._picture(item_id))

    def map(self) -> Map:
        """Every item as a point, like beside like; a notebook draws them.

        Returns:
            `map["id"]`, `map["x"]`, `map["y"]`, arrays `[N]` with x and y in 0 … 1, and
            `map.groups`.

        Raises:
            NoMapError: none was laid out; `compact` draws one.
        """
        points = read_map(self.index)
        if points is None:
            raise NoMapError("this index has no map: `index.py compact INDEX` draws one")
        return Map.of(self.opened, points)

    def evaluate(
        self,
        labels: Sequence[str] | None = None,
        *,
        images: str | Path | None = None,
        metadata: str | Path | None = None,
        columns: Mapping[str, str] = {},
        rerank: int = RERANK,
        by: Sequence[str] = (),
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
            by: distances of features to measure, too: `cosine`, `euclidean`, `manhattan`.
            workers: threads that decode.

        Returns:
            Tie-aware measures at every code length; it shows itself as tables.
        """
        queries = None
        if images is not None:
            catalogue = read_catalogue(Path(images), optional_path(metadata), columns=columns)
            queries = encode_queries(self.model, catalogue, workers, features=bool(by))
        return evaluate(self.opened, labels, queries, rerank, by)

    def colours(
        self,
        colours: Sequence[str],
        *,
        where: str | Filter | None = None,
        text: str = "",
        every: bool = False,
    ) -> NDArray[np.int64]:
        """Ids of the works that have all of some colours, those first that have them best.

        Args:
            colours: at most six, such as `#2b2a26`.
            where: only items that this filter keeps.
            text: only items that have these words.
            every: rank all works by the colours, also those that lack some.
        """
        ids = np.sort(self.ids(where=where, text=text))
        return by_colour(self.opened, read_colours(colours), ids, every=every)[0]

    def understand(self, text: str) -> Understood:
        """What some words most likely mean: values of columns, typing errors, themselves."""
        return understand(self.opened, text)

    @property
    def closeness(self) -> Closeness:
        """Words for distances: the model's, or those that the collection's own labels bear out."""
        return closeness(self.opened, lambda: self.model.noted)

    def duplicates(self, kind: Kind = "near") -> Duplicates:
        """Pictures that are there more than once, the best copy of each group first.

        Args:
            kind: `exact` for equal files, `near` for the same picture in another form, `burst` for
                shots taken within seconds of each other (by the originals' Exif data).

        Returns:
            Groups, those first that would free most bytes; a notebook shows them. Nothing is
            removed.
        """
        return find_duplicates(self.opened, choose("kind", kind, dict.fromkeys(KINDS, kind)))

    def _picture(self, item_id: int) -> Image:
        return decode(self.opened.pictures.jpeg(self.item(item_id), PREVIEW_SIDE))
