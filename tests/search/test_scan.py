"""The scan against the reference engine, ids included, where nearly everything ties."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.search import (
    RadiusRequest,
    ReferenceEngine,
    ScanEngine,
    SearchRequest,
    SlicedCodes,
    build_sliced,
)
from hashing.search.scan import driver as driver_module
from hashing.search.scan import engine as scan_module


@pytest.fixture(autouse=True)
def always_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the kernel answer, however little there is to search."""
    monkeypatch.setattr(scan_module, "SMALL", -1)
    scan_module.KERNEL.wait()


def few_values(rng: np.random.Generator, n: int, bits: int, values: int, width: int) -> Codes:
    """Codes that differ in `width` bits only, spread over the length, with few different values."""
    table = np.zeros((values, bits), np.uint8)
    places = rng.choice(bits, min(width, bits), replace=False)
    table[:, places] = rng.integers(0, 2, (values, len(places)))
    table[:] ^= rng.integers(0, 2, bits, dtype=np.uint8)
    return Codes(np.packbits(table[rng.integers(0, values, n)], axis=1), bits)


@dataclass
class Case:
    """A database in segments, queries and both engines."""

    queries: Codes
    ids: np.ndarray
    scan: ScanEngine
    reference: ReferenceEngine
    rng: np.random.Generator


def make_case(
    seed: int, bits: int, sizes: list[int], values: int, gaps: bool, threads: int
) -> Case:
    rng = np.random.default_rng(seed)
    total = sum(sizes)
    width = int(rng.integers(6, 13))
    codes = few_values(rng, total + 3, bits, values, width)
    database, queries = codes[:total], codes[total:]
    ids = np.sort(rng.choice(5 * total + 1, total, replace=False)) if gaps else np.arange(total) + 7
    edges = np.cumsum([0, *sizes])
    segments = [build_sliced(database[a:b], ids[a:b]) for a, b in pairwise(edges)]
    scan = ScanEngine.from_segments(segments, threads=threads)
    return Case(queries, ids, scan, ReferenceEngine(database, ids), rng)


CASES = st.builds(
    make_case,
    seed=st.integers(0, 10**6),
    bits=st.sampled_from([8, 16, 24, 40, 64, 72, 112, 120, 128, 200, 256]),
    sizes=st.lists(st.sampled_from([0, 1, 70, 511, 513, 1300]), min_size=1, max_size=4),
    values=st.integers(1, 60) | st.just(5000),
    gaps=st.booleans(),
    threads=st.integers(1, 2),
)


