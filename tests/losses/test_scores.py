"""What classes score, how that is counted, and the numbers that papers and authors' code give."""

import inspect

import pytest
import torch
from torch.nn import functional as F

from hashing.losses import LOSSES
from hashing.losses.base import mean
from hashing.losses.dhd import DHD
from hashing.losses.distillation import angle_term, distance_term
from hashing.losses.hashnet import HashNet, pair_term
from hashing.losses.orthohash import OrthoHash
from hashing.losses.softmax import Softmax, classified

DEFAULTS = {
    "dsh": {"margin": None, "regulariser": 0.01},
    "dpsh": {"eta": 0.1},
    "hashnet": {"alpha": None, "beta": 10.0},
    "greedyhash": {"alpha": 0.1, "smoothing": 0.0, "gradient": "identity"},
    "csq": {"quantisation": 1e-4},
    "orthohash": {"margin": 0.2, "scale": None, "smoothing": 0.0},
    "dpn": {"margin": 1.0},
    "dhd": {"temperature": 0.2, "quantisation": 0.1, "deviation": 0.5},
    "cibhash": {"temperature": 0.3, "bottleneck": 1e-3},
    "softmax": {"smoothing": 0.0},
}


@pytest.fixture
def logits() -> torch.Tensor:
    return torch.randn(6, 16, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", LOSSES)
def test_what_is_not_said_is_the_paper_s(name: str) -> None:
    parameters = inspect.signature(LOSSES[name]).parameters.values()
    told = {p.name: p.default for p in parameters if p.default is not p.empty}
    assert told == DEFAULTS.get(name, {})


def test_scores_are_cosines_or_what_a_layer_says(logits: torch.Tensor) -> None:
    centres = torch.eye(4, 16) * 2 - 1
    ours = OrthoHash(centres).scores(logits)
    for row in range(6):
        for place in range(4):
            cosine = F.cosine_similarity(logits[row], centres[place], dim=0)
            assert ours[row, place] == pytest.approx(float(4 * cosine), abs=1e-5)
    assert torch.allclose(OrthoHash(centres, scale=2.0).scores(logits), ours / 2)
    proxies = DHD(4, 16, temperature=0.5)
    for row, place in ((0, 1), (5, 3)):
        cosine = F.cosine_similarity(logits[row].tanh(), proxies.proxies[place], dim=0)
        found = proxies.scores(logits.double())[row, place].item()
        assert found == pytest.approx(cosine.item() / 0.5, abs=1e-5)
    layer = Softmax(4, 16)
    expected = logits @ layer.classifier.weight.T + layer.classifier.bias
    assert torch.allclose(layer.scores(logits), expected)


def test_accuracy_and_entropy_leave_out_who_carries_no_label() -> None:
    scores = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 5.0]])
    accuracy, entropy = classified(scores, torch.tensor([0, 0, -1, 1]))
    chances = [scores[row].softmax(0)[label].log() for row, label in ((0, 0), (1, 0), (3, 1))]
    assert accuracy.item() == pytest.approx(2 / 3)
    assert entropy.item() == pytest.approx(-sum(chances).item() / 3, abs=1e-6)
    nobody = classified(scores, torch.full((4,), -1))
    assert [value.item() for value in nobody] == [0, 0]


def test_the_slope_of_hashnet_may_be_said(logits: torch.Tensor) -> None:
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    for alpha, expected in ((None, 10 / 16), (0.2, 0.2)):
        found = HashNet(16, alpha).compute(logits, labels)
        assert found.item() == pytest.approx(pair_term(logits.tanh(), labels, expected).item())


@pytest.mark.parametrize("term", [distance_term, angle_term])
def test_relations_ask_neither_for_scale_nor_for_place(term, logits: torch.Tensor) -> None:
    teacher = torch.randn(6, 16, generator=torch.Generator().manual_seed(1))
    expected = term(logits, teacher).item()
    assert term(logits * 1e-3, teacher * 1e-3).item() == pytest.approx(expected, rel=1e-4)
    far = torch.tensor([1000.0, -1000.0] * 8)  # single precision keeps three digits of that
    assert term(logits + far, teacher).item() == pytest.approx(expected, rel=1e-2)


def test_a_mean_is_over_what_is_there() -> None:
    values = torch.tensor([3.0, 5.0, 7.0])
    for there, expected in (([1, 0, 0], 3), ([0, 1, 1], 6), ([1, 1, 1], 5), ([0, 0, 0], 0)):
        assert mean(values, torch.tensor(there, dtype=torch.bool)).item() == expected
