"""Pictures and what is known of them as one self-contained piece of HTML."""

import base64
import html
import tempfile
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from hashing.progress import in_notebook, log

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Card:
    """One picture (a JPEG, None where there is none) with its label."""

    picture: bytes | None
    title: str
    creator: str
    detail: str
    distance: str

    def html(self) -> str:
        """A figure."""
        return _template("card.html").substitute(
            picture=_data_uri(self.picture),
            title=html.escape(self.title),
            creator=html.escape(self.creator),
            detail=html.escape(self.detail),
            distance=html.escape(self.distance),
        )


@dataclass(frozen=True)
class Sheet:
    """What was searched with, and the cards of the answer."""

    name: str
    query: bytes | None
    cards: Sequence[Card]

    def fragment(self) -> str:
        """For a notebook: styles of its own, no page around it."""
        cards = "".join(card.html() for card in self.cards)
        return _template("sheet.html").substitute(heading=self._heading(), cards=cards)

    def page(self) -> str:
        """A whole page."""
        title = html.escape(f"Results for {self.name}" if self.name else "Results")
        return _template("page.html").substitute(title=title, sheet=self.fragment())

    def _heading(self) -> str:
        if not self.name and not self.query:
            return ""
        name = html.escape(f"Most like {self.name}" if self.name else "")
        return f"<header>{_asked(self.query)}<h1>{name}</h1></header>"


@dataclass(frozen=True)
class GroupSheet:
    """Groups of pictures (JPEGs) below headings: (heading, ((picture, file, detail), …)).

    query: a JPEG beside the title.
    """

    title: str
    groups: Sequence[tuple[str, Sequence[tuple[bytes | None, str, str]]]]
    query: bytes | None = None

    def fragment(self) -> str:
        """For a notebook: styles of its own, no page around it."""
        group, copy = _template("group.html"), _template("copy.html")
        parts = []
        for heading, copies in self.groups:
            figures = (
                copy.substitute(
                    picture=_data_uri(picture), file=html.escape(file), detail=html.escape(detail)
                )
                for picture, file, detail in copies
            )
            parts.append(group.substitute(heading=html.escape(heading), copies="".join(figures)))
        title = f"<h1>{html.escape(self.title)}</h1>" if self.title else ""
        heading = f"<header>{_asked(self.query)}{title}</header>" if title else ""
        sheet = _template("sheet.html").substitute(heading=heading, cards="")
        return sheet.replace("<main>\n</main>", "".join(parts))

    def page(self) -> str:
        """A whole page."""
        return _template("page.html").substitute(
            title=html.escape(self.title), sheet=self.fragment()
        )


def _asked(query: bytes | None) -> str:
    """The picture that was searched with, nothing where there is none."""
    if not query:
        return ""
    return f'<img src="{_data_uri(query)}" alt="the picture searched with">'


def show_sheet(sheet: Sheet) -> None:
    """In the notebook where this runs in one, else as a temporary file in the browser."""
    if in_notebook():
        from IPython.display import HTML, display

        display(HTML(sheet.fragment()))
        return
    path = Path(tempfile.mkdtemp(prefix="arthash-")) / "results.html"
    path.write_text(sheet.page(), encoding="utf-8")
    log(f"results are in {path}")
    webbrowser.open(path.as_uri())


def _template(name: str) -> Template:
    return Template((HERE / name).read_text(encoding="utf-8"))


def _data_uri(jpeg: bytes | None) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg or b"").decode()
