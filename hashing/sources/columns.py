"""From the texts of a table to typed values: what is a number, what is missing, what is a date.

A column is a number only if every cell prints back letter for letter, so that no identifier
changes: `1975.10` and `007` stay text. Cells that say that nothing is known are blank.
"""

import math
import re
from collections.abc import Mapping, Sequence

from hashing.sources.dates import Span, parse_span
from hashing.sources.roles import SYNONYMS, folded

Value = str | int | float
"""One metadata value; a field that is blank in the source is absent from the mapping."""

Texts = Mapping[str, Mapping[str, str]]
Rows = Mapping[str, Mapping[str, Value]]

MISSING = {"null", "n/a", "#n/a", "<na>", "nan", "#null!"}
"""Cells, in any case, that are blank in every column."""
NO_NUMBER = MISSING | {"na", "none", "-", "--", "–", "—", "?", "unknown", "undated", "n.d.", "s.d."}
"""Cells that are blank in a column whose other cells are numbers or dates."""
QUANTITIES = {
    "price", "cost", "amount", "value", "width", "height", "depth", "length", "weight", "size",
    "area", "diameter", "rating", "score", "thickness", "duration", "cm", "mm", "kg", "eur", "usd",
    "chf", "gbp", "€", "$", "£", "preis", "breite", "höhe", "tiefe", "länge", "dicke", "gewicht",
    "durchmesser", "wert", "betrag", "prix", "largeur", "hauteur", "profondeur", "longueur",
    "poids", "diamètre", "épaisseur", "precio", "ancho", "alto", "altura", "anchura", "peso",
    "prezzo", "larghezza", "altezza", "profondità", "prijs", "hoogte", "breedte", "diepte",
}  # fmt: skip
"""Words of a column's name that make `5.50`, `5,50` and `1.005,50` numbers.

Elsewhere a last nought and a comma may be part of an identifier, which no number keeps.
"""
IDENTIFIERS = {
    "id", "identifier", "number", "no", "no.", "nr", "nr.", "inv", "inv.", "inventory", "accession",
    "code", "signature", "sku", "isbn", "ean", "inventarnummer", "inventarnr", "inventarnr.",
    "objektnummer", "signatur", "inventaire", "inventario", "inventarisnummer",
}  # fmt: skip
"""Words of a column's name that say that `1975.1` is no quantity: `1975.10` may come tomorrow."""
TO, WRITTEN = "_to", "_written"
"""A column of dates is the first year of each; beside it stand its last year and its text."""

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_POINTED = re.compile(r"-?(0|[1-9][0-9]*|[1-9][0-9]{0,2}(,[0-9]{3})+)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_COMMAED = re.compile(r"-?(0|[1-9][0-9]*|[1-9][0-9]{0,2}(\.[0-9]{3})+)(,[0-9]+)?")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def typed(columns: Sequence[str], texts: Texts) -> tuple[dict[str, type], Rows]:
    """The types of columns and the rows in these types, both with blank cells left out.

    A column of dates that are not all plain years becomes up to three: `year`, the first year of
    each (int); `year_to`, the last; `year_written`, the text.
    """
    kinds: dict[str, type] = {}
    rows: dict[str, dict[str, Value]] = {name: {} for name in texts}
    for column in columns:
        cells = {
            name: row[column]
            for name, row in texts.items()
            if column in row and row[column].casefold() not in MISSING
        }
        for made, (kind, values) in _column(column, cells, columns).items():
            kinds[made] = kind
            for name, value in values.items():
                rows[name][made] = value
    return kinds, rows


Made = dict[str, tuple[type, Mapping[str, Value]]]


def _column(column: str, cells: Mapping[str, str], others: Sequence[str]) -> Made:
    known = {name: text for name, text in cells.items() if text.casefold() not in NO_NUMBER}
    is_date = folded(column) in SYNONYMS["year"]
    if not known:
        return {column: (str, cells)}
    if all(map(_is_integer, known.values())):
        return {column: (int, {name: int(text) for name, text in known.items()})}
    if is_date and (made := _dates(column, known, others)):
        return made
    if is_quantity(column):
        if (measured := quantities(known)) is not None:
            return {column: (float, measured)}
    elif not IDENTIFIERS & set(folded(column).split()) and _are_floats(list(known.values())):
        return {column: (float, {name: float(text) for name, text in known.items()})}
    return {column: (str, cells)}


def _dates(column: str, cells: Mapping[str, str], others: Sequence[str]) -> Made | None:
    """Columns of a date's years and text, None where most cells are no dates."""
    spans: dict[str, Span] = {
        name: span for name, text in cells.items() if (span := parse_span(text)) is not None
    }
    if 2 * len(spans) < len(cells) or {column + TO, column + WRITTEN} & set(others):
        return None
    made: Made = {column: (int, {name: span[0] for name, span in spans.items()})}
    if any(first != last for first, last in spans.values()):
        made[column + TO] = (int, {name: span[1] for name, span in spans.items()})
    if any(not _is_year(cells[name], spans.get(name)) for name in cells):
        made[column + WRITTEN] = (str, cells)
    return made


def _is_year(text: str, span: Span | None) -> bool:
    return span is not None and span[0] == span[1] and text.removesuffix(".0") == str(span[0])


def _is_integer(text: str) -> bool:
    return bool(_INTEGER.fullmatch(text)) and -(2**63) <= int(text) < 2**63


def is_quantity(column: str) -> bool:
    """Whether a column's name says that its cells are measured or paid, not identifiers."""
    return bool(QUANTITIES & set(re.findall(r"\w+|[€$£]", folded(column))))


def _are_floats(texts: Sequence[str]) -> bool:
    if not all(_NUMBER.fullmatch(text) and math.isfinite(float(text)) for text in texts):
        return False
    return all(text == written(float(text)) for text in texts) or all(
        text == repr(float(text)) for text in texts
    )


def quantities(cells: Mapping[str, str]) -> Mapping[str, float] | None:
    """Cells as numbers with a decimal point or, in all of them, a decimal comma; else None.

    `1.005,50` and `1,005.50` say which it is; where `1,005` or `1.005` could be either, there is
    no number.
    """
    forms = {(".", ","): _POINTED, (",", "."): _COMMAED}
    signs = [pair for pair, form in forms.items() if all(map(form.fullmatch, cells.values()))]
    if not any(sign in text for text in cells.values() for sign in ".,"):
        signs = signs[:1]
    if len(signs) != 1:
        return None
    point, thousands = signs[0]
    plain = {name: text.replace(thousands, "") for name, text in cells.items()}
    found = {name: float(text.replace(point, ".")) for name, text in plain.items()}
    return found if all(map(math.isfinite, found.values())) else None


def written(value: Value) -> str:
    """A value as it was written: a whole number without a point."""
    text = str(value)
    return text.removesuffix(".0") if isinstance(value, float) else text
