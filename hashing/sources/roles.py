"""Roles: what a collection's columns are to somebody who looks at it.

A collection may have any columns. A few of them play a part wherever works are shown, grouped or
judged: which one is a work's `title`, its `creator`, the `group` it belongs to, its `year`, the
`link` to its source, the `licence` it is under, and whether it is `hidden` from visitors. An index
keeps them as a mapping from role to column.
"""

import re
from collections.abc import Iterable, Mapping

from hashing.errors import UsageError, choose

ROLES = ("title", "creator", "group", "year", "link", "licence", "hidden")

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "title": (
        "title", "name", "caption", "object name", "product", "product name", "titel",
        "object title", "work title", "item label", "titre", "titolo", "título",
    ),
    "creator": (
        "artist", "creator", "author", "maker", "photographer", "designer", "painter",
        "artist name", "artist display name", "artist display", "attribution", "object creator",
        "creator label", "creators", "brand", "vendor", "manufacturer", "künstler", "künstlerin",
        "artiste", "auteur", "artista", "autor", "kunstenaar",
    ),
    "group": (
        "style", "label", "category", "class", "movement", "genre", "type", "species",
        "classification", "department", "collection", "kategorie",
    ),
    "year": (
        "year", "date", "object date", "date created", "created", "dated", "date display",
        "display date", "displaydate", "date text", "creation date", "object creation date",
        "production date", "inception", "jahr", "datum", "datierung", "entstehungsjahr", "année",
        "datering", "fecha", "data", "anno", "año",
    ),
    "link": (
        "url", "link", "href", "source url", "object url", "link resource", "web page",
        "object persistent identifier", "persistent identifier",
    ),
    "licence": (
        "licence", "license", "rights", "rights statement", "usage rights", "copyright status",
        "rights and reproduction", "lizenz", "rechte",
    ),
    "hidden": ("hidden", "versteckt"),
}  # fmt: skip
"""Names of columns that play a role unless another is named, the likeliest first."""


_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_FIRST = re.compile(r"\[1\]$")


def folded(name: str) -> str:
    """A column's name in plain words: `artist name` for `Artist_Name` and `artistName[1]`."""
    words = _CAMEL.sub(" ", _FIRST.sub("", name.strip()))
    return " ".join(words.casefold().replace("_", " ").replace("-", " ").split())


def default_roles(columns: Iterable[str]) -> dict[str, str]:
    """The column of each role by its name; a role that no column's name fits is absent."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(folded(column), column)
    found = {
        role: next((by_name[name] for name in names if name in by_name), None)
        for role, names in SYNONYMS.items()
    }
    return {role: column for role, column in found.items() if column is not None}


def resolve_roles(chosen: Mapping[str, str], columns: Iterable[str]) -> dict[str, str]:
    """The column of each role: those chosen (an empty name: none), the others by default.

    A chosen column that is not there yet plays no role, and no other takes its place.
    """
    names = list(columns)
    by_name = {role: name for role, name in default_roles(names).items() if role not in chosen}
    return by_name | {role: name for role, name in chosen.items() if name in names}


def parse_roles(text: str) -> dict[str, str]:
    """`group=category,creator=brand,year=` as a mapping. Raises UsageError."""
    roles = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        role, sign, column = (word.strip() for word in part.partition("="))
        if not sign:
            raise UsageError(f"expected ROLE=COLUMN such as group=category, found {part!r}")
        choose("role", role, dict.fromkeys(ROLES))
        roles[role] = column
    return roles


def check_roles(roles: Mapping[str, str], columns: Iterable[str]) -> None:
    """Raise UsageError for a column that is not there."""
    known = dict.fromkeys(columns)
    for column in filter(None, roles.values()):
        choose("column", column, known)
