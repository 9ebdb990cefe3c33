"""The whole way from pictures to an index, in small: what the demos do before they are served."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hashing.cli import demo
from hashing.config import ModelConfig, Preprocessing
from hashing.errors import UsageError
from hashing.models import HashModel, fingerprint, save_model
from hashing.places import released
from hashing.store import open_index

SMALL = [
    "--data.count=240",
    "--model.backbone=small_cnn",
    "--preprocessing.size=32",
    "--train.epochs=1",
]


def contents(folder: Path) -> dict[str, int]:
    """When each file was last written; SQLite may make and drop its own beside a database."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in files
        if not path.name.endswith(("-wal", "-shm"))
    }


def test_released_model_serves_a_gallery_made_once(tmp_path: Path) -> None:
    model = released(demo.RELEASED)
    assert model is not None
    location = demo.make_released(tmp_path / "demo", model, pictures=24)
    with open_index(location) as index:
        assert index.info.count == 24
        assert index.info.lengths == (16, 32, 64, 128)
        assert set(index.info.columns) >= {"artist", "style", "title", "year"}
        assert index.info.fingerprint == fingerprint(model)
    before = contents(tmp_path)
    assert demo.make_released(tmp_path / "demo", model, pictures=24) == location
    assert contents(tmp_path) == before
    other = tmp_path / "other"
    save_model(HashModel(ModelConfig("small_cnn"), Preprocessing(32)), other)
    with pytest.raises(UsageError, match="found one of another model"):
        demo.make_released(tmp_path / "demo", other, pictures=24)


def test_the_released_demo_needs_nothing_that_trains() -> None:
    code = "import sys; sys.modules['jsonargparse'] = None; import hashing.cli.demo"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_network_is_asked_for_before_anything_is_made() -> None:
    with pytest.raises(UsageError, match="--public lets them"):
        demo.main(["--host", "0.0.0.0"])


def test_trained_demo_makes_everything_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    location = demo.make_trained(tmp_path / "demo", SMALL)
    with open_index(location) as index:
        assert index.info.count == 240
        assert set(index.info.columns) >= {"artist", "style", "title", "year"}
    metrics = json.loads((tmp_path / "demo/trained/run/model/metrics.json").read_text())
    printed = capsys.readouterr().out
    assert "colour histogram" in printed
    assert "untrained" in printed
    assert metrics["refit"] is True
    before = contents(tmp_path)
    assert demo.make_trained(tmp_path / "demo", SMALL) == location
    assert contents(tmp_path) == before


def test_demo_outside_a_checkout_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hashing.places.checkout", lambda: None)
    with pytest.raises(UsageError, match="by --model, or train one by --train"):
        demo.main(["--no-serve"])
