"""Which row of a table names its columns, and which of these names are pictures' files."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

from hashing.sources.roles import folded

FILE = "file"
FILE_NAMES = (
    FILE, "file name", "filename", "image", "image file", "image filename", "image name",
    "image path", "path", "file path", "filepath", "picture", "picture file", "photo", "img",
    "img path", "images", "image files", "files", "pictures", "photos", "media file",
    "bild", "bilddatei", "bilddateien", "datei", "dateiname", "fichier", "nom de fichier",
    "archivo", "imagen", "immagine", "afbeelding", "bestand",
)  # fmt: skip
"""The column that names the picture has one of these names, the likeliest first."""
DEPTH = 40
"""Rows among which the header is looked for."""

_PICTURE = re.compile(r"\.(jpe?g|jpe|jfif|png|webp|gif|bmp|tiff?|avif|heic|heif|jp2)$", re.I)
_BETWEEN = re.compile(r"\s*[;|\n]\s*|,\s*")


def looks_like_picture(name: str) -> bool:
    """Whether a cell ends as the names of pictures do, an address before its question mark."""
    plain = name.strip()
    if plain.startswith(("http://", "https://")):
        plain = plain.partition("?")[0]
    return bool(_PICTURE.search(plain))


def without_ending(name: str) -> str:
    """A name without the ending of a picture's file."""
    return _PICTURE.sub("", name)


def pictures_in(cell: str) -> list[str]:
    """The names in a cell: several where each part looks like a picture, else the whole.

    Between them stand `;`, `|`, a comma or a new line.
    """
    parts = [part.strip() for part in _BETWEEN.split(cell) if part.strip()]
    return parts if parts and all(map(looks_like_picture, parts)) else [cell]


def names_pictures(row: Sequence[str], names: Collection[str]) -> bool:
    """Whether a row may be the header: it has a column of one of these (folded) names."""
    return any(folded(cell) in names for cell in row) and not any(map(looks_like_picture, row))


def find_header(rows: Sequence[Sequence[str]], names: Collection[str]) -> int:
    """The position of the header among the first rows; what precedes are titles and notes.

    It is the first row that names a column of pictures, if each row above fills fewer cells; else
    the first that fills more than half as many cells as most rows do.
    """
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows[:DEPTH]]
    named = [place for place, row in enumerate(rows[:DEPTH]) if names_pictures(row, names)]
    for place in sorted(named, key=lambda place: filled[place] == 1):
        if all(count < filled[place] for count in filled[:place]):
            return place
    counts = Counter(filled)
    usual = max(counts, key=lambda count: (counts[count], count), default=0)
    wide = (place for place, count in enumerate(filled) if count > max(1, usual / 2))
    return next(wide, 0) if usual > 1 else 0


def column_names(header: Sequence[str]) -> list[str]:
    """The columns' names, equal ones made different."""
    names: list[str] = []
    taken: set[str] = set()
    for cell in header:
        name = plain = " ".join(cell.split())
        number = 2
        while name and name.casefold() in taken:
            name, number = f"{plain} ({number})", number + 1
        taken.add(name.casefold())
        names.append(name)
    return names
