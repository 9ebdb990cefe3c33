import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hashing.codes import Codes
from hashing.recommend import (
    RANK_OFFSET,
    affinity,
    are_copies,
    diversify,
    first_of_each,
    fold_duplicates,
    nearest_values,
    rank_by_taste,
    reciprocal_ranks,
    taste_centres,
)


def random_codes(count: int, bits: int = 64, seed: int = 0) -> Codes:
    logits = np.random.default_rng(seed).normal(size=(count, bits)).astype(np.float32)
    return Codes.from_logits(logits)


def near(code: Codes, count: int, flips: int, seed: int = 0) -> Codes:
    """`count` codes that differ from one code in `flips` bits each."""
    rng = np.random.default_rng(seed)
    bits = np.repeat(code.unpacked(), count, axis=0)
    for row in bits:
        row[rng.choice(code.bits, flips, replace=False)] ^= 1
    return Codes(np.packbits(bits, axis=1), code.bits)


def hamming(codes: Codes) -> np.ndarray:
    bits = codes.unpacked()
    return (bits[:, None] != bits[None]).sum(axis=2)


def test_one_taste_is_one_centre_the_mean_of_its_works() -> None:
    liked = near(random_codes(1), 5, flips=4)
    centres, sizes = taste_centres(liked)
    assert sizes.tolist() == [5]
    np.testing.assert_allclose(centres[0], liked.signs().mean(axis=0), atol=1e-6)


def test_two_tastes_are_two_centres_the_larger_first() -> None:
    seeds = random_codes(2)
    liked = Codes.concatenate([near(seeds[:1], 2, 4), near(seeds[1:], 3, 4)])
    centres, sizes = taste_centres(liked)
    assert sizes.tolist() == [3, 2]
    assert affinity(seeds[1:], centres)[0].argmax() == 0


def test_many_unrelated_works_give_at_most_three_centres() -> None:
    centres, sizes = taste_centres(random_codes(40))
    assert len(centres) == 3
    assert sizes.sum() == 40


def test_two_tastes_share_the_places_in_proportion() -> None:
    seeds = random_codes(2)
    liked = Codes.concatenate([near(seeds[:1], 2, 2), near(seeds[1:], 1, 2)])
    # The second taste's candidates are all farther: by affinity alone they would come last.
    candidates = Codes.concatenate([near(seeds[:1], 30, 3), near(seeds[1:], 30, 12)])
    order, _ = rank_by_taste(candidates, liked, *taste_centres(liked))
    best = order[:12]
    assert (best < 30).sum() == 8
    assert (best >= 30).sum() == 4


def test_dealing_out_turns_keeps_the_values() -> None:
    liked, candidates = random_codes(6), random_codes(50, seed=1)
    best = affinity(candidates, taste_centres(liked)[0]).max(axis=1)
    order, relevance = rank_by_taste(candidates, liked, *taste_centres(liked))
    assert sorted(order.tolist()) == list(range(50))
    np.testing.assert_array_equal(relevance, np.sort(best)[::-1])


def test_one_like_ranks_by_distance() -> None:
    liked, candidates = random_codes(1), random_codes(50, seed=1)
    distances = hamming(Codes.concatenate([liked, candidates]))[0, 1:]
    assert (
        rank_by_taste(candidates, liked, *taste_centres(liked))[0].tolist()
        == np.argsort(distances, kind="stable").tolist()
    )


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.integers(1, 30), st.integers(1, 5))
def test_reciprocal_ranks_count_the_nearer_ones(count: int, works: int) -> None:
    candidates, liked = random_codes(count, 16, seed=count), random_codes(works, 16, seed=99)
    distances = hamming(Codes.concatenate([candidates, liked]))[:count, count:]
    for (row, work), value in np.ndenumerate(reciprocal_ranks(candidates, liked)):
        nearer = sum(d < distances[row, work] for d in distances[:, work])
        equal = sum(d == distances[row, work] for d in distances[:, work])
        assert value == pytest.approx(1 / (RANK_OFFSET * count + nearer + (equal + 1) / 2))


