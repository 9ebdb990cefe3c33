from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hashing.data.samplers import balanced_batches, shard, shuffled_batches
from hashing.errors import UsageError

ROWS = np.arange(1000, 1103)
LABELS = np.repeat([0, 3, 5, -1], [60, 30, 3, 10])


def test_an_epoch_sees_each_row_once_and_leaves_out_the_remainder() -> None:
    batches = shuffled_batches(ROWS, 20, seed=0, epoch=0)
    assert batches.shape == (5, 20)
    assert len(np.unique(batches)) == 100
    assert np.isin(batches, ROWS).all()


def test_order_is_a_function_of_seed_and_epoch() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return shuffled_batches(ROWS, 100, seed=seed, epoch=epoch).ravel().tolist()

    assert order(1, 2) == order(1, 2)
    assert len({tuple(order(seed, epoch)) for seed in range(3) for epoch in range(3)}) == 9
    left_out = [set(ROWS) - set(order(0, epoch)) for epoch in range(5)]
    assert len({frozenset(rows) for rows in left_out}) == 5


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 30), min_size=2, max_size=9),
    per_label=st.integers(2, 6),
    groups=st.integers(2, 5),
    epoch=st.integers(0, 9),
)
def test_balanced_batches(sizes: list[int], per_label: int, groups: int, epoch: int) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    rows, batch = np.arange(len(labels)) + 7, groups * per_label
    if batch > len(rows):
        return
    batches = balanced_batches(rows, labels, batch, per_label, seed=3, epoch=epoch)
    assert batches.shape == (len(rows) // batch, batch)
    of_group = labels[batches - 7].reshape(-1, per_label)
    assert (of_group == of_group[:, :1]).all()
    turns = Counter(of_group[:, 0].tolist())
    assert max(turns.values()) - min(turns[label] for label in range(len(sizes))) <= 1
    for label, size in enumerate(sizes):
        its_groups = batches.reshape(-1, per_label)[of_group[:, 0] == label]
        if size >= per_label:
            assert all(len(set(group)) == per_label for group in its_groups.tolist())
        seen = Counter(its_groups.ravel().tolist())
        fair = (
            -(-len(its_groups) // max(1, size // per_label))
            if size >= per_label
            else per_label * len(its_groups)
        )
        assert max(seen.values(), default=0) <= fair


def test_pictures_without_a_label_are_left_out_of_balanced_batches() -> None:
    batches = balanced_batches(ROWS, LABELS, 24, 4, seed=0, epoch=0)
    assert not np.isin(batches, ROWS[LABELS < 0]).any()
    counts = Counter(LABELS[batches - 1000].ravel().tolist())
    assert set(counts) == {0, 3, 5}
    assert max(counts.values()) - min(counts.values()) <= 4


def test_balanced_order_is_a_function_of_seed_and_epoch() -> None:
    orders = {
        (seed, epoch): balanced_batches(ROWS, LABELS, 24, 4, seed=seed, epoch=epoch).tobytes()
        for seed in (0, 1)
        for epoch in (0, 1)
    }
    again = balanced_batches(ROWS, LABELS, 24, 4, seed=1, epoch=0).tobytes()
    assert again == orders[1, 0]
    assert len(set(orders.values())) == 4


def test_shards_side_by_side_are_the_global_batches() -> None:
    batches = shuffled_batches(ROWS, 24, seed=0, epoch=0)
    parts = [shard(batches, rank, 4) for rank in range(4)]
    assert all(part.shape == (4, 6) for part in parts)
    assert np.array_equal(np.concatenate(parts, axis=1), batches)


@pytest.mark.parametrize(
    ("batch", "per_label", "words"),
    [
        (10, 4, "found batch 10 and per_label 4"),
        (4, 4, "two or more groups"),
        (8, 1, "per_label >= 2"),
        (104, 4, "a batch of 1 to 103 pictures"),
    ],
)
def test_batches_that_cannot_be_are_refused(batch: int, per_label: int, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        balanced_batches(ROWS, LABELS, batch, per_label, seed=0, epoch=0)


def test_other_batches_that_cannot_be() -> None:
    for batch in (0, 104):
        with pytest.raises(UsageError, match=f"found {batch}"):
            shuffled_batches(ROWS, batch, seed=0, epoch=0)
    with pytest.raises(UsageError, match="two labels to balance, found 1"):
        balanced_batches(ROWS[:60], LABELS[:60], 8, 4, seed=0, epoch=0)
    with pytest.raises(UsageError, match="make it a multiple of 3"):
        shard(np.zeros((2, 8), np.int64), 0, 3)
