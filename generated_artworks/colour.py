"""Palettes built in OKLCH (Ottosson 2020): a ladder of six lightnesses and one accent."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
"""sRGB, 0 … 255."""

LIGHTNESS = (0.22, 0.36, 0.51, 0.66, 0.80, 0.92)
"""The ladder, darkest step first; every palette stands on the same one."""

_TO_LMS = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def oklch(lightness: float, chroma: float, hue: float) -> Colour:
    """The sRGB colour of an OKLCH triple (hue in degrees), chroma reduced until it can be shown."""
    for part in np.linspace(1, 0, 26):
        radians = np.deg2rad(hue)
        lab = (lightness, chroma * part * np.cos(radians), chroma * part * np.sin(radians))
        linear = _TO_RGB @ (_TO_LMS @ np.array(lab)) ** 3
        if linear.min() > -1e-4 and linear.max() < 1.0001:
            break
    linear = linear.clip(0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    red, green, blue = (encoded * 255).round().astype(int).tolist()
    return red, green, blue


@dataclass(frozen=True)
class Palette:
    """Six tones from dark to light, and one accent."""

    name: str
    ladder: tuple[Colour, ...]
    accent: Colour


def _palette(
    name: str,
    dark: tuple[float, float],
    middle: tuple[float, float],
    light: tuple[float, float],
    accent: tuple[float, float, float],
) -> Palette:
    """Anchors (chroma, hue) at the ladder's ends and middle; between them straight in OKLab."""
    polar = np.array([dark, middle, light])
    radians = np.deg2rad(polar[:, 1])
    anchors = (LIGHTNESS[0], 0.58, LIGHTNESS[-1])
    a = np.interp(LIGHTNESS, anchors, polar[:, 0] * np.cos(radians))
    b = np.interp(LIGHTNESS, anchors, polar[:, 0] * np.sin(radians))
    chroma, hue = np.hypot(a, b), np.rad2deg(np.arctan2(b, a))
    ladder = tuple(oklch(*step) for step in zip(LIGHTNESS, chroma, hue, strict=True))
    return Palette(name, ladder, oklch(*accent))


PALETTES = (
    _palette("Indigo and Rust", (0.08, 268), (0.07, 250), (0.03, 85), (0.60, 0.15, 42)),
    _palette("Sea Glass", (0.05, 215), (0.07, 190), (0.03, 140), (0.70, 0.15, 50)),
    _palette("Ochre Field", (0.05, 55), (0.11, 78), (0.045, 92), (0.46, 0.11, 255)),
    _palette("Persimmon", (0.06, 20), (0.10, 42), (0.035, 75), (0.67, 0.19, 45)),
    _palette("Pine and Snow", (0.045, 165), (0.05, 170), (0.012, 200), (0.60, 0.18, 30)),
    _palette("Plum Dusk", (0.08, 320), (0.08, 345), (0.035, 60), (0.79, 0.13, 75)),
    _palette("Slate", (0.02, 250), (0.025, 240), (0.012, 90), (0.66, 0.17, 50)),
    _palette("Cobalt", (0.12, 264), (0.13, 256), (0.03, 230), (0.82, 0.15, 90)),
    _palette("Terracotta", (0.05, 30), (0.11, 42), (0.04, 70), (0.54, 0.08, 205)),
    _palette("Olive Grove", (0.04, 118), (0.08, 113), (0.045, 103), (0.58, 0.15, 35)),
    _palette("Rose Madder", (0.09, 8), (0.12, 12), (0.03, 50), (0.46, 0.08, 205)),
    _palette("Lagoon", (0.06, 232), (0.09, 208), (0.04, 165), (0.70, 0.17, 30)),
    _palette("Wheat", (0.04, 65), (0.08, 85), (0.05, 95), (0.54, 0.17, 28)),
    _palette("Midnight", (0.09, 275), (0.10, 280), (0.025, 290), (0.86, 0.14, 95)),
    _palette("Moss", (0.05, 140), (0.085, 130), (0.045, 108), (0.74, 0.12, 355)),
    _palette("Sumi", (0.008, 80), (0.010, 80), (0.016, 85), (0.55, 0.19, 28)),
    _palette("Lichen", (0.035, 195), (0.05, 155), (0.05, 118), (0.69, 0.15, 60)),
    _palette("Violet Hour", (0.10, 290), (0.09, 302), (0.03, 340), (0.77, 0.14, 65)),
    _palette("Copper", (0.05, 42), (0.09, 55), (0.035, 85), (0.62, 0.09, 188)),
    _palette("Harbour", (0.06, 242), (0.06, 232), (0.022, 80), (0.59, 0.20, 28)),
    _palette("Apricot", (0.07, 345), (0.11, 32), (0.055, 75), (0.50, 0.11, 250)),
    _palette("Fjord", (0.06, 222), (0.05, 225), (0.015, 220), (0.83, 0.14, 88)),
    _palette("Clay and Mint", (0.05, 28), (0.06, 55), (0.05, 162), (0.60, 0.14, 35)),
    _palette("Ink and Saffron", (0.03, 268), (0.03, 270), (0.028, 90), (0.79, 0.16, 77)),
)
"""One pool, shared by the artists of every style."""