def test_what_all_likes_agree_on_comes_first() -> None:
    liked = near(random_codes(1), 5, flips=12)
    between = Codes.from_logits(liked.signs().sum(axis=0, keepdims=True).astype(np.float32))
    candidates = Codes.concatenate([near(liked[:1], 5, 10, seed=2), between])
    assert rank_by_taste(candidates, liked, *taste_centres(liked))[0][0] == 5


def test_works_near_a_disliked_one_sink() -> None:
    liked, disliked = random_codes(1), random_codes(1, seed=5)
    between = near(liked, 1, flips=10)
    # Of two works equally near the liked one, one shares its difference with the disliked one.
    differing = np.flatnonzero(liked.unpacked()[0] != disliked.unpacked()[0])[:10]
    toward = liked.unpacked()
    toward[0, differing] ^= 1
    candidates = Codes.concatenate([Codes(np.packbits(toward, axis=1), 64), between])
    plain, values = rank_by_taste(candidates, liked, *taste_centres(liked))
    assert plain.tolist() == [0, 1]
    assert values[0] == values[1]
    minded, values = rank_by_taste(candidates, liked, *taste_centres(liked), disliked)
    assert minded.tolist() == [1, 0]
    assert values[0] > values[1]


def slow_mmr(codes: Codes, relevance: np.ndarray, k: int, diversity: float) -> list[int]:
    distances, picked = hamming(codes), []
    while len(picked) < min(k, len(relevance)):
        gains = []
        weight = diversity ** (11 / (len(picked) + 1)) ** 3
        for row in range(len(relevance)):
            nearest = max((1 - 2 * distances[row, p] / codes.bits for p in picked), default=-1.0)
            gain = (1 - weight) * float(relevance[row]) - weight * nearest
            gains.append(-np.inf if row in picked else gain)
        picked.append(int(np.argmax(gains)))
    return picked


def test_candidates_are_picked_from_their_place_on_or_when_no_other_is_left() -> None:
    relevance = np.array([0.1, 0.2, 0.9, 0.8, 0.7], np.float32)
    since = np.array([0, 0, 3, 9, 9])
    assert diversify(random_codes(5), relevance, 5, 0.0, since=since).tolist() == [1, 0, 2, 3, 4]


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.integers(1, 25), st.integers(1, 30), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_diversify_is_maximal_marginal_relevance(count: int, k: int, diversity: float) -> None:
    codes = random_codes(count, bits=16, seed=count)
    # Multiples of 1/8 are exact in both precisions, so equal gains stay equal.
    relevance = np.round(np.linspace(1, -1, count) * 8).astype(np.float32) / 8
    assert diversify(codes, relevance, k, diversity).tolist() == slow_mmr(
        codes, relevance, k, diversity
    )


def test_no_diversity_is_the_order_of_relevance() -> None:
    relevance = np.random.default_rng(0).normal(size=20).astype(np.float32)
    picked = diversify(random_codes(20), relevance, 20, 0.0)
    assert picked.tolist() == np.argsort(-relevance).tolist()


def test_more_diversity_spreads_the_picks() -> None:
    query = random_codes(1)
    codes = Codes.concatenate([near(query, 20, 4), near(query, 20, 16, seed=1)])
    relevance = affinity(codes, query.signs().astype(np.float32))[:, 0]
    spread = [
        hamming(codes[diversify(codes, relevance, 10, diversity)]).mean()
        for diversity in (0.0, 0.4, 0.8)
    ]
    assert spread[0] < spread[1] <= spread[2]


def folded(thumbnails: np.ndarray) -> np.ndarray:
    return fold_duplicates(are_copies(thumbnails, thumbnails))


def test_a_copy_of_a_copy_is_not_folded() -> None:
    whole, between, crop = range(3)
    copies = np.zeros((4, 4), bool)
    copies[whole, between] = copies[between, whole] = True
    copies[between, crop] = copies[crop, between] = True
    assert fold_duplicates(copies).tolist() == [0, 0, 2, 3]
    assert fold_duplicates(copies[::-1, ::-1]).tolist() == [0, 1, 1, 3]


