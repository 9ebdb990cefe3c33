"""The notebook's cells run, one after the other, and show what a notebook would show."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


def run(source: str, names: dict[str, Any]) -> object:
    """What a cell shows below itself: the value of its last expression, None without any."""
    tree = ast.parse(source)
    *first, last = tree.body
    if not isinstance(last, ast.Expr):
        first, last = tree.body, None
    exec(compile(ast.Module(first, []), "cell", "exec"), names)
    return (
        None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    )


def shown(file: Path) -> str:
    """Everything that the cells show, as a notebook would: HTML where a value has it."""
    names: dict[str, Any] = {}
    parts = []
    for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            value = run("".join(cell["source"]), names)
            html = getattr(value, "_repr_html_", None)
            parts.append(html() if html else "" if value is None else repr(value))
    return "\n".join(parts)


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_the_cells_of_a_notebook_run(file: Path, tmp_path: Path) -> None:
    program = [sys.executable, "-W", "error", str(Path(__file__)), str(file)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        program, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("<img") >= 5
    assert done.stdout.count("<table") >= 2
    assert "art.index', 60 items, 32 bits)" in done.stdout


def test_notebooks_are_kept_without_results() -> None:
    assert NOTEBOOKS
    for file in NOTEBOOKS:
        content = json.loads(file.read_text(encoding="utf-8"))
        cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
        assert not any(cell["outputs"] or cell["execution_count"] for cell in cells)


if __name__ == "__main__":
    sys.stdout.write(shown(Path(sys.argv[1])))
