"""Small indexes to try things on."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hashing.filters import Filter, parse
from hashing.store import Index, NewItem, Place, create_index, delete_index
from tests.store.clickhouse_engine import URL, Connection, clickhouse_engine
from tests.store.milvus_server import MilvusServer
from tests.store.servers import PostgresServer

BITS = 16
COLUMNS: dict[str, type] = {"artist": str, "style": str, "title": str, "year": int}
STYLES = ("Cubism", "Fauvism", "Ukiyo-e")
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Where indexes are made: in memory if the system has such a folder, for each is synced often."""


def new_items(count: int, seed: int = 0, bits: int = BITS) -> list[NewItem]:
    """Items with many equal codes, some fields blank, small previews."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 256, (8, bits // 8), np.uint8)[rng.integers(0, 8, count)]
    items = []
    for row in range(count):
        fields = {"artist": f"Painter {row % 7}", "style": STYLES[row % 3], "title": f"Tree {row}"}
        if row % 2:
            fields["year"] = 1880 + row % 40
        if row % 5 == 0:
            del fields["title"]
        content = hashlib.sha256(f"{seed} {row}".encode()).digest()
        items.append(
            NewItem(f"{seed}/{row}.jpg", fields, codes[row].tobytes(), content, content * 3)
        )
    return items


def create(
    place: Place,
    items: Sequence[NewItem] = (),
    bits: int = BITS,
    unfinished: str | None = None,
) -> Index:
    index = create_index(
        place,
        bits=bits,
        lengths=(8, bits),
        fingerprint="f" * 64,
        columns=COLUMNS,
        model=place.parent / "model" if isinstance(place, Path) else "model",
        unfinished=unfinished,
    )
    if items:
        index.add(items)
    return index


def beside(server: PostgresServer, address: str, name: str) -> str:
    """An index of this name with its rows on one server and its codes at another address."""
    place = address.format(re.sub(r"\W", "_", name))
    return server.url(name).replace("#", f"&engine={place}#")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The engine of ClickHouse."""
    found = clickhouse_engine(tmp_path_factory.mktemp("clickhouse"))
    yield found
    found.close()


@pytest.fixture
def clickhouse(engine: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same, with every address of a server leading to it."""
    from hashing.store import clickhouse

    monkeypatch.setattr(clickhouse, "get_client", lambda **_: Connection(engine))
    monkeypatch.setattr(Connection, "away", False)
    return engine


@pytest.fixture(
    params=[
        "folder",
        "postgresql",
        "clickhouse",
        pytest.param("milvus", marks=[pytest.mark.long]),
    ]
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where a test makes its index: a folder, or a name on a server."""
    if request.param == "folder":
        yield tmp_path / "index"
        return
    server: PostgresServer = request.getfixturevalue("server")
    location = server.url(tmp_path.name)
    if request.param == "milvus":
        milvus: MilvusServer = request.getfixturevalue("milvus")
        location = beside(server, milvus.url("{}"), tmp_path.name)
    elif request.param == "clickhouse":
        request.getfixturevalue("clickhouse")
        location = beside(server, URL, tmp_path.name)
    yield location
    delete_index(location)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with create(tmp_path / "art.index", new_items(60)) as opened:
        yield opened


def condition(text: str, columns: Mapping[str, type] = COLUMNS) -> Filter:
    """A filter over the usual columns as a person would type it."""
    return parse(text, columns)
