"""The tests themselves: each asserts something, and the long ones look where nobody looked yet.

And what no line of the package may do: read a file so that it could run, or start what would.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
UNSAFE = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
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


def unsafe_readers(source: str) -> list[int]:
    """Lines that read a file in a way that could run what is written in it."""
    safe = {"torch.load": "weights_only=True", "np.load": "allow_pickle=False"}
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            unsafe = bool({name.partition(".")[0] for name in names} & UNSAFE)
        elif isinstance(node, ast.Call):
            name, arguments = ast.unparse(node.func), map(ast.unparse, node.keywords)
            said = [text.replace(" ", "") for text in arguments]
            unsafe = name in ("eval", "exec", "yaml.load") or safe.get(name, "") not in ["", *said]
        else:
            continue
        if unsafe:
            lines.append(node.lineno)
    return lines


def test_nothing_that_is_read_can_run() -> None:
    for file in sorted((ROOT / "hashing").rglob("*.py")):
        assert not unsafe_readers(file.read_text(encoding="utf-8")), file


def test_a_reader_that_could_run_something_is_found() -> None:
    source = """
import pickle
from joblib import load
torch.load(file)
torch.load(file, weights_only=True)
np.load(file, allow_pickle=True)
np.load(file, allow_pickle=False)
yaml.safe_load(file)
eval(text)
network.eval()
"""
    assert unsafe_readers(source) == [2, 3, 4, 6, 9]


def lets_the_current_folder_in(source: str) -> list[int]:
    """Lines that start Python without `-P` or `-I`, so that it imports from the current folder."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.List)
        and [ast.unparse(part) for part in node.elts[:1]] == ["sys.executable"]
        and not {ast.unparse(part) for part in node.elts[1:2]} & {"'-P'", "'-I'"}
    ]


def test_no_process_of_ours_runs_what_lies_in_the_current_folder() -> None:
    for file in sorted((ROOT / "hashing").rglob("*.py")):
        assert not lets_the_current_folder_in(file.read_text(encoding="utf-8")), file


def test_a_process_that_would_is_found() -> None:
    source = """
run([sys.executable, "-m", "child"])
run([sys.executable])
run([sys.executable, "-P", "-m", "child"])
run([sys.executable, "-I", "-c", "1"])
"""
    assert lets_the_current_folder_in(source) == [2, 3]


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
