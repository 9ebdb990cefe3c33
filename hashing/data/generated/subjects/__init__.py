"""The four subjects that all figurative manners share: each function invents one scene."""

from collections.abc import Callable

import numpy as np

from hashing.data.generated.scene import Scene
from hashing.data.generated.subjects.ridge import ridge_and_sun
from hashing.data.generated.subjects.still_life import still_life
from hashing.data.generated.subjects.trees import trees
from hashing.data.generated.subjects.water import water

SUBJECTS: dict[str, Callable[[np.random.Generator], Scene]] = {
    "ridge": ridge_and_sun,
    "still life": still_life,
    "water": water,
    "trees": trees,
}
