"""The whole way from pictures to an index, in small: what `make demo` does before it serves."""

import json
from pathlib import Path

import pytest

from hashing import demo
from hashing.errors import UsageError
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


def test_demo_makes_everything_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    location = demo.make(tmp_path / "demo", SMALL)
    with open_index(location) as index:
        assert index.info.count == 240
        assert set(index.info.columns) >= {"artist", "style", "title", "year"}
    metrics = json.loads((tmp_path / "demo/run/model/metrics.json").read_text())
    printed = capsys.readouterr().out
    assert "colour histogram" in printed
    assert "untrained" in printed
    assert metrics["refit"] is True
    before = contents(tmp_path)
    assert demo.make(tmp_path / "demo", SMALL) == location
    assert contents(tmp_path) == before


def test_demo_outside_a_checkout_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "CHECKOUT", tmp_path)
    with pytest.raises(UsageError, match="expected a checkout"):
        demo.make(tmp_path / "demo")
