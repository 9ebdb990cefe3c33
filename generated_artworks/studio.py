"""One picture: what was commissioned, and how it is painted and judged."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from generated_artworks.artists import ARTISTS, Artist
from generated_artworks.colour import PALETTES, hand_out
from generated_artworks.manners import ABSTRACT, FIGURATIVE
from generated_artworks.scene import Cartoon
from generated_artworks.sheet import finished
from generated_artworks.subjects import SUBJECTS
from generated_artworks.titles import title

REDRAWS = 4
"""A picture that fails the composition check is drawn anew at most so many times."""

_PREFERENCE = 0.95
"""How often an artist takes one of the four preferred palettes."""


@dataclass(frozen=True)
class Commission:
    """All that is decided about a picture before it is painted. subject: None for an abstract."""

    artist: Artist
    palette: int
    subject: str | None
    title: str
    year: int


def stream(seed: int, index: int, stage: int) -> np.random.Generator:
    """Random numbers that depend on these three alone: Philox keyed by (seed, index)."""
    return np.random.Generator(np.random.Philox(key=[seed, index], counter=[0, 0, 0, stage]))


def commission(seed: int, index: int) -> Commission:
    """What picture `index` of `seed` is to be. Every sixty pictures, each artist has one."""
    shuffled = stream(seed, index // len(ARTISTS), 0).permutation(len(ARTISTS))
    artist = ARTISTS[shuffled[index % len(ARTISTS)]]
    rng = stream(seed, index, 1)
    preferred = rng.random() < _PREFERENCE
    palette = int(rng.choice(artist.palettes) if preferred else rng.integers(len(PALETTES)))
    subject = str(rng.choice(list(SUBJECTS))) if artist.style in FIGURATIVE else None
    name = title(rng, artist.style, subject, PALETTES[palette].name)
    return Commission(artist, palette, subject, name, int(rng.integers(*artist.active)))


def paint(work: Commission, seed: int, index: int, size: int) -> Image.Image:
    """The picture, `size` × `size` RGB: the first draft that passes, or else the last."""
    for draft in range(1 + REDRAWS):
        image = _draft(work, stream(seed, index, 2 + draft), size)
        if composed(image):
            break
    return image


def _draft(work: Commission, rng: np.random.Generator, size: int) -> Image.Image:
    palette, style, hand = PALETTES[work.palette], work.artist.style, work.artist.hand
    if work.subject is None:
        image = ABSTRACT[style](rng, hand_out(rng, palette, bold=0.15), hand)
    else:
        cartoon = Cartoon(SUBJECTS[work.subject](rng), hand_out(rng, palette))
        image = FIGURATIVE[style](rng, cartoon, hand)
    return finished(rng, image, size)


def composed(image: Image.Image) -> bool:
    """Whether a picture has enough contrast and is not a near-empty sheet."""
    grey = np.asarray(image.convert("L").resize((32, 32), Image.Resampling.BOX), np.float32)
    low, high = np.percentile(grey, (4, 96))
    inner = grey[3:-3, 3:-3]
    quarters = inner.reshape(2, 13, 2, 13).transpose(0, 2, 1, 3).reshape(4, -1)
    lively = (quarters.std(axis=1) > 4).sum() >= 3
    return bool(high - low > 55 and inner.std() > 13 and lively)