def test_what_was_asked_for_leads_its_copies() -> None:
    copies = np.zeros((5, 5), bool)
    for pair in ((0, 1), (0, 3), (1, 3), (2, 4)):
        copies[pair] = copies[pair[::-1]] = True
    assert fold_duplicates(copies).tolist() == [0, 0, 2, 0, 2]
    assert fold_duplicates(copies, first=3).tolist() == [3, 3, 2, 3, 2]
    assert fold_duplicates(copies, first=4).tolist() == [0, 0, 4, 0, 4]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.integers(0, 9), st.integers(0, 1000), st.booleans())
def test_every_folded_candidate_is_a_copy_of_its_leader(count: int, seed: int, asked: bool) -> None:
    rng = np.random.default_rng(seed)
    copies = np.triu(rng.random((count, count)) < 0.3, 1)
    copies |= copies.T
    first = count // 2 if asked and count else None
    leaders = fold_duplicates(copies, first)
    order = [*([] if first is None else [first]), *(i for i in range(count) if i != first)]
    expected: dict[int, int] = {}
    for row in order:
        better = [lead for lead in order if expected.get(lead) == lead and copies[row, lead]]
        expected[row] = better[0] if better else row
    assert leaders.tolist() == [expected[row] for row in range(count)]


def uncropped(works: np.ndarray) -> np.ndarray:
    """Tiny pictures `[N, P]` whose middles resemble nothing."""
    middles = np.random.default_rng(1).integers(0, 255, works.shape, dtype=np.uint8)
    return np.stack([works, middles], axis=1)


def test_copies_join_the_best_of_them() -> None:
    rng = np.random.default_rng(0)
    works = rng.integers(0, 250, (3, 192), dtype=np.uint8)
    noisy = works + rng.integers(0, 5, works.shape, dtype=np.uint8)
    thumbnails = np.stack([works[0], works[1], noisy[1], works[2], noisy[0], noisy[1]])
    assert folded(uncropped(thumbnails)).tolist() == [0, 1, 1, 3, 0, 1]


def test_another_brightness_or_contrast_makes_no_other_work() -> None:
    work = np.random.default_rng(0).integers(0, 200, 192)
    thumbnails = np.stack([work, work + 50, work // 2 + 60, 255 - work]).astype(np.uint8)
    assert folded(uncropped(thumbnails)).tolist() == [0, 0, 0, 3]


def test_pale_drawings_are_not_all_one() -> None:
    rng = np.random.default_rng(0)
    thumbnails = rng.integers(245, 250, (5, 192)).astype(np.uint8)
    assert folded(uncropped(thumbnails)).tolist() == [0, 1, 2, 3, 4]


def test_single_shades_are_copies_of_none() -> None:
    thumbnails = np.array([[0] * 192, [255] * 192, [0] * 192], dtype=np.uint8)
    assert folded(uncropped(thumbnails)).tolist() == [0, 1, 2]


def test_a_picture_without_its_edges_is_a_copy() -> None:
    whole, middle = np.random.default_rng(0).integers(0, 255, (2, 192), dtype=np.uint8)
    cropped, other = np.random.default_rng(2).integers(0, 255, (2, 192), dtype=np.uint8)
    works = np.array([[whole, middle], [middle, cropped], [cropped, other]])
    assert folded(works[:2]).tolist() == [0, 0]
    assert folded(works[1::-1]).tolist() == [0, 0]
    # The middles alone say nothing.
    assert folded(works[::2]).tolist() == [0, 1]


def test_first_of_each_keeps_all_that_have_no_value() -> None:
    kept = first_of_each(["a", None, "b", "a", None])
    assert kept.tolist() == [True, True, True, False, True]


def test_nearest_values_are_shares_of_the_known() -> None:
    assert nearest_values(["x", "y", None, "x", "x"]) == [("x", 0.75), ("y", 0.25)]
    assert nearest_values([None]) == []
