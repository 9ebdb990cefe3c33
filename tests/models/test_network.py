from dataclasses import replace

import pytest
import torch

from hashing.config import ModelConfig, Preprocessing
from hashing.errors import UsageError
from hashing.models import HashModel, normalise
from hashing.models.network import GeM


def test_logits_are_as_long_as_the_longest_code(model: HashModel) -> None:
    assert model.lengths == (16, 32)
    assert model(torch.rand(3, 3, 32, 32)).shape == (3, 32)
    assert model.features(torch.rand(3, 3, 32, 32)).shape == (3, 500)


@pytest.mark.parametrize("lengths", [(), (12,), (32, 16), (16, 16), (0, 8)])
def test_lengths_are_ascending_multiples_of_8(lengths: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="ascending multiples of 8"):
        HashModel(ModelConfig("small_cnn", lengths=lengths), Preprocessing())


def test_unknown_backbone_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="unknown backbone 'resnet5'; did you mean resnet50"):
        HashModel(ModelConfig("resnet5"), Preprocessing())


def test_folded_head_equals_batchnorm(model: HashModel) -> None:
    images = torch.randn(4, 3, 32, 32)
    weight, bias = model.folded_head()
    folded = model.features(images) @ weight.T + bias
    torch.testing.assert_close(folded, model(images), rtol=1e-5, atol=1e-5)


def test_a_single_picture_is_encoded_like_one_of_many(model: HashModel) -> None:
    images = torch.randn(4, 3, 32, 32)
    torch.testing.assert_close(model(images[:1]), model(images)[:1])


def test_gem_is_between_mean_and_maximum() -> None:
    maps = torch.rand(2, 5, 4, 4)
    pool = GeM()
    by_loop = [[(maps[b, d] ** 3).mean() ** (1 / 3) for d in range(5)] for b in range(2)]
    torch.testing.assert_close(pool(maps), torch.tensor(by_loop))
    with torch.no_grad():
        pool.p.fill_(1)
        torch.testing.assert_close(pool(maps), maps.mean((2, 3)))
        pool.p.fill_(200)
        torch.testing.assert_close(pool(maps), maps.amax((2, 3)), rtol=0.02, atol=0)


def test_gem_survives_half_precision() -> None:
    maps = torch.full((1, 2, 3, 3), 1000.0, dtype=torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        pooled = GeM()(maps)
    assert pooled.dtype == torch.float32
    torch.testing.assert_close(pooled, torch.full((1, 2), 1000.0))


def test_gem_is_learned() -> None:
    config = ModelConfig("small_cnn", lengths=(16,), pooling="gem")
    model = HashModel(config, Preprocessing(size=64))
    model(torch.rand(2, 3, 64, 64)).square().sum().backward()
    gem = model.pooling
    assert isinstance(gem, GeM)
    assert gem.p.grad is not None
    assert gem.p.grad != 0


def test_normalise_by_hand() -> None:
    squares = torch.zeros(1, 2, 2, 3, dtype=torch.uint8)
    squares[0, 0, 1] = torch.tensor([255, 0, 51])
    images = normalise(squares, Preprocessing(size=2, mean=(0.5, 0.5, 0.1), std=(0.5, 0.25, 0.1)))
    assert images.shape == (1, 3, 2, 2)
    torch.testing.assert_close(images[0, :, 0, 1], torch.tensor([1.0, -2.0, 1.0]))


def test_explanation_adds_up_to_the_logits(model: HashModel) -> None:
    images = torch.randn(2, 3, 64, 64)
    explanation = model.explain(images)
    assert explanation.contributions.shape == (2, 32, 5, 5)
    total = explanation.contributions.sum((2, 3)) + explanation.bias
    torch.testing.assert_close(total, model(images), rtol=0, atol=1e-4)


def test_explanation_of_a_cell_is_what_the_logit_loses_without_it(model: HashModel) -> None:
    images = torch.randn(1, 3, 64, 64)
    maps = model.feature_map(images)
    maps[..., 1, 2] = 0
    weight, bias = model.folded_head()
    without = maps.mean((2, 3)) @ weight.T + bias
    contribution = model.explain(images).contributions[..., 1, 2]
    torch.testing.assert_close(model(images) - without, contribution, rtol=0, atol=1e-4)


def test_explanation_needs_average_pooling(model: HashModel) -> None:
    gem = HashModel(replace(model.config, pooling="gem"), model.preprocessing)
    with pytest.raises(UsageError, match="average pooling"):
        gem.explain(torch.rand(1, 3, 32, 32))
