"""Any sequence of changes and questions, compared with a dictionary and brute force."""

import tempfile
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hashing.codes import Codes
from hashing.filters import Filter, holds, parse
from hashing.search import RadiusRequest, ReferenceEngine, SearchRequest
from hashing.store import NewItem, Place, StoredItem, delete_index, open_index
from tests.store.conftest import BITS, COLUMNS, MEMORY, create
from tests.store.servers import PostgresServer

codes = st.integers(0, 15).map(lambda number: bytes([number * 17, number & 3]))
fields = st.fixed_dictionaries(
    {},
    optional={
        "style": st.sampled_from(["Cubism", "Fauvism"]),
        "year": st.integers(1890, 1895),
        "title": st.sampled_from(["Tree", "Sea and tree"]),
    },
)
filters = st.sampled_from(
    [
        "style = 'Cubism'",
        "file like 'moved%' and year > 1891",
        "year > 1892 or style is null",
        "not year in (1890, 1891)",
        "year < 0",
    ]
).map(partial(parse, columns={"file": str, **COLUMNS}))


class IndexMachine(RuleBasedStateMachine):
    """`model` holds what should be there: id to item."""

    def new_place(self) -> Place:
        return Path(tempfile.mkdtemp(dir=MEMORY)) / "index"

    @initialize()
    def make(self) -> None:
        self.place = self.new_place()
        self.index = create(self.place)
        self.model: dict[int, NewItem] = {}
        self.next_id = 0

    @rule(rows=st.lists(st.tuples(codes, fields), max_size=6))
    def add(self, rows: list[tuple[bytes, dict[str, str | int]]]) -> None:
        items = [
            NewItem(f"{self.next_id + row}.jpg", known, code, bytes(32), b"jpeg")
            for row, (code, known) in enumerate(rows)
        ]
        ids = self.index.add(items).tolist()
        assert ids == list(range(self.next_id, self.next_id + len(items)))
        self.next_id += len(items)
        self.model.update(zip(ids, items, strict=True))

    @rule(places=st.lists(st.integers(0, 200), max_size=5))
    def remove(self, places: list[int]) -> None:
        there = {place for place in places if place in self.model}
        assert self.index.remove(places) == len(there)
        for place in there:
            del self.model[place]

    @rule(places=st.dictionaries(st.integers(0, 200), fields, max_size=4))
    def change(self, places: dict[int, dict[str, str | int]]) -> None:
        there = {place: known for place, known in places.items() if place in self.model}
        self.index.change(
            StoredItem(place, f"moved/{place}.jpg", bytes(32), known)
            for place, known in there.items()
        )
        for place, known in there.items():
            moved = f"moved/{place}.jpg"
            self.model[place] = replace(self.model[place], file=moved, fields=known)

    @rule()
    def compact(self) -> None:
        self.index.compact()
        assert self.index.info.segments <= 1
        assert self.index.info.removed == 0

    @rule()
    def reopen(self) -> None:
        self.index.close()
        self.index = open_index(self.place)

    @rule(
        query=st.lists(codes, min_size=1, max_size=3),
        k=st.integers(1, 30),
        where=st.none() | filters,
        bits=st.sampled_from([8, BITS]),
        limit=st.none() | st.integers(0, 9),
    )
    def search(
        self, query: list[bytes], k: int, where: Filter | None, bits: int, limit: int | None
    ) -> None:
        kept = self._kept(where)
        queries = self._codes(query)
        expected = ReferenceEngine(
            self._codes([self.model[item].code for item in kept]), np.array(kept, np.int64)
        )
        narrowed = {"bits": bits, "where": where}
        mine = self.index.search(SearchRequest(queries, k, max_distance=limit, **narrowed))
        theirs = expected.search(SearchRequest(queries, k, bits=bits, max_distance=limit))
        assert np.array_equal(mine.ids, theirs.ids)
        assert np.array_equal(mine.distances, theirs.distances)
        near = self.index.radius(RadiusRequest(queries, limit or 0, **narrowed))
        around = expected.radius(RadiusRequest(queries, limit or 0, bits=bits))
        assert np.array_equal(near.ids, around.ids)

    @rule(where=filters)
    def filter(self, where: Filter) -> None:
        assert self.index.ids(where).tolist() == self._kept(where)

    @rule()
    def words(self) -> None:
        found = sorted(self.index.text_search("sea").tolist())
        expected = [i for i, item in self.model.items() if "Sea" in item.fields.get("title", "")]
        assert found == sorted(expected)

    @invariant()
    def everything_is_there(self) -> None:
        ids = sorted(self.model)
        assert self.index.ids().tolist() == ids
        assert self.index.info.count == len(ids)
        assert self.index.info.segments <= 8
        for item, stored in zip(ids, self.index.items(ids), strict=True):
            assert (stored.file, stored.fields) == (self.model[item].file, self.model[item].fields)

    def _kept(self, where: Filter | None) -> list[int]:
        return sorted(
            i
            for i, item in self.model.items()
            if where is None or holds(where, {"file": item.file, **item.fields})
        )

    def _codes(self, rows: list[bytes]) -> Codes:
        packed = np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), BITS // 8)
        return Codes(packed, BITS)

    def teardown(self) -> None:
        if hasattr(self, "index"):
            assert self.index.verify() == []
            self.index.close()
            delete_index(self.place)


COMMON = {"suppress_health_check": list(HealthCheck), "print_blob": False}


class OnServer(IndexMachine):
    """The same on a server."""

    server: ClassVar[PostgresServer]
    names: ClassVar = count()

    def new_place(self) -> Place:
        return self.server.url(f"machine{next(self.names)}")


class TestShort(IndexMachine.TestCase):
    settings = settings(max_examples=12, stateful_step_count=25, **COMMON)


@pytest.mark.long
@pytest.mark.timeout(7200)
class TestLong(IndexMachine.TestCase):
    settings = settings(
        settings.get_profile("long"), max_examples=1000, stateful_step_count=50, **COMMON
    )


@pytest.fixture(scope="class")
def _on_server(server: PostgresServer) -> None:
    OnServer.server = server


@pytest.mark.usefixtures("_on_server")
class TestShortOnServer(OnServer.TestCase):
    settings = settings(max_examples=12, stateful_step_count=25, **COMMON)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.usefixtures("_on_server")
class TestLongOnServer(OnServer.TestCase):
    settings = settings(
        settings.get_profile("long"), max_examples=300, stateful_step_count=50, **COMMON
    )
