"""Metadata as rows of cells with commas, semicolons, tabs or bars between them."""

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress

from hashing.errors import InputError
from hashing.sources.header import DEPTH, column_names, find_header, names_pictures
from hashing.sources.left_out import LeftOut
from hashing.sources.objects import Record
from hashing.sources.text import decode_text

DELIMITERS = ",;\t|"
NONE = "\x1f"
"""Between the cells of a table of one column, in which the others may stand."""
LONGEST = 1 << 24
"""Characters in one cell."""


def csv_records(
    data: bytes, source: str, names: Collection[str], left_out: LeftOut
) -> Iterator[Record]:
    """Rows by column. names: folded names of columns that name pictures."""
    csv.field_size_limit(LONGEST)
    lines, delimiter, first = _body(decode_text(data, source, left_out), names)
    numbered = [(f"line {line + first}", row) for line, row in _rows(lines, delimiter, source)]
    yield from table_records(numbered, source, names, left_out)


def table_records(
    rows: Sequence[tuple[str, Sequence[str]]],
    source: str,
    names: Collection[str],
    left_out: LeftOut,
) -> Iterator[Record]:
    """Rows below the header, by its columns; where each stands is told beside it."""
    rows = [(where, cells) for where, cells in rows if any(cell.strip() for cell in cells)]
    start = find_header([cells for _, cells in rows[:DEPTH]], names)
    for where, _ in rows[:start]:
        left_out.note("line before a table's header", f"{where} of {source}")
    columns = column_names(rows[start][1]) if rows else []
    for where, cells in rows[start + 1 :]:
        if any(cell.strip() for cell in cells[len(columns) :]):
            left_out.note("row with more cells than columns", f"{where} of {source}", fault=True)
            continue
        pairs = list(zip(columns, cells, strict=False))
        if any(cell.strip() for name, cell in pairs if not name):  # a row's number
            left_out.note("cell in a column without a name", source)
        blank = dict.fromkeys(filter(None, columns), "")
        yield where, blank | {name: cell for name, cell in pairs if name}


def _body(text: str, names: Collection[str]) -> tuple[str, str, int]:
    """The table's text, its delimiter, and how many lines stand before it."""
    skipped = 0
    delimiter = ""
    while text:
        line, _, rest = text.partition("\n")
        bare = line.strip()
        if bare.lower().startswith("sep=") and len(bare) == 5:
            delimiter = bare[4]
        elif bare.lower() == "sep=" and line.rstrip("\r\n").endswith("\t"):
            delimiter = "\t"
        elif bare.startswith("#") and _heads(bare, rest, names):
            text = re.sub(r"#+\s*(?=\w)", "", text, count=1)
            break
        elif bare and not bare.startswith("#"):
            break
        text, skipped = rest, skipped + 1
    return text, delimiter or _delimiter(text, names), skipped


def _heads(line: str, rest: str, names: Collection[str]) -> bool:
    """Whether a line that begins as comments do is the header: `#,file,title`, `#file<TAB>title`.

    It names a column of pictures, the line below does not, and has as many cells.
    """
    below = (each for each in rest[:20_000].splitlines() if each.strip() and each[0] != "#")
    following = next(below, "")
    for delimiter in DELIMITERS:
        with suppress(csv.Error):
            header, row = csv.reader([line.lstrip("# "), following], delimiter=delimiter)
            if len(header) == len(row) and names_pictures(header, names):
                return not names_pictures(row, names)
    return False


def _delimiter(text: str, names: Collection[str]) -> str:
    """The one by which a row is a header of pictures, on which most rows agree, with most cells."""

    def score(delimiter: str) -> tuple[bool, int, int]:
        start = csv.reader(io.StringIO(text[:20_000], newline=""), delimiter=delimiter)
        rows: list[list[str]] = []
        with suppress(csv.Error):
            rows.extend(row for row, _ in zip(start, range(DEPTH), strict=False) if len(row) > 1)
        counts = Counter(map(len, rows))
        agreeing, cells = max(((n, width) for width, n in counts.items()), default=(0, 0))
        return any(names_pictures(row, names) for row in rows), agreeing, cells

    best = max(DELIMITERS, key=score)
    single = names_pictures([text.partition("\n")[0].strip()], names) and not score(best)[0]
    return NONE if single else best


def _rows(text: str, delimiter: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the number of their line; quotes doubled as CSV has them, or else escaped."""
    plain: dict[str, object] = {"delimiter": delimiter, "strict": True}
    for options in (plain, plain | {"escapechar": "\\"}, plain | {"quoting": csv.QUOTE_NONE}):
        reader = csv.reader(io.StringIO(text, newline=""), **options)  # type: ignore[arg-type]
        try:
            rows = [(reader.line_num, row) for row in reader]
        except csv.Error as error:
            problem = error
            continue
        yield from rows
        return
    raise InputError(f"{source}: broken CSV, {problem}")
