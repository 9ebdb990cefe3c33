import errno
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from hashing.cli import train as command
from hashing.cli.console import run
from hashing.models import fingerprint, load_model, read_manifest, save_model
from hashing.training import claim, runs, trainer
from hashing.training.learner import Learner, Outcome
from hashing.training.runlog import read_records


def main(*arguments: object) -> int:
    return run(command.main, [str(argument) for argument in arguments])


def test_a_run_leaves_a_model_with_card_metrics_and_figures(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main("--config", recipe, "--out", out, "--json", "--train.baselines", "true") == 0
    metrics = json.loads(capsys.readouterr().out)
    model = out / "model"
    assert metrics == json.loads((model / "metrics.json").read_text())

    assert metrics["split"] | {"digest": ""} == {
        "protocol": "holdout",
        "seed": 0,
        "digest": "",
        "train": 72,
        "validation": 8,
        "query": 16,
        "database": 80,
    }
    assert len(metrics["split"]["digest"]) == len(metrics["data"]["digest"]) == 64
    assert metrics["seed"] == 0
    assert metrics["refit"] is False
    assert metrics["unlabelled"] == 0
    assert metrics["collapsed"] is (metrics["distinct_codes"] < 4)
    assert set(metrics["retrieval"]["label"]) == {"8", "16"}
    assert set(metrics["baselines"]) == {"untrained, 16 bits", "colour histogram"}
    assert 0 <= metrics["classification"]["label"]["accuracy"] <= 1
    assert metrics["hardware"]["cores"] >= 1
    assert metrics["duration_s"] > 0
    assert metrics["configuration"]["train"]["epochs"] == 3

    records = read_records(out / "metrics.jsonl")
    steps = [record["step"] for record in records if "loss" in record]
    assert steps == list(range(3 * 4))
    assert [step for step, _ in metrics["validations"]] == [4, 8, 12]

    card = (model / "README.md").read_text()
    assert {"curves.svg", "answers-label.png", "bits.svg"} <= {p.name for p in model.iterdir()}
    for figure in model.glob("*.png"):
        assert figure.read_bytes().startswith(b"\x89PNG")
    for chart in model.glob("*.svg"):
        assert chart.with_suffix(".png").is_file()
        assert f"]({chart.name})" in card
        assert f"]({chart.stem}.png)" not in card
    assert "](answers-label.png)" in card
    assert load_model(model).lengths == (8, 16)


def test_training_learns_and_evaluate_measures_the_same(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main("--config", recipe, "--out", out, "--json", "--train.epochs", 12) == 0
    trained = json.loads(capsys.readouterr().out)
    assert trained["retrieval"]["label"]["16"]["mean_average_precision"] > 0.8

    assert main("--config", recipe, "--evaluate", out / "model", "--json") == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured["retrieval"] == trained["retrieval"]
    assert measured["split"] == trained["split"]

    again = tmp_path / "again"
    assert main("--config", recipe, "--evaluate", out / "model", "--out", again) == 0
    told = capsys.readouterr().out
    precision = trained["retrieval"]["label"]["16"]["mean_average_precision"]
    assert f"label, 16 bits {precision:24.3f}" in told
    assert f"split {trained['split']['digest'][:12]}, seed 0" in told
    assert json.loads((again / "metrics.json").read_text())["retrieval"] == measured["retrieval"]
    figures = {path.name for path in (out / "model").glob("*.*g")}
    assert {path.name for path in again.glob("*.*g")} == figures - {"curves.png", "curves.svg"}


def test_steps_run_where_freed_memory_is_kept(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices: list[str] = []  # for which memory is kept at the moment
    seen: list[list[str]] = []
    step = Learner.step

    @contextmanager
    def kept(device: torch.device) -> Iterator[None]:
        devices.append(device.type)
        yield
        devices.pop()

    def watched(learner: Learner, *arguments: object) -> Outcome:
        seen.append([*devices])
        return step(learner, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(trainer, "freed_memory_kept", kept)
    monkeypatch.setattr(Learner, "step", watched)
    assert main("--config", recipe, "--out", tmp_path / "run", "--train.epochs", 1) == 0
    assert seen
    assert all(now == ["cpu"] for now in seen)
    assert devices == []


def test_distances_have_words_and_a_model_without_them_is_given_the_same(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main("--config", recipe, "--out", out, "--json", "--train.epochs", 6) == 0
    words = json.loads(capsys.readouterr().out)["closeness"]
    assert words["made_of"] == "validation part"
    assert words["bounds"]["16"]["very close"] < 8  # of 8 x 72 pairs
    manifest = read_manifest(out / "model")
    assert manifest.extra["closeness"] == words
    before = fingerprint(out / "model")
    save_model(load_model(out / "model"), out / "model", half=True)  # as of earlier versions
    assert "closeness" not in read_manifest(out / "model").extra
    assert main("--config", recipe, "--calibrate", out / "model", "--json") == 0
    assert json.loads(capsys.readouterr().out) == words
    assert read_manifest(out / "model").extra["closeness"] == words
    assert fingerprint(out / "model") == before
    assert main("--config", recipe, "--calibrate", out / "model", "--train.refit", "true") == 0
    assert "by 8 queries of the test part" in capsys.readouterr().out


def test_a_finished_run_is_only_reported(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main("--config", recipe, "--out", out, "--train.epochs", 1) == 0
    first = capsys.readouterr().out
    before = (out / "model" / "model.safetensors").stat().st_mtime_ns
    arguments = ("--config", recipe, "--out", out, "--train.epochs", 1, "--resume", "auto")
    assert main(*arguments) == 0
    assert capsys.readouterr().out == first
    assert (out / "model" / "model.safetensors").stat().st_mtime_ns == before


def test_a_run_is_never_overwritten_nor_mixed_with_other_settings(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main("--config", recipe, "--out", out, "--train.epochs", 1) == 0
    capsys.readouterr()
    assert main("--config", recipe, "--out", out) == 2
    assert "holds a run already: add --resume auto" in capsys.readouterr().err
    assert main("--config", recipe, "--out", out, "--resume", "auto", "--optim.lr", 0.5) == 2
    error = capsys.readouterr().err
    assert "found others for optim.lr, train.epochs" in error
    assert error.count("\n") == 1


def test_what_is_measured_beside_a_run_and_how_often_it_is_saved_may_change_as_it_goes_on(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    few = ["--config", recipe, "--out", tmp_path / "run", "--train.epochs", 1, "--quiet"]
    monkeypatch.setattr(runs, "measure_baselines", full)
    assert main(*few, "--train.baselines", "true") == 1
    others = ["--train.state_every", 0, "--train.bad_steps", 99, "--train.baselines", "false"]
    assert main(*few, "--resume", "auto", *others) == 0
    assert json.loads((tmp_path / "run" / "model" / "metrics.json").read_text())["baselines"] == {}


HOLD = """
import os, sys, time
from hashing.files import try_lock, write_owner
handle = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o644)
assert try_lock(handle)
write_owner(handle)
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_run_is_kept_out_of_the_folder_until_the_first_has_ended(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    out.mkdir()
    first = subprocess.Popen([sys.executable, "-c", HOLD, out / "lock"], stdout=subprocess.PIPE)
    assert first.stdout is not None
    first.stdout.readline()
    assert main("--config", recipe, "--out", out) == 5
    error = capsys.readouterr().err
    assert f"{out} is being trained in by process {first.pid} since" in error
    assert error.count("\n") == 1
    assert not (out / "config.yaml").exists()
    first.kill()
    first.wait()
    first.stdout.close()
    assert main("--config", recipe, "--out", out, "--train.epochs", 1) == 0


def test_a_run_holds_its_folder_to_its_end(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, finish = tmp_path / "run", runs._finish

    def ask_meanwhile(*arguments: Any) -> Any:
        assert main("--config", recipe, "--out", out, "--resume", "auto", "--quiet") == 5
        return finish(*arguments)

    monkeypatch.setattr(runs, "_finish", ask_meanwhile)
    assert main("--config", recipe, "--out", out, "--train.epochs", 1) == 0


def test_what_has_ended_is_read_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(claim.os, "open", refused)
    with pytest.raises(OSError, match="Read-only"), claim.held(tmp_path, print):
        pass
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "metrics.json").write_text("{}")
    with claim.held(tmp_path, print):
        pass


def test_a_folder_that_cannot_be_locked_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unable(handle: int) -> bool:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(claim, "try_lock", unable)
    said: list[str] = []
    with claim.held(tmp_path, said.append):
        pass
    assert said == [f"{tmp_path} cannot be locked (No locks available): start no other run into it"]


@pytest.mark.parametrize("left", ["model/metrics.json", "state-00000004.pt", "metrics.jsonl"])
def test_what_is_left_of_a_run_is_not_taken_for_this_one(
    left: str, recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    (out / left).parent.mkdir(parents=True)
    (out / left).write_text("{}")
    assert main("--config", recipe, "--out", out, "--json") == 2
    assert "holds a run already" in capsys.readouterr().err
    assert main("--config", recipe, "--out", out, "--json", "--resume", "auto") == 2
    captured = capsys.readouterr()
    assert f"expected the settings of the run in {out} in config.yaml, found none" in captured.err
    assert captured.out == ""
    assert not (out / "config.yaml").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--optim.l", "1"], 2, "unknown key 'optim.l'; did you mean optim.lr?"),
        (["--losses", '[{"name": "dsh", "weigth": 2}]'], 2, "did you mean weight?"),
        (["--losses", '[{"name": "dsh", "args": {"margn": 2}}]'], 2, "did you mean margin?"),
        (["--losses", '[{"name": "dsg"}]'], 2, "did you mean dsh?"),
        (["--data.fields", '{"style": 1}'], 2, "unknown label field 'style'"),
        (["--data.fields", "{}"], 2, "expected at least one label field"),
        (["--model.backbone", "resnet5"], 2, "did you mean resnet50?"),
        (["--data.name", "cifar"], 2, "unknown data set"),
        (["--data.protocol", "ful"], 2, "did you mean full?"),
        (["--train.augment", "stand"], 2, "did you mean standard?"),
        (["--train.batch", "500"], 2, "found 500"),
        (["--train.per_label", "16"], 2, "found batch 16 and per_label 16"),
        (["--train.per_label", "5"], 2, "per_label 5"),
        (["--data.root", "/nowhere"], 3, "/nowhere"),
        (["--model.weights", "/nowhere"], 3, "/nowhere"),
        (["--device", "warp"], 2, "'warp'"),
    ],
)
def test_what_cannot_be_is_one_line(
    recipe: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    out = tmp_path / "run"
    assert main("--config", recipe, "--out", out, *arguments, "--quiet") == code
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert not (out / "model").exists()
    assert not (out / "metrics.jsonl").exists()


def test_weights_that_do_not_fit_are_one_line(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = tmp_path / "resnet18.safetensors"
    save_file({"layer1.0.conv1.weight": torch.zeros(64, 64, 3, 3)}, foreign)
    out = tmp_path / "run"
    assert main("--config", recipe, "--out", out, "--model.weights", foreign, "--quiet") == 4
    error = capsys.readouterr().err
    assert "do not fit small_cnn" in error
    assert error.count("\n") == 1
    assert not (out / "metrics.jsonl").exists()


def test_more_classes_than_centres_are_one_line(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(130):
        (tmp_path / "many" / f"{number}").mkdir(parents=True)
        for copy in range(3):
            picture = Image.new("RGB", (16, 16), (number, 99 * copy, 0))
            picture.save(tmp_path / "many" / f"{number}" / f"{copy}.png")
    many = ["--data.root", tmp_path / "many", "--losses", '[{"name": "csq"}]']
    out = tmp_path / "run"
    assert main("--config", recipe, "--out", out, *many, "--quiet") == 2
    error = capsys.readouterr().err
    assert "at most 128 classes for class centres of 8 bits, found 130" in error
    assert error.count("\n") == 1
    assert not (out / "metrics.jsonl").exists()


def test_centre_distances_are_told_at_the_start_and_kept(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    losses = ["--losses", '[{"name": "orthohash"}]', "--train.epochs", 1]
    assert main("--config", recipe, "--out", out, *losses) == 0
    told = "Class centres, label: at least 4, 8 bits apart at 8, 16 bits."
    captured = capsys.readouterr()
    assert told in captured.err
    assert told in captured.out
    assert told in (out / "model" / "README.md").read_text()


def test_centres_of_makers_lie_near_those_of_their_kind(
    recipe: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metadata, out = tmp_path / "kinds.csv", tmp_path / "run"
    files = sorted(path.relative_to(pictures) for path in pictures.rglob("*.png"))
    rows = [f"{f},{f.parent.name},{f.parent.name} {int(f.stem) % 3}" for f in files]
    metadata.write_text("\n".join(["file,kind,maker", *rows]) + "\n")
    given = ["--data.metadata", metadata, "--data.fields", '{"maker": 1.0, "kind": 1.0}']
    losses = ["--losses", '[{"name": "csq", "field": "maker"}, {"name": "csq", "field": "kind"}]']
    few = ["--train.epochs", 1, "--centres.share", 0.25]
    assert main("--config", recipe, "--out", out, *given, *losses, *few) == 0
    told = "Class centres, maker: at most 2, 4 bits from their kind's at 8, 16 bits."
    captured = capsys.readouterr()
    assert told in captured.err
    assert told in captured.out
    assert told in (out / "model" / "README.md").read_text()
    kept = read_manifest(out / "model").extra["objective"]["maker"]
    assert kept["coarser"] == "kind"
    assert kept["coarser_classes"] == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_a_failed_attempt_is_not_in_the_way(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main("--config", recipe, "--out", out, "--losses", '[{"name": "dsg"}]') == 2
    assert main("--config", recipe, "--out", out, "--train.epochs", 1) == 0
    assert "epochs: 1" in (out / "config.yaml").read_text()


def test_the_commit_is_that_of_the_start(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = iter(["at the start", "at the end"])
    monkeypatch.setattr("hashing.training.provenance.commit", lambda: next(commits))
    learn = runs._learn

    def learn_and_change_the_code(*arguments: object) -> object:
        learned = learn(*arguments)
        assert next(commits) == "at the end"
        return learned

    monkeypatch.setattr(runs, "_learn", learn_and_change_the_code)
    assert main("--config", recipe, "--out", tmp_path) == 0
    metrics = json.loads((tmp_path / "model" / "metrics.json").read_text())
    assert metrics["commit"] == "at the start"


def test_pictures_with_several_labels_are_learned_and_measured_by_what_they_share(
    recipe: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metadata, out = tmp_path / "tags.csv", tmp_path / "run"
    files = sorted(path.relative_to(pictures) for path in pictures.rglob("*.png"))
    kinds = {"ash": "broad; red", "birch": "broad", "cedar": "needles;red", "dogwood": ""}
    rows = [f"{file},{kinds[file.parent.name]}" for file in files]
    metadata.write_text("\n".join(["file,tags", *rows]) + "\n")
    given = ["--data.metadata", metadata, "--data.fields", '{"tags": 1.0}', "--train.epochs", 1]
    given += ["--data.sets", '{"tags": ";"}', "--losses", '[{"name": "orthohash"}]', "--quiet"]
    assert main("--config", recipe, "--out", out, *given, "--json") == 0
    metrics = json.loads(capsys.readouterr().out)
    found = metrics["retrieval"]["tags"]["16"]
    assert found["weighted_mean_average_precision"] > found["mean_average_precision"] > 0
    assert set(found["cumulative_gain_at"]) == {"1", "10", "100"}
    assert metrics["classification"] == {}
    refused = ["--train.per_label", 4]
    assert main("--config", recipe, "--out", tmp_path / "no", *given, *refused) == 2
    assert "there are no groups of one set" in capsys.readouterr().err