def same(found: object, expected: object) -> bool:
    a, b = vars(found), vars(expected)
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def check(case: Case, data: st.DataObject) -> None:
    total = len(case.scan)
    share = data.draw(st.sampled_from([None, 0, 0.01, 0.05, 0.3, 0.9, 1]))
    allowed = None if share is None else case.ids[case.rng.random(total) < share]
    bits = data.draw(st.none() | st.integers(1, case.scan.bits // 8).map(lambda n: 8 * n))
    limit = data.draw(st.none() | st.integers(0, 12))
    k = data.draw(st.sampled_from([1, 2, 10, 100]) | st.just(total + 3))
    order = data.draw(st.sampled_from(["plain", "distance", "score", "radius"]))
    if order == "radius":
        limit = limit or 0
        found, expected = (
            engine.radius(RadiusRequest(case.queries, limit, allowed=allowed, bits=bits))
            for engine in (case.scan, case.reference)
        )
    else:
        logits = case.rng.integers(-3, 4, (3, case.scan.bits)).astype(np.float32)
        found, expected = (
            engine.search(
                SearchRequest(
                    case.queries,
                    k,
                    allowed=allowed,
                    max_distance=limit,
                    bits=bits,
                    logits=None if order == "plain" else logits,
                    rerank=k + 5 if order == "score" else None,
                )
            )
            for engine in (case.scan, case.reference)
        )
    assert same(found, expected)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CASES, st.data())
def test_equal_to_the_reference(case: Case, data: st.DataObject) -> None:
    check(case, data)


@pytest.mark.long
@settings(
    settings.get_profile("long"),
    max_examples=5000,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(CASES, st.data())
def test_equal_to_the_reference_at_length(case: Case, data: st.DataObject) -> None:
    check(case, data)


@pytest.mark.parametrize("bits", range(8, 257, 8))
def test_every_length_on_different_codes(bits: int) -> None:
    rng = np.random.default_rng(bits)
    codes = Codes(rng.integers(0, 256, (3000, bits // 8), np.uint8), bits)
    extremes = Codes(np.repeat(np.array([[0], [255]], np.uint8), bits // 8, axis=1), bits)
    queries = Codes.concatenate([codes[:5], extremes])
    database = Codes.concatenate([codes[3:], extremes])
    scan, reference = ScanEngine(database, threads=1), ReferenceEngine(database)
    for k in (1, 10, 3100):
        assert same(
            scan.search(SearchRequest(queries, k)), reference.search(SearchRequest(queries, k))
        )


@pytest.mark.parametrize("copies", [1, 40])
def test_one_query_on_several_threads(monkeypatch: pytest.MonkeyPatch, copies: int) -> None:
    monkeypatch.setattr(driver_module, "_PIECE", 1)
    rng = np.random.default_rng(5)
    different = rng.integers(0, 256, (6000 // copies * 2, 1), np.uint8)
    database = Codes(np.repeat(different, copies, axis=0)[rng.permutation(6000)], 8)
    parts = [build_sliced(database[:2500]), build_sliced(database[2500:], np.arange(2500, 6000))]
    scan = ScanEngine.from_segments(parts, threads=4)
    reference = ReferenceEngine(database)
    for k in (1, 10, 500):
        assert same(
            scan.search(SearchRequest(database[:1], k)),
            reference.search(SearchRequest(database[:1], k)),
        )


def test_batches_whose_keys_do_not_fit_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "_KEYS", 1)
    codes = few_values(np.random.default_rng(2), 700, 32, 30, 8)
    scan, reference = ScanEngine(codes), ReferenceEngine(codes)
    assert same(
        scan.search(SearchRequest(codes[:20], 50)), reference.search(SearchRequest(codes[:20], 50))
    )


def test_a_ball_larger_than_the_first_buffer() -> None:
    codes = few_values(np.random.default_rng(3), 9000, 16, 60, 8)
    different = Codes(np.arange(9000, dtype=np.uint16).view(np.uint8).reshape(-1, 2), 16)
    for database in (codes, different):
        scan, reference = ScanEngine(database), ReferenceEngine(database)
        assert same(
            scan.radius(RadiusRequest(codes[:2], 16)),
            reference.radius(RadiusRequest(codes[:2], 16)),
        )


def test_a_prepared_mask_is_used_again() -> None:
    codes = few_values(np.random.default_rng(4), 3000, 64, 50, 9)
    scan, reference = ScanEngine(codes), ReferenceEngine(codes)
    for mask in (np.arange(3000) % 2 == 0, np.arange(3000) % 50 == 0, np.zeros(3000, np.bool_)):
        ready = scan.prepare(mask)
        assert ready.count == mask.sum()
        for k in (3, 400):
            expected = reference.search(SearchRequest(codes[:4], k, allowed=np.flatnonzero(mask)))
            assert same(scan.search(SearchRequest(codes[:4], k, allowed=ready)), expected)


def test_ids_of_large_and_small_numbers() -> None:
    codes = few_values(np.random.default_rng(6), 100, 16, 9, 8)
    for ids in (np.arange(100) * 3, np.arange(100) * 2**40, np.arange(100) + 2**50):
        expected = ReferenceEngine(codes, ids).search(SearchRequest(codes[:3], 20))
        assert same(ScanEngine(codes, ids).search(SearchRequest(codes[:3], 20)), expected)


def test_no_queries_and_no_items() -> None:
    codes = few_values(np.random.default_rng(7), 10, 16, 3, 8)
    assert ScanEngine(codes).search(SearchRequest(codes[:0], 3)).ids.shape == (0, 3)
    assert ScanEngine(codes).radius(RadiusRequest(codes[:0], 3)).offsets.tolist() == [0]
    empty = ScanEngine(codes[:0])
    assert empty.search(SearchRequest(codes, 3)).ids.shape == (10, 0)
    assert empty.radius(RadiusRequest(codes, 3)).offsets.tolist() == [0] * 11


def test_small_searches_are_left_to_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module, "SMALL", 14_000)
    asked: list[int] = []
    monkeypatch.setattr(scan_module.KERNEL, "for_work", asked.append)
    codes = few_values(np.random.default_rng(8), 500, 16, 30, 8)
    engine, reference = ScanEngine(codes), ReferenceEngine(codes)
    some = np.arange(0, 500, 3)
    expected = reference.search(SearchRequest(codes[:1], 9, allowed=some))
    assert same(engine.search(SearchRequest(codes[:1], 9, allowed=some)), expected)
    assert same(
        engine.radius(RadiusRequest(codes[:1], 2)), reference.radius(RadiusRequest(codes[:1], 2))
    )
    assert not asked
    engine.search(SearchRequest(codes[:9], 9))
    assert asked == [9 * 4500]


def test_until_the_kernel_is_ready_the_reference_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module.KERNEL, "for_work", lambda work: None)
    codes = few_values(np.random.default_rng(9), 900, 16, 30, 8)
    ids = np.arange(900) * 2
    engine = ScanEngine.from_segments(
        [build_sliced(codes[:400], ids[:400]), build_sliced(codes[400:], ids[400:])]
    )
    reference = ReferenceEngine(codes, ids)
    assert same(
        engine.search(SearchRequest(codes[:2], 9)), reference.search(SearchRequest(codes[:2], 9))
    )
    assert same(
        engine.radius(RadiusRequest(codes[:2], 2)), reference.radius(RadiusRequest(codes[:2], 2))
    )


def test_rows_may_be_forgotten_while_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module.KERNEL, "for_work", lambda work: None)

    class Forgetful(ScanEngine):
        @property
        def _rows(self) -> ReferenceEngine | None:
            found, self._kept = self._kept, None
            return found

        @_rows.setter
        def _rows(self, rows: ReferenceEngine | None) -> None:
            self._kept = rows

    codes = few_values(np.random.default_rng(9), 900, 16, 30, 8)
    engine, expected = Forgetful(codes), ReferenceEngine(codes).search(SearchRequest(codes[:1], 9))
    engine._rows = ReferenceEngine(codes)
    assert same(engine.search(SearchRequest(codes[:1], 9)), expected)


def test_large_searches_wait_for_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module, "_WAIT_FROM", 0)
    monkeypatch.setattr(scan_module.KERNEL, "for_work", lambda work: pytest.fail("did not wait"))
    codes = few_values(np.random.default_rng(9), 900, 16, 30, 8)
    assert same(
        ScanEngine(codes).search(SearchRequest(codes[:2], 9)),
        ReferenceEngine(codes).search(SearchRequest(codes[:2], 9)),
    )


def test_segments_must_fit_together() -> None:
    codes = few_values(np.random.default_rng(10), 20, 16, 30, 8)
    with pytest.raises(UsageError, match="ascend from segment to segment"):
        ScanEngine.from_segments([build_sliced(codes), build_sliced(codes)])
    with pytest.raises(UsageError, match=r"one code length, found \[8, 16\]"):
        ScanEngine.from_segments([build_sliced(codes), build_sliced(codes.prefix(8))])
    with pytest.raises(UsageError, match="one code length"):
        ScanEngine.from_segments([])


def test_arrays_survive_a_file(tmp_path: object) -> None:
    codes = few_values(np.random.default_rng(11), 2000, 64, 40, 9)
    sliced = build_sliced(codes, np.arange(2000) * 2)
    for name, array in sliced.arrays.items():
        np.save(f"{tmp_path}/{name}.npy", array)
    mapped = {name: np.load(f"{tmp_path}/{name}.npy", mmap_mode="r") for name in sliced.ARRAYS}
    again = SlicedCodes(**{name: getattr(sliced, name) for name in sliced.NUMBERS}, **mapped)
    engine = ScanEngine.from_segments([again])
    expected = ReferenceEngine(codes, np.arange(2000) * 2).search(SearchRequest(codes[:5], 30))
    assert same(engine.search(SearchRequest(codes[:5], 30)), expected)


def test_behind_the_last_slot_there_is_no_rank() -> None:
    """A step of narrow vectors may begin there; what lies behind the arrays is none of theirs."""
    from hashing.search import kernel
    from hashing.search.kernel.postings import smallest_rank

    nothing = np.empty(0, np.uint64)
    starts, ranks = np.array([0, 2, 3, 1, 1], np.uint32), np.array([0, 2, 1, 9], np.uint32)
    shared = kernel.Segment(nothing, starts[:3], ranks[:3], nothing, nothing)
    assert [smallest_rank(shared, slot) for slot in (0, 1, 2, 3)] == [0, 1, 3, 3]
