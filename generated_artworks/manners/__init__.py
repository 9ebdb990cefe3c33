"""The ten manners: a style is a manner, not a colour or a subject."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from generated_artworks.colour import Inks
from generated_artworks.hand import Hand
from generated_artworks.manners.brush_strokes import brush_strokes
from generated_artworks.manners.colour_fields import colour_fields
from generated_artworks.manners.cut_paper import cut_paper
from generated_artworks.manners.dots import dots
from generated_artworks.manners.drips import drips
from generated_artworks.manners.facets import facets
from generated_artworks.manners.grid import grid
from generated_artworks.manners.hatching import hatching
from generated_artworks.manners.waves import waves
from generated_artworks.manners.woodblock import woodblock
from generated_artworks.scene import Cartoon

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
