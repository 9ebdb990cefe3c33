"""Codes in Milvus behind rows on a server: against one of ours that keeps ties in no order, and
against the real one, of which `.ci/run` asks the whole contract (`test_contract.py -k milvus`).
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest

from hashing.codes import Codes
from hashing.errors import StorageError, UsageError
from hashing.filters import equals, not_
from hashing.search import RadiusRequest, ReferenceEngine, SearchRequest
from hashing.store import NewItem, delete_index, is_index, open_index
from hashing.store.code_search import Portion
from tests.store.engines import (
    check_dropping,
    check_like_memory,
    check_taking_over,
    items_of,
    make,
)
from tests.store.milvus_server import MilvusServer
from tests.store.servers import PostgresServer

pytest.importorskip("pymilvus", reason="pymilvus is not installed: the extra [milvus]")

from grpc import RpcError
from pymilvus import MilvusException

from hashing.store import candidates
from hashing.store.milvus import answers, follow
from hashing.store.milvus.server import Found, Server
from hashing.store.postgres import index as postgres_index
from hashing.store.postgres import query
from hashing.store.postgres.published import Published
from hashing.store.slots import SLOTS, slot_of

URL = "milvus+http://ann:secret@nowhere:19530/{}"


class Shelf:
    """A server in memory: what `milvus.server.Server` says, with every tie in another order."""

    exact = True
    collections_: ClassVar[dict[str, tuple[str, int, dict[int, tuple[bytes, int, list[int]]]]]] = {}
    asked: ClassVar[list[str]] = []
    away = False

    def __init__(self, url: str) -> None:
        self.shown, self.name = url, url.rpartition("/")[2]
        self._look()

    def close(self) -> None:
        pass

    def _look(self) -> None:
        if self.away:
            raise StorageError("the shelf is away")

    def collections(self) -> list[str]:
        self._look()
        return [name for name in self.collections_ if name.rpartition("_")[0] == self.name]

    def owner(self, collection: str) -> str:
        return self.collections_[collection][0]

    def open(self, collection: str, bits: int, owner: str) -> None:
        self.collections_.setdefault(collection, (owner, bits, {}))

    def drop(self, collection: str) -> None:
        del self.collections_[collection]

    def write(self, collection: str, bits: int, portion: Portion) -> None:
        self._look()
        packed = portion.codes.prefix(bits).packed
        slots = np.zeros((len(packed), SLOTS)) if portion.slots is None else portion.slots
        columns = portion.ids.tolist(), packed, portion.removed.tolist(), slots.tolist()
        for item, code, removed, numbers in zip(*columns, strict=True):
            self.collections_[collection][2][item] = code.tobytes(), removed, numbers

    def _kept(self, collection: str, where: str) -> list[int]:
        """The expressions are Python's, too."""
        self._look()
        rows = self.collections_[collection][2]
        test = compile(where, "where", "eval")
        self.asked.append(where)
        names = [f"s{place}" for place in range(SLOTS)]
        return [
            i
            for i, (_, gone, slots) in rows.items()
            if eval(test, {"id": i, "removed": gone, **dict(zip(names, slots, strict=True))})
        ]

    def delete(self, collection: str, where: str) -> None:
        for item in self._kept(collection, where):
            del self.collections_[collection][2][item]

    def settle(self, collection: str) -> None:
        pass

    def rows(self, collection: str, where: str, field: str, **_: Any) -> list[dict[str, Any]]:
        rows = self.collections_[collection][2]
        return [{"id": i, "removed": rows[i][1]} for i in self._kept(collection, where)]

    def count(self, collection: str, where: str) -> int:
        return len(self._kept(collection, where))

    def nearest(
        self,
        collection: str,
        queries: Codes,
        limit: int,
        *,
        where: str,
        consistency: str,
        radius: int | None = None,
    ) -> list[Found]:
        kept, rows = self._kept(collection, where), self.collections_[collection][2]
        random.shuffle(kept)
        codes = np.frombuffer(b"".join(rows[i][0] for i in kept), np.uint8)
        packed = codes.reshape(len(kept), queries.packed.shape[1])
        found = []
        for one in queries.packed:
            apart = np.bitwise_count(packed ^ one).sum(axis=1).astype(np.int64)
            order = np.argsort(apart, kind="stable")
            order = order[apart[order] < (9999 if radius is None else radius)][:limit]
            found.append((np.array(kept, np.int64)[order], apart[order]))
        return found


