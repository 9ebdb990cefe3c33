"""The very work that a photograph shows: found by its codes, made sure of by its drawing.

Near codes are alike, not the same, and of a stranger some work is always the nearest. So what is
like any of many views, by its code, its tones and its features, is a candidate only, and each is
laid over the photograph: what is the same drawing agrees almost wholly, what is another hardly at
all (see benchmarks/walls.py).
"""

from dataclasses import dataclass

import numpy as np
from PIL.Image import Image

from hashing.collection.beside import likeness
from hashing.collection.opened import Opened
from hashing.collection.request import Query
from hashing.collection.search import nearest_views
from hashing.filters import Filter
from hashing.images.alignment import grey, seek, wanted
from hashing.images.frames import Corners, suggest_box
from hashing.images.part import shrunk
from hashing.search import SearchRequest

POOL = 1600
"""Works near the codes of all views, of which the most alike are candidates."""
CANDIDATES = 32
"""Works that are laid over a photograph."""
SAME = 0.9
"""Least correlation of the drawing of a work with what is seen of it; chosen on 240 photographs
and as many strangers, and measured on others by benchmarks/walls.py."""
SMALL = 128
"""Pixels of a work's preview as it is laid over."""
WITHIN = 0.9
"""Of the sides of a frame, which is around the work."""


@dataclass(frozen=True)
class Recognised:
    """A work that a photograph shows.

    correlation: of its drawing with what is seen, at most 1. corners: where it is seen, in shares
    of the photograph. turn: how the photograph has to be held, a place in `images.part.TURNS`.
    """

    id: int
    correlation: float
    corners: Corners
    turn: int = 0


def recognise(
    opened: Opened, held: list[Image], query: Query, where: Filter | None = None
) -> Recognised | None:
    """The work of a collection that a photograph shows; None where none is sure.

    held: the photograph in each way in which it may be held, as it is first. query: of its views,
    one for each way in turn, then the next view's.
    """
    each = max(CANDIDATES, POOL // len(query.code))
    ids, _, _ = nearest_views(opened.index.search(SearchRequest(query.code, each, where=where)))
    near = likeness(opened, query, ids, tones=1, features=1, bits=opened.info.bits)
    chosen = np.argsort(-near.max(axis=1), kind="stable")[:CANDIDATES]
    turns = near[chosen].argmax(axis=1) % len(held)
    best: Recognised | None = None
    for turn in dict.fromkeys(turns.tolist()):
        seen = _seek(opened, held[turn], ids[chosen][turns == turn].tolist())
        if seen is not None and (best is None or seen.correlation > best.correlation):
            best = Recognised(seen.id, seen.correlation, seen.corners, turn)
    return best if best is not None and best.correlation >= SAME else None


def _seek(opened: Opened, photograph: Image, candidates: list[int]) -> Recognised | None:
    pictures = {
        i: small for i in candidates if (small := opened.pictures.small(i, SMALL)) is not None
    }
    frame = suggest_box(photograph)
    near = [] if frame is None else [frame, shrunk(frame, WITHIN)]
    seen = seek(grey(photograph), [wanted(picture) for picture in pictures.values()], near)
    if seen is None:
        return None
    return Recognised(list(pictures)[seen.place], seen.correlation, seen.corners)
