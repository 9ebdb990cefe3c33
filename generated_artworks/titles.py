"""Titles, as a museum's label would give them."""

import numpy as np

_SCENES = {
    "ridge": (
        "Ridge and Sun", "The Far Range", "Pass in Mist", "Hills behind Hills", "Above the Valley",
        "Evening Ridge", "Mountain, First Light", "The Blue Saddle", "Snow Line", "Long Slope",
    ),
    "still life": (
        "Still Life", "Table by the Wall", "Vessels", "Quiet Table", "Fruit",
        "Supper Things", "Kitchen Piece", "Still Life, Afternoon", "Three Friends", "After Lunch",
    ),
    "water": (
        "Harbour Light", "Calm", "Open Water", "The Strait", "Lake at Noon", "Ebb", "Crossing",
        "Long Calm", "Offshore", "The Sound, Morning",
    ),
    "trees": (
        "Row of Trees", "Orchard Edge", "Windbreak", "Winter Wood", "The Clearing", "Avenue",
        "Trees on a Rise", "Copse", "Parkland", "Late Leaves",
    ),
}  # fmt: skip
_ABSTRACT = {
    "Colour Fields": (
        "Field",
        "Threshold",
        "Stillness",
        "Interior Weather",
        "Two Silences",
        "Veil",
    ),
    "Grid": ("Lattice", "Measure", "Quilt", "City Plan", "Counting", "Window Wall"),
    "Waves": ("Swell", "Drift", "Tide Table", "Undertow", "Cadence", "Sand Garden"),
    "Drips": ("Skein", "Thicket", "Cascade", "Night Rain", "Tangle", "Free Fall"),
}
_HOURS = ("Dawn", "Noon", "Dusk", "March", "June", "October", "Study", "Second Version")


def title(rng: np.random.Generator, style: str, subject: str | None, palette: str) -> str:
    """A title for a picture of this style, subject (None: abstract) and palette."""
    stem = str(rng.choice(_SCENES[subject] if subject else _ABSTRACT[style]))
    kind = rng.random()
    if kind < 0.3:
        return stem
    if kind < 0.55:
        return f"{stem} ({palette})"
    if kind < 0.8 or "," in stem:
        return f"{stem} No. {rng.integers(2, 30)}"
    return f"{stem}, {rng.choice(_HOURS)}"
