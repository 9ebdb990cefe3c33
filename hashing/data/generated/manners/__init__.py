"""The ten manners: a style is a manner, not a colour or a subject."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from hashing.data.generated.colour import Inks
from hashing.data.generated.hand import Hand
from hashing.data.generated.manners.brush_strokes import brush_strokes
from hashing.data.generated.manners.colour_fields import colour_fields
from hashing.data.generated.manners.cut_paper import cut_paper
from hashing.data.generated.manners.dots import dots
from hashing.data.generated.manners.drips import drips
from hashing.data.generated.manners.facets import facets
from hashing.data.generated.manners.grid import grid
from hashing.data.generated.manners.hatching import hatching
from hashing.data.generated.manners.waves import waves
from hashing.data.generated.manners.woodblock import woodblock
from hashing.data.generated.scene import Cartoon

ABSTRACT: dict[str, Callable[[np.random.Generator, Inks, Hand], Image.Image]] = {
    "Colour Fields": colour_fields,
    "Grid": grid,
    "Waves": waves,
    "Drips": drips,
}
FIGURATIVE: dict[str, Callable[[np.random.Generator, Cartoon, Hand], Image.Image]] = {
    "Dots": dots,
    "Facets": facets,
    "Hatching": hatching,
    "Woodblock": woodblock,
    "Cut Paper": cut_paper,
    "Brush Strokes": brush_strokes,
}
STYLES = (*ABSTRACT, *FIGURATIVE)
