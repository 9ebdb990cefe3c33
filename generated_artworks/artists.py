"""Sixty invented artists: six to a style, each with a hand, a period and four palettes."""

from dataclasses import dataclass

import numpy as np

from generated_artworks.colour import PALETTES
from generated_artworks.hand import Hand
from generated_artworks.manners import STYLES

_NAMES = {
    "Colour Fields": (
        "Ondra Velmasch",
        "Tiriel Hokkonen-Vay",
        "Amsel Quorrin",
        "Maruve Daln",
        "Issoa Brandquell",
        "Petrik Umbrosi",
    ),
    "Grid": (
        "Wenna Tarkovel",
        "Josk Rectanjer",
        "Lio Carrevand",
        "Adeshka Monn",
        "Brisa Halvquern",
        "Ulf Dramosz",
    ),
    "Waves": (
        "Nerea Ondulaz",
        "Kosuro Minavé",
        "Talia Swerrin",
        "Haldis Marrowfen",
        "Eimar Tollgaff",
        "Yune Okavari",
    ),
    "Drips": (
        "Jaxo Splendore",
        "Rue Mandervik",
        "Caled Obrenny",
        "Tovis Lachram",
        "Inka Fallowmere",
        "Dario Quelland",
    ),
    "Dots": (
        "Serafin Ponti",
        "Ambrus Keld",
        "Mika Tanholt",
        "Odile Vrancsy",
        "Rasmo Pellegrond",
        "Sanna Irrikoski",
    ),
    "Facets": (
        "Anatol Prizmanek",
        "Greta Vossal",
        "Lucan Abreval",
        "Ysolde Kantmark",
        "Bram Oudek",
        "Mirela Stroscu",
    ),
    "Hatching": (
        "Albin Graverholt",
        "Fenna Ritsmark",
        "Tomaz Burilsky",
        "Cosima Nethergall",
        "Ewan Droch",
        "Liesl Kreuzstrich",
    ),
    "Woodblock": (
        "Harune Shikomoto",
        "Sadayo Kirishiro",
        "Emil Planquist",
        "Renzo Legnaro",
        "Tokiwa Anzumi",
        "Marit Treskjold",
    ),
    "Cut Paper": (
        "Colette Ciselande",
        "Oriol Papernau",
        "Zita Ollomar",
        "Bashir Waraqan",
        "Femke Schaarink",
        "Nils Klippstrand",
    ),
    "Brush Strokes": (
        "Ansgar Pinselov",
        "Viola Tramontesa",
        "Ichika Fudemori",
        "Leopold Ochsenberg",
        "Maeve Corrigrane",
        "Stellan Faervik",
    ),
}

_LEVELS = (
    (0.0, 0.6, 0.2, 1.0),
    (0.2, 0.0, 0.8, 0.6),
    (0.4, 1.0, 1.0, 0.2),
    (0.6, 0.2, 0.0, 0.0),
    (0.8, 0.8, 0.4, 0.4),
    (1.0, 0.4, 0.6, 0.8),
)
"""Six hands, each level of each trait once (a Latin design): no two artists are near each other."""


@dataclass(frozen=True)
class Artist:
    """Who painted: `palettes` are the four preferred ones, `active` the first and last year."""

    name: str
    style: str
    hand: Hand
    palettes: tuple[int, ...]
    active: tuple[int, int]


def _artists() -> tuple[Artist, ...]:
    rng = np.random.default_rng(1)
    found = []
    for style in STYLES:
        for name, levels in zip(_NAMES[style], _LEVELS, strict=True):
            palettes = tuple(rng.choice(len(PALETTES), 4, replace=False).tolist())
            first = int(rng.integers(1890, 1985))
            active = first, first + int(rng.integers(18, 46))
            found.append(Artist(name, style, Hand(*levels), palettes, active))
    return tuple(found)


ARTISTS = _artists()
