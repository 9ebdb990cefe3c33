"""Every formula against a loop in plain Python, and one invariant."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from hashing.losses import bihalf, cibhash, csq, dpsh, dsh, greedyhash, hashnet, orthohash, terms
from hashing.losses.cibhash import CIBHash
from hashing.losses.csq import CSQ
from hashing.losses.dhd import DHD
from hashing.losses.dpn import DPN
from hashing.losses.dpsh import DPSH
from hashing.losses.dsh import DSH
from hashing.losses.greedyhash import GreedyHash
from hashing.losses.hashnet import HashNet
from hashing.losses.orthohash import OrthoHash

B, BITS, CLASSES = 7, 8, 3
Rows = list[list[float]]


@pytest.fixture
def logits() -> Tensor:
    return torch.randn(B, BITS, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


@pytest.fixture
def labels() -> Tensor:
    return torch.tensor([0, 1, 2, 0, 1, 0, 0])


@pytest.fixture
def centres() -> Tensor:
    random = torch.Generator().manual_seed(4)
    return torch.randint(0, 2, (CLASSES, BITS), generator=random).to(torch.int8) * 2 - 1


def dot(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def all_pairs(count: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(count) for j in range(i + 1, count)]


def average(values: list[float]) -> float:
    return sum(values) / len(values)


def dsh_by_loop(u: Rows, labels: list[int], margin: float, weight: float) -> float:
    values = []
    for i, j in all_pairs(len(u)):
        distance = sum((a - b) ** 2 for a, b in zip(u[i], u[j], strict=True))
        values.append(distance if labels[i] == labels[j] else max(margin - distance, 0))
    return average(values) / 2 + weight * average([sum(abs(abs(x) - 1) for x in r) for r in u])


def dpsh_by_loop(u: Rows, labels: list[int], eta: float) -> float:
    values = []
    for i, j in all_pairs(len(u)):
        theta = dot(u[i], u[j]) / 2
        values.append(math.log(1 + math.exp(theta)) - (labels[i] == labels[j]) * theta)
    quantised = [(x - math.copysign(1, x)) ** 2 for row in u for x in row]
    return average(values) + eta * average(quantised)


def hashnet_by_loop(u: Rows, labels: list[int], alpha: float, beta: float) -> float:
    h = [[math.tanh(beta * x) for x in row] for row in u]
    chosen = all_pairs(len(u))
    similar = sum(labels[i] == labels[j] for i, j in chosen)
    total = 0.0
    for i, j in chosen:
        same = labels[i] == labels[j]
        weight = len(chosen) / (similar if same else len(chosen) - similar)
        theta = alpha * dot(h[i], h[j])
        total += weight * (math.log(1 + math.exp(theta)) - same * theta)
    return total / len(chosen)


def greedyhash_by_loop(u: Rows, labels: list[int], weight: Rows, bias: list[float]) -> float:
    values, penalties = [], []
    for row, label in zip(u, labels, strict=True):
        code = [1.0 if x >= 0 else -1.0 for x in row]
        scores = [dot(w, code) + b for w, b in zip(weight, bias, strict=True)]
        values.append(math.log(sum(math.exp(s) for s in scores)) - scores[label])
        penalties += [abs(x - b) ** 3 for x, b in zip(row, code, strict=True)]
    return average(values) + 0.1 * average(penalties)


def csq_by_loop(u: Rows, labels: list[int], centres: Rows, weight: float) -> float:
    central, quantised = [], []
    for row, label in zip(u, labels, strict=True):
        h = [(math.tanh(x) + 1) / 2 for x in row]
        for value, sign in zip(h, centres[label], strict=True):
            central.append(-math.log(value if sign > 0 else 1 - value))
        quantised.append(sum(math.log(math.cosh(abs(2 * v - 1) - 1)) for v in h))
    return average(central) + weight * average(quantised)


def orthohash_by_loop(
    u: Rows, labels: list[int], centres: Rows, margin: float, scale: float
) -> float:
    values = []
    for row, label in zip(u, labels, strict=True):
        scores = []
        for number, centre in enumerate(centres):
            cosine = dot(row, centre) / math.sqrt(dot(row, row) * dot(centre, centre))
            scores.append(scale * (cosine - (margin if number == label else 0)))
        values.append(math.log(sum(math.exp(s) for s in scores)) - scores[label])
    return average(values)


def close(found: Tensor, expected: float) -> None:
    assert found.ndim == 0
    assert found.item() == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(("margin", "weight"), [(None, 0.01), (3.0, 0.02), (100.0, 0.0)])
def test_dsh(logits: Tensor, labels: Tensor, margin: float | None, weight: float) -> None:
    expected = dsh_by_loop(
        logits.tolist(), labels.tolist(), 2 * BITS if margin is None else margin, weight
    )
    close(DSH(BITS, margin, weight)(logits, labels), expected)


@pytest.mark.parametrize("eta", [0.1, 2.0])
def test_dpsh(logits: Tensor, labels: Tensor, eta: float) -> None:
    close(DPSH(eta)(logits, labels), dpsh_by_loop(logits.tolist(), labels.tolist(), eta))


@pytest.mark.parametrize("progress", [0.0, 0.25, 1.0])
def test_hashnet(logits: Tensor, labels: Tensor, progress: float) -> None:
    loss = HashNet(BITS, beta=7.0)
    loss.step(progress)
    beta = {0.0: 1.0, 0.25: math.sqrt(13), 1.0: 7.0}[progress]
    expected = hashnet_by_loop(logits.tolist(), labels.tolist(), 10 / BITS, beta)
    close(loss(logits, labels), expected)


def test_greedyhash(logits: Tensor, labels: Tensor) -> None:
    loss = GreedyHash(CLASSES, BITS).double()
    weight, bias = loss.classifier.weight.tolist(), loss.classifier.bias.tolist()
    expected = greedyhash_by_loop(logits.tolist(), labels.tolist(), weight, bias)
    close(loss(logits, labels), expected)


def test_greedyhash_with_the_gradient_of_tanh(logits: Tensor, labels: Tensor) -> None:
    plain = GreedyHash(CLASSES, BITS, alpha=0).double()
    ours = GreedyHash(CLASSES, BITS, alpha=0, gradient="tanh").double()
    ours.load_state_dict(plain.state_dict())
    logits.requires_grad_()
    assert torch.equal(ours(logits, labels), plain(logits, labels))
    (straight,) = torch.autograd.grad(plain(logits, labels), logits)
    (found,) = torch.autograd.grad(ours(logits, labels), logits)
    torch.testing.assert_close(found, straight * (1 - torch.tanh(logits) ** 2))


@pytest.mark.parametrize("weight", [1e-4, 1.0])
def test_csq(logits: Tensor, labels: Tensor, centres: Tensor, weight: float) -> None:
    expected = csq_by_loop(logits.tolist(), labels.tolist(), centres.tolist(), weight)
    close(CSQ(centres, weight)(logits, labels), expected)


@pytest.mark.parametrize(("margin", "scale"), [(0.2, None), (0.0, 1.0), (0.5, 20.0)])
def test_orthohash(
    logits: Tensor, labels: Tensor, centres: Tensor, margin: float, scale: float | None
) -> None:
    expected = orthohash_by_loop(
        logits.tolist(),
        labels.tolist(),
        centres.tolist(),
        margin,
        math.sqrt(BITS) if scale is None else scale,
    )
    close(OrthoHash(centres, margin, scale)(logits, labels), expected)


def test_terms_without_labels(logits: Tensor) -> None:
    u = logits.tolist()
    columns = list(zip(*u, strict=True))
    nearest = [(x - math.copysign(1, x)) ** 2 for row in u for x in row]
    close(terms.quantisation(logits), average(nearest))
    close(
        terms.balance(logits), average([average([math.tanh(x) for x in c]) ** 2 for c in columns])
    )
    squares = []
    for i in range(BITS):
        for j in range(BITS):
            if i != j:
                a = [x - average(list(columns[i])) for x in columns[i]]
                b = [x - average(list(columns[j])) for x in columns[j]]
                squares.append(dot(a, b) ** 2 / (dot(a, a) * dot(b, b)))
    close(terms.decorrelation(logits), average(squares))


def test_one_bit_correlates_with_none() -> None:
    assert terms.decorrelation(torch.randn(4, 1)).item() == 0


def test_gradients_of_greedyhash(logits: Tensor, labels: Tensor) -> None:
    assert torch.autograd.gradcheck(greedyhash.penalty, logits.requires_grad_())
    codes = greedyhash.sign(logits)
    upstream = torch.randn(B, BITS, dtype=torch.float64)
    (gradient,) = torch.autograd.grad(codes, logits, upstream)
    assert torch.equal(gradient, upstream)
    assert torch.equal(
        greedyhash.sign(torch.tensor([[-0.0, 0.0, -1e-9]])), torch.tensor([[1, 1, -1.0]])
    )


def test_dsh_is_zero_for_perfect_codes(labels: Tensor) -> None:
    codes = torch.tensor([[1.0] * 8, [-1.0] * 8, [1.0] * 4 + [-1.0] * 4])[labels]
    assert DSH(BITS)(codes, labels) == 0
    assert DSH(BITS)(codes + 0.1, labels) > 0


def test_dsh_only_sees_differences_in_its_pair_term(logits: Tensor, labels: Tensor) -> None:
    moved = dsh.pair_term(logits + 5, labels, 16.0)
    torch.testing.assert_close(moved, dsh.pair_term(logits, labels, 16.0))


def test_dpsh_survives_large_logits(labels: Tensor) -> None:
    assert dpsh.pair_term(1e3 * torch.randn(B, BITS), labels).isfinite()


def test_hashnet_weighs_similar_and_other_pairs_alike(labels: Tensor) -> None:
    codes = torch.zeros(B, BITS)  # every pair then costs log 2, whatever its label
    assert hashnet.pair_term(codes, labels, 1.0).item() == pytest.approx(2 * math.log(2))


def test_hashnet_approaches_the_sign() -> None:
    loss = HashNet(BITS, beta=50.0)
    loss.step(1.0)
    signs = torch.tensor([[1.0, -1, 1, 1, -1, 1, 1, -1], [1, 1, 1, -1, -1, 1, -1, -1]])
    labels = torch.tensor([0, 1])
    expected = hashnet.pair_term(signs, labels, 10 / BITS)
    torch.testing.assert_close(loss(0.2 * signs, labels), expected)


def test_csq_is_least_at_the_centre(labels: Tensor, centres: Tensor) -> None:
    at = csq.central_term(5.0 * centres[labels], centres[labels].float())
    away = csq.central_term(-5.0 * centres[labels], centres[labels].float())
    assert at < 1e-4
    assert away == pytest.approx(10, rel=1e-3)


def test_orthohash_ignores_the_length_of_a_vector(
    logits: Tensor, labels: Tensor, centres: Tensor
) -> None:
    stretch = torch.linspace(0.1, 9, B, dtype=torch.float64)[:, None]
    loss = OrthoHash(centres)
    torch.testing.assert_close(loss(stretch * logits, labels), loss(logits, labels))


def test_orthohash_margin_only_hurts(logits: Tensor, labels: Tensor, centres: Tensor) -> None:
    cosines = orthohash.cosines_to(centres.double(), logits)
    values = [orthohash.margin_cross_entropy(cosines, labels, m, 8.0) for m in (0.0, 0.2, 0.4)]
    assert values[0] < values[1] < values[2]


@pytest.mark.parametrize(
    ("term", "best", "worst"),
    [
        (terms.quantisation, [[1.0, -1], [-1, -1]], [[0.0, 0], [0, 0]]),
        (terms.balance, [[9.0, -9], [-9, 9]], [[9.0, -9], [9, -9]]),
        (terms.decorrelation, [[1.0, 1], [1, -1], [-1, 1], [-1, -1]], [[1.0, -1], [-1, 1]]),
    ],
)
def test_extremes_of_terms(term: Callable[[Tensor], Tensor], best: Rows, worst: Rows) -> None:
    assert term(torch.tensor(best)).item() == pytest.approx(0, abs=1e-6)
    assert term(torch.tensor(worst)).item() == pytest.approx(1, abs=1e-6)


def dhd_by_loop(u: Rows, labels: list[int], proxies: Rows, tau: float, deviation: float) -> float:
    proxied, quantised = [], []
    for row, label in zip(u, labels, strict=True):
        h = [math.tanh(x) for x in row]
        scores = [dot(h, p) / math.sqrt(dot(h, h) * dot(p, p)) / tau for p in proxies]
        proxied.append(math.log(sum(math.exp(s) for s in scores)) - scores[label])
        for value in h:
            for side in (1, -1):
                likelihood = math.exp(-(((value - side) / deviation) ** 2) / 2)
                own = (value >= 0) == (side > 0)
                quantised.append(-math.log(likelihood if own else 1 - likelihood))
    # Two cross-entropies per bit, added.
    return average(proxied) + 0.1 * 2 * average(quantised)


def cibhash_by_loop(u: Rows, pictures: list[int], tau: float, beta: float) -> float:
    codes = [[1.0 if x >= 0 else -1.0 for x in row] for row in u]
    chances = [[1 / (1 + math.exp(-x)) for x in row] for row in u]
    contrast, bottleneck = [], []
    for i in range(len(u)):
        for j in range(len(u)):
            if i == j or pictures[i] != pictures[j]:
                continue
            all_of_them = sum(
                math.exp(dot(codes[i], codes[k]) / len(u[i]) / tau) for k in range(len(u)) if k != i
            )
            contrast.append(math.log(all_of_them) - dot(codes[i], codes[j]) / len(u[i]) / tau)
            bottleneck.append(
                sum(
                    p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
                    for p, q in zip(chances[i], chances[j], strict=True)
                )
            )
    return average(contrast) + beta * average(bottleneck)


@pytest.mark.parametrize("margin", [1.0, 2.5])
def test_dpn(logits: Tensor, labels: Tensor, centres: Tensor, margin: float) -> None:
    targets = [centres.tolist()[label] for label in labels]
    costs = [
        max(margin - x * t, 0)
        for row, signs in zip(logits.tolist(), targets, strict=True)
        for x, t in zip(row, signs, strict=True)
    ]
    close(DPN(centres, margin)(logits, labels), average(costs))
    assert DPN(centres, margin)(margin * centres[labels].double(), labels) == 0


@pytest.mark.parametrize(("temperature", "deviation"), [(0.2, 0.5), (1.0, 0.3)])
def test_dhd(logits: Tensor, labels: Tensor, temperature: float, deviation: float) -> None:
    loss = DHD(CLASSES, BITS, temperature, deviation=deviation).double()
    expected = dhd_by_loop(
        logits.tolist(), labels.tolist(), loss.proxies.tolist(), temperature, deviation
    )
    close(loss(logits, labels), expected)
    lengths = DHD(50, 128).proxies.norm(dim=1)
    assert torch.allclose(lengths, torch.ones(50), atol=0.25)


@pytest.mark.parametrize(("temperature", "beta"), [(0.3, 1e-3), (1.0, 2.0)])
def test_cibhash(logits: Tensor, temperature: float, beta: float) -> None:
    pictures = torch.tensor([8, 3, 8, 5, 3, 5, 5])  # two views of two pictures, three of one
    expected = cibhash_by_loop(logits.tolist(), pictures.tolist(), temperature, beta)
    close(CIBHash(temperature, beta)(logits, pictures), expected)
    assert CIBHash()(logits, torch.arange(B)) == 0


def test_cibhash_passes_gradients_through_the_sign(logits: Tensor) -> None:
    """Those of the contrast reach the probabilities as if the codes were they."""
    pictures = torch.tensor([0, 0, 1, 1, 2, 2, 3])
    views = (pictures[:, None] == pictures) & ~torch.eye(B, dtype=torch.bool)
    codes = torch.where(logits >= 0, 1.0, -1.0).double().requires_grad_()
    by_codes = cibhash.contrastive_term(40 * codes, views, 0.3)  # whose signs are the same
    free = logits.clone().requires_grad_()
    value = cibhash.contrastive_term(free, views, 0.3)
    assert value == by_codes
    (found,) = torch.autograd.grad(value, free)
    scores = codes @ codes.T / (BITS * 0.3)
    itself = torch.eye(B, dtype=torch.bool)
    likelihood = scores.masked_fill(itself, -math.inf).log_softmax(1)
    (wanted,) = torch.autograd.grad(-likelihood[views].mean(), codes)
    chance = logits.sigmoid()
    torch.testing.assert_close(found, wanted * chance * (1 - chance))


@pytest.mark.parametrize("count", [6, 7])
def test_bihalf(logits: Tensor, count: int) -> None:
    costs = []
    for column in zip(*logits[:count].tolist(), strict=True):
        order = sorted(column)
        for rank, value in enumerate(order):
            upper = value >= 0 if 2 * rank == count - 1 else 2 * rank > count - 1
            costs.append((value - (1 if upper else -1)) ** 2)
    close(bihalf.half_term(logits[:count]), average(costs))


def test_bihalf_is_least_for_balanced_codes() -> None:
    assert bihalf.half_term(torch.tensor([[1.0, -1], [-1, 1]])) == 0
    assert bihalf.half_term(torch.tensor([[1.0, -1], [1, 1]])) == 2 / 2
