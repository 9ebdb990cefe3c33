"""What a teacher teaches, against loops in plain Python."""

import math
from itertools import permutations

import pytest
import torch
from torch import Tensor

from hashing.config import DistillationConfig
from hashing.losses import Distillation, Targets
from hashing.losses.distillation import angle_term, code_term, distance_term, feature_term

B = 6
Rows = list[list[float]]


def drawn(width: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(B, width, dtype=torch.float64, generator=generator)


@pytest.fixture
def student() -> Tensor:
    return drawn(5, 0).requires_grad_()


@pytest.fixture
def teacher() -> Tensor:
    return 3 + 4 * drawn(7, 1)


def average(values: list[float]) -> float:
    return sum(values) / len(values)


def huber(x: float) -> float:
    return x * x / 2 if abs(x) <= 1 else abs(x) - 0.5


def distance_by_loop(student: Rows, teacher: Rows) -> float:
    potentials = []
    for points in (student, teacher):
        lengths = {(i, j): math.dist(points[i], points[j]) for i, j in permutations(range(B), 2)}
        mu = average(list(lengths.values()))
        potentials.append({pair: length / mu for pair, length in lengths.items()})
    return average([huber(potentials[0][pair] - potentials[1][pair]) for pair in potentials[0]])


def cosine(points: Rows, i: int, j: int, k: int) -> float:
    a = [x - y for x, y in zip(points[i], points[j], strict=True)]
    b = [x - y for x, y in zip(points[k], points[j], strict=True)]
    lengths = math.hypot(*a) * math.hypot(*b)
    return sum(x * y for x, y in zip(a, b, strict=True)) / lengths if lengths else 0


def angle_by_loop(student: Rows, teacher: Rows) -> float:
    return average(
        [
            huber(cosine(student, *triple) - cosine(teacher, *triple))
            for triple in permutations(range(B), 3)
        ]
    )


def code_by_loop(ours: Rows, theirs: Rows) -> float:
    values = []
    for mine, its in zip(ours, theirs, strict=True):
        for u, v in zip(mine, its, strict=False):  # the bits that both have
            h, t = (math.tanh(u) + 1) / 2, (math.tanh(v) + 1) / 2
            values.append(t * math.log(t / h) + (1 - t) * math.log((1 - t) / (1 - h)))
    return average(values)


def test_similarities_by_loop(student: Tensor, teacher: Tensor) -> None:
    rows = student.tolist(), teacher.tolist()
    assert distance_term(student, teacher).item() == pytest.approx(distance_by_loop(*rows))
    assert angle_term(student, teacher).item() == pytest.approx(angle_by_loop(*rows))


@pytest.mark.parametrize(("mine", "its"), [(8, 8), (8, 4), (4, 8)])
def test_codes_by_loop(mine: int, its: int) -> None:
    ours, theirs = drawn(mine, 2), drawn(its, 3)
    expected = code_by_loop(ours.tolist(), theirs.tolist())
    assert code_term(ours, theirs).item() == pytest.approx(expected)


def test_features_by_loop(student: Tensor) -> None:
    wanted = drawn(5, 4)
    pairs = zip(student.flatten().tolist(), wanted.flatten().tolist(), strict=True)
    expected = average([(a - b) ** 2 for a, b in pairs])
    assert feature_term(student, wanted).item() == pytest.approx(expected)


@pytest.mark.parametrize("term", [distance_term, angle_term, code_term])
def test_gradients(term: object, student: Tensor, teacher: Tensor) -> None:
    assert torch.autograd.gradcheck(lambda u: term(u, teacher), student)  # type: ignore[operator]


def test_similarities_know_neither_place_nor_scale_nor_axes(teacher: Tensor) -> None:
    turn, _ = torch.linalg.qr(drawn(6, 5)[:, :6])
    wide = torch.cat([teacher[:, :5], torch.zeros(B, 1, dtype=torch.float64)], 1)
    copy = 0.3 * wide @ turn - 9
    assert distance_term(copy, wide).item() == pytest.approx(0, abs=1e-12)
    assert angle_term(copy, wide).item() == pytest.approx(0, abs=1e-12)


def test_angles_are_blind_to_what_distances_see() -> None:
    line = torch.tensor([[0.0], [1.0], [3.0]], dtype=torch.float64)
    other = torch.tensor([[0.0], [2.0], [3.0]], dtype=torch.float64)
    assert angle_term(line, other).item() == pytest.approx(0, abs=1e-12)
    assert distance_term(line, other) > 0.01


def test_codes_are_least_at_the_teachers() -> None:
    theirs = 5 * drawn(8, 6)
    assert code_term(theirs, theirs).item() == pytest.approx(0, abs=1e-9)
    assert code_term(-theirs, theirs) > code_term(0 * theirs, theirs) > 0.5
    assert code_term(1e4 * theirs, theirs).isfinite()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_pictures_have_no_relations(count: int, student: Tensor, teacher: Tensor) -> None:
    value = angle_term(student[:count], teacher[:count])
    value = value + (distance_term(student[:count], teacher[:count]) if count < 2 else 0)
    (gradient,) = torch.autograd.grad(value, student)
    assert value == 0
    assert gradient.abs().sum() == 0


def test_equal_pictures_have_finite_gradients(student: Tensor, teacher: Tensor) -> None:
    same = student[:1].expand(B, -1)
    value = distance_term(same, teacher) + angle_term(same, teacher)
    (gradient,) = torch.autograd.grad(value, student)
    assert gradient.isfinite().all()


@pytest.mark.parametrize("seed", range(8))
def test_pictures_that_stand_twice_have_no_angle(seed: int) -> None:
    """In float32 the products of large equal points leave rounding errors where nothing is."""
    ours, theirs = (drawn(width, seed)[[0, 1, 2, 0, 1, 2]] for width in (5, 7))
    expected = angle_by_loop(ours.tolist(), theirs.tolist())
    assert angle_term(ours, theirs).item() == pytest.approx(expected)
    large = (40 * ours).float().requires_grad_()
    value = angle_term(large, (40 * theirs).float())
    assert value < 1.5  # Huber's loss of cosines that differ by 2
    assert torch.autograd.grad(value, large)[0].abs().max() < 1


@pytest.mark.parametrize("name", ["features", "distances", "angles", "codes"])
def test_the_sum_is_that_of_its_terms(name: str, student: Tensor, teacher: Tensor) -> None:
    """Each weight moves its own term."""
    targets = Targets(teacher.float(), drawn(4, 7).float())
    everything = dict.fromkeys(("features", "distances", "angles", "codes"), 0.0)
    torch.manual_seed(0)
    distillation = Distillation(DistillationConfig(**everything | {name: 2.0}), 5, 7)
    mine = student.detach().float()
    found = distillation(mine, mine, targets)
    wanted = targets.features
    expected = {
        "features": feature_term(distillation.projection(mine), wanted),
        "distances": distance_term(mine, wanted),
        "angles": angle_term(mine, wanted),
        "codes": code_term(mine, targets.logits),
    }[name]
    torch.testing.assert_close(found, 2 * expected)
    assert Distillation(DistillationConfig(**everything), 5, 7)(mine, mine, targets) == 0


def test_half_precision_is_computed_in_float32(student: Tensor, teacher: Tensor) -> None:
    targets = Targets(teacher.float(), drawn(4, 7).float())
    distillation = Distillation(DistillationConfig(), 5, 7)
    half = student.detach().to(torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        value = distillation(half, half, targets)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, distillation(half.float(), half.float(), targets))
