"""What all engines promise, and the table of their names."""

import sys

import numpy as np
import pytest

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.filters import is_null
from hashing.search import (
    ENGINES,
    Allowed,
    Engine,
    RadiusRequest,
    ReferenceEngine,
    SearchRequest,
    make_engine,
)


def codes(n: int = 300) -> Codes:
    rng = np.random.default_rng(n)
    return Codes(rng.integers(0, 2, (n, 4), np.uint8) * np.uint8(0x81), 32)


def ids() -> np.ndarray:
    return np.arange(300) * 3


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "faiss":
        pytest.importorskip("faiss", reason="faiss-cpu is not installed")
    return make_engine(codes(), ids(), name=request.param)


@pytest.fixture
def reference() -> Engine:
    return ReferenceEngine(codes(), ids())


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
    allowed = None if share is None else ids()[np.random.default_rng(1).random(300) < share]
    logits = np.random.default_rng(2).integers(-3, 4, (4, 32)).astype(np.float32)
    queries = codes(4)
    for order in ({}, {"logits": logits}, {"logits": logits, "rerank": k + 20}):
        found, expected = (
            one.search(
                SearchRequest(queries, k, allowed=allowed, max_distance=limit, bits=bits, **order)
            )
            for one in (engine, reference)
        )
        assert np.array_equal(found.ids, expected.ids)
        assert np.array_equal(found.distances, expected.distances)
    ball, expected_ball = (
        one.radius(RadiusRequest(queries, limit or 1, allowed=allowed, bits=bits))
        for one in (engine, reference)
    )
    assert np.array_equal(ball.offsets, expected_ball.offsets)
    assert np.array_equal(ball.ids, expected_ball.ids)
    assert np.array_equal(ball.distances, expected_ball.distances)


def test_every_engine_takes_a_mask_made_ready(engine: Engine, reference: Engine) -> None:
    mask = np.arange(300) % 7 == 2
    found = engine.search(SearchRequest(codes(3), 50, allowed=Allowed(mask, int(mask.sum()))))
    expected = reference.search(SearchRequest(codes(3), 50, allowed=ids()[mask]))
    assert np.array_equal(found.ids, expected.ids)


def test_no_engine_looks_at_what_is_not_there(engine: Engine) -> None:
    strange = np.array([5, 3, 10**12, -7, 3])
    assert engine.search(SearchRequest(codes(1), 9, allowed=strange)).ids.tolist() == [[3]]


def test_codes_alone_have_no_fields_to_filter_by(engine: Engine) -> None:
    for ask in (
        lambda where: engine.search(SearchRequest(codes(1), 2, where=where)),
        lambda where: engine.radius(RadiusRequest(codes(1), 2, where=where)),
    ):
        with pytest.raises(UsageError, match="codes alone have no fields"):
            ask(is_null("year"))


def test_queries_of_another_length_are_refused(engine: Engine) -> None:
    for bits, length in ((16, None), (64, None), (48, 40)):
        queries = Codes(np.zeros((1, bits // 8), np.uint8), bits)
        with pytest.raises(UsageError, match=f"found queries of {bits}"):
            engine.search(SearchRequest(queries, 3, bits=length))


def test_no_queries(engine: Engine) -> None:
    assert engine.search(SearchRequest(codes()[:0], 5)).ids.shape == (0, 5)
    assert engine.radius(RadiusRequest(codes()[:0], 5)).offsets.tolist() == [0]


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"did you mean scan\?"):
        make_engine(codes(), name="scann")


def test_faiss_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(UsageError, match="expected faiss, found none"):
        make_engine(codes(), name="faiss")
