"""Codes in ClickHouse behind rows on a server: the engine itself, run in this process by chdb."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import StorageError, UsageError
from hashing.search import RadiusRequest, SearchRequest
from hashing.store import NewItem, candidates, create_index, delete_index, open_index
from tests.store.clickhouse_engine import URL, Connection, over_http
from tests.store.engines import (
    BITS,
    check_dropping,
    check_like_memory,
    check_taking_over,
    items_of,
    make,
)
from tests.store.servers import PostgresServer

pytest.importorskip(
    "clickhouse_connect", reason="clickhouse-connect is not installed: the extra [clickhouse]"
)

from hashing.store.clickhouse import ClickHouse, Server


@pytest.fixture
def url(server: PostgresServer, clickhouse: Any, tmp_path: Path) -> Iterator[str]:
    place = server.url(tmp_path.name).replace("#", f"&engine={URL.format('art')}#")
    yield place
    Connection.away = False
    delete_index(place)
    assert not clickhouse.query("SHOW TABLES").result_rows


def rows_of(engine: Any, question: str) -> Any:
    return engine.query(question).result_rows[0][0]


@pytest.mark.parametrize("here", [candidates.HERE, 45], ids=["few", "many"])
def test_answers_are_those_of_memory(url: str, here: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "HERE", here)
    rng = np.random.default_rng(here)
    with make(url) as index:
        for name in "ab":
            index.add(items_of(rng, 200, name))
        index.remove(rng.choice(400, 60).tolist())
        check_like_memory(index, rng, 25)
        index.compact()
        check_like_memory(index, rng, 10)


@pytest.mark.parametrize("bits", [8, 64, 72, 128, 200])
def test_a_code_is_compared_by_its_first_bits(url: str, bits: int) -> None:
    rng = np.random.default_rng(bits)
    stored = max(bits, 72)
    lengths = tuple(sorted({bits, stored}))
    items = items_of(rng, 120, "a", stored)
    with create_index(
        url,
        bits=stored,
        lengths=lengths,
        fingerprint="",
        columns={"style": str, "year": int},
        model="m",
    ) as index:
        index.add(items)
        codes = index.codes(index.ids())
        found = index.search(SearchRequest(codes[5:6], 120, bits=bits))
        apart = codes.prefix(bits).distances(codes[5:6].prefix(bits))[:, 0]
        order = np.lexsort((np.arange(120), apart))
        assert found.ids[0].tolist() == order.tolist()
        assert found.distances[0].tolist() == apart[order].tolist()


def test_who_comes_later_takes_over_what_is_missing(url: str) -> None:
    with make(url) as index, open_index(url) as reader:
        check_taking_over(index, reader, Connection, r"ann:\*\*\*@nowhere.*nobody is there")


def test_rows_that_vanished_or_came_twice_are_put_right(url: str, clickhouse: Any) -> None:
    rng = np.random.default_rng(1)
    with make(url) as index:
        index.add(items_of(rng, 60, "a"))
        index.remove([7])
        clickhouse.command("INSERT INTO art SELECT * FROM art WHERE id < 40")
        assert rows_of(clickhouse, "SELECT count() FROM art") == 100
        check_like_memory(index, rng, 8)
        assert index.verify() == []
        clickhouse.command("DELETE FROM art WHERE id IN (2, 30)")
        clickhouse.command("DELETE FROM art_removed WHERE id = 7")
        assert index.verify() == ["art: codes 0 to 59 written anew"]
        check_like_memory(index, rng, 5)


def test_what_was_dropped_while_the_server_was_away_is_dropped_there(
    url: str, clickhouse: Any
) -> None:
    with make(url) as index:
        check_dropping(index, Connection, "nobody is there")
        assert rows_of(clickhouse, "SELECT uniqExact(id) FROM art") == 38


def test_who_is_slow_does_not_bring_back_what_was_dropped(
    url: str, clickhouse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One writes to the server what it has published while another removes some of it for good."""
    insert, threads, done = Server.insert, list[threading.Thread](), threading.Event()
    rng = np.random.default_rng(0)
    with make(url) as slow, open_index(url) as quick:
        slow.add(items_of(rng, 30, "a"))
        quick.refresh()

        def drop() -> None:
            quick.remove([40])
            quick.compact()
            done.set()

        def interrupted(server: Server, table: str, columns: dict[str, NDArray[Any]]) -> None:
            if not threads:
                threads.append(threading.Thread(target=drop))
                threads[0].start()
                done.wait(1.5)
            insert(server, table, columns)

        monkeypatch.setattr(Server, "insert", interrupted)
        with suppress(StorageError):  # compacted since
            slow.add(items_of(rng, 30, "b"))
        threads[0].join(60)
        assert done.is_set()
        assert rows_of(clickhouse, "SELECT uniqExact(id) FROM art") == 59
        found = quick.search(SearchRequest(quick.codes([3]), 60))
        assert sorted(found.ids[0].tolist()) == [i for i in range(60) if i != 40]


def test_the_same_by_the_client_of_a_server(
    server: PostgresServer, engine: Any, tmp_path: Path
) -> None:
    """The engine answers behind HTTP, and goes away."""
    rng = np.random.default_rng(2)
    with over_http(engine) as port:
        url = server.url(tmp_path.name).replace(
            "#", f"&engine=clickhouse+http://ann:secret@127.0.0.1:{port}/behind#"
        )
        with make(url) as index:
            index.add(items_of(rng, 150, "a"))
            index.remove(rng.choice(150, 20).tolist())
            check_like_memory(index, rng, 8)
            index.compact()
            assert index.verify() == []
            check_like_memory(index, rng, 4)
            query = SearchRequest(index.codes([int(index.ids()[0])]), 3)
        with open_index(url) as index:
            expected = index.search(query).ids.tolist()
            reader = open_index(url)
    with reader, pytest.raises(StorageError, match="try again when the server") as caught:
        reader.search(query)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    with over_http(engine, port), open_index(url) as index:
        assert index.search(query).ids.tolist() == expected
        delete_index(url)
    assert rows_of(engine, "SELECT count() FROM system.tables WHERE name LIKE 'behind%'") == 0


def test_every_code_alike(url: str) -> None:
    items = [NewItem(f"{n}.jpg", {}, bytes(4), bytes([n] * 32)) for n in range(40)]
    with make(url) as index:
        index.add(items)
        found = index.search(SearchRequest(index.codes([0]), 5))
        assert (found.ids.tolist(), found.complete) == ([[0, 1, 2, 3, 4]], True)
        assert len(index.radius(RadiusRequest(index.codes([0]), 0)).ids) == 40
        empty = Codes(np.full((1, BITS // 8), 255, np.uint8), BITS)
        assert len(index.radius(RadiusRequest(empty, 3)).ids) == 0


def test_a_table_of_another_index_is_left_alone(
    url: str, server: PostgresServer, tmp_path: Path
) -> None:
    other = url.replace(f"#{tmp_path.name}", "#other")
    with make(url) as index:
        index.add(items_of(np.random.default_rng(0), 10, "a"))
        with pytest.raises(UsageError, match=r"expected no table art at .*, found one"):
            make(other)
        assert index.search(SearchRequest(index.codes([1]), 3)).ids.shape == (1, 3)


@pytest.mark.parametrize("name", ["a-b", "1st", "a/b", "art?x=1"])
def test_names_that_cannot_be_meant(name: str) -> None:
    with pytest.raises(UsageError, match="expected a table of letters"):
        ClickHouse(URL.format(name))
