"""What all engines promise, and the table of their names."""

import sys

import numpy as np
import pytest

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.search import ENGINES, Engine, ReferenceEngine, make_engine


def codes(n: int = 300) -> Codes:
    rng = np.random.default_rng(n)
    return Codes(rng.integers(0, 2, (n, 4), np.uint8) * np.uint8(0x81), 32)


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "faiss":
        pytest.importorskip("faiss", reason="faiss-cpu is not installed")
    return make_engine(codes(), np.arange(300) * 3, name=request.param)


@pytest.fixture
def reference() -> Engine:
    return ReferenceEngine(codes(), np.arange(300) * 3)


@pytest.mark.parametrize("k", [1, 17, 400])
@pytest.mark.parametrize("limit", [None, 0, 3])
@pytest.mark.parametrize("share", [None, 0.0, 0.02, 0.5])
@pytest.mark.parametrize("bits", [None, 16])
def test_every_engine_gives_the_same_ids(
    engine: Engine,
    reference: Engine,
    k: int,
    limit: int | None,
    share: float | None,
    bits: int | None,
) -> None:
    allowed = None if share is None else np.random.default_rng(1).random(300) < share
    logits = np.random.default_rng(2).integers(-3, 4, (4, 32)).astype(np.float32)
    queries = codes(4)
    for order in ({}, {"logits": logits}, {"logits": logits, "rerank": k + 20}):
        found, expected = (
            one.search(queries, k, allowed=allowed, max_distance=limit, bits=bits, **order)
            for one in (engine, reference)
        )
        assert np.array_equal(found.ids, expected.ids)
        assert np.array_equal(found.distances, expected.distances)
    ball, expected_ball = (
        one.radius(queries, limit or 1, allowed=allowed, bits=bits) for one in (engine, reference)
    )
    assert np.array_equal(ball.offsets, expected_ball.offsets)
    assert np.array_equal(ball.ids, expected_ball.ids)
    assert np.array_equal(ball.distances, expected_ball.distances)


def test_every_engine_tells_its_size(engine: Engine) -> None:
    assert (len(engine), engine.bits) == (300, 32)


def test_no_queries(engine: Engine) -> None:
    assert engine.search(codes()[:0], 5).ids.shape == (0, 5)
    assert engine.radius(codes()[:0], 5).offsets.tolist() == [0]


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'scan'"):
        make_engine(codes(), name="scann")


def test_faiss_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(UsageError, match="expected faiss, found none"):
        make_engine(codes(), name="faiss")
