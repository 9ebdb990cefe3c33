import pytest
import torch

from hashing.config import ModelConfig, Preprocessing
from hashing.models import HashModel


@pytest.fixture
def model() -> HashModel:
    """A small model whose head has seen some logits, so that folding has something to fold."""
    torch.manual_seed(0)
    model = HashModel(ModelConfig("small_cnn", lengths=(16, 32)), Preprocessing(size=32))
    norm = model.batchnorm
    assert norm is not None
    with torch.no_grad():
        norm.weight.uniform_(0.5, 2)
        norm.bias.uniform_(-1, 1)
        for _ in range(3):
            model(torch.randn(8, 3, 32, 32))
    return model.eval()
