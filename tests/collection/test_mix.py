"""Several questions at once, and the way from one work to another."""

import itertools

import numpy as np
import pytest

from hashing.codes import Codes
from hashing.collection import Collection
from hashing.collection.opened import Opened, UnknownItemError
from hashing.collection.path import NEIGHBOURS, Walk, find_path
from hashing.collection.request import Refine
from hashing.errors import UsageError
from hashing.recommend import rank_by_mix
from hashing.search import SearchRequest
from tests.gallery import art, gallery

__all__ = ["art", "gallery"]

PLAIN = Refine(38, diversity=0, fold=False)


def places(art: Collection, parts: dict[int | str, float]) -> dict[int, int]:
    hits = art.answer(art.mix(parts), PLAIN)
    return {hit.id: place for place, hit in enumerate(hits)}


def test_a_single_part_ranks_by_its_distance(art: Collection) -> None:
    mixed = art.answer(art.mix({4: 1.0}), PLAIN)
    near = art.answer(art.stored(4), PLAIN)
    assert [hit.distance for hit in mixed] == [hit.distance for hit in near]
    assert {hit.id for hit in mixed} == {hit.id for hit in near}


def test_weights_pull_and_push(art: Collection) -> None:
    """Works 0 and 3 are red, 1 and 4 green, 2 and 5 blue."""
    both = places(art, {0: 1.0, 1: 1.0})
    assert not {0, 1} & set(both)
    red = [item.id for item in art.items() if item.id % 3 == 0 and 1 < item.id < 36]
    towards_red = places(art, {0: 1.0, 1: 0.2})
    away = places(art, {1: 1.0, 0: -1.0})

    def mean(found: dict[int, int]) -> float:
        return float(np.mean([found[work] for work in red]))

    assert mean(towards_red) < mean(both) < mean(away)


def test_a_mix_is_the_weighted_sum_of_reciprocal_ranks() -> None:
    """A second, dumber calculation, one candidate and one work at a time."""
    rng = np.random.default_rng(0)
    codes = Codes.from_logits(rng.normal(size=(30, 32)).astype(np.float32))
    works, weights = codes[np.array([0, 1, 2])], np.array([1, 0.5, -0.25])
    apart = codes.distances(works)
    scores = []
    for row in range(30):
        score = 0.0
        for work in range(3):
            nearer = (apart[:, work] < apart[row, work]).sum()
            tied = (apart[:, work] == apart[row, work]).sum()
            score += weights[work] / (0.3 * 30 + nearer + (tied + 1) / 2)
        scores.append(score)
    order, relevance = rank_by_mix(codes, works, weights)
    np.testing.assert_allclose(np.array(scores)[order], np.sort(scores)[::-1])
    assert (np.diff(relevance) <= 0).all()
    scaled, _ = rank_by_mix(codes, works, weights / 2)
    assert order.tolist() == scaled.tolist()


def test_pictures_from_outside_go_by_their_codes(art: Collection) -> None:
    code = art.opened.code(4).hex()[0]
    hits = art.blend({code: 1.0, 7: 0.5}, k=5)
    assert len(hits) == 5
    assert all(hit.nearest_like in (0, 1) for hit in hits)
    kept = art.answer(art.mix({4: 1.0}), Refine(38, max_distance=12, diversity=0))
    assert max(hit.distance for hit in kept) <= 12


@pytest.mark.parametrize("parts", [{}, {1: 0.0}, {1: -1.0}, {1: 1.0, 2: 1.5}, {1: float("nan")}])
def test_a_mix_wants_something(art: Collection, parts: dict[int | str, float]) -> None:
    with pytest.raises(UsageError, match="expected"):
        art.mix(parts)


def test_the_longest_step_of_a_path_is_as_short_as_it_can_be(art: Collection) -> None:
    """A dumber calculation: of all lengths the least by which both ends hang together."""
    ids = art.index.ids().tolist()
    codes = art.index.codes(ids)
    found = art.index.search(SearchRequest(codes, NEIGHBOURS + 1))
    edges = {}
    for own, others, far in zip(ids, found.ids.tolist(), found.distances.tolist(), strict=True):
        for other, length in zip(others, far, strict=True):
            if other != own:
                edges[min(own, other), max(own, other)] = length

    def reached(start: int, most: int) -> set[int]:
        there, waiting = {start}, [start]
        while waiting:
            work = waiting.pop()
            for pair, length in edges.items():
                if work in pair and length <= most:
                    other = sum(pair) - work
                    if other not in there:
                        there.add(other)
                        waiting.append(other)
        return there

    for start, end in ((0, 1), (2, 35), (5, 37)):
        walk = art.path(start, end)
        assert (walk.ids[0], walk.ids[-1]) == (start, end)
        assert len(set(walk.ids)) == len(walk.ids) == len(walk.steps) + 1
        for (a, b), length in zip(itertools.pairwise(walk.ids), walk.steps, strict=True):
            assert length == art.opened.code(a).distances(art.opened.code(b))[0, 0]
        longest, direct = max(walk.steps), art.opened.code(start).distances(art.opened.code(end))
        assert longest <= direct[0, 0]
        assert end not in reached(start, longest - 1)
        assert walk == find_path(Opened.of(art.index), start, end)
        assert set(art.path(end, start).steps) <= set(range(longest + 1))


def test_a_path_to_the_same_work_has_no_step(art: Collection) -> None:
    assert art.path(3, 3) == Walk((3,), ())
    with pytest.raises(UnknownItemError):
        art.path(3, 99)
