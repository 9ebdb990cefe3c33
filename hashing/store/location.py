"""Where an index lies, read from text in this one place; a password in it is never shown.

    art.index                                            a folder
    postgresql://user@host/database#name                 rows in the schema `name` of a server
    …?engine=milvus+http://host:19530/collection#name    and what answers distances for them

What a URL says besides `engine` is handed to its store.
"""

import re
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from urllib.parse import unquote

FOLDER = "folder"
NAME = "arthash"
"""Of an index whose URL gives none."""


@dataclass(frozen=True)
class Location:
    """Where an index lies; as text it is what a person may see.

    store: `folder`, or the scheme of its URL. address: the folder, or the URL without name and
    engine but with its password. name: of the index at that address. engine: the URL of what
    answers distances, empty where the store does.
    """

    store: str
    address: str = field(repr=False)
    name: str = ""
    engine: str = field(default="", repr=False)

    def __str__(self) -> str:
        if self.store == FOLDER:
            return self.address
        shown = masked(self.address)
        if self.engine:
            shown += f"{'&' if '?' in shown else '?'}engine={masked(self.engine)}"
        return f"{shown}#{self.name}"

    @property
    def folder(self) -> Path:
        """The folder of an index in a folder."""
        return Path(self.address)


def read_location(text: "str | PathLike[str] | Location") -> Location:
    """Where an index lies, of a folder or a URL; anything with `://` is a URL."""
    if isinstance(text, Location):
        return text
    if "://" not in (written := fspath(text)):
        return Location(FOLDER, written)
    scheme, _, rest = written.partition("://")
    server, *behind = re.split(r"([?&])engine=", rest, maxsplit=1)
    if behind:
        mark, rest = behind
        engine, rest = _split(rest, "&#")
        options, _, name = rest.partition("#")
        server += options.replace("&", mark, 1)
    else:
        engine, (server, name) = "", _split(server, "#")
        name = name[1:]
    store = {"postgres": "postgresql"}.get(scheme, scheme)
    if "%" in engine.partition(":")[0]:  # all of it is encoded, else it decodes its own parts
        engine = unquote(engine)
    return Location(store, f"{store}://{server}", unquote(name) or NAME, engine)


def masked(text: str) -> str:
    """An address without its passwords: before an `@`, and of an option such as `password=`."""
    text = re.sub(r"(?i)([?&]\w*password)=[^&]*", r"\1=***", text)
    return re.sub(r"(?s)(://[^:/@]*):.*@", r"\1:***@", text)


def _split(text: str, signs: str) -> tuple[str, str]:
    """A text before and from the first of some signs behind its last `@`.

    Before that a password may have any of them as it is.
    """
    start = text.rfind("@") + 1
    cut = min((at for at in (text.find(sign, start) for sign in signs) if at >= 0), default=None)
    return text[:cut], text[len(text) if cut is None else cut :]
