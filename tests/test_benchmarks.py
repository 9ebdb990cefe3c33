"""What benchmarks measure is what their tables say, and their tables' commands can be run."""

import argparse
import importlib
import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from hashing.sources import Catalogue, Item

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
    runs, whole = tmp_path / "runs", Catalogue.read
    for per_class, count in ((10, 24), (5, 12)):
        with monkeypatch.context() as interrupted:
            left = iter(range(6))

            def read(self: Catalogue, item: Item, left: Iterator[int] = left) -> bytes:
                if next(left, None) is None:
                    raise KeyboardInterrupt
                return whole(self, item)

            interrupted.setattr(Catalogue, "read", read)
            with pytest.raises(KeyboardInterrupt):
                nested.first_pictures(tmp_path / "all", per_class, runs)
        found = nested.first_pictures(tmp_path / "all", per_class, runs)
        assert len(list(found.rglob("*.png"))) == count
        assert nested.first_pictures(tmp_path / "nowhere", per_class, runs) == found
    assert len(list(runs.iterdir())) == 2


@pytest.mark.parametrize("name", ["cifar10-5k-96px-dsh", "artworks-art-new-128px-dsh"])
def test_the_table_that_climbs_is_made_of_rows_of_one_split_and_size(
    climb: ModuleType, name: str, tmp_path: Path
) -> None:
    kept = Path(shutil.copytree(BENCHMARKS / "results" / "climb", tmp_path / "climb"))
    row = json.loads((kept / f"{name}.json").read_text(encoding="utf-8"))
    page = (BENCHMARKS / "results" / f"climb-{row['data']}.md").read_text(encoding="utf-8")
    assert climb.table(row, kept) == page
    row["split"]["digest"] = "f" * 64
    (kept / f"{name}.json").write_text(json.dumps(row), encoding="utf-8")
    alone = climb.table(row, kept)
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
