import copy
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from torch import nn

from hashing.cli import train as command
from hashing.cli.console import run
from hashing.config import ModelConfig, Preprocessing
from hashing.models import HashModel
from hashing.training import runs
from hashing.training.distributed import World, freeze_unused, synchronise_norms

ROOT = Path(__file__).parents[2]
# Small steps: rounding differences of 1e-8 grow without bound in a run that is chaotic.
PLAIN = ["--model.batchnorm", "false", "--optim.name", "sgd", "--optim.lr", "1e-3"]
FROZEN = [*PLAIN, "--model.backbone", "resnet18", "--optim.freeze_batchnorm", "true"]
FROZEN += ["--optim.lr", "1e-4"]
LOSSES = '[{"name": "dsh"}, {"name": "ProxyAnchorLoss", "weight": 0.1}]'


def both(recipe: Path, folder: Path, *arguments: str) -> tuple[dict[str, float], str]:
    """Distances between one process and two over 8 steps, and what the two said."""
    command = [sys.executable, "tests/training/processes.py", folder, "--config", recipe]
    settings = ["--train.epochs", "2", "--losses", LOSSES, *arguments]
    told = subprocess.run(
        [*command, *settings],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert told.returncode == 0, told.stderr
    steps, *lines = told.stdout.splitlines()
    assert steps == "8 steps"
    return {name: float(value) for name, value in map(str.split, lines)}, told.stderr


@pytest.mark.parametrize(
    "network",
    [
        PLAIN,
        FROZEN,
        [*PLAIN, "--train.accumulate", "2"],
        [*PLAIN, "--optim.backbone_lr", "0", "--model.pooling", "gem"],
    ],
    ids=["without norms", "frozen norms", "in parts", "with a pooling that features have passed"],
)
def test_two_processes_compute_what_one_does(
    recipe: Path, tmp_path: Path, network: list[str]
) -> None:
    distances, warnings = both(recipe, tmp_path, *network)
    assert distances["losses"] < 1e-5
    assert distances["weights"] < 1e-5
    assert warnings == ""


def test_norms_on_a_cpu_warn_once(recipe: Path, tmp_path: Path) -> None:
    distances, warnings = both(recipe, tmp_path)
    assert distances["losses"] > 1e-5
    assert warnings.count("each process normalises by its own share") == 1


@pytest.mark.parametrize("backbone", ["timm:test_efficientnet", "resnet18"])
def test_a_network_whose_norms_see_the_whole_batch_is_the_one_that_is_saved(backbone: str) -> None:
    torch.manual_seed(0)
    network = HashModel(ModelConfig(backbone, lengths=(8,)), Preprocessing(32)).eval()
    pictures = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        before = network(pictures)
        synchronise_norms(network, World(0, 2, torch.device("cuda")))
        assert torch.equal(network(pictures), before)
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    assert norms
    assert all(isinstance(norm, nn.SyncBatchNorm) for norm in norms)


class _WithOneLeftOver(nn.Module):
    """As timm's ConvNeXt, whose last norm stands behind what is pooled."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.norm, self.left_over = (nn.BatchNorm1d(3) for _ in range(3))
        self.norm.requires_grad_(False).eval()

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.norm(self.used(inputs)), inputs


def test_what_takes_no_part_is_frozen_and_nothing_else_changed() -> None:
    network = _WithOneLeftOver()
    before = copy.deepcopy(network.state_dict())
    freeze_unused(network, torch.ones(1, 3))
    learned = {name for name, value in network.named_parameters() if value.requires_grad}
    assert learned == {"used.weight", "used.bias"}
    assert (network.used.training, network.norm.training) == (True, False)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_of_several_processes_the_first_alone_tells_of_a_finished_run(
    recipe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Second(World):
        main_first = staticmethod(nullcontext)  # type: ignore[assignment]

    monkeypatch.setattr(
        runs, "world", lambda device: nullcontext(Second(1, 2, torch.device("cpu")))
    )
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "metrics.json").write_text('{"protocol": "full"}')
    for more in ([], ["--json"]):
        assert run(command.main, ["--config", str(recipe), "--out", str(tmp_path), *more]) == 0
        assert capsys.readouterr().out == ""
