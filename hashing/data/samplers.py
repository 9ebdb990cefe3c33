"""Which pictures stand in which batch: pure functions of (seed, epoch), for all processes alike.

Every process draws the same global batches and takes its own columns of them with `shard`; the
processes' parts one after another are the global batch.
"""

import numpy as np
from numpy.typing import NDArray

from hashing.data.random import Stream, generator
from hashing.errors import UsageError


def shuffled_batches(
    rows: NDArray[np.int64], batch: int, *, seed: int, epoch: int
) -> NDArray[np.int64]:
    """The epoch's batches of `rows` `[M]` in random order: int64 `[M // batch, batch]`.

    The remainder is left out, another one each epoch.
    """
    steps = _count_steps(len(rows), batch)
    order = generator(Stream.ORDER, seed, epoch).permutation(rows)
    return order[: steps * batch].reshape(steps, batch)


def balanced_batches(
    rows: NDArray[np.int64],
    labels: NDArray[np.int64],
    batch: int,
    per_label: int,
    *,
    seed: int,
    epoch: int,
) -> NDArray[np.int64]:
    """P×K batches: groups of `per_label` (K) pictures of one label, every label equally often.

    rows: int64 `[M]`; labels: int64 `[M]`, theirs, negative where absent: such rows are left out.
    Returns int64 `[M // batch, batch]`; columns `i·K … (i+1)·K` hold one label. No label comes
    back before all others had their turn. A label's pictures come in random order, all before any
    repeats; only a label with fewer than K pictures repeats one within its group.
    """
    if per_label < 2 or batch % per_label or batch == per_label:
        raise UsageError(
            f"expected a batch of two or more groups of per_label >= 2 pictures, found batch "
            f"{batch} and per_label {per_label}: make batch a larger multiple of per_label"
        )
    known = np.unique(labels[labels >= 0])
    if len(known) < 2:
        raise UsageError(f"expected at least two labels to balance, found {len(known)}")
    steps = _count_steps(len(rows), batch)
    rng = generator(Stream.ORDER, seed, epoch)
    turns = _repeat_shuffled(known, steps * batch // per_label, rng)
    groups = np.empty((len(turns), per_label), np.int64)
    for label in known:
        its_turns = np.flatnonzero(turns == label)
        groups[its_turns] = _groups_of(rows[labels == label], len(its_turns), per_label, rng)
    return groups.reshape(steps, batch)


def shard(batches: NDArray[np.int64], rank: int, processes: int) -> NDArray[np.int64]:
    """One process's columns `[steps, batch / processes]` of global batches `[steps, batch]`."""
    batch = batches.shape[1]
    if batch % processes:
        raise UsageError(
            f"expected a batch that {processes} processes can share, found {batch}: "
            f"make it a multiple of {processes}"
        )
    share = batch // processes
    return batches[:, rank * share : (rank + 1) * share]


def _count_steps(count: int, batch: int) -> int:
    if not 1 <= batch <= count:
        raise UsageError(
            f"expected a batch of 1 to {count} pictures, the training part, found {batch}: "
            "set train.batch or add pictures"
        )
    return count // batch


def _repeat_shuffled(
    values: NDArray[np.int64], count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """The first `count` of one shuffle of `values` after another."""
    passes = -(-count // len(values))
    return rng.permuted(np.tile(values, (passes, 1)), axis=1).ravel()[:count]


def _groups_of(
    rows: NDArray[np.int64], count: int, per_label: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """`count` groups `[count, K]`; a pass over the rows ends with a whole group."""
    if len(rows) < per_label:
        spare = _repeat_shuffled(rows, count * per_label, rng)
        return spare.reshape(count, per_label)
    whole = len(rows) // per_label
    passes = -(-count // whole)
    order = rng.permuted(np.tile(rows, (passes, 1)), axis=1)[:, : whole * per_label]
    return order.reshape(-1, per_label)[:count]
