"""The reference engine against sorting every (distance, id) in plain Python."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.search import NO_ID, RadiusRequest, ReferenceEngine, SearchRequest
from hashing.search.scores import fixed_point, scores


def tied_codes(rng: np.random.Generator, n: int, bits: int) -> Codes:
    """Codes with few different values, some of them only in their last bits."""
    packed = np.zeros((n, bits // 8), np.uint8)
    packed[:, 0] = rng.integers(0, 4, n) << 6
    packed[:, -1] |= rng.integers(0, 8, n, dtype=np.uint8)
    return Codes(packed, bits)


def differing_bits(a: Codes, b: Codes) -> np.ndarray:
    """Distances `[Q, N]` bit by bit."""
    return (a.unpacked()[:, None] != b.unpacked()[None]).sum(axis=2)


@given(st.data())
def test_nearest_in_order_of_distance_and_id(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    bits = data.draw(st.sampled_from([8, 16, 72, 256]))
    prefix = data.draw(st.integers(1, bits // 8)) * 8
    n, k = data.draw(st.integers(0, 30)), data.draw(st.integers(1, 40))
    limit = data.draw(st.none() | st.integers(0, 6))
    ids = np.sort(rng.permutation(1000)[:n])
    allowed = rng.random(n) < data.draw(st.sampled_from([0, 0.3, 1]))
    database, queries = tied_codes(rng, n, bits), tied_codes(rng, 3, bits)
    engine = ReferenceEngine(database, ids)

    narrowed = {"allowed": rng.permutation(ids[allowed]), "bits": prefix}
    found = engine.search(SearchRequest(queries, k, max_distance=limit, **narrowed))
    ball = engine.radius(RadiusRequest(queries, prefix if limit is None else limit, **narrowed))
    distances = differing_bits(queries.prefix(prefix), database.prefix(prefix))
    width = min(k, int(allowed.sum()))
    assert found.ids.shape == (3, width)
    for q in range(3):
        pairs = sorted(
            (int(d), int(i))
            for d, i, a in zip(distances[q], ids, allowed, strict=True)
            if a and (limit is None or d <= limit)
        )
        around = slice(*ball.offsets[q : q + 2])
        assert pairs == list(zip(ball.distances[around], ball.ids[around], strict=True))
        expected = (pairs + [(prefix + 1, NO_ID)] * width)[:width]
        assert expected == list(zip(found.distances[q], found.ids[q], strict=True))


@given(st.integers(0, 1000), st.integers(1, 30), st.none() | st.integers(0, 40))
def test_both_orders_of_asymmetric_scores(seed: int, k: int, more: int | None) -> None:
    rng = np.random.default_rng(seed)
    database = tied_codes(rng, 40, 24)
    logits = rng.integers(-2, 3, (2, 24)).astype(np.float32)
    queries = Codes.from_logits(logits)
    rerank = None if more is None else k + more
    found = ReferenceEngine(database).search(
        SearchRequest(queries, k, logits=logits, rerank=rerank)
    )
    distances = differing_bits(queries, database)
    for q in range(2):
        falling = -(database.signs() @ logits[q].astype(np.float64))
        if rerank is None:
            order = sorted(range(40), key=lambda i: (distances[q, i], falling[i], i))
        else:
            limit = sorted(distances[q])[min(rerank, 40) - 1]
            near = [i for i in range(40) if distances[q, i] <= limit]
            order = sorted(near, key=lambda i: (falling[i], distances[q, i], i))
        assert found.ids[q].tolist() == order[:k]


@given(st.integers(0, 1000))
def test_scores_are_exact_sums_of_signed_weights(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(4, 40)).astype(np.float32) * rng.choice([1e-30, 1, 1e30], (4, 1))
    logits[3] = 0
    weights, codes = fixed_point(logits), tied_codes(rng, 9, 40)
    for row, weight in zip(logits, weights, strict=True):
        found = scores(weight, codes)
        assert np.array_equal(found, codes.signs().astype(np.int64) @ weight)
        assert np.abs(weight.astype(np.int64)).sum() < 1 << 30
        # one power of two scales a row: what remains is the rounding of each logit to one unit
        size = float(np.abs(row.astype(np.float64)).sum())
        unit = size / max(int(np.abs(weight.astype(np.int64)).sum()), 1)
        assert np.allclose(weight * unit, row, rtol=1e-6, atol=unit)


def test_broken_logits_are_refused() -> None:
    with pytest.raises(UsageError, match="finite"):
        fixed_point(np.array([[1, np.inf]]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": 0}, "k of at least 1"),
        ({"rerank": 20}, "rerank orders by"),
        ({"rerank": 2, "k": 3, "logits": np.zeros((1, 16), np.float32)}, "at least the k = 3"),
        ({"logits": np.zeros((2, 16), np.float32)}, r"\[1, 16\]"),
        ({"max_distance": -1}, "at least 0"),
        ({"bits": 24}, "at most the queries' 16 bits"),
        ({"bits": 12}, "positive multiple of 8"),
        ({"allowed": np.ones(4, np.bool_)}, r"int64 \[A\], found bool \[4\]"),
        ({"logits": np.full((1, 16), np.nan, np.float32)}, "finite"),
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_is_made(
    change: dict[str, object], message: str
) -> None:
    arguments = {"codes": Codes(np.zeros((1, 2), np.uint8), 16), "k": 2} | change
    with pytest.raises(UsageError, match=message):
        SearchRequest(**arguments)  # type: ignore[arg-type]


def test_a_request_cannot_be_changed() -> None:
    request = RadiusRequest(Codes(np.zeros((1, 2), np.uint8), 16), 3)
    with pytest.raises(FrozenInstanceError):
        request.max_distance = -1  # type: ignore[misc]
    with pytest.raises(UsageError, match="at least 0, found -1"):
        replace(request, max_distance=-1)


@pytest.mark.parametrize("ids", [[0, 0], [1, 0], [-1, 0], [1, 2, 3]])
def test_ids_must_ascend(ids: list[int]) -> None:
    with pytest.raises(UsageError, match="expected ids"):
        ReferenceEngine(Codes(np.zeros((2, 1), np.uint8), 8), np.array(ids))
