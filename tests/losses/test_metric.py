import pytest
import torch
from torch import Tensor

from hashing.errors import UsageError
from hashing.losses.metric import MetricLoss, is_metric_loss, metric_losses

BITS, CLASSES = 16, 4


@pytest.fixture
def logits() -> Tensor:
    return torch.randn(24, BITS, generator=torch.Generator().manual_seed(0)).requires_grad_()


@pytest.fixture
def labels() -> Tensor:
    return torch.arange(24) % CLASSES


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("ContrastiveLoss", {"pos_margin": 0.0, "neg_margin": 1.0}),
        ("TripletMarginLoss", {"margin": 0.3, "miner": {"name": "BatchHardMiner"}}),
        ("TripletMarginLoss", {"miner": {"name": "TripletMarginMiner", "margin": 0.2}}),
        ("MultiSimilarityLoss", {"alpha": 2.0, "beta": 40.0, "miner": "MultiSimilarityMiner"}),
        ("SupConLoss", {"temperature": 0.2, "distance": {"name": "CosineSimilarity"}}),
        ("ProxyAnchorLoss", {"margin": 0.1, "alpha": 16}),
        ("CrossBatchMemory", {"memory_size": 48, "loss": {"name": "ContrastiveLoss"}}),
    ],
)
def test_losses_by_name(name: str, args: dict[str, object], logits: Tensor, labels: Tensor) -> None:
    loss = MetricLoss(name, CLASSES, BITS, args)
    for _ in range(2):
        value = loss(logits, labels)
    value.backward()
    assert value.isfinite()
    assert value > 0
    assert logits.grad is not None
    assert logits.grad.abs().sum() > 0


def test_contrastive_by_hand(logits: Tensor, labels: Tensor) -> None:
    loss = MetricLoss("ContrastiveLoss", CLASSES, BITS, {"pos_margin": 0.1, "neg_margin": 1.3})
    unit = torch.nn.functional.normalize(logits.detach())
    similar, other = [], []
    for i in range(24):
        for j in range(24):
            distance = (unit[i] - unit[j]).norm().item()
            if i != j and labels[i] == labels[j]:
                similar.append(max(distance - 0.1, 0))
            elif i != j:
                other.append(max(1.3 - distance, 0))
    # The library averages over the pairs that cost something.
    expected = sum(sum(values) / max(sum(v > 0 for v in values), 1) for values in (similar, other))
    assert loss(logits, labels).item() == pytest.approx(expected, rel=1e-4)


def test_proxies_are_parameters(logits: Tensor, labels: Tensor) -> None:
    loss = MetricLoss("ProxyAnchorLoss", CLASSES, BITS, {})
    (proxies,) = loss.parameters()
    assert proxies.shape == (CLASSES, BITS)
    loss(logits, labels).backward()
    assert proxies.grad is not None


def test_the_memory_survives_saving(labels: Tensor) -> None:
    def fresh() -> MetricLoss:
        args = {"memory_size": 60, "loss": "MultiSimilarityLoss", "miner": "MultiSimilarityMiner"}
        return MetricLoss("CrossBatchMemory", CLASSES, BITS, args)

    batches = torch.randn(6, 24, BITS, generator=torch.Generator().manual_seed(1))
    straight = fresh()
    values = [straight(batch, labels) for batch in batches]
    for stop in (1, 4):  # before and after the memory was filled
        first = fresh()
        for batch in batches[:stop]:
            first(batch, labels)
        second = fresh()
        second.load_state_dict(first.state_dict())
        again = [second(batch, labels) for batch in batches[stop:]]
        assert all(torch.equal(a, b) for a, b in zip(again, values[stop:], strict=True))


def test_a_memory_smaller_than_the_batch(logits: Tensor, labels: Tensor) -> None:
    args = {"memory_size": 8, "loss": "ContrastiveLoss"}
    with pytest.raises(UsageError, match="at least the batch, 24, found 8"):
        MetricLoss("CrossBatchMemory", CLASSES, BITS, args)(logits, labels)


def test_half_precision_is_computed_in_float32(logits: Tensor, labels: Tensor) -> None:
    loss = MetricLoss("MultiSimilarityLoss", CLASSES, BITS, {})
    half = logits.detach().to(torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        value = loss(half, labels)
    assert value.dtype == torch.float32
    assert torch.equal(value, loss(half.float(), labels))


@pytest.mark.parametrize("name", ["NormalizedSoftmaxLoss", "ArcFaceLoss", "ProxyAnchorLoss"])
def test_class_vectors_start_at_unit_length(name: str) -> None:
    (vectors,) = MetricLoss(name, 50, 128, {}).parameters()
    lengths = vectors.norm(dim=vectors.shape.index(128))
    assert lengths.shape == (50,)
    assert torch.allclose(lengths, torch.ones(50), atol=0.25)


@pytest.mark.parametrize(
    ("name", "args", "message"),
    [
        ("TripletMarginLoss", {"margn": 1}, "arguments of TripletMarginLoss .*margn"),
        ("TripletMarginLoss", {"miner": "BatchHrdMiner"}, "did you mean BatchHardMiner"),
        ("CrossBatchMemory", {}, "arguments of CrossBatchMemory .*loss"),
    ],
)
def test_what_does_not_fit(name: str, args: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        MetricLoss(name, CLASSES, BITS, args)
    assert "\n" not in str(caught.value)


def test_names() -> None:
    assert is_metric_loss("SupConLoss")
    assert not is_metric_loss("dsh")
    assert not is_metric_loss("losses")
    assert {"ProxyAnchorLoss", "CrossBatchMemory"} <= set(metric_losses())
