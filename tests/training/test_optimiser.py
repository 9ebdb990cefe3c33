import pytest
import torch
from torch import nn

from hashing.config import OptimConfig
from hashing.training.optimiser import (
    WeightAverage,
    make_optimiser,
    parameter_groups,
    set_rates,
)


def test_norms_and_biases_have_no_decay_and_each_part_its_rate() -> None:
    backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    head, proxies = nn.Linear(4, 8), nn.Parameter(torch.zeros(10, 8))
    config = OptimConfig(lr=0.1, backbone_lr=0.01, weight_decay=0.5)
    groups = parameter_groups(backbone.parameters(), head.parameters(), [proxies], config)
    found = {
        id(parameter): (group["lr"], group["weight_decay"])
        for group in groups
        for parameter in group["params"]
    }
    assert found[id(backbone[0].weight)] == (pytest.approx(0.001), 0.5)
    for vector in (backbone[0].bias, backbone[1].weight, backbone[1].bias):
        assert found[id(vector)] == (pytest.approx(0.001), 0)
    assert found[id(head.weight)] == (0.1, 0.5)
    assert found[id(head.bias)] == (0.1, 0)
    assert found[id(proxies)] == (0.1, 0.5)


def test_frozen_parameters_are_left_out() -> None:
    layer = nn.Linear(2, 2).requires_grad_(False)
    head = nn.Linear(2, 2)
    groups = parameter_groups(layer.parameters(), head.parameters(), [], OptimConfig())
    assert {id(p) for group in groups for p in group["params"]} == {
        id(p) for p in head.parameters()
    }


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_rates_are_a_fraction_of_the_peak(name: str) -> None:
    config = OptimConfig(name=name, lr=0.2, backbone_lr=0.5)
    groups = parameter_groups(
        nn.Linear(2, 2).parameters(), nn.Linear(2, 2).parameters(), [], config
    )
    optimiser = make_optimiser(groups, config, torch.device("cpu"))
    set_rates(optimiser, 0.25)
    assert [group["lr"] for group in optimiser.param_groups] == [0.025, 0.025, 0.05, 0.05]


def test_the_average_follows_its_recurrence() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    average = WeightAverage(network, 0.5)
    expected = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    for step in range(20):
        network(torch.randn(4, 3))  # moves the statistics
        with torch.no_grad():
            network[0].weight.add_(torch.randn(3, 3))
        average.update_parameters(network)
        decay = min(0.5, (1 + step) / (10 + step))
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                expected[name] = decay * expected[name] + (1 - decay) * tensor
            else:
                expected[name] = tensor.clone()
    for name, tensor in average.module.state_dict().items():
        torch.testing.assert_close(tensor, expected[name])
    assert not average.module.training
