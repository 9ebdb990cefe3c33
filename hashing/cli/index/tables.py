"""Results as tables for people."""

import csv
import io
import sys
from collections.abc import Iterable, Mapping, Sequence

from hashing.progress import LINES, printable

FILE_COLUMNS = 200
"""Width where the table goes into a file or a pipe, which nobody resizes."""


def print_facts(facts: Mapping[str, object]) -> None:
    """Names and values in two columns."""
    print_table(("", ""), [(name, str(value)) for name, value in facts.items()], header=False)


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[str] = (),
    header: bool = True,
) -> None:
    """A table as wide as its content; `right` names the columns aligned to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD if header else None, show_header=header, pad_edge=False)
    for name in columns:
        table.add_column(
            Text(printable(name)),
            justify="right" if name in right else "left",
            style=None if header or name != columns[0] else "dim",
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(printable(cell, LINES)) for cell in row))
    width = None if sys.stdout.isatty() else FILE_COLUMNS
    console = Console(highlight=False, width=width)
    with console.capture() as captured:  # itself it ends the process where the reader has gone
        console.print(table)
    sys.stdout.write(captured.get())


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Comma-separated values, a line for each row."""
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows([columns, *rows])
    return lines.getvalue()
