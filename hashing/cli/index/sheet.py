"""The results of a search as one self-contained HTML file, opened in the browser."""

import base64
import html
import tempfile
import webbrowser
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from hashing.images import FILES, decode, encode_jpeg
from hashing.progress import log

if TYPE_CHECKING:
    from hashing.store import Index

QUERY_PIXELS = 512


def open_sheet(index: "Index", query: Path, results: Sequence[Mapping[str, Any]]) -> Path:
    """Write the contact sheet to a temporary file and show it; returns its path."""
    folder = Path(tempfile.mkdtemp(prefix="arthash-"))
    path = folder / "results.html"
    path.write_text(sheet(index, query, results), encoding="utf-8")
    log(f"results are in {path}")
    webbrowser.open(path.as_uri())
    return path


def sheet(index: "Index", query: Path, results: Sequence[Mapping[str, Any]]) -> str:
    """The contact sheet: the query, then each result with its picture and what is known of it."""
    here = Path(__file__).parent
    page = Template((here / "sheet.html").read_text(encoding="utf-8"))
    card = Template((here / "card.html").read_text(encoding="utf-8"))
    cards = [
        card.substitute(
            picture=_data_uri(index.preview(result["id"])),
            title=html.escape(str(result["title"] or result["file"])),
            artist=html.escape(str(result["artist"] or "")),
            detail=html.escape(" · ".join(str(result[n]) for n in ("style", "year") if result[n])),
            distance=result["distance"],
        )
        for result in results
    ]
    return page.substitute(
        name=html.escape(query.name),
        query=_data_uri(encode_jpeg(decode(query, FILES), QUERY_PIXELS)),
        cards="".join(cards),
    )


def _data_uri(jpeg: bytes | None) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg or b"").decode()
