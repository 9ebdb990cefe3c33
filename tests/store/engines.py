"""An index whose codes an engine searches, and that it answers like memory."""

from typing import Any

import numpy as np

from hashing.filters import equals, not_
from hashing.search import RadiusRequest, ReferenceEngine, SearchRequest
from hashing.store import Index, NewItem, create_index

BITS = 32


def items_of(rng: np.random.Generator, count: int, name: str, bits: int = BITS) -> list[NewItem]:
    """Codes around few centres, so that most distances tie and some codes are equal."""
    centres = rng.integers(0, 256, (6, bits // 8), np.uint8)
    codes = centres[rng.integers(0, 6, count)]
    codes ^= np.packbits(rng.random((count, bits)) < 0.03, axis=1)
    styles = rng.integers(0, 10, count)
    return [
        NewItem(
            f"{name}/{n}.jpg", {"style": f"s{styles[n]}"}, codes[n].tobytes(), rng.bytes(32), None
        )
        for n in range(count)
    ]


def make(url: str) -> Index:
    return create_index(
        url, bits=BITS, lengths=(8, 12, 16, BITS), fingerprint="", columns={"style": str}, model="m"
    )


def check_like_memory(index: Index, rng: np.random.Generator, trials: int) -> None:
    """Equal answers, ids included, whatever is asked."""
    ids = index.ids()
    reference = ReferenceEngine(index.codes(ids), ids)
    styles = {item.id: item.fields["style"] for item in index.items(ids)}
    filters = {None: ids}
    for where, keep in (
        (equals("style", "s3"), lambda style: style == "s3"),
        (not_(equals("style", "s3")), lambda style: style != "s3"),
        (equals("style", "none"), lambda style: False),
    ):
        filters[where] = np.array([i for i in ids.tolist() if keep(styles[i])], np.int64)  # type: ignore[index]
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