@pytest.fixture
def url(server: PostgresServer, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(follow, "Server", Shelf)
    monkeypatch.setattr(Shelf, "collections_", {})
    monkeypatch.setattr(Shelf, "away", False)
    place = server.url(tmp_path.name).replace("#", f"&engine={URL.format('art')}#")
    yield place
    Shelf.away = False
    delete_index(place)
    assert not Shelf.collections_


@pytest.fixture
def real(server: PostgresServer, milvus: MilvusServer, tmp_path: Any) -> Iterator[str]:
    place = server.url(tmp_path.name).replace("#", f"&engine={milvus.url(tmp_path.name)}#")
    yield place
    delete_index(place)


@pytest.mark.parametrize(
    ("here", "widest"),
    [(candidates.HERE, candidates.WIDEST), (45, candidates.WIDEST), (45, 30)],
    ids=["few", "many", "many and far"],
)
def test_answers_are_those_of_memory(
    url: str, here: int, widest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "HERE", here)
    monkeypatch.setattr(candidates, "WIDEST", widest)
    monkeypatch.setattr(query, "PASSING", 70)
    rng = np.random.default_rng(here)
    with make(url) as index:
        for name in "ab":
            index.add(items_of(rng, 200, name))
        index.remove(rng.choice(400, 60).tolist())
        check_like_memory(index, rng, 40)
        index.compact()
        check_like_memory(index, rng, 10)


def test_what_passes_a_filter_is_found_however_far_it_lies(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows all that lies nearer: the server gives 16 at most, and all of them tie."""
    monkeypatch.setattr(answers, "MOST", 16)
    monkeypatch.setattr(candidates, "HERE", 5)
    near = [NewItem(f"{n}", {"style": "near"}, bytes(4), bytes([n] * 32)) for n in range(60)]
    codes = [bytes([255, 255, 255, n]) for n in range(40)]
    far = [NewItem(f"f{n}", {"style": "far"}, codes[n], bytes([n] * 32)) for n in range(40)]
    with make(url) as index:
        index.add([*near, *far])
        ids = index.ids(equals("style", "far"))
        reference = ReferenceEngine(index.codes(ids), ids)
        asked = index.codes([0, 1])
        for where in (equals("style", "far"), not_(equals("style", "near"))):
            found = index.search(SearchRequest(asked, 7, where=where))
            expected = reference.search(SearchRequest(asked, 7))
            assert (found.ids.tolist(), found.complete) == (expected.ids.tolist(), True)
            within = index.radius(RadiusRequest(asked, 26, where=where))
            expected_within = reference.radius(RadiusRequest(asked, 26))
            assert (within.ids.tolist(), within.complete) == (expected_within.ids.tolist(), True)
            assert within.offsets.tolist() == expected_within.offsets.tolist()


def test_the_server_leaves_out_what_cannot_pass_as_fields_are_now(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where they were changed, and where the server was away meanwhile."""
    monkeypatch.setattr(candidates, "HERE", 5)
    monkeypatch.setattr(Published, "passing", None)  # nothing is gone through
    rng = np.random.default_rng(0)
    with make(url) as index, open_index(url) as reader:
        index.add(items_of(rng, 200, "a"), {"late": str})
        index.remove(range(1, 150, 4))
        reader.refresh()
        for late in ("x", "y"):
            where = equals("late", late)
            Shelf.away = late == "y"
            changed = [
                replace(item, fields={**item.fields, "late": late})
                for item in index.items(range(0, 200, 2))
            ]
            if Shelf.away:
                with pytest.raises(StorageError):
                    index.change(changed)
            else:
                index.change(changed)
            Shelf.away = False
            reader.refresh()
            for each in (index, reader):
                Shelf.asked.clear()
                found = each.search(SearchRequest(each.codes([2]), 160, where=where))
                there = found.ids[found.ids >= 0]
                assert sorted(there.tolist()) == list(range(0, 200, 2))
                assert found.complete
                assert f"s2 == {slot_of(late)}" in Shelf.asked[-1]
            index.refresh()


def test_who_is_slow_does_not_undo_what_came_later(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One writes to the server what it has published while another publishes more."""
    monkeypatch.setattr(candidates, "HERE", 5)
    monkeypatch.setattr(Published, "passing", None)
    write, threads = Shelf.write, list[threading.Thread]()
    with make(url) as slow, open_index(url) as quick:
        slow.add(items_of(np.random.default_rng(0), 60, "a"), {"late": str})
        quick.refresh()
        items = {
            late: [replace(item, fields={"late": late}) for item in slow.items(range(40))]
            for late in "xy"
        }

        later, wrote, done = slow.info.generation + 2, threading.Event(), threading.Event()

        def interrupted(shelf: Shelf, collection: str, bits: int, portion: Portion) -> None:
            if not threads:
                threads.append(threading.Thread(target=quick.change, args=[items["y"]]))
                threads[0].start()
                wrote.wait(1.5)
            elif portion.ids[0] < 0 and portion.removed[0] == later:  # all but how far it is
                wrote.set()
                done.wait(5)
            write(shelf, collection, bits, portion)

        monkeypatch.setattr(Shelf, "write", interrupted)
        slow.change(items["x"])
        done.set()
        threads[0].join(60)
    with open_index(url) as index:
        where = equals("late", "y")
        found = index.search(SearchRequest(index.codes([50]), 40, where=where))
        assert sorted(found.ids[0].tolist()) == list(range(40))


def test_pages_are_those_of_memory(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    with make(url) as index, make(url.partition("&engine")[0] + "#b") as b:
        items = items_of(rng, 80, "a")
        for each in (index, b):
            each.add(items)
            each.remove([3, 40])
        for where in (None, equals("style", "s3")):
            for seed in (None, 5):
                pages = [each.page(where, seed=seed, offset=2, limit=4) for each in (index, b)]
                assert pages[0].ids.tolist() == pages[1].ids.tolist()
                assert pages[0].total == pages[1].total
        monkeypatch.setattr(postgres_index, "MOST_SHUFFLED", 10)
        page = index.page(seed=1, limit=50)
        assert (sorted(page.ids.tolist()), page.total) == ([0, 1, 2, *range(4, 11)], 78)
        delete_index(b.location)


def test_a_tied_group_beyond_the_server_s_limit_is_told(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "MOST", 16)
    items = [NewItem(f"{n}.jpg", {}, bytes(4), bytes([n] * 32)) for n in range(40)]
    with make(url) as index:
        index.add(items)
        query = index.codes([0])
        found = index.search(SearchRequest(query, 5))
        assert (found.ids.shape, found.complete) == ((1, 5), False)
        assert not index.radius(RadiusRequest(query, 3)).complete
        with pytest.raises(UsageError, match="at most 16 answers"):
            index.search(SearchRequest(query, 17))
        with pytest.raises(UsageError, match="8, 16, 32 bits, found 24"):
            index.search(SearchRequest(query, 3, bits=24))


def test_what_was_dropped_while_the_server_was_away_is_dropped_there(url: str) -> None:
    with make(url) as index:
        check_dropping(index, Shelf, "the shelf is away")
        assert not {1, 2} & Shelf.collections_["art_32"][2].keys()


def test_who_comes_later_takes_over_what_is_missing(url: str) -> None:
    rng = np.random.default_rng(0)
    with make(url) as index, open_index(url) as reader:
        check_taking_over(index, reader, Shelf, "the shelf is away")
        # rows of the collection that vanished, or are too many, are put right
        rows = Shelf.collections_["art_32"][2]
        del rows[7]
        rows[8] = rows[8][0], 1, rows[8][2]
        assert index.verify() == ["art_32: codes 0 to 99 written anew"]
        assert index.verify() == []
        check_like_memory(index, rng, 5)
        del rows[9]
    with open_index(url) as again:
        check_like_memory(again, rng, 5)


def test_collections_of_others_are_left_alone(url: str, server: PostgresServer) -> None:
    make(url).close()
    other = url.replace("#", "#other")
    with pytest.raises(UsageError, match="expected no collection art_8"):
        make(other)
    assert not is_index(other)
    Shelf.collections_["art_8"] = ("somebody", 8, {})
    with pytest.raises(UsageError, match="found those of another"):
        open_index(url)
    delete_index(url)
    assert list(Shelf.collections_) == ["art_8"]
    Shelf.collections_.clear()


def test_an_address_that_cannot_be_meant_is_told(server: PostgresServer) -> None:
    for address in ("http://h:1/a-b", "http://h:1/a?index=x"):
        with pytest.raises(UsageError, match="letters, digits and underscores") as caught:
            follow.Milvus(f"milvus+{address.replace('//', '//ann:secret@')}")
        assert "secret" not in str(caught.value)


def test_what_the_client_raises_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class LateError(RpcError):  # type: ignore[misc]
        def details(self) -> str:
            return "Deadline Exceeded"

    errors = iter([LateError(), MilvusException(message="not there\nand more")])

    def raising(*_: Any, **__: Any) -> None:
        raise next(errors)

    monkeypatch.setattr("hashing.store.milvus.server.MilvusClient", raising)
    for said in ("Deadline Exceeded;", "not there;"):
        with pytest.raises(StorageError, match=said) as caught:
            Server("milvus+http://ann:secret@host:19530/art")
        assert "\n" not in str(caught.value)
        assert "secret" not in str(caught.value)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_real_server_answers_the_same(
    real: str, milvus: MilvusServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    with make(real) as index:
        for name in "abc":
            index.add(items_of(rng, 2000, name))
        index.remove(rng.choice(6000, 700).tolist())
        check_like_memory(index, rng, 15)
        monkeypatch.setattr(candidates, "HERE", 800)
        index.compact()
        check_like_memory(index, rng, 10)
        monkeypatch.setattr(candidates, "WIDEST", 50)
        check_like_memory(index, rng, 5)
        milvus.kill()
        with pytest.raises(StorageError, match="try again when the server") as caught:
            index.search(SearchRequest(index.codes([int(index.ids()[0])]), 3))
        assert "\n" not in str(caught.value)
        milvus.start()
    with open_index(real) as index:
        check_like_memory(index, rng, 5)
        assert index.verify() == []


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_real_server_searches_clusters_where_that_is_asked_for(real: str) -> None:
    rng = np.random.default_rng(2)
    with make(real) as index:
        index.add(items_of(rng, 12_000, "a"))
        index.compact()
        asked = SearchRequest(index.codes(rng.choice(12_000, 50)), 20)
        exact = index.search(asked)
        assert exact.complete
    clustered = real.replace("#", "?index=ivf#")
    with open_index(clustered) as index:
        found = index.search(asked)
        assert not found.complete
        within = index.radius(RadiusRequest(asked.codes, 2))
        assert not within.complete
        assert np.diff(within.offsets).min() > 0
        assert index.search(replace(asked, where=equals("style", "s3"))).complete  # by the rows
        near = [np.isin(a, b).mean() for a, b in zip(found.ids, exact.ids, strict=True)]
        assert np.mean(near) > 0.5
        assert (found.distances[:, 0] == 0).all()
        assert index.verify() == []
    with open_index(real) as index:
        assert index.search(asked).ids.tolist() == exact.ids.tolist()


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.robustness("the server of Milvus killed under a writer")
def test_the_real_server_dies_ten_times_and_nothing_is_lost(
    real: str, milvus: MilvusServer, record_property: Callable[[str, object], None]
) -> None:
    record_property("trials", 10)
    rng = np.random.default_rng(3)
    done: set[str] = set()
    stop, away = threading.Event(), 0
    numbers = iter(range(700))  # fewer items than the server gives in answer to one query

    def write() -> None:
        """Add items, each lot once, and open the index again whenever the server was lost."""
        nonlocal away
        while not stop.is_set():
            try:
                with open_index(real) as index:
                    while not stop.wait(0.1):
                        items = items_of(rng, 20, f"n{next(numbers)}")
                        index.add(items)
                        done.update(item.file for item in items)
            except StorageError:
                away += 1
                time.sleep(0.5)

    make(real).close()
    waits = random.Random(0)
    with ThreadPoolExecutor() as pool:
        writer = pool.submit(write)
        try:
            for _ in range(10):
                wait_for_more(done, writer)
                time.sleep(waits.uniform(0, 2))
                milvus.kill()
                time.sleep(waits.uniform(0, 2))
                milvus.start()
            wait_for_more(done, writer)
        finally:
            stop.set()
        writer.result()
    with open_index(real) as index:
        files = [item.file for item in index.items(index.ids())]
        assert done <= set(files)
        assert len(files) == len(set(files))
        assert index.verify() == []
        check_like_memory(index, rng, 10)
    assert away
    assert len(done) >= 11 * 20


def wait_for_more(done: set[str], writer: "Future[None]") -> None:
    """Until more is acknowledged; what ended the writer is raised."""
    before, until = len(done), time.monotonic() + 120
    while len(done) == before:
        if writer.done():
            writer.result()
        assert time.monotonic() < until, "nothing was acknowledged for two minutes"
        time.sleep(0.05)
