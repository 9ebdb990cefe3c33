"""No loss of ours waits for a GPU: with tensors that have no values nothing can be looked at."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from hashing.config import LossTerm
from hashing.losses import LOSSES, make_objective


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_forward_and_backward_ask_for_no_value(name: str) -> None:
    # Labels in two fields would be masked on the host; here each loss by itself, on the device.
    objective = make_objective([LossTerm(name)], {"label": 1.0}, {"label": 3}, (8, 16))
    part = objective.labelled.losses[0] if len(objective.labelled.losses) else objective.unlabelled
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        for module in part.modules():
            for kind in (module._parameters, module._buffers):
                for key, value in kind.items():
                    kind[key] = None if value is None else mode.from_tensor(value)
        logits = torch.randn(12, 16, requires_grad=True)
        loss = part(logits, torch.randint(3, (12,)))
        loss.backward()
    assert loss.shape == ()
    assert logits.grad is not None
