"""`Collection`: pictures, their codes and what is known of them, as one object."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from PIL.Image import Image

from hashing.codes import Codes
from hashing.collection.answer import Answer
from hashing.collection.asking import Asking
from hashing.collection.editing import Editing
from hashing.collection.explain import Explanation, explain
from hashing.collection.keeping import Keeping
from hashing.collection.mix import mix
from hashing.collection.path import Walk, find_path
from hashing.collection.pictures import PREVIEW_SIDE
from hashing.collection.reading import as_list
from hashing.collection.recommend import recommend
from hashing.collection.request import DIVERSITY, Mix, Query, Refine, Taste
from hashing.collection.search import search
from hashing.collection.surveying import Surveying
from hashing.filters import Filter
from hashing.images import Picture, decoded_preview, open_picture
from hashing.search.features import HAMMING


class Collection(Asking, Keeping, Editing, Surveying):
    """An index of pictures with the model that made it: build, search, recommend, evaluate.

    The model is loaded when a picture has to be encoded, not before. Methods may be called from
    any thread. Close it, or use it as a context manager.

    Attributes:
        outcome: what the last `build` or `add` did with its pictures; None before.

    Example:
        >>> with ah.Collection.open("art.index") as art:
        ...     found = art.search("query.jpg", k=10, where="year > 1900")
        >>> len(found)
        10
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
        palette: str | Sequence[str] = (),
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

        Example:
            >>> found = art.search("query.jpg", k=3, where="year > 1900")
            >>> all(hit.fields["year"] > 1900 for hit in found)
            True
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
            palette=tuple(as_list(palette)),
        )
        asked = self.query(query)
        if rerank is None:
            asked = replace(asked, logits=None)
        return self.answer(asked, refine)

    def similar(
        self, item_id: int, k: int = 10, where: str | Filter | None = None, *, by: str = HAMMING
    ) -> Answer:
        """The k items nearest to one of the collection, without itself.

        Args:
            item_id: the item.
            k: how many items.
            where: only items that this filter keeps.
            by: as for `search`.

        Returns:
            Hits, as of `search`.

        Raises:
            UnknownItemError: there is no such item.

        Example:
            >>> 3 in [hit.id for hit in art.similar(3, k=5)]
            False
        """
        refine = Refine(k, self.filter(where), diversity=0, fold=False, by=by)
        return self.answer(self.stored(item_id), refine)

    def recommend(
        self,
        like: str | Iterable[int | str],
        dislike: str | Iterable[int | str] = (),
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

        Returns:
            Hits; `nearest_like` of each is the place of the like that is nearest to it.

        Raises:
            UsageError: as for `taste`.
            UnknownItemError: there is no such item.

        Example:
            >>> len(art.recommend(like=[3, 17], dislike=[5], k=6))
            6
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

        Returns:
            Hits, as of `recommend`.

        Raises:
            UsageError: as for `mix`.
            UnknownItemError: there is no such item.

        Example:
            >>> len(art.blend({3: 1, 17: 0.5, 8: -0.5}, k=6))
            6
        """
        return self.answer(self.mix(parts), Refine(k, self.filter(where), diversity=diversity))

    def path(self, start: int, end: int) -> Walk:
        """Items that step from one to another, the longest step as short as it can be.

        Args:
            start: the id of an item.
            end: of another.

        Returns:
            The items from start to end, with the length of each step.

        Raises:
            UnknownItemError: there is no such item.

        Example:
            >>> walk = art.path(3, 17)
            >>> walk.ids[0], walk.ids[-1], len(walk.steps) == len(walk.ids) - 1
            (3, 17, True)
        """
        return find_path(self.opened, start, end)

    def answer(self, asked: Query | Taste | Mix, refine: Refine) -> Answer:
        """What `search`, `similar`, `recommend` and `blend` give, with every control there is.

        Args:
            asked: a question of `query`, `look` or `stored`, a `taste`, or a `mix`.
            refine: length, filter, cut-off, variety and folding.

        Returns:
            Hits, in the order they should be shown.

        Raises:
            UsageError: a code length that the model has not.

        Example:
            >>> near = art.answer(art.stored(3), Refine(k=4, bits=16, fold=False))
            >>> len(near), near.bits
            (4, 16)
        """
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

        Returns:
            Both codes, and where the model allows it the regions; a notebook shows the pictures.

        Raises:
            UnknownItemError: there is no such item.
            ImageError: a picture cannot be read.
            UsageError: a code length that the model has not.

        Example:
            >>> why = art.explain(3, 17)
            >>> distances = {hit.id: hit.distance for hit in art.similar(17, k=40)}
            >>> int((why.query != why.work).sum()) == distances[3]
            True
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

    def _picture(self, item_id: int) -> Image:
        return decoded_preview(self.opened.pictures.jpeg(self.item(item_id), PREVIEW_SIDE))
