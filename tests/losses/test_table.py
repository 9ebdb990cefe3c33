"""What every loss of the table promises, each by itself."""

import pytest
import torch
from torch import Tensor

from hashing.config import LossTerm
from hashing.losses import LOSSES, HashingLoss, make_objective
from hashing.losses.compose import MultiField, Nested

B, BITS, CLASSES = 12, 16, 3
SMOOTH = sorted(set(LOSSES) - {"greedyhash", "cibhash"})
"""A straight-through gradient is not that of the value, so differences cannot check it."""


@pytest.fixture
def logits() -> Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.randn(B, BITS, dtype=torch.float64, generator=generator).requires_grad_()


@pytest.fixture
def labels() -> Tensor:
    return torch.arange(B) % CLASSES


def make(name: str) -> HashingLoss:
    """The loss as a recipe has it, for one field and one length, halfway through training."""
    torch.manual_seed(0)
    objective = make_objective([LossTerm(name)], {"label": 1.0}, {"label": CLASSES}, [BITS])
    found = next(m for m in objective.modules() if isinstance(m, LOSSES[name]))
    assert isinstance(found, HashingLoss)
    found.step(0.5)
    return found.double()


def gradient(value: Tensor, logits: Tensor) -> Tensor:
    (found,) = torch.autograd.grad(value, logits)
    return found


@pytest.mark.parametrize("name", LOSSES)
def test_a_scalar_whose_gradient_has_the_shape_of_the_logits(
    name: str, logits: Tensor, labels: Tensor
) -> None:
    value = make(name)(logits, labels)
    assert value.ndim == 0
    assert value > 0
    found = gradient(value, logits)
    assert found.shape == logits.shape
    assert found.isfinite().all()
    assert found.abs().sum() > 0


@pytest.mark.parametrize("name", SMOOTH)
def test_the_gradient_is_that_of_differences(name: str, logits: Tensor, labels: Tensor) -> None:
    loss = make(name)
    assert torch.autograd.gradcheck(lambda u: loss(u, labels), logits)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_an_empty_batch_costs_nothing(name: str, dtype: torch.dtype) -> None:
    logits = torch.empty(0, BITS, dtype=dtype, requires_grad=True)
    value = make(name)(logits, torch.empty(0, dtype=torch.int64))
    assert value.item() == 0
    assert gradient(value, logits).shape == (0, BITS)


@pytest.mark.parametrize("name", LOSSES)
def test_one_picture_gives_a_number(name: str, logits: Tensor, labels: Tensor) -> None:
    value = make(name)(logits[:1], labels[:1])
    assert value.isfinite()
    assert gradient(value, logits).isfinite().all()


@pytest.mark.parametrize("name", LOSSES)
def test_pictures_of_one_label_alone_give_a_number(name: str, logits: Tensor) -> None:
    value = make(name)(logits, torch.ones(B, dtype=torch.int64))
    assert value.isfinite()
    assert gradient(value, logits).isfinite().all()


@pytest.mark.parametrize("name", LOSSES)
def test_the_order_of_pictures_does_not_matter(name: str, logits: Tensor, labels: Tensor) -> None:
    loss, order = make(name), torch.tensor([3, 1, 11, 0, 8, 5, 4, 7, 2, 10, 9, 6])
    torch.testing.assert_close(loss(logits[order], labels[order]), loss(logits, labels))


@pytest.mark.parametrize("name", [n for n, kind in LOSSES.items() if kind.needs_labels])
def test_absent_labels_are_as_if_the_pictures_were(
    name: str, logits: Tensor, labels: Tensor
) -> None:
    loss, absent = make(name), labels.clone()
    absent[::4] = -1
    masked = MultiField([(1.0, Nested({BITS: loss}))])
    kept = absent >= 0
    expected = loss(logits[kept], labels[kept])
    found = masked(logits, absent[:, None])
    torch.testing.assert_close(found, expected)
    assert gradient(found, logits)[~kept].abs().sum() == 0
    nothing = masked(logits, torch.full((B, 1), -1))
    assert nothing == 0
    assert gradient(nothing, logits).abs().sum() == 0


@pytest.mark.parametrize("name", LOSSES)
def test_half_precision_is_computed_in_float32(name: str, logits: Tensor, labels: Tensor) -> None:
    loss = make(name).float()
    half = (20 * logits).detach().to(torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        value = loss(half, labels)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(half.float(), labels))
