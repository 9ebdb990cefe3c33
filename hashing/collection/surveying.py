"""What is to be seen of a whole collection: its map, copies, colours, words, and how good it is."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hashing.collection.closeness import closeness
from hashing.collection.colours import by_colour, read_colours
from hashing.collection.duplicates import KINDS, Duplicates, Kind, find_duplicates
from hashing.collection.evaluate import RERANK, encode_queries, evaluate
from hashing.collection.evaluation import Evaluation
from hashing.collection.holding import Holding
from hashing.collection.judged import Pictures
from hashing.collection.map import Map, read_map
from hashing.collection.reading import optional_path
from hashing.collection.words import Understood, understand
from hashing.errors import InputError, choose
from hashing.filters import Filter
from hashing.metrics import Closeness
from hashing.sources import read_catalogue


class NoMapError(InputError):
    """A collection whose items were never laid out."""


class Surveying(Holding):
    """A collection that is looked at as a whole."""

    def map(self) -> Map:
        """Every item as a point, like beside like; a notebook draws them.

        Returns:
            `map["id"]`, `map["x"]`, `map["y"]`, arrays `[N]` with x and y in 0 … 1, and
            `map.groups`.

        Raises:
            NoMapError: none was laid out; `compact` draws one.

        Example:
            >>> len(art.map()) == len(art)
            True
        """
        points = read_map(self.index)
        if points is None:
            raise NoMapError("this index has no map: `index.py compact INDEX` draws one")
        return Map.of(self.opened, points)

    def evaluate(
        self,
        labels: str | Sequence[str] | None = None,
        *,
        images: str | Path | None = None,
        metadata: str | Path | None = None,
        columns: Mapping[str, str] = {},
        rerank: int = RERANK,
        by: str | Sequence[str] = (),
        sets: str | Sequence[str] = (),
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
            sets: columns whose cells hold several labels (`dog, car`): relevant is what shares one,
                and the more it shares the better.
            workers: threads that decode.

        Returns:
            Tie-aware measures at every code length; it shows itself as tables.

        Raises:
            UsageError: the collection has no features, or `rerank` is below 1.
            InputError: there is no such column, or none to measure by; pictures or metadata cannot
                be used.

        Example:
            >>> score = art.evaluate(labels=["style"])
            >>> 0.5 < score.results["64 bits"].mean_average_precision <= 1
            True
        """

        def encoded(images: str | Path) -> Pictures:
            catalogue = read_catalogue(Path(images), optional_path(metadata), columns=columns)
            return encode_queries(self.model, catalogue, workers, features=bool(by))

        queries = None if images is None else partial(encoded, images)
        return evaluate(self.opened, labels, queries, rerank, by, sets)

    def colours(
        self,
        colours: str | Sequence[str],
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

        Returns:
            int64 `[M]`.

        Raises:
            UsageError: something that is no colour, or too many of them.

        Example:
            >>> art.colours(["#b02020"], where="year > 1900").dtype
            dtype('int64')
        """
        ids = np.sort(self.ids(where=where, text=text))
        return by_colour(self.opened, read_colours(colours), ids, every=every)[0]

    def understand(self, text: str) -> Understood:
        """What some words most likely mean: values of columns, typing errors, themselves.

        Args:
            text: as a person types it.

        Returns:
            Words to search for, and values to filter by (`.where()`).

        Example:
            >>> art.understand("work red shcool").values
            (('style', 'Red School'),)
        """
        return understand(self.opened, text)

    @property
    def closeness(self) -> Closeness:
        """Words for distances: the model's, or those that the collection's own labels bear out.

        Example:
            >>> type(art.closeness).__name__
            'Closeness'
        """
        return closeness(self.opened, lambda: self.model.noted)

    def duplicates(self, kind: Kind = "near") -> Duplicates:
        """Pictures that are there more than once, the best copy of each group first.

        Args:
            kind: `exact` for equal files, `near` for the same picture in another form, `burst` for
                shots taken within seconds of each other (by the originals' Exif data).

        Returns:
            Groups, those first that would free most bytes; a notebook shows them. Nothing is
            removed.

        Raises:
            UsageError: another kind.

        Example:
            >>> len(art.duplicates("exact"))
            0
        """
        return find_duplicates(self.opened, choose("kind", kind, dict.fromkeys(KINDS, kind)))
