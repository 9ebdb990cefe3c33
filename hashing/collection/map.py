"""The map of a collection: every work a point, like beside like.

Laid out once when an index is built (see `layout`) and kept in it; works added later hang beside
their nearest neighbours until it is compacted.
"""

import html
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashing.collection.layout import AT_ONCE, NEIGHBOURS, beside, lay_out
from hashing.collection.opened import Opened
from hashing.collection.remembered import recall_array
from hashing.search import SearchRequest
from hashing.store import Index

NAME = "map"
POINT = np.dtype([("id", "<i8"), ("x", "<f4"), ("y", "<f4")])
MOST_POINTS = 100_000
"""Larger collections show a random sample: more points do not fit a screen."""

CHART = 560
"""Pixels on a side of the map in a notebook."""
COLOURS = ("#c8472b", "#2b6c99", "#d39a2c", "#4f8a5b", "#7d5a9b", "#3aa0a0", "#a35c7a", "#7a6a4f")
REST = "#8888"


@dataclass(frozen=True, eq=False)
class Map:
    """The works of a collection as points; a notebook draws them.

    points: `POINT`, `[N]`; x and y in 0 … 1. groups: what each work has in the role of the group,
    empty where nothing. `map["x"]` is an array of all x, `numpy.asarray(map)` the points.
    """

    points: NDArray[np.void]
    groups: Sequence[str]

    @classmethod
    def of(cls, opened: Opened, points: NDArray[np.void]) -> "Map":
        """Points with their works' groups."""
        items = opened.index.items(points["id"])
        return cls(points, [opened.shown(item, "group") for item in items])

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, column: str) -> NDArray[Any]:
        return self.points[column]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.void]:
        return np.array(self.points, dtype, copy=copy)

    def __repr__(self) -> str:
        return f"Map({len(self):,} works, {len({*self.groups} - {''}):,} groups)"

    def _repr_html_(self) -> str:
        """A dot for each work; the commonest groups have colours of their own."""
        named = Counter(filter(None, self.groups)).most_common(len(COLOURS))
        colours = dict(zip([name for name, _ in named], COLOURS, strict=False))
        dots: dict[str, list[str]] = {REST: [], **{colour: [] for colour in colours.values()}}
        for point, group in zip(self.points, self.groups, strict=True):
            place = f"M{CHART * point['x']:.1f} {CHART * point['y']:.1f}h0"
            dots[colours.get(group, REST)].append(place)
        drawn = "".join(
            f'<path stroke="{colour}" d="{"".join(places)}"/>' for colour, places in dots.items()
        )
        legend = "".join(
            f'<span style="color:{colour}">● {html.escape(name)}</span> '
            for name, colour in colours.items()
        )
        return (
            f'<svg viewBox="-8 -8 {CHART + 16} {CHART + 16}" width="{CHART}" fill="none" '
            f'stroke-width="5" stroke-linecap="round" role="img" aria-label="map">{drawn}</svg>'
            f"<div>{legend}</div>"
        )


def has_map(index: Index) -> bool:
    """Whether the works that are there now, or as many as a map shows, were laid out together."""
    points = recall_array(index, NAME, POINT)
    if points is None:
        return False
    laid_out, living = points["id"], index.ids()
    return len(laid_out) == min(len(living), MOST_POINTS) and bool(np.isin(laid_out, living).all())


def draw_map(index: Index) -> None:
    """Lay out an index's works and keep the result in it."""
    ids = np.sort(index.page(seed=0, limit=MOST_POINTS).ids)
    points = np.empty(len(ids), POINT)
    points["id"] = ids
    points["x"], points["y"] = lay_out(index.codes(ids)).T
    buffer = io.BytesIO()
    np.save(buffer, points, allow_pickle=False)
    index.put_extra(NAME, buffer.getvalue())


def read_map(index: Index) -> NDArray[np.void] | None:
    """The points (`POINT`, `[N]`) of the works that are there now; None where none were laid out.

    A work that came later lies amid its nearest neighbours on the map.
    """
    points = recall_array(index, NAME, POINT)
    if points is None:
        return None
    living = index.ids()
    points = points[np.isin(points["id"], living)]
    new = np.setdiff1d(living, points["id"])[: MOST_POINTS - len(points)]
    if not len(new) or not len(points):
        return points
    near = np.concatenate(
        [
            index.search(SearchRequest(index.codes(some), NEIGHBOURS, allowed=points["id"])).ids
            for some in np.split(new, range(AT_ONCE, len(new), AT_ONCE))
        ]
    )
    added = np.empty(len(new), POINT)
    added["id"] = new
    places = np.stack([points["x"], points["y"]], axis=1)
    added["x"], added["y"] = beside(places, np.searchsorted(points["id"], near)).T
    return np.concatenate([points, added])
