"""What runs at every step, with tensors that have no values: nothing can look at or wait for one.

Augmentation and the forward pass on device cuda; backward on the CPU's, for torch takes
no gradient on a GPU that is not there. It shows shapes, devices and types; no kernel runs.
"""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from hashing.config import ModelConfig, Preprocessing
from hashing.data.transforms import AUGMENTATIONS, apply, draw
from hashing.models import HashModel

GPU = torch.device("cuda", 0)


@pytest.fixture
def fake() -> Iterator[FakeTensorMode]:
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        yield mode


@pytest.mark.parametrize("name", sorted(AUGMENTATIONS))
def test_augmentation(name: str, fake: FakeTensorMode) -> None:
    squares = torch.empty(4, 32, 32, 3, dtype=torch.uint8, device=GPU)
    draws = draw(AUGMENTATIONS[name], 0, 0, np.arange(4))
    images = apply(squares, draws, 24, Preprocessing(32))
    assert (images.shape, images.device, images.dtype) == ((4, 3, 24, 24), GPU, torch.float32)


@pytest.mark.parametrize("backbone", ["alexnet", "resnet18", "vgg16_bn"])
def test_forward(backbone: str, fake: FakeTensorMode) -> None:
    with GPU:
        network = HashModel(ModelConfig(backbone, lengths=(16,)), Preprocessing(64))
    logits = network(torch.randn(4, 3, 64, 64, device=GPU))
    assert (logits.shape, logits.device) == ((4, 16), GPU)


def test_backward_and_clipping(fake: FakeTensorMode) -> None:
    network = HashModel(ModelConfig("resnet18", lengths=(16,)), Preprocessing(32))
    network(torch.randn(4, 3, 32, 32)).square().mean().backward()
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    norm = torch.nn.utils.get_total_norm(gradients)
    torch.nn.utils.clip_grads_with_norm_(network.parameters(), 1.0, norm)
    assert len(gradients) == len(list(network.parameters()))
