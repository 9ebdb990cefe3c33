"""What benchmarks measure is what their tables say, and their tables' commands can be run."""

import argparse
import importlib
import json
import re
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
COMMAND = re.compile(r"`python (benchmarks/climb\.py [^`]+)`")


@pytest.fixture
def nested(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("nested")


@pytest.fixture
def climb(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("climb")


def test_first_pictures_are_as_many_as_asked_for_or_none(
    nested: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in ("train", "test"):
        for name in "ab":
            (tmp_path / "all" / part / name).mkdir(parents=True)
            for number in range(12):
                file = tmp_path / "all" / part / name / f"{number:02}.png"
                Image.new("RGB", (8, 8), (number, 0, 0)).save(file)
    runs, catalogue = tmp_path / "runs", importlib.import_module("hashing.sources").Catalogue
    for per_class, count in ((10, 24), (5, 12)):
        with monkeypatch.context() as interrupted:
            whole, left = catalogue.read, iter(range(6))

            def read(self: Any, item: Any, whole: Any = whole, left: Any = left) -> bytes:
                if next(left, None) is None:
                    raise KeyboardInterrupt
                return bytes(whole(self, item))

            interrupted.setattr(catalogue, "read", read)
            with pytest.raises(KeyboardInterrupt):
                nested.first_pictures(tmp_path / "all", per_class, runs)
        found = nested.first_pictures(tmp_path / "all", per_class, runs)
        assert len(list(found.rglob("*.png"))) == count
        assert nested.first_pictures(tmp_path / "nowhere", per_class, runs) == found
    assert len(list(runs.iterdir())) == 2


@pytest.mark.parametrize("data", ["cifar10", "artworks"])
def test_the_table_that_climbs_is_made_of_rows_of_one_split_and_size(
    climb: ModuleType, data: str, tmp_path: Path
) -> None:
    page = (BENCHMARKS / "results" / f"climb-{data}.md").read_text(encoding="utf-8")
    kept = BENCHMARKS / "results" / "climb"
    (file,) = kept.glob(f"{data}-*-dsh.json")
    row = json.loads(file.read_text(encoding="utf-8"))
    assert climb.table(row, kept) == page
    for other in kept.glob(f"{data}-*.json"):
        (tmp_path / other.name).write_bytes(other.read_bytes())
    row["split"]["digest"] = "f" * 64
    (tmp_path / file.name).write_text(json.dumps(row))
    alone = climb.table(row, tmp_path)
    assert COMMAND.findall(alone) == [c for c in COMMAND.findall(page) if c.endswith(" dsh")]


@pytest.mark.parametrize("data", ["cifar10", "artworks"])
def test_commands_of_the_table_that_climbs_can_be_run(climb: ModuleType, data: str) -> None:
    page = (BENCHMARKS / "results" / f"climb-{data}.md").read_text(encoding="utf-8")
    commands = [shlex.split(command) for command in COMMAND.findall(page)]
    said: list[argparse.Namespace] = [climb.make_parser().parse_args(c[1:]) for c in commands]
    assert [name for options in said for name in options.rows] == list(climb.ROWS)
    for options in said:
        assert (options.data, options.data_root) == (data, Path("PICTURES"))
        assert f"Protocol {options.protocol}, split " in page
        assert f" {options.size} px, " in page