@dataclass(frozen=True)
class Inks:
    """A palette with its roles handed out for one picture.

    paper: the sheet. ground: the largest colour. tones: the other ladder steps, in order of use.
    accent: little of it. line: stands out from the ground.
    ramps: uint8 `[2, 256, 3]`, the colour of a scene's value (0 … 255), in the ladder's tones and
    in the accent's; by night the ladder is turned over.
    """

    paper: Colour
    ground: Colour
    tones: tuple[Colour, ...]
    accent: Colour
    line: Colour
    ramps: NDArray[np.uint8]

    @property
    def darkest(self) -> Colour:
        """The darker end of the ladder."""
        return min(self._ends, key=luma)

    @property
    def lightest(self) -> Colour:
        """The lighter end of the ladder."""
        return max(self._ends, key=luma)

    @property
    def _ends(self) -> list[Colour]:
        return [(red, green, blue) for red, green, blue in self.ramps[0, [0, -1]].tolist()]


def mixed(one: Colour, other: Colour, part: float) -> Colour:
    """`one` with `part` (0 … 1) of `other` mixed in."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def luma(colour: Colour) -> float:
    """Brightness, 0 … 255 (Rec. 601 weights)."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def hand_out(rng: np.random.Generator, palette: Palette, bold: float = 0.0) -> Inks:
    """Permute the roles: any ladder step may be the ground, day may be night.

    bold: how often the accent is the ground, and a ladder step the accent.
    """
    ladder = list(palette.ladder)
    night = bool(rng.random() < 0.22)
    paper = ladder[0] if rng.random() < 0.1 else mixed(ladder[-1], (248, 244, 235), 0.72)
    ground = ladder.pop(int(rng.choice(6, p=[0.2, 0.13, 0.12, 0.12, 0.18, 0.25])))
    tones = tuple(ladder[i] for i in rng.permutation(5))
    accent = palette.accent
    if rng.random() < bold:
        ground, accent = accent, ground
    line = palette.ladder[0] if luma(ground) > 120 else palette.ladder[-1]
    ramps = np.stack([_ramp(palette.ladder[:: -1 if night else 1]), _accent_ramp(accent)])
    return Inks(paper, ground, tones, accent, line, ramps)


def _ramp(ladder: tuple[Colour, ...]) -> NDArray[np.uint8]:
    at = np.linspace(0, 5, 256)
    channels = [np.interp(at, np.arange(6), channel) for channel in np.array(ladder).T]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def _accent_ramp(accent: Colour) -> NDArray[np.uint8]:
    """From shade to light, with the accent's own colour at value .6."""
    at = np.linspace(0, 1, 256)[:, None]
    shade = np.array(accent) * (0.45 + 0.55 * np.minimum(at / 0.6, 1))
    return (shade + (250 - shade) * np.maximum(at - 0.6, 0)).round().astype(np.uint8)
