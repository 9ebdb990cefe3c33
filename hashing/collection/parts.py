"""What of a picture is asked with: a part of it, straightened, held in any way, or its middle."""

from dataclasses import dataclass

from PIL.Image import Image

from hashing.images.frames import Corners, suggest_box
from hashing.images.part import crops, cut, read_box, shrunk, turned

__all__ = ["Look", "read_box"]

WITHIN = 0.9
"""Of a suggested box's sides: a frame may be around the work."""


@dataclass(frozen=True)
class Look:
    """How a picture is looked at; its views are all asked, and the nearest counts.

    box: only what lies within these corners. any_turn: in quarter turns and mirrored, too.
    crops: for a work on a wall: the box that seems to be its frame, and the middle, ever smaller.
    """

    box: Corners | None = None
    any_turn: bool = False
    crops: bool = False

    def views(self, image: Image) -> list[Image]:
        """The views of a picture, the plainest first. Raises UsageError for too small a box."""
        part = self._part(image)
        found = [part]
        if self.crops:
            box = suggest_box(part)
            if box is not None:
                found += [cut(part, box), cut(part, shrunk(box, WITHIN))]
            found += crops(part)[1:]
        return [view for each in found for view in turned(each)] if self.any_turn else found

    def held(self, image: Image) -> list[Image]:
        """The picture, or the part within the box, in each way in which it may be held."""
        part = self._part(image)
        return turned(part) if self.any_turn else [part]

    def _part(self, image: Image) -> Image:
        return image if self.box is None else cut(image, self.box)
