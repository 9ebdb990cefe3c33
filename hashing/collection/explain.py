"""Why this? Which bits of two codes agree, and which regions of the pictures carry that."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hashing.codes import Codes
from hashing.errors import UsageError

if TYPE_CHECKING:
    from hashing.encoding import Model

SMALLEST_MAP = 2
"""Cells on a side; a coarser map says nothing that a glance does not."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """Two codes side by side.

    query, work: bits as 0 and 1, uint8 `[bits]`. query_regions, work_regions: float32 `[h, w]`,
    how much each region pushes the agreeing bits the way both pictures have them; None where the
    picture is not at hand, the map is too coarse or the model's regions do not add up.
    centred: whether they cover the picture's centre square alone, for the model sees no more.
    """

    query: NDArray[np.uint8]
    work: NDArray[np.uint8]
    query_regions: NDArray[np.float32] | None
    work_regions: NDArray[np.float32] | None
    centred: bool


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
