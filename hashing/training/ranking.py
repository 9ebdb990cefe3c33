"""Rankings on the network's device: a block of queries at once, as `hashing.metrics` counts them.

Distances are products of signs and histograms are sums of integers, so the counts are equal to
those of the CPU to the last one, in whatever order a GPU adds.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hashing.codes import Codes
from hashing.metrics import (
    Labels,
    LabelSets,
    Relevance,
    RetrievalMetrics,
    TiedGroups,
    code_statistics,
    evaluate_groups,
)

CELLS = 1 << 24
"""Pairs of query and item that are held at once, 8 bytes each a few times over."""


def evaluate_on(
    device: torch.device,
    queries: NDArray[np.float32],
    database: NDArray[np.float32],
    lengths: Sequence[int],
    relevance: Sequence[Relevance],
    exclude: Sequence[Relevance],
) -> Mapping[int, RetrievalMetrics]:
    """What `hashing.metrics.evaluate` gives for the codes of every length, by length.

    queries, database: logits float32 `[Q, bits]` and `[N, bits]`.
    """
    mine, theirs = (_signs(logits, device) for logits in (queries, database))
    judged = [(_on(labels, device), labels.grade) for labels in relevance]
    left_out = [_on(labels, device) for labels in exclude]
    grades = sum(labels.grade * labels.most for labels in relevance) + 1
    counts: dict[int, list[NDArray[np.int64]]] = {bits: [] for bits in lengths}
    for start in range(0, len(mine), step := max(1, CELLS // max(len(theirs), 1))):
        rows = slice(start, start + step)
        keys = torch.zeros(len(mine[rows]), len(theirs), dtype=torch.int64, device=device)
        for (own, others), grade in judged:
            keys += grade * _shared(own[rows], others)
        for own, others in left_out:
            keys.masked_fill_(_shared(own[rows], others) > 0, grades)
        products, before = torch.zeros(keys.shape, device=device), 0
        for bits in lengths:
            products += mine[rows, before:bits] @ theirs[:, before:bits].T
            before = bits
            distances = ((bits - products) / 2).long()
            found = _histograms(distances * (grades + 1) + keys, (bits + 1) * (grades + 1))
            counts[bits].append(found.reshape(len(found), bits + 1, grades + 1)[:, :, :grades])
    codes = Codes.from_logits(database)
    return {
        bits: evaluate_groups(
            map(TiedGroups, found),
            len(queries),
            len(database),
            codes=code_statistics(codes.prefix(bits)),
        )
        for bits, found in counts.items()
    }


def _signs(logits: NDArray[np.float32], device: torch.device) -> Tensor:
    """−1 and +1 by the rule of codes, float32; their products are exact."""
    return torch.from_numpy(np.where(logits >= 0, np.float32(1), np.float32(-1))).to(device)


def _on(labels: Relevance, device: torch.device) -> tuple[Tensor, Tensor]:
    """Labels int64 `[n]`, or sets of them as 0 and 1, float32 `[n, C]`."""
    kind = np.float32 if isinstance(labels, LabelSets) else np.int64
    queries, database = (
        torch.from_numpy(values.astype(kind)).to(device)
        for values in (labels.queries, labels.database)
    )
    if isinstance(labels, Labels):  # what is absent on both sides is not the same
        queries = queries.where(queries >= 0, -2)
    return queries, database


def _shared(queries: Tensor, database: Tensor) -> Tensor:
    """How many labels each pair shares, int64 `[B, N]`."""
    if queries.ndim == 2:
        return (queries @ database.T).long()
    return (queries[:, None] == database).long()


def _histograms(keys: Tensor, size: int) -> NDArray[np.int64]:
    """How often each of 0 … size − 1 stands in each row, int64 `[B, size]`."""
    counts = torch.zeros(len(keys), size, dtype=torch.int32, device=keys.device)
    counts.scatter_add_(
        1, keys, torch.ones((), dtype=torch.int32, device=keys.device).expand_as(keys)
    )
    return counts.cpu().numpy().astype(np.int64)
