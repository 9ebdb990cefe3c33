"""An index whose codes an engine searches, and that it answers like memory."""

from typing import Any, Protocol

import numpy as np
import pytest
from numpy.typing import NDArray

from hashing.errors import StorageError
from hashing.filters import Filter, among, compare, equals, holds, is_null, like, not_
from hashing.search import RadiusRequest, ReferenceEngine, SearchRequest
from hashing.store import Index, NewItem, create_index, open_index

BITS = 32


FILTERS = (
    equals("style", "s3"),
    not_(equals("style", "s3")),
    equals("style", "none"),
    compare("year", "<", 0) | equals("style", "s1"),
    not_(compare("year", "<", 0) | among("style", ["s1", "s2"])),
    is_null("year") & not_(is_null("style")),
    like("style", "s%") & compare("year", ">=", 2.5),
)
"""Of items as below, those too that lack what is asked for."""


def items_of(rng: np.random.Generator, count: int, name: str, bits: int = BITS) -> list[NewItem]:
    """Codes around few centres, so that most distances tie and some codes are equal."""
    centres = rng.integers(0, 256, (6, bits // 8), np.uint8)
    codes = centres[rng.integers(0, 6, count)]
    codes ^= np.packbits(rng.random((count, bits)) < 0.03, axis=1)
    styles, years = rng.integers(0, 10, count), rng.integers(-3, 6, count)
    fields = [{"style": f"s{s}", "year": int(y)} for s, y in zip(styles, years, strict=True)]
    for n in range(0, count, 3):
        del fields[n]["year"]
    return [
        NewItem(f"{name}/{n}.jpg", fields[n], codes[n].tobytes(), rng.bytes(32), None)
        for n in range(count)
    ]


def make(url: str) -> Index:
    return create_index(
        url,
        bits=BITS,
        lengths=(8, 12, 16, BITS),
        fingerprint="",
        columns={"style": str, "year": int},
        model="m",
    )


def check_like_memory(index: Index, rng: np.random.Generator, trials: int) -> None:
    """Equal answers, ids included, whatever is asked."""
    ids = index.ids()
    reference = ReferenceEngine(index.codes(ids), ids)
    items = index.items(ids)
    filters: dict[Filter | None, NDArray[np.int64]] = {None: ids}
    for where in FILTERS:
        kept = [item.id for item in items if holds(where, item.fields)]
        filters[where] = np.array(kept, np.int64)
    for _ in range(trials):
        logits = rng.normal(size=(3, BITS)).astype(np.float32)
        queries = index.codes(rng.choice(ids, 3))
        where = list(filters)[rng.integers(len(filters))]
        bits = [None, 16, 8][rng.integers(3)]
        k = int(rng.choice([1, 7, 40]))
        more: dict[str, Any] = {"bits": bits}
        if rng.random() < 0.4:
            more |= {"logits": logits}
            if rng.random() < 0.5:
                more |= {"rerank": k + 20}
        if rng.random() < 0.3:
            more |= {"max_distance": 6}
        mine = index.search(SearchRequest(queries, k, where=where, **more))
        theirs = reference.search(SearchRequest(queries, k, allowed=filters[where], **more))
        assert mine.ids.tolist() == theirs.ids.tolist(), (k, where, more.keys())
        assert mine.distances.tolist() == theirs.distances.tolist()
        assert mine.complete
        reach = int(rng.integers(0, 8))
        near = index.radius(RadiusRequest(queries, reach, where=where, bits=bits))
        within = reference.radius(RadiusRequest(queries, reach, allowed=filters[where], bits=bits))
        assert near.complete
        assert near.ids.tolist() == within.ids.tolist()
        assert near.offsets.tolist() == within.offsets.tolist()
        some = rng.choice(ids, 20)
        both = [each.search(SearchRequest(queries, 5, allowed=some)) for each in (index, reference)]
        assert both[0].ids.tolist() == both[1].ids.tolist()


class Away(Protocol):
    """What stands for a server and can be away."""

    away: bool


def check_taking_over(index: Index, reader: Index, server: Away, told: str) -> None:
    """Who comes later takes over what is missing; a reader of before sees what it saw.

    index, reader: of one empty index. told: of the error while the server is away.
    """
    rng = np.random.default_rng(0)
    index.add(items_of(rng, 50, "a"))
    server.away = True
    with pytest.raises(StorageError, match=told):
        index.add(items_of(rng, 50, "b"))
    server.away = False
    with open_index(index.location) as later:  # what was published is there, and is found
        assert later.info.count == 100
        check_like_memory(later, rng, 5)
    assert reader.ids().size == 0
    assert reader.search(SearchRequest(index.codes([1]), 3)).ids.shape == (1, 0)
    reader.refresh()
    index.remove([3])
    code = index.codes([4])
    assert 3 in reader.search(SearchRequest(code, 200)).ids
    assert 3 not in index.search(SearchRequest(code, 200)).ids


def check_dropping(index: Index, server: Away, told: str) -> None:
    """Items 1 and 2 of 40, removed and dropped while the server was away, are found no more."""
    rng = np.random.default_rng(2)
    index.add(items_of(rng, 40, "a"))
    server.away = True
    for change in (lambda: index.remove([1, 2]), index.compact):
        with pytest.raises(StorageError, match=told):
            change()
    server.away = False
    index.refresh()
    check_like_memory(index, rng, 5)
