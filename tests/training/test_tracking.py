import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hashing.cli import train as command
from hashing.progress import set_quiet
from hashing.training import tracking
from hashing.training.learner import Learner
from hashing.training.runlog import read_records

FAKE = """
import json, os, signal, time
from pathlib import Path

def note(what):
    with Path(os.environ["FAKE_LOG"]).open("a") as file:
        file.write(json.dumps(what) + "\\n")

def fault(when):
    if os.environ.get("FAKE_FAULT", "").endswith(when):
        if "raise" in os.environ["FAKE_FAULT"]:
            raise ConnectionError("the service process has died")
        if "kill" in os.environ["FAKE_FAULT"]:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(3600)

class Run:
    def log(self, values, step):
        print("noise")  # is no answer
        note([step, values])
        fault("log")

    def finish(self, exit_code=0):
        note(["finished", exit_code])
        fault("finish")

def init(**settings):
    names = {name: value for name, value in os.environ.items() if name.startswith("WANDB_")}
    note([settings, names])
    fault("init")
    return Run()

def Image(image):
    return image.size
"""
STEPS = [0, 1, 2, 3, 3]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list]:
    """A wandb that writes down what it is told; the lines of it."""
    package, told = tmp_path / "fake" / "wandb.py", tmp_path / "told"
    package.parent.mkdir()
    package.write_text(FAKE)
    paths = (str(package.parent), os.environ.get("PYTHONPATH", ""))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    monkeypatch.setenv("FAKE_LOG", str(told))
    monkeypatch.syspath_prepend(str(package.parent))
    for name in ("MODE", "SILENT", "ERROR_REPORTING"):
        monkeypatch.delenv(f"WANDB_{name}", raising=False)
    return lambda: [json.loads(line) for line in told.read_text().splitlines()]


def train(recipe: Path, out: Path, *options: str) -> list[int]:
    """The steps that the run's own log has."""
    arguments = ["--config", str(recipe), "--out", str(out), "--train.epochs", "1", *options]
    assert command.main(arguments) == 0
    return [record["step"] for record in read_records(out / "metrics.jsonl")]


def test_wandb_hears_what_the_folder_holds_and_stays_offline(
    recipe: Path, tmp_path: Path, fake: Callable[[], list]
) -> None:
    out = tmp_path / "run"
    assert train(recipe, out, "--wandb") == STEPS
    (settings, names), *lines, (_, last), ended = fake()
    assert ended == ["finished", 0]
    assert [line for _, line in lines] == read_records(out / "metrics.jsonl")
    assert [step for step, _ in lines] == STEPS
    assert set(last) == {"retrieval"} | {path.name for path in (out / "model").glob("*.png")}
    assert settings["config"]["train"]["epochs"] == 1
    assert names["WANDB_MODE"] == "offline"
    assert names["WANDB_ERROR_REPORTING"] == "false"
    assert names["WANDB__STATS_PID"] == str(os.getpid())


@pytest.mark.parametrize(
    "fault",
    ["raise init", "raise log", "kill init", "kill log", "hang init", "hang log", "hang finish"],
)
def test_whatever_wandb_fails_of_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake: Callable[[], list], fault: str
) -> None:
    monkeypatch.setenv("FAKE_FAULT", fault)
    monkeypatch.setattr(tracking, "PATIENCE", 2.0 if "hang" in fault else 60.0)
    lines: list[str] = []
    with tracking.tracking(True, tmp_path, {}, lines.append) as track:
        for step in range(3):
            track({"step": step, "loss": 1.0})
    reason = {
        "raise": "the service process has died",
        "kill": "its process has died",
        "hang": "no answer within 2 s",
    }[fault.split()[0]]
    assert lines == [f"going on without Weights & Biases: {reason}; metrics.jsonl has everything"]


def service_of_wandb() -> int:
    """The process that the real wandb has started below this one, once it is there."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        listing = subprocess.check_output(["ps", "-ww", "-eo", "pid=,ppid=,args="], text=True)
        parents = {int(line.split()[0]): int(line.split()[1]) for line in listing.splitlines()}
        for line in listing.splitlines():
            pid, parent, program = line.split()[:3]
            ours = parents.get(int(parent)) == os.getpid()
            if ours and Path(program).name == "wandb-core":
                return int(pid)
        time.sleep(0.05)
    raise AssertionError("wandb has started no service")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for a process by ps")
@pytest.mark.robustness("training while wandb's service dies or hangs")
def test_the_same_weights_when_the_real_service_dies_or_hangs(
    recipe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    set_quiet(False)
    assert train(recipe, tmp_path / "alone") == STEPS
    whole = Learner.step
    struck: list[int] = []
    for fault in (signal.SIGKILL, signal.SIGSTOP):
        step_of_fault = iter([False, True])

        def step(
            learner: Learner,
            *batch: Any,
            fault: signal.Signals = fault,
            strike: Iterator[bool] = step_of_fault,
        ) -> Any:
            if next(strike, False):
                struck.append(service_of_wandb())
                os.kill(struck[-1], fault)
                patience = 3.0 if fault == signal.SIGSTOP else 60.0
                monkeypatch.setattr(tracking, "PATIENCE", patience)
            return whole(learner, *batch)

        monkeypatch.setattr(Learner, "step", step)
        out = tmp_path / fault.name
        try:
            assert train(recipe, out, "--wandb") == STEPS
        finally:
            if fault == signal.SIGSTOP:
                os.kill(struck[-1], signal.SIGKILL)
        for file in ("metrics.jsonl", "model/model.safetensors"):
            assert (out / file).read_bytes() == (tmp_path / "alone" / file).read_bytes(), fault
        assert capsys.readouterr().err.count("going on without Weights & Biases") == 1
    record_property("trials", len(struck))
    assert len(struck) == 2


def test_a_run_that_dies_is_told_as_such(tmp_path: Path, fake: Callable[[], list]) -> None:
    lines: list[str] = []

    def die() -> None:
        with tracking.tracking(True, tmp_path, {}, lines.append) as track:
            track({"step": 0, "loss": 1.0})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        die()
    assert fake()[1:] == [[0, {"step": 0, "loss": 1.0}], ["finished", 1]]
    assert lines == []


def test_without_it_wandb_is_never_imported(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    assert train(recipe, tmp_path / "run") == STEPS


@pytest.mark.long
def test_the_real_wandb_keeps_all_of_it_on_disk(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    out = tmp_path / "run"
    train(recipe, out, "--wandb")
    (kept,) = out.glob("wandb/offline-run-*/*.wandb")
    content = kept.read_bytes()
    for record in read_records(out / "metrics.jsonl"):
        value = record["loss"] if "loss" in record else record["validation"]
        assert json.dumps(value).encode() in content
    pictures = sorted(path.name.split("_")[0] for path in kept.parent.glob("files/media/images/*"))
    assert pictures == sorted(path.name for path in (out / "model").glob("*.png"))
