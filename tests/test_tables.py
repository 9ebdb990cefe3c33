"""The published table holds what the measured rows say, and nothing else."""

import importlib.util
import json
from pathlib import Path

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def test_the_table_of_models_is_rendered_from_its_rows() -> None:
    spec = importlib.util.spec_from_file_location("table", BENCHMARKS / "models_table.py")
    assert spec is not None
    assert spec.loader is not None
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    files = sorted((BENCHMARKS / "results" / "retrieval").glob("*.json"))
    rows = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    assert rows
    page = (BENCHMARKS / "results" / "retrieval.md").read_text(encoding="utf-8")
    assert table.render(rows) == page
