"""Which colours two pictures have and where these stand: what one sees of them from afar.

Codes that learned styles and hands know little of it.
"""

import numpy as np
from numpy.typing import NDArray

from hashing.collection.colours import Floats, to_oklab
from hashing.collection.looks import GLANCE, look
from hashing.collection.opened import Opened
from hashing.collection.request import Query


def apart(shades: Floats, asked: Floats) -> Floats:
    """How far pictures look from one, float32 `[N]`, in Oklab.

    shades: of pictures at 8 x 8, float32 `[N, 64, 3]`; asked: of the one, `[64, 3]`. The mean over
    places, and as much again for the colours wherever they stand: on each axis of Oklab the
    Wasserstein distance.
    """
    return _apart(shades, np.sort(shades, axis=1), asked)


def _apart(shades: Floats, sorted_shades: Floats, asked: Floats) -> Floats:
    placed = np.linalg.norm(shades - asked, axis=-1).mean(axis=1)
    anywhere = np.abs(sorted_shades - np.sort(asked, axis=0)).mean(axis=1)
    found: Floats = placed + np.linalg.norm(anywhere, axis=-1)
    return found


def tones_apart(opened: Opened, query: Query, ids: NDArray[np.int64]) -> Floats | None:
    """How far M works look from a query's V views, float32 `[M, V]`; None where that is not known.

    Works without a preview count as the farthest does.
    """
    asked = _asked(opened, query)
    if not asked:
        return None
    found = [opened.pictures.thumbnail(item_id) for item_id in ids.tolist()]
    there = np.array([one is not None for one in found], bool)
    if not there.any():
        return None
    shades = _shades(np.stack([one for one in found if one is not None]))
    far = np.empty((len(found), len(asked)), np.float32)
    in_order = np.sort(shades, axis=1)
    far[there] = np.stack([_apart(shades, in_order, _shades(one)) for one in asked], axis=1)
    far[~there] = far[there].max(axis=0)
    return far


def _asked(opened: Opened, query: Query) -> list[NDArray[np.uint8]]:
    """What each view of the query looks like at 8 x 8, uint8 `[192]`; none of codes alone."""
    if len(query.views) == len(query.code):
        return [look(view.copy(), GLANCE)[0] for view in query.views]
    if len(query.code) > 1:
        return []
    if query.picture is not None:
        return [look(query.picture.copy(), GLANCE)[0]]
    if len(query.exclude) == 1:
        known = opened.pictures.thumbnail(query.exclude[0])
        return [] if known is None else [known]
    return []


def _shades(small: NDArray[np.uint8]) -> Floats:
    """In Oklab, float32 `[…, 64, 3]`, of uint8 `[…, 192]`."""
    return to_oklab(small.reshape(*small.shape[:-1], GLANCE * GLANCE, 3))
