"""The four subjects that all figurative manners share: each function invents one scene."""

from collections.abc import Callable

import numpy as np

from generated_artworks.scene import Scene
from generated_artworks.subjects.ridge import ridge_and_sun
from generated_artworks.subjects.still_life import still_life
from generated_artworks.subjects.trees import trees
from generated_artworks.subjects.water import water

SUBJECTS: dict[str, Callable[[np.random.Generator], Scene]] = {
    "ridge": ridge_and_sun,
    "still life": still_life,
    "water": water,
    "trees": trees,
}
