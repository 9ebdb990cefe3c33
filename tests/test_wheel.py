"""The wheel, unpacked where no checkout is and without the extras: what it carries and does."""

import json
import os
import subprocess
import sys
import textwrap
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from hashing.errors import DISTRIBUTIONS, EXTRAS

ROOT = Path(__file__).parent.parent

BLOCKED = set(EXTRAS) - {"pyarrow"}
"""Scikit-learn looks for pyarrow among the loaded modules and takes what stands there."""

WITHOUT_EXTRAS = """
import sys
sys.modules |= dict.fromkeys({blocked})  # as if they were not installed
from pathlib import Path
import hashing
assert Path(hashing.__file__).parents[1] == Path({site!r}), hashing.__file__
from hashing.cli import main
def run(*arguments, code=0):
    assert main(list(arguments)) == code, arguments
from generated_artworks import generate
generate(Path("art"), 24, size=64)
run("index", "fit", "--images", "art", "--backbone", "small_cnn", "--weights", "none",
    "--size", "32", "--bits", "16", "--out", "fitted", "--json", "--quiet")
run("index", "build", "--model", "fitted", "--images", "art", "--out", "art.index", "--json",
    "--quiet")
picture = str(next(Path("art").rglob("*.jpg")))
run("index", "search", "art.index", "--image", picture, "--json", "--quiet")
run("index", "evaluate", "art.index", "--json", "--quiet")
run("train", code=2)
run("serve", "art.index", "--port", "0", code=2)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def site(wheel: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(wheel.parent / "site")
    return wheel.parent / "site"


def elsewhere(site: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )


def documents(text: str) -> list[Any]:
    """JSON values that follow each other."""
    found, decoder = [], json.JSONDecoder()
    while text := text.lstrip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


def test_the_wheel_carries_the_package_and_nothing_else(site: Path) -> None:
    known = subprocess.run(
        ["git", "ls-files", "hashing", "generated_artworks"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if known.returncode:
        pytest.skip("what belongs to the package is asked from git, and this is no repository")
    expected = {name for name in known.stdout.splitlines() if (ROOT / name).exists()}
    expected |= {f"hashing/configs/{file.name}" for file in (ROOT / "configs").iterdir()}
    files = {str(file.relative_to(site)) for file in site.rglob("*") if file.is_file()}
    inside = {name for name in files if ".dist-info/" not in name and "__pycache__" not in name}
    assert expected <= inside
    assert not [name for name in inside if not name.startswith(("hashing/", "generated_artworks/"))]


def test_recipes_come_along(site: Path, tmp_path: Path) -> None:
    told = elsewhere(site, tmp_path, "-m", "hashing", "train", "--recipes")
    assert told.returncode == 0, told.stderr
    names = [line.split()[0] for line in told.stdout.splitlines()]
    assert names == sorted(file.stem for file in (ROOT / "configs").glob("*.yaml"))


def test_without_the_extras_it_fits_builds_searches_and_evaluates(
    site: Path, tmp_path: Path
) -> None:
    code = WITHOUT_EXTRAS.format(blocked=BLOCKED, site=str(site))
    told = elsewhere(site, tmp_path, "-c", textwrap.dedent(code))
    assert told.returncode == 0, told.stdout + told.stderr
    fitted, built, found, quality = documents(told.stdout)
    assert fitted
    assert built
    assert len(found["results"]) == 10
    assert found["results"][0]["distance"] == 0
    assert quality
    lacking = [line for line in told.stderr.splitlines() if line.startswith("error: this needs")]
    assert [line.rpartition("extra ")[2] for line in lacking] == ["[train]", "[serve]"]
    usage = elsewhere(site, tmp_path, "-m", "hashing", "index", "build", "--help").stdout
    assert usage.startswith("usage: arthash index build ")


def test_extras_bring_what_messages_say_they_bring() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for module, extra in EXTRAS.items():
        package = DISTRIBUTIONS.get(module, module)
        assert any(line.startswith(package) for line in extras[extra]), (module, extra)
    (everything,) = extras["all"]
    assert set(EXTRAS.values()) <= set(everything.partition("[")[2].strip("]").split(","))
