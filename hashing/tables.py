"""Results as tables: plain text, or HTML in a notebook."""

import html
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Table:
    """A heading, the columns' names, and rows of text; all columns but the first stand right."""

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    @classmethod
    def of_counts(
        cls, heading: str, counts: Mapping[str, int], *, always: Collection[str] = ()
    ) -> Self:
        """Names and how many there are of each; what is 0 is left out, but for `always`."""
        kept = [(name, f"{n:,}") for name, n in counts.items() if n or name in always]
        return cls(heading, ("", "pictures"), kept)

    def __str__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        text = [
            "  ".join(
                cell.rjust(width) if place else cell.ljust(width)
                for place, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self.heading, *text] if self.heading else text)

    def _repr_html_(self) -> str:
        def row(cells: Sequence[str], tag: str) -> str:
            return (
                "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"
            )

        body = "".join(row(cells, "td") for cells in self.rows)
        caption = f"<caption>{html.escape(self.heading)}</caption>" if self.heading else ""
        return f"<table>{caption}{row(self.columns, 'th')}{body}</table>"
