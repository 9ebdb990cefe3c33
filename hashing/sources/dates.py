"""Dates as museums write them, as a span of years."""

import re
import unicodedata

Span = tuple[int, int]
"""First and last year, both included; years before Christ are negative."""

OPEN = 50
"""Years that a date without a beginning or an end (`before 1700`) is taken to reach."""

_ABOUT = re.compile(
    r"\b(a\.\s?d|c\.\s?e|circa|ca|c|about|around|approximately|approx|probably|possibly|um|vers|"
    r"verso|dated|made|painted|printed|published|designed|ad|ce)\b\.?|[?\[\]()~]"
)
_CENTURY = re.compile(
    r"(?:(?P<part>early|mid|middle|late|(?:first|second|1st|2nd) half(?: of)?(?: the)?)[ -]+)?"
    r"(?P<number>\d{1,2}|[ivx]+)(?:st|nd|rd|th|e|ème|eme|\.)?"
)
_SHORT = re.compile(r"(?<=\d(?:st|nd|rd|th))\s*c\b\.?")
"""`19th c.`, before `_ABOUT` takes the letter for circa."""
_CENTURY_WORD = re.compile(r"\s*(centur(y|ies)|cent\.?|c\.|jahrhunderts?|jh\.?|siècle|siecle)\s*$")
_PART = r"(?:(?P<part>early|mid|middle|late)[ -]+)?"
_DECADE = re.compile(rf"{_PART}(?P<year>\d{{2,3}}0)(?P<s>'?s)")
_JOINED = r"\s*(?:-|/|to|until|bis|or|and|,)\s*"
_RANGE = re.compile(rf"(-?\d{{1,6}}){_JOINED}(\d{{1,6}})")
_SHORT_DECADE = re.compile(
    rf"(?<!\d)(\d\d)\d\d(?:'?s)?{_JOINED}(?:(?:early|mid|late)[ -]+)?'?(?=\d0'?s\b)"
)
"""What stands before the decade of `1950s–60s`, and its hundreds."""
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:[.,]\d{3})+(?!\d)")
"""`3,000` and `3.000` are one number, `1850,1870` are two."""
_MONTH = re.compile(r"(?:0?[1-9]|1[0-2])\s*[-/.]\s*(\d{4})")
_HIJRI = re.compile(
    r"(?:\ba\.?\s?h\.?\s*\d{1,4}(?:\s*-\s*\d{1,4})?|\b\d{1,4}\s*a\.?h\b\.?)\s*[/=,;]?"
)
"""A year of the Islamic calendar; ours stands beside it."""
_BEFORE_CHRIST = re.compile(
    r"\s*(?<![a-z])(?:bce|bc|b\.\s?c\.?(?:\s?e\.?)?|v\.\s?chr\.?)(?![a-z])[\s)?\]]*"
)
_TO = re.compile(r"(?:-|/|to\b|until\b|bis\b|or\b|and\b)")
_YEAR = re.compile(r"-?\d{1,6}(\.0)?")
_FIVE = re.compile(r"\d{5}")
"""Digits that no year since Christ has."""
_FOUR = re.compile(rf"{_PART}(?<!\d)(?P<year>\d{{4}})(?P<s>(?<=0)'?s\b)?(?!\d)")
_MID = re.compile(r"(early|mid|late)-\S+")
_BETWEEN = re.compile(r"\s*(?:-|\bto\b|\bor\b|/)\s*(?=\d|early|mid|late|[ivx]+e?$)")
_PARTS = {
    **{"early": (1, 33), "mid": (34, 66), "middle": (34, 66), "late": (67, 100)},
    **{"first": (1, 50), "1st": (1, 50), "second": (51, 100), "2nd": (51, 100)},
}
"""Which of a century's hundred years, in their order."""
_ROMAN = {"i": 1, "v": 5, "x": 10}
_DASHES = str.maketrans("‐‑‒–—−", "------")


def parse_span(text: str) -> Span | None:
    """The years that a date names, None where it names none.

    `1890`, `c. 1890`, `1503–06`, `1890s`, `1950s–60s`, `late 19th century`, `before 1700`,
    `12 May 1889`, `3,000 BC`, `100 BC – AD 50`; a century runs from 1801 to 1900, the `1800s` from
    1800 to 1899.
    """
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_DASHES)
    plain = _THOUSANDS.sub(lambda match: re.sub("[.,]", "", match[0]), plain)
    plain = _SHORT_DECADE.sub(r"\g<0>\1", plain)
    plain = _HIJRI.sub(" ", _SHORT.sub(" century", plain))
    *earlier, later = _BEFORE_CHRIST.split(plain)
    if earlier and not later:
        return _span(_bare(" ".join(earlier)), before_christ=True)
    if len(earlier) == 1 and (to := _TO.match(later)):
        first = _span(_bare(earlier[0]), before_christ=True)
        last = _span(_bare(later[to.end() :]))
        if first and last:
            return first[0], last[1]
    inside = re.search(r"\(([^()]+)\)", plain) if earlier else None
    return parse_span(inside[1]) if inside else _span(_bare(plain))


