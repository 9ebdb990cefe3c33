"""Answers of one index to codes, works and tastes; no network runs here."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.collection.pictures import Pictures
from hashing.collection.refine import Filters, Refine
from hashing.errors import InputError, UsageError
from hashing.filters import Filter
from hashing.recommend import (
    diversify,
    first_of_each,
    fold_duplicates,
    hamming,
    nearest_values,
    rank_by_taste,
    taste_centres,
)
from hashing.search import SearchRequest
from hashing.store import Index, StoredItem

MOST_LIKED = 200
WIDER = 4
"""How many times as many works a taste's centres are asked for as a single work: those that all
likes agree on need not be the nearest to the centre."""
STYLE_SAMPLE = 20
"""How many of the nearest works tell the styles of a query."""


@dataclass(frozen=True, eq=False)
class Query:
    """One code to search with; `logits` float32 `[1, bits]` only where a network has just run."""

    code: Codes
    logits: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Hit:
    """One work of an answer, how far it is, and the near-duplicates folded into it.

    nearest_like: for a taste, the place of the nearest liked work among them.
    """

    item: StoredItem
    distance: int
    copies: tuple[int, ...] = ()
    nearest_like: int | None = None


@dataclass(frozen=True)
class Answer:
    """Works in the order they should be shown.

    code: the query in hexadecimal, None for a taste. styles: the commonest among the nearest
    works with their shares. search_ms: milliseconds of the search alone.
    """

    code: str | None
    bits: int
    hits: list[Hit]
    styles: list[tuple[str, float]]
    search_ms: float


@dataclass(frozen=True, eq=False)
class _Candidates:
    """M candidates, best first: what all controls work on."""

    ids: NDArray[np.int64]
    distances: NDArray[np.int32]
    relevance: NDArray[np.float32]

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Self:
        return type(self)(self.ids[rows], self.distances[rows], self.relevance[rows])


class Recommender:
    """Search and recommendation on one index."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.info = index.info
        self.pictures = Pictures(index)

    def read_code(self, text: str) -> Query:
        """A code in hexadecimal, as every answer gives it. Raises UsageError."""
        return Query(Codes.from_hex([text], self.info.bits))

    def item(self, item_id: int) -> StoredItem:
        """One work. Raises UnknownItemError."""
        try:
            return self.index.items([item_id])[0]
        except InputError as error:
            raise UnknownItemError(f"no work has the id {item_id}") from error

    def search(self, query: Query, refine: Refine, exclude: Sequence[int] = ()) -> Answer:
        """The works nearest to one code."""
        bits = self._length(refine.bits)
        started = time.perf_counter()
        found = self.index.search(
            SearchRequest(
                query.code,
                _pool(refine) + len(exclude),
                where=self._where(refine),
                max_distance=refine.max_distance,
                bits=bits,
                logits=query.logits,
            )
        )
        elapsed = time.perf_counter() - started
        keep = (found.ids[0] >= 0) & ~np.isin(found.ids[0], exclude)
        distances = found.distances[0][keep]
        relevance = 1 - 2 * distances.astype(np.float32) / bits
        candidates = _Candidates(found.ids[0][keep], distances, relevance)
        return self._answer(query.code.hex()[0], candidates, refine, elapsed)

    def similar(self, item_id: int, refine: Refine) -> Answer:
        """The works nearest to one of the index, without itself. Raises UnknownItemError."""
        self.item(item_id)
        return self.search(Query(self.index.codes([item_id])), refine, exclude=[item_id])

    def recommend(
        self, liked: Sequence[int | str], disliked: Sequence[int | str], refine: Refine
    ) -> Answer:
        """Works for a taste: liked and disliked ids and codes in hexadecimal, in any mix."""
        if not liked or len(liked) + len(disliked) > MOST_LIKED:
            raise UsageError(
                f"expected one liked work or more and at most {MOST_LIKED} in all, "
                f"found {len(liked)} liked and {len(disliked)} disliked"
            )
        bits = self._length(refine.bits)
        likes, dislikes = self._codes(liked).prefix(bits), self._codes(disliked).prefix(bits)
        centres, sizes = taste_centres(likes)
        known = [work for work in (*liked, *disliked) if isinstance(work, int)]
        started = time.perf_counter()
        found = self.index.search(
            SearchRequest(
                self._full_length(centres),
                WIDER * _pool(refine) + len(known),
                where=self._where(refine),
                bits=bits,
            )
        )
        elapsed = time.perf_counter() - started
        ids = np.setdiff1d(found.ids, [-1, *known])
        codes = self.index.codes(ids).prefix(bits)
        apart = hamming(codes, likes)
        distances = apart.min(axis=1).astype(np.int32)
        nearest_likes = dict(zip(ids.tolist(), apart.argmin(axis=1).tolist(), strict=True))
        order, relevance = rank_by_taste(codes, likes, centres, sizes, dislikes)
        candidates = _Candidates(ids[order], distances[order], relevance)
        if refine.max_distance is not None:
            candidates = candidates.take(candidates.distances <= refine.max_distance)
        answer = self._answer(None, candidates, refine, elapsed, len(liked))
        hits = [replace(hit, nearest_like=nearest_likes[hit.item.id]) for hit in answer.hits]
        return replace(answer, hits=hits)

    @property
    def style_column(self) -> str:
        """Class folders give `label` where a metadata file gives `style`."""
        return "style" if "style" in self.info.columns else "label"

    def _length(self, wanted: int | None) -> int:
        bits, lengths = wanted or self.info.bits, self.info.lengths
        if bits not in lengths:
            raise UsageError(f"expected one of the code lengths {list(lengths)}, found {bits}")
        return bits

    def _where(self, filters: Filters) -> Filter | None:
        return filters.where(self.style_column)

    def _codes(self, works: Sequence[int | str]) -> Codes:
        bits = self.info.bits
        rows = [
            self.read_code(work).code if isinstance(work, str) else self._code_of(work)
            for work in works
        ]
        return Codes.concatenate([Codes(np.empty((0, bits // 8), np.uint8), bits), *rows])

    def _code_of(self, item_id: int) -> Codes:
        self.item(item_id)
        return self.index.codes([item_id])

    def _full_length(self, centres: NDArray[np.float32]) -> Codes:
        """Codes of the centres, padded to the index's length (a prefix search ignores the rest)."""
        missing = self.info.bits - centres.shape[1]
        return Codes.from_logits(np.pad(centres, ((0, 0), (0, missing))))

    def _answer(
        self,
        code: str | None,
        candidates: _Candidates,
        refine: Refine,
        elapsed: float,
        likes: int = 1,
    ) -> Answer:
        nearest = candidates.ids[:STYLE_SAMPLE]
        if refine.one_per_artist:
            artists = [item.fields.get("artist") for item in self.index.items(candidates.ids)]
            candidates = candidates.take(first_of_each(artists))
        candidates = candidates.take(np.arange(min(len(candidates.ids), _most(refine))))
        leaders = self._leaders(candidates.ids) if refine.fold else candidates.ids
        unfolded = candidates.take(leaders == candidates.ids)
        bits = self._length(refine.bits)
        codes = self.index.codes(unfolded.ids).prefix(bits)
        varied = diversify(codes, unfolded.relevance, refine.k, refine.diversity, likes)
        shown = unfolded.take(varied)
        items = {item.id: item for item in self.index.items(np.union1d(shown.ids, nearest))}
        hits = [
            Hit(items[item_id], distance, _copies(candidates.ids, leaders, item_id))
            for item_id, distance in zip(shown.ids.tolist(), shown.distances.tolist(), strict=True)
        ]
        styles = [items[item_id].fields.get(self.style_column) for item_id in nearest.tolist()]
        named = [None if style is None else str(style) for style in styles]
        return Answer(code, bits, hits, nearest_values(named), elapsed * 1000)

    def _leaders(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each candidate the id of the one it is a near-duplicate of (itself when of none)."""
        leaders = ids.copy()
        thumbnails = [self.pictures.thumbnail(item_id) for item_id in ids.tolist()]
        rows = np.array([row for row, t in enumerate(thumbnails) if t is not None], dtype=np.int64)
        if len(rows):
            stacked = np.stack([t for t in thumbnails if t is not None])
            leaders[rows] = ids[rows[fold_duplicates(stacked)]]
        return leaders


class UnknownItemError(InputError):
    """An id that no living work of the index has."""


def _most(refine: Refine) -> int:
    """How many candidates variety and folding choose from."""
    return 8 * refine.k + 20


def _pool(refine: Refine) -> int:
    return _most(refine) * (2 if refine.one_per_artist else 1)


def _copies(ids: NDArray[np.int64], leaders: NDArray[np.int64], leader: int) -> tuple[int, ...]:
    return tuple(int(i) for i in ids[leaders == leader] if i != leader)
