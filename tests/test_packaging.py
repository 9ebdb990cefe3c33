"""What a fresh machine relies on: versions, constraints, documents that say what is true."""

import re
import tomllib
from pathlib import Path

import pytest

import hashing

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONSTRAINTS = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/**/*.md")
    for path in ROOT.glob(pattern)
    if path != ROOT / "docs" / "index.md"  # links to the tutorial, which is made with the site
)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_changelog_begins_with_the_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (\S+)", changelog, flags=re.MULTILINE)
    assert versions[0] == hashing.__version__


def test_every_dependency_is_pinned() -> None:
    extras = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    names = {re.split(r"[\[<>=~! ]", line)[0] for line in [*PROJECT["dependencies"], *extras]}
    pinned = {canonical(name) for name in CONSTRAINTS}
    names -= {PROJECT["name"]}
    assert {canonical(name) for name in names} <= pinned


def test_constraints_hold_on_every_platform() -> None:
    assert all(re.fullmatch(r"[0-9][0-9a-z.]*", version) for version in CONSTRAINTS.values())
    assert not [name for name in CONSTRAINTS if name.startswith(("nvidia", "cuda", "triton"))]


def test_the_distribution_cannot_be_uploaded_nor_confused() -> None:
    assert PROJECT["name"] == "arthash-retrieval"
    assert "Private :: Do Not Upload" in PROJECT["classifiers"]
    for path in [*DOCUMENTS, *ROOT.glob("hashing/**/*.py"), ROOT / "Makefile"]:
        assert "pip install arthash" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    missing = [t for t in targets if "://" not in t and not (path.parent / t).exists()]
    assert not missing


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_no_document_holds_two_versions_of_itself(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if re.match(r"(<{7}|>{7}) ", line)]