def _bare(plain: str) -> str:
    """Without words that say how sure one is."""
    return " ".join(_ABOUT.sub(" ", plain).split()).strip(" .,;:")


def _span(plain: str, *, before_christ: bool = False) -> Span | None:
    if span := _century(plain, before_christ):
        return span
    if match := _DECADE.fullmatch(plain):
        return _of_decade(match, before_christ)
    if match := re.fullmatch(
        r"(before|by|until|vor|avant|after|from|since|nach|après) (.+)", plain
    ):
        inner = _span(match[2], before_christ=before_christ)
        if inner is None:
            return None
        if match[1] in ("by", "until"):
            return inner[1] - OPEN, inner[1]
        if match[1] in ("before", "vor", "avant"):
            return inner[0] - OPEN, inner[0] - 1
        if match[1] in ("from", "since"):
            return inner[0], inner[0] + OPEN
        return inner[1] + 1, inner[1] + OPEN
    if _FIVE.search(plain) and not before_christ:
        return _four_digits(plain)
    if _YEAR.fullmatch(plain):
        year = int(plain.removesuffix(".0"))
        return (-abs(year), -abs(year)) if before_christ else (year, year)
    if match := _MONTH.fullmatch(plain):
        return int(match[1]), int(match[1])
    if match := _RANGE.fullmatch(plain):
        first, last = match[1], match[2]
        if before_christ:
            years = -abs(int(first)), -int(last)
            return min(years), max(years)
        digits = len(first.lstrip("-")) - len(last)
        filled = first[: -len(last)] + last if digits > 0 else last
        if int(first) <= int(filled):
            return int(first), int(filled)
        return (int(first), int(first)) if len(last) == 2 else None  # a month
    return None if before_christ else _four_digits(plain)


def _of_decade(match: re.Match[str], before_christ: bool = False, hundreds: bool = True) -> Span:
    """`1890s`; those of a whole hundred are a century, of which there may be a part.

    Unless they stand beside other years, as in `1890s–1900s`: then there are no `hundreds`.
    """
    year = int(match["year"])
    if not match["s"]:
        return year, year
    length = 10 if year % 100 or not hundreds else 100
    start = -(year + length - 1) if before_christ else year
    first, last = _PARTS.get(match["part"] or "", (1, 100)) if length == 100 else (1, 10)
    return start + first - 1, start + last - 1


def _century(plain: str, before_christ: bool) -> Span | None:
    """`19th century`, `18th-19th century`, `early 20th century`."""
    word = _CENTURY_WORD.search(plain)
    if word is None:
        return None
    ends = [_CENTURY.fullmatch(part.strip()) for part in _ends(plain[: word.start()])]
    spans = [span for match in ends if match and (span := _century_span(match, before_christ))]
    if not spans or len(spans) < len(ends):
        return None
    years = [year for span in spans for year in span]
    return min(years), max(years)


def _ends(plain: str) -> list[str]:
    """One or two centuries; the hyphen of `mid-19th` joins nothing."""
    return [plain] if _MID.fullmatch(plain.strip()) else _BETWEEN.split(plain)


def _century_span(match: re.Match[str], before_christ: bool) -> Span | None:
    text = match["number"]
    number = int(text) if text.isdecimal() else _roman(text)
    if not 1 <= number <= 21:
        return None
    start = -100 * number if before_christ else 100 * number - 99
    first, last = _PARTS.get((match["part"] or "").partition(" ")[0], (1, 100))
    return start + first - 1, start + last - 1


def _roman(text: str) -> int:
    values = [_ROMAN[letter] for letter in text]
    return sum(
        -value if value < max(values[place:]) else value for place, value in enumerate(values)
    )


def _four_digits(plain: str) -> Span | None:
    """Dates with a day or a month, and whatever else holds one or two years or their decades."""
    found = list(_FOUR.finditer(plain))
    hundreds = all(match["s"] and match["year"].endswith("00") for match in found)
    spans = [_of_decade(match, hundreds=hundreds) for match in found]
    if 1 <= len(spans) <= 2 and spans[0][0] <= spans[-1][0] and spans[-1][1] <= 2100:
        return spans[0][0], spans[-1][1]
    return None
