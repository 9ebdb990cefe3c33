"""Rankings counted on a device against those of `hashing.metrics`, one query at a time."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from hashing.codes import Codes
from hashing.metrics import Labels, LabelSets, Relevance, evaluate
from hashing.training import ranking
from hashing.training.ranking import evaluate_on


def fields(rng: np.random.Generator) -> list[list[Relevance]]:
    style = Labels(rng.integers(-1, 3, 30), rng.integers(-1, 3, 80))
    artist = Labels(rng.integers(-1, 5, 30), rng.integers(-1, 5, 80), grade=2)
    tags = LabelSets(rng.random((30, 6)) < 0.3, rng.random((80, 6)) < 0.3)
    return [[style], [style, artist], [tags], [replace(style, grade=2), tags]]


@pytest.mark.parametrize("kind", range(4))
def test_counts_are_those_of_one_query_at_a_time(
    kind: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "CELLS", 7 * 80)  # more blocks than one, the last one short
    rng = np.random.default_rng(0)
    relevance = fields(rng)[kind]
    itself = Labels(rng.integers(0, 40, 30), rng.integers(0, 40, 80))
    queries, database = (rng.normal(size=(n, 24)).astype(np.float32) for n in (30, 80))
    queries[0, 0] = 0.0  # bit 1
    cpu = torch.device("cpu")
    found = evaluate_on(cpu, queries, database, (8, 24), relevance, [itself])
    codes = Codes.from_logits(queries), Codes.from_logits(database)
    for bits in (8, 24):
        expected = evaluate(*(c.prefix(bits) for c in codes), relevance, exclude=[itself])
        assert found[bits].codes == expected.codes
        assert str(found[bits]) == str(expected)
        np.testing.assert_allclose(found[bits].curve, expected.curve, rtol=1e-9)
