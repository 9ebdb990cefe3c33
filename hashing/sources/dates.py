"""Dates as museums write them, as a span of years."""

import re
import unicodedata

Span = tuple[int, int]
"""First and last year, both included; years before Christ are negative."""

OPEN = 50
"""Years that a date without a beginning or an end (`before 1700`) is taken to reach."""

_ABOUT = re.compile(
    r"\b(circa|ca|c|about|around|approximately|approx|probably|possibly|um|vers|verso|"
    r"dated|made|painted|printed|published|designed|ad|ce)\b\.?|[?\[\]()~]"
)
_CENTURY = re.compile(
    r"(?:(?P<part>early|mid|middle|late|(?:first|second|1st|2nd) half(?: of)?(?: the)?)[ -]+)?"
    r"(?P<number>\d{1,2}|[ivx]+)(?:st|nd|rd|th|e|ème|eme|\.)?"
)
_CENTURY_WORD = re.compile(r"\s*(centur(y|ies)|cent\.?|c\.|jahrhunderts?|jh\.?|siècle|siecle)\s*$")
_DECADE = re.compile(r"(?:(?:early|mid|late)[ -]+)?(\d{3}0)'?s")
_RANGE = re.compile(r"(-?\d{1,4})\s*(?:-|/|to|until|bis|or|and|,)\s*(\d{1,4})")
_BEFORE_CHRIST = re.compile(r"\s*\b(bce|bc|b\.c\.?e?\.?|v\.\s?chr\.?)[\s)?]*$")
_YEAR = re.compile(r"-?\d{1,4}(\.0)?")
_FOUR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_MID = re.compile(r"(early|mid|late)-\S+")
_BETWEEN = re.compile(r"\s*(?:-|\bto\b|\bor\b|/)\s*(?=\d|early|mid|late|[ivx]+e?$)")
_PARTS = {"early": (1, 33), "mid": (34, 66), "middle": (34, 66), "late": (67, 100)}
_ROMAN = {"i": 1, "v": 5, "x": 10}
_DASHES = str.maketrans("‐‑‒–—−", "------")


def parse_span(text: str) -> Span | None:
    """The years that a date names, None where it names none.

    `1890`, `c. 1890`, `1503–06`, `1890s`, `late 19th century`, `before 1700`, `12 May 1889`,
    `300 BC`; a century runs from 1801 to 1900.
    """
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_DASHES)
    if match := _BEFORE_CHRIST.search(plain):
        years = _bare(plain[: match.start()])
        pair = _RANGE.fullmatch(years)
        span = (int(pair[1]), int(pair[2])) if pair else _after_christ(years)
        return span and (-max(span), -min(span))
    return _after_christ(_bare(plain))


def _bare(plain: str) -> str:
    """Without words that say how sure one is."""
    return " ".join(_ABOUT.sub(" ", plain).split()).strip(" .,;:")


def _after_christ(plain: str) -> Span | None:
    if _YEAR.fullmatch(plain):
        year = int(plain.removesuffix(".0"))
        return year, year
    if span := _century(plain):
        return span
    if match := _DECADE.fullmatch(plain):
        return int(match[1]), int(match[1]) + 9
    if match := re.fullmatch(
        r"(before|by|until|vor|avant|after|from|since|nach|après) (.+)", plain
    ):
        inner = _after_christ(match[2])
        if inner is None:
            return None
        if match[1] in ("by", "until"):
            return inner[1] - OPEN, inner[1]
        if match[1] in ("before", "vor", "avant"):
            return inner[0] - OPEN, inner[0] - 1
        if match[1] in ("from", "since"):
            return inner[0], inner[0] + OPEN
        return inner[1] + 1, inner[1] + OPEN
    if match := _RANGE.fullmatch(plain):
        first, last = match[1], match[2]
        digits = len(first.lstrip("-")) - len(last)
        filled = first[: -len(last)] + last if digits > 0 else last
        if int(first) <= int(filled):
            return int(first), int(filled)
        return (int(first), int(first)) if len(last) == 2 else None  # a month
    return _four_digits(plain)


def _century(plain: str) -> Span | None:
    """`19th century`, `18th-19th century`, `early 20th century`."""
    word = _CENTURY_WORD.search(plain)
    if word is None:
        return None
    ends = [_CENTURY.fullmatch(part.strip()) for part in _ends(plain[: word.start()])]
    spans = [span for match in ends if match and (span := _century_span(match))]
    if not spans or len(spans) < len(ends):
        return None
    return spans[0][0], spans[-1][1]


def _ends(plain: str) -> list[str]:
    """One or two centuries; the hyphen of `mid-19th` joins nothing."""
    return [plain] if _MID.fullmatch(plain.strip()) else _BETWEEN.split(plain)


def _century_span(match: re.Match[str]) -> Span | None:
    text = match["number"]
    number = int(text) if text.isdecimal() else _roman(text)
    if not 1 <= number <= 21:
        return None
    start = (number - 1) * 100
    part = match["part"] or ""
    if part.startswith(("first", "1st")):
        return start + 1, start + 50
    if part.startswith(("second", "2nd")):
        return start + 51, start + 100
    first, last = _PARTS.get(part, (1, 100))
    return start + first, start + last


def _roman(text: str) -> int:
    values = [_ROMAN[letter] for letter in text]
    return sum(
        -value if value < max(values[place:]) else value for place, value in enumerate(values)
    )


def _four_digits(plain: str) -> Span | None:
    """Dates with a day or a month, and whatever else holds one or two years of four digits."""
    years = [int(year) for year in _FOUR.findall(plain)]
    if 1 <= len(years) <= 2 and years[0] <= years[-1] and max(years) <= 2100:
        return years[0], years[-1]
    return None
