"""What may be asked of a collection: a code or a taste, and how the answer is to be made."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.filters import Filter
from hashing.search.features import HAMMING, check_measure

VARIED = 200
"""Places of an answer that variety chooses and in which near-duplicates are folded."""
FIRST, FIRST_BESIDE = 10, 24
"""Places that are chosen first, alike for every page: a first page needs few candidates. More of
them where looks count beside the code, by which the nearest are put in another order."""
GROUP_SAMPLE = 20
"""How many of the nearest items tell the groups of a query."""

DIVERSITY = 0.3
"""Default place between similar (0) and varied (1); see benchmarks/recommend.py."""


@dataclass(frozen=True, eq=False)
class Query:
    """One code to search with.

    code: one row, as long as the collection's codes; several for several views of a picture, of
    which the nearest counts. logits: float32 `[1, bits]`, only where a
    network has just run; they order what is equally far. exclude: ids that are not to be answered.
    features: in half precision, one row a view, where the collection keeps features.
    picture: what the code was made of, where that is known; views: what each code was made of.
    """

    code: Codes
    logits: NDArray[np.float32] | None = None
    exclude: tuple[int, ...] = ()
    picture: Image | None = None
    features: NDArray[np.float16] | None = None
    views: tuple[Image, ...] = ()


@dataclass(frozen=True, eq=False)
class Taste:
    """What somebody likes and dislikes, one code each; known: ids of those that are items."""

    liked: Codes
    disliked: Codes
    known: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Mix:
    """Several questions at once. codes: one each; weights: float64 `[P]`, one of them positive.

    known: ids of those that are items.
    """

    codes: Codes
    weights: NDArray[np.float64]
    known: tuple[int, ...] = ()


@dataclass(frozen=True)
class Refine:
    """How an answer is made: length, filter, cut-off, variety and folding.

    k: how many items, after `offset` of them. An answer is one list, in whatever pages it is read:
    `VARIED` places that variety chooses, the first ones among few candidates and later ones among
    more; what follows comes as it is near, so that it can be read to its end.
    where: a filter, None for all. bits: search by this prefix of the code.
    max_distance: leave out what differs in more bits. rerank: order the R nearest by the query's
    logits. diversity: 0 the most similar … 1 the most varied. one_per: at most one item of each
    value of this column. fold: show near-duplicates as one item with its copies. by: what is near,
    `hamming` over codes, or `cosine`, `euclidean`, `manhattan` over features, of which
    `max_distance` then speaks. palette: only items that have all these colours. tones, features:
    how much colours with where they stand, and the cosine of features, count beside the code, from
    0 (not at all) to 1; the latter where the collection keeps features.
    Raises UsageError for what is out of range.
    """

    k: int = 10
    where: Filter | None = None
    bits: int | None = None
    max_distance: float | None = None
    rerank: int | None = None
    diversity: float = DIVERSITY
    one_per: str | None = None
    fold: bool = True
    offset: int = 0
    by: str = HAMMING
    palette: tuple[str, ...] = ()
    tones: float = 0.0
    features: float = 0.0

    def __post_init__(self) -> None:
        whole_numbers = ["k", "rerank", "bits", "offset"]
        if check_measure(self.by) == HAMMING:
            whole_numbers.append("max_distance")
        elif self.rerank is not None or self.bits is not None:
            raise UsageError(f"expected neither rerank nor bits, which are of codes, by {self.by}")
        for name in whole_numbers:
            value = getattr(self, name)
            whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
            if value is not None and not whole:
                raise UsageError(f"expected a whole number for {name}, found {value!r}")
        if self.k < 1:
            raise UsageError(f"expected k of at least 1, found {self.k}")
        if self.offset < 0:
            raise UsageError(f"expected an offset of at least 0, found {self.offset}")
        if self.max_distance is not None and self.max_distance < 0:
            raise UsageError(f"expected a distance of at least 0, found {self.max_distance}")
        if not 0 <= self.diversity <= 1:
            raise UsageError(f"expected a diversity between 0 and 1, found {self.diversity}")
        for name, weight in (("tones", self.tones), ("features", self.features)):
            if not 0 <= weight <= 1:
                raise UsageError(f"expected a weight of {name} between 0 and 1, found {weight}")

    @property
    def last(self) -> int:
        """The place up to which the answer is made."""
        return self.offset + self.k

    @property
    def stages(self) -> list[int]:
        """Places up to which an answer is chosen, stage by stage."""
        ends, places = [], FIRST_BESIDE if self.tones or self.features else FIRST
        while places < VARIED:
            ends.append(places)
            places *= 2
        return [*ends, VARIED]

    @property
    def pools(self) -> list[int]:
        """Among how many candidates each stage chooses."""
        return [(8 * places + 20) * self._for_each for places in self.stages]

    @property
    def sizes(self) -> list[int]:
        """How many candidates the places asked for need, then how many where they are too few."""
        if self.is_plain:
            return [max(self.last, GROUP_SAMPLE)]
        further = max(0, self.last - VARIED) * self._for_each
        filled = sum(places < self.last for places in self.stages[:-1])
        return [pool + further for pool in self.pools[filled:]]

    def stage_of(self, count: int) -> NDArray[np.int64]:
        """The stage that may first choose each of so many candidates, the best first."""
        return np.searchsorted(self.pools, np.arange(count), side="right")

    @property
    def _for_each(self) -> int:
        return 2 if self.one_per else 1

    @property
    def is_plain(self) -> bool:
        """Whether the answer is simply the nearest items in order."""
        beside = self.tones or self.features
        return not (self.diversity or self.one_per or self.fold or beside)
