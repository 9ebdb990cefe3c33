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
        address, _, query = self.address.partition("?")
        shown = [masked(part) for part in query.split("&") if part]
        shown += [f"engine={masked(self.engine)}"] if self.engine else []
        return f"{masked(address)}{'?' * bool(shown)}{'&'.join(shown)}#{self.name}"

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
    user, at, rest = rest.rpartition("@")
    rest, _, name = rest.partition("#")
    address, _, query = f"{user}{at}{rest}".partition("?")
    options = [option for option in query.split("&") if option]
    engines = [option.partition("=")[2] for option in options if option.startswith("engine=")]
    kept = "&".join(option for option in options if not option.startswith("engine="))
    store = {"postgres": "postgresql"}.get(scheme, scheme)
    return Location(
        store,
        f"{store}://{address}{'?' * bool(kept)}{kept}",
        unquote(name) or NAME,
        unquote(engines[-1]) if engines else "",
    )


def masked(text: str) -> str:
    """The text without the passwords of an address (`user:…@`) or an option (`password=…`)."""
    text = re.sub(r"(://[^:/@]*):.*@", r"\1:***@", text)
    return re.sub(r"(?i)^(\w*password)=.*", r"\1=***", text)
