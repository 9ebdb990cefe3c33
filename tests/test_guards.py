"""The tests themselves: each asserts something, and the long ones look where nobody looked yet."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
RAISING = {"raises", "warns", "fail"}
DRAWING = """
import json, pathlib, sys
import pytest
from hypothesis import given, settings, strategies as st

@pytest.mark.long
@settings(settings.get_profile("long"), max_examples=20)
@given(st.integers())
def test_draws(number):
    sys.stdout.write(f"drew {number}\\n")

@settings(max_examples=20)
@given(st.integers())
def test_always_the_same(number):
    sys.stdout.write(f"fixed {number}\\n")
"""


def called(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            function = part.func
            yield function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def asserts(node: ast.AST, helpers: set[str]) -> bool:
    return any(isinstance(part, ast.Assert) for part in ast.walk(node)) or any(
        name in RAISING | helpers or name.startswith("assert_") for name in called(node)
    )


def functions_of(source: str) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]


def idle_tests(sources: dict[str, str]) -> list[str]:
    """Tests that assert nothing, neither themselves nor by a helper, however deep, that does."""
    functions = {file: functions_of(source) for file, source in sources.items()}
    every = [node for nodes in functions.values() for node in nodes]
    helpers: set[str] = set()
    while more := {
        node.name
        for node in every
        if node.name not in helpers and not node.name.startswith("test_") and asserts(node, helpers)
    }:
        helpers |= more
    return [
        f"{file}:{node.lineno} {node.name}"
        for file, nodes in functions.items()
        for node in nodes
        if node.name.startswith("test_") and not asserts(node, helpers)
    ]


def test_every_test_asserts_something() -> None:
    files = sorted((ROOT / "tests").rglob("*.py"))
    sources = {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}
    idle = idle_tests(sources)
    assert not idle, "these tests can only fail by an error, say what they expect:\n" + "\n".join(
        idle
    )


def test_an_idle_test_is_found_and_helpers_are_counted() -> None:
    source = """
def check(x): deeper(x)
def deeper(x): assert x
def harmless(x): print(x)
def test_idle(): harmless(1)
def test_by_helper(): check(1)
def test_itself(): assert True
def test_raises():
    with pytest.raises(ValueError): harmless(1)
class TestIt:
    def test_also_idle(self): self.harmless()
"""
    assert idle_tests({"f": source}) == ["f:5 test_idle", "f:11 test_also_idle"]


def drawn(file: Path, *arguments: str) -> tuple[str, list[str], list[str]]:
    """The seed that a run printed, what its long test drew, and what its everyday test drew."""
    options = ["-s", "-m", "", "-p", "tests.conftest", "-c", "pyproject.toml", *arguments]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", str(file), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seed = re.search(r"--hypothesis-seed=(\d+)", done.stdout)
    assert seed
    long, fixed = (re.findall(rf"{word} (-?\d+)", done.stdout) for word in ("drew", "fixed"))
    assert len(long) == len(fixed) == 20
    return seed[1], long, fixed


def test_long_property_tests_draw_anew_and_print_their_seed(tmp_path: Path) -> None:
    file = tmp_path / "test_drawing.py"
    file.write_text(DRAWING)
    seed, long, fixed = drawn(file)
    _, other, same = drawn(file)
    assert long != other
    assert fixed == same
    assert drawn(file, f"--hypothesis-seed={seed}")[1] == long
