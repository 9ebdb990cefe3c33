"""What of a picture is asked with: a part of it, straightened, held in any way, or its middle."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from PIL.Image import Image

from hashing.errors import UsageError
from hashing.images.frames import Corners, suggest_box
from hashing.images.part import crops, cut, read_box, shrunk, turned

__all__ = ["Look", "read_box"]

WITHIN = (1.0, 0.92, 0.84)
"""Of a suggested box's sides: a frame of some width may be around the work. Chosen on 44
photographs of their own; benchmarks/walls.py measures others."""
SUGGEST = "suggest"
"""In the place of a box's numbers."""


@dataclass(frozen=True)
class Look:
    """How a picture is looked at; its views are all asked, and the nearest counts.

    box: only what lies within these corners. any_turn: in quarter turns and mirrored, too.
    crops: for a work on a wall: the box that seems to be its frame, and the middle, ever smaller.
    frame: only the box that seems to be a frame, and what is within it; all where none is seen.
    """

    box: Corners | None = None
    any_turn: bool = False
    crops: bool = False
    frame: bool = False

    @classmethod
    def of(cls, box: str | None, *, any_turn: bool = False, crops: bool = False) -> Self:
        """With the numbers of a box, or `suggest`, as text. Raises UsageError for other text."""
        suggested = box == SUGGEST
        corners = None if box is None or suggested else read_box(box)
        return cls(corners, any_turn, crops, suggested)

    def views(self, image: Image) -> list[Image]:
        """The views of a picture, the plainest first. Raises UsageError for too small a box."""
        part = self._part(image)
        framed = _framed(part) if self.frame or self.crops else []
        found = framed if framed and self.frame else [part, *framed]
        if self.crops:
            found = [*found, *crops(part)[1:]]
        return [view for each in found for view in turned(each)] if self.any_turn else found

    def held(self, image: Image) -> list[Image]:
        """The picture, or the part within the box, in each way in which it may be held."""
        part = self._part(image)
        return turned(part) if self.any_turn else [part]

    def _part(self, image: Image) -> Image:
        return image if self.box is None else cut(image, self.box)


def _framed(image: Image) -> list[Image]:
    """What seems to be framed: as far as the frame reaches, and without more and more of it."""
    box = suggest_box(image)
    found: list[Image] = []
    if box is not None:
        for share in WITHIN:
            with suppress(UsageError):  # too small to look at
                found.append(cut(image, shrunk(box, share)))
    return found
