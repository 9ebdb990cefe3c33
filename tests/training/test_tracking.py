import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hashing.cli import train as command
from hashing.progress import set_quiet
from hashing.training.runlog import read_records


class Run:
    def __init__(self, **settings: Any) -> None:
        self.settings, self.lines = settings, []

    def log(self, values: dict[str, Any], step: int | None) -> None:
        self.lines.append((step, values))

    def finish(self) -> None:
        self.lines.append("finished")


def test_wandb_hears_what_the_folder_holds_and_stays_offline(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[Run] = []
    fake = ModuleType("wandb")
    fake.init = lambda **settings: runs.append(Run(**settings)) or runs[-1]
    fake.Image = lambda image: image.size
    monkeypatch.setitem(sys.modules, "wandb", fake)
    for name in ("MODE", "SILENT", "ERROR_REPORTING"):
        monkeypatch.setenv(f"WANDB_{name}", "")  # so that it is unset again afterwards
        monkeypatch.delenv(f"WANDB_{name}")

    out = tmp_path / "run"
    arguments = ["--config", str(recipe), "--out", str(out), "--train.epochs", "1"]
    assert command.main([*arguments, "--wandb"]) == 0
    (run,) = runs
    *lines, (_, last), ended = run.lines
    assert ended == "finished"
    assert [line for _, line in lines] == read_records(out / "metrics.jsonl")
    assert [step for step, _ in lines] == [0, 1, 2, 3, 3]
    assert set(last) == {"retrieval"} | {path.name for path in (out / "model").glob("*.png")}
    assert run.settings["config"]["train"]["epochs"] == 1
    assert os.environ["WANDB_MODE"] == "offline"
    assert os.environ["WANDB_ERROR_REPORTING"] == "false"


@pytest.mark.parametrize("fails_at", ["init", "log"])
def test_a_run_goes_on_when_wandb_does_not(
    recipe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fails_at: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ConnectionError("the service process has died")

    fake = ModuleType("wandb")
    fake.init = fail if fails_at == "init" else lambda **settings: Run(**settings)
    monkeypatch.setattr(Run, "log", fail)
    set_quiet(False)
    monkeypatch.setitem(sys.modules, "wandb", fake)
    out = tmp_path / "run"
    arguments = ["--config", str(recipe), "--out", str(out), "--train.epochs", "1"]
    assert command.main([*arguments, "--wandb"]) == 0
    steps = [record["step"] for record in read_records(out / "metrics.jsonl")]
    assert steps == [0, 1, 2, 3, 3]
    told = capsys.readouterr().err
    assert told.count("going on without Weights & Biases: the service process has died") == 1


def test_without_it_wandb_is_never_imported(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    arguments = ["--config", str(recipe), "--out", str(tmp_path / "run"), "--train.epochs", "1"]
    assert command.main(arguments) == 0


@pytest.mark.long
def test_the_real_wandb_keeps_all_of_it_on_disk(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    out = tmp_path / "run"
    arguments = ["--config", str(recipe), "--out", str(out), "--train.epochs", "1"]
    assert command.main([*arguments, "--wandb"]) == 0
    (kept,) = out.glob("wandb/offline-run-*/*.wandb")
    content = kept.read_bytes()
    for record in read_records(out / "metrics.jsonl"):
        value = record["loss"] if "loss" in record else record["validation"]
        assert json.dumps(value).encode() in content
    pictures = sorted(path.name.split("_")[0] for path in kept.parent.glob("files/media/images/*"))
    assert pictures == sorted(path.name for path in (out / "model").glob("*.png"))
