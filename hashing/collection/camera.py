"""What a camera noted of a picture: when it was taken and, only where asked for, at which place.

A place is a person's home as often as not, and columns are shown on the page: so it is taken by
`--exif place` alone.
"""

from collections.abc import Mapping, Sequence

from hashing.errors import choose
from hashing.images.facts import exif_of, place_at, taken_at
from hashing.sources import Catalogue, Value
from hashing.sources.columns import WRITTEN
from hashing.store import NewItem

DATE, PLACE = "date", "place"
KINDS = (DATE, PLACE)
LATITUDE, LONGITUDE = "latitude", "longitude"
COLUMNS: Mapping[str, type] = {
    DATE: int,
    DATE + WRITTEN: str,
    LATITUDE: float,
    LONGITUDE: float,
}
"""Year, date and time by the camera's clock; degrees north and east."""
_OF = {DATE: (DATE, DATE + WRITTEN), PLACE: (LATITUDE, LONGITUDE)}


def wanted(
    asked: Sequence[str] | None, catalogue: Catalogue, columns: Mapping[str, type]
) -> tuple[str, ...]:
    """Which of `KINDS` are taken. Raises UsageError for others.

    asked: None for the default, dates where there is no metadata, and what the index has already.
    columns: those of the index.
    """
    if asked is None:
        asked = () if catalogue.described else (DATE, PLACE if LATITUDE in columns else DATE)
    for kind in asked:
        choose("kind of Exif data", kind, dict.fromkeys((*KINDS, "none")))
    taken = {**columns, **catalogue.columns}
    return tuple(
        kind
        for kind in KINDS
        if kind in asked
        and not any(name in catalogue.columns for name in _OF[kind])
        and all(taken.get(name, COLUMNS[name]) is COLUMNS[name] for name in _OF[kind])
    )


def columns_of(kinds: Sequence[str]) -> tuple[str, ...]:
    """The columns that some of `KINDS` may fill."""
    return tuple(name for kind in kinds for name in _OF[kind])


def camera_columns(items: Sequence[NewItem], kinds: Sequence[str]) -> dict[str, type]:
    """The types of the columns of some of `KINDS` that some items have."""
    used = {name for item in items for name in item.fields}
    return {name: COLUMNS[name] for name in columns_of(kinds) if name in used}


def noted(data: bytes, kinds: Sequence[str]) -> dict[str, Value]:
    """The fields of an encoded picture, by columns; none where its camera noted nothing."""
    exif = exif_of(data) if kinds else b""
    fields: dict[str, Value] = {}
    if exif and DATE in kinds and (taken := taken_at(exif)) is not None:
        fields = {DATE: taken.year, DATE + WRITTEN: f"{taken:%Y-%m-%d %H:%M:%S}"}
    if exif and PLACE in kinds and (place := place_at(exif)) is not None:
        fields |= {LATITUDE: place[0], LONGITUDE: place[1]}
    return fields
