"""The very work that a photograph shows: found by its codes, made sure of by its drawing.

Near codes are alike, not the same, and of a stranger some work is always the nearest. So the
nearest of many views are candidates only, and each is laid over the photograph: what is the same
drawing agrees almost wholly, what is another hardly at all (see benchmarks/walls.py).
"""

from dataclasses import dataclass

from PIL.Image import Image

from hashing.codes import Codes
from hashing.collection.opened import Opened
from hashing.collection.search import nearest_views
from hashing.filters import Filter
from hashing.images.alignment import grey, seek, wanted
from hashing.images.frames import Corners, suggest_box
from hashing.images.part import shrunk
from hashing.search import SearchRequest

CANDIDATES = 32
"""Works that are laid over a photograph, the nearest by any view."""
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
    opened: Opened, held: list[Image], codes: Codes, where: Filter | None = None
) -> Recognised | None:
    """The work of a collection that a photograph shows; None where none is sure.

    held: the photograph in each way in which it may be held, as it is first. codes: of its views,
    one for each way in turn, then the next view's.
    """
    found = opened.index.search(SearchRequest(codes, CANDIDATES, where=where))
    ids, _, views = nearest_views(found)
    best: Recognised | None = None
    turns = views[:CANDIDATES] % len(held)
    for turn in dict.fromkeys(turns.tolist()):
        candidates = ids[:CANDIDATES][turns == turn].tolist()
        seen = _seek(opened, held[turn], candidates)
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
