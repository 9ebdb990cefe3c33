"""A served collection made from settings, in this process or in each of several."""

import gc
import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from fastapi import FastAPI

from hashing.progress import set_quiet
from hashing.service.api import create_app
from hashing.service.credentials import read_credentials, read_token
from hashing.service.current import Current, open_current, open_shown
from hashing.service.door import LOOPBACK, Door
from hashing.service.metrics import log_access
from hashing.service.rates import NETWORK_RATE

SETTINGS = "ARTHASH_SERVED"
"""The variable by which the processes are told what to serve; secrets stay in their files."""


@dataclass(frozen=True)
class Settings:
    """What to serve, how, and to whom; see `Door`.

    model: where the index's model lies, if it has moved. auth, token: files. hosts: names beside
    the loopback ones; None answers to any. where: shows only what passes this filter.
    access_log: a line of JSON for each request. quiet: nothing else is logged.
    """

    location: str
    device: str = "auto"
    model: str | None = None
    auth: str | None = None
    token: str | None = None
    hosts: tuple[str, ...] | None = ()
    origins: tuple[str, ...] = ()
    public: str = ""
    where: str = ""
    rate: float = NETWORK_RATE
    access_log: bool = False
    quiet: bool = False

    @property
    def shown(self) -> tuple[str, str, Path | None, str]:
        """What `open_shown` takes."""
        model = None if self.model is None else Path(self.model)
        return self.location, self.device, model, self.where

    def door(self) -> Door:
        """Who is let in. Raises UsageError for files and addresses that are none."""
        return Door(
            hosts=None if self.hosts is None else (*LOOPBACK, *self.hosts),
            credentials=read_credentials(Path(self.auth)) if self.auth else None,
            token=read_token(Path(self.token)) if self.token else None,
            origins=self.origins,
            public=self.public,
            rate=self.rate,
        )

    def as_text(self) -> str:
        """For the variable."""
        return json.dumps(asdict(self))

    @classmethod
    def of_text(cls, text: str) -> "Settings":
        """Back from it."""
        values = json.loads(text)
        for name in ("hosts", "origins"):
            values[name] = None if values[name] is None else tuple(values[name])
        return cls(**values)


def make(settings: Settings) -> tuple[Current, FastAPI]:
    """The collection, warmed up, and the application that serves it."""
    door = settings.door()
    if settings.access_log:
        log_access()
    current = open_current(*settings.shown)
    made = create_app(current, door=door)
    # What stays for good is not gone over again by every full collection, which stops all threads:
    # a third of a second.
    gc.collect()
    gc.freeze()
    return current, made


def count(settings: Settings) -> int:
    """How many works there are to serve. Raises what `make` would."""
    with open_shown(*settings.shown) as collection:
        return len(collection)


def app() -> FastAPI:
    """What each of several processes serves."""
    settings = Settings.of_text(os.environ[SETTINGS])
    set_quiet(settings.quiet)
    current, made = make(settings)
    threading.Thread(target=current.warm, args=[threading.Event()], daemon=True).start()
    return made
