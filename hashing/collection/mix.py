"""Items for several questions at once, each with a weight: near the ones, away from the others."""

import numpy as np

from hashing.collection.answer import Answer
from hashing.collection.around import length_by_hamming, look_around
from hashing.collection.opened import Opened
from hashing.collection.request import Mix, Refine
from hashing.recommend import rank_by_mix


def mix(opened: Opened, asked: Mix, refine: Refine) -> Answer:
    """Rank what is near the wanted parts, and near their weighted mean, by all parts together."""
    bits = length_by_hamming(opened, refine, "a mix")
    works = asked.codes.prefix(bits)
    wanted = np.flatnonzero(asked.weights > 0)
    liked = works[wanted]
    signs = liked.signs()
    centres = np.vstack([signs, asked.weights[wanted] @ signs]).astype(np.float32)
    return look_around(
        opened,
        centres,
        liked,
        asked.known,
        lambda codes: rank_by_mix(codes, works, asked.weights),
        refine,
    )
