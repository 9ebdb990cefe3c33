from dataclasses import replace

import pytest
import torch

from hashing.config import ModelConfig, Preprocessing
from hashing.errors import UsageError
from hashing.models import HashModel, explain

CONFIGS = {
    "linear": ModelConfig("resnet18", lengths=(16,)),
    "whitened": ModelConfig("resnet18", lengths=(16,), whiten=20),
    "moments": ModelConfig("resnet18", lengths=(16,), pooling="moments", stages=3),
    "mlp": ModelConfig(
        "resnet18", lengths=(16,), pooling="moments", stages=3, whiten=20, head="mlp", dropout=0.2
    ),
    "fitted": ModelConfig("resnet18", lengths=(8, 16), whiten=20, head="mlp", fitted=0.25),
}


def test_explanation_adds_up_to_the_logits(model: HashModel) -> None:
    images = torch.randn(2, 3, 64, 64)
    explanation = explain(model, images)
    assert explanation.contributions.shape == (2, 32, 5, 5)
    total = explanation.contributions.sum((2, 3)) + explanation.bias
    torch.testing.assert_close(total, model(images), rtol=0, atol=1e-4)


def test_explanation_of_a_cell_is_what_the_logit_loses_without_it(model: HashModel) -> None:
    images = torch.randn(1, 3, 64, 64)
    (maps,) = model.feature_maps(images)
    maps[..., 1, 2] = 0
    weight, bias = model.folded_head()
    without = maps.mean((2, 3)) @ weight.T + bias
    contribution = explain(model, images).contributions[..., 1, 2]
    torch.testing.assert_close(model(images) - without, contribution, rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_head_and_stage_adds_up(kind: str) -> None:
    torch.manual_seed(0)
    model = HashModel(CONFIGS[kind], Preprocessing(size=96)).eval()
    if model.whitening is not None:
        model.whiten(torch.randn(20, model.channels), torch.randn(20))
    images = torch.randn(2, 3, 96, 96)
    explanation = explain(model, images)
    assert explanation.contributions.shape == (2, 16, 3, 3)
    total = explanation.contributions.sum((2, 3)) + explanation.bias
    logits = model(images).detach()
    torch.testing.assert_close(total, logits, rtol=1e-3, atol=1e-3 * float(logits.std()))


@pytest.mark.parametrize("pooling", ["gem", "rmac"])
def test_regions_that_do_not_add_up_are_refused(model: HashModel, pooling: str) -> None:
    other = HashModel(replace(model.config, pooling=pooling), model.preprocessing)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=f"found {pooling}: its regions do not add up"):
        explain(other, torch.rand(1, 3, 32, 32))
