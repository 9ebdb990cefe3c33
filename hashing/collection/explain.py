"""Why this? Which bits of two codes agree, and which regions of the pictures carry that."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hashing.codes import Codes
from hashing.collection.sheet import GroupSheet
from hashing.errors import UsageError
from hashing.images import encode_jpeg

if TYPE_CHECKING:
    from hashing.encoding import Model

SMALLEST_MAP = 2
"""Cells on a side; a coarser map says nothing that a glance does not."""
SHOWN_SIDE = 320
"""Pixels of a picture in a notebook."""
NAMED_BITS = 16
"""Differing bits up to which they are named one by one."""
DARKEST = 0.6
"""How far a region that carries nothing of the agreement is dimmed."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """Two codes side by side.

    query, work: bits as 0 and 1, uint8 `[bits]`. query_regions, work_regions: float32 `[h, w]`,
    how much each region pushes the agreeing bits the way both pictures have them; None where the
    picture is not at hand, the map is too coarse or the model's regions do not add up.
    centred: whether they cover the picture's centre square alone, for the model sees no more.
    query_picture, work_picture: what the regions lie on, None where it is not at hand.
    """

    query: NDArray[np.uint8]
    work: NDArray[np.uint8]
    query_regions: NDArray[np.float32] | None
    work_regions: NDArray[np.float32] | None
    centred: bool
    query_picture: Image.Image | None = None
    work_picture: Image.Image | None = None

    def __str__(self) -> str:
        differing = np.flatnonzero(self.query != self.work)
        agreed = f"{len(self.query) - len(differing)} of {len(self.query)} bits agree"
        places = ", ".join(map(str, differing))
        named = 0 < len(differing) <= NAMED_BITS
        return f"{agreed}; those at {places} differ" if named else agreed

    def _repr_html_(self) -> str:
        pictures = [
            ("the query", self.query_picture, self.query_regions),
            ("the work", self.work_picture, self.work_regions),
        ]
        cards = [
            (
                encode_jpeg(lit(picture, regions, self.centred), SHOWN_SIDE),
                name,
                "" if regions is None else "bright: what carries the agreement",
            )
            for name, picture, regions in pictures
            if picture is not None
        ]
        return GroupSheet("", [(str(self), cards)]).fragment()


def explain(
    model: "Model",
    query: Codes,
    work: Codes,
    query_picture: Image.Image | None,
    work_picture: Image.Image | None,
) -> Explanation:
    """Compare two codes of one length, each one row; pictures are optional."""
    bits, other = query.unpacked()[0], work.unpacked()[0]
    push = np.where(bits == other, query.signs()[0], 0).astype(np.float32)
    return Explanation(
        bits,
        other,
        regions(model, query_picture, push),
        regions(model, work_picture, push),
        centred=model.preprocessing.fit == "crop",
        query_picture=query_picture,
        work_picture=work_picture,
    )


def regions(
    model: "Model", picture: Image.Image | None, push: NDArray[np.float32]
) -> NDArray[np.float32] | None:
    """Σ over bits of push · contribution, float32 `[h, w]`, or None (see `Explanation`).

    push: float32 `[bits]`, +1 or −1 for bits that count, else 0.
    """
    if picture is None:
        return None
    try:
        contributions, _ = model.explain(picture)
    except UsageError:
        return None
    if min(contributions.shape[1:]) < SMALLEST_MAP:
        return None
    carried: NDArray[np.float32] = np.tensordot(push, contributions[: len(push)], axes=1)
    return carried


def lit(picture: Image.Image, regions: NDArray[np.float32] | None, centred: bool) -> Image.Image:
    """A picture, small, dimmed but for the regions that carry the agreement; whole without any."""
    small = picture.convert("RGB")
    small.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
    if regions is None:
        return small
    shares = np.maximum(regions, 0) / max(float(regions.max()), 1e-9)
    light = Image.new("L", small.size, round(255 * (1 - DARKEST)))
    side = min(small.size)
    seen = (side, side) if centred else small.size
    cells = Image.fromarray(np.rint(255 * (1 - DARKEST * (1 - shares))).astype(np.uint8))
    corner = ((small.width - seen[0]) // 2, (small.height - seen[1]) // 2)
    light.paste(cells.resize(seen, Image.Resampling.BILINEAR), corner)
    return Image.composite(small, Image.new("RGB", small.size), light)
