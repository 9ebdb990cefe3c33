"""What the product was put through, as one table: `python -m tests.robustness [--long]`.

A test with the mark `robustness("fault or input")` belongs to the row of that name. One that tries
many cases says how many by `record_property("trials", n)`, each other counts as one. The short form
is what `make test` runs, the long form all of it.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@dataclass(slots=True)
class Row:
    """One fault or kind of input; seconds: of the tests with all that they prepare."""

    trials: int = 0
    failures: int = 0
    skipped: int = 0
    seconds: float = 0.0


class Table:
    """A pytest plugin that counts by rows; prints them when all is done."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.row_of: dict[str, Row] = {}

    @pytest.hookimpl(trylast=True)  # when all that is not asked for has been left out
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Find the row of each test."""
        for item in items:
            mark = item.get_closest_marker("robustness")
            if mark is not None:
                self.row_of[item.nodeid] = self.rows.setdefault(mark.args[0], Row())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what a test tried, and its failure in whichever part."""
        row = self.row_of[report.nodeid]
        row.seconds += report.duration
        row.failures += report.failed
        row.skipped += report.skipped
        if report.when == "call" and not report.skipped:
            tried = [int(str(n)) for name, n in report.user_properties if name == "trials"]
            row.trials += sum(tried) if tried else 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table."""
        width = max(map(len, self.rows), default=0)
        write = terminalreporter.write_line
        write(f"\n{'fault or input':{width}}  {'trials':>8}  {'failures':>8}  {'seconds':>8}")
        for name, row in self.rows.items():
            skipped = f"  ({row.skipped} tests skipped)" if row.skipped else ""
            numbers = f"{row.trials:8,}  {row.failures:8,}  {row.seconds:8.1f}"
            write(f"{name:{width}}  {numbers}{skipped}")


def main(argv: Sequence[str]) -> int:
    """Run the tests that are marked; the exit code is pytest's."""
    parser = argparse.ArgumentParser(prog="python -m tests.robustness", description=__doc__)
    parser.add_argument("--long", action="store_true", help="hours instead of minutes")
    options, others = parser.parse_known_args(argv)
    chosen = "robustness" if options.long else "robustness and not long"
    return pytest.main([str(ROOT / "tests"), "-q", "-m", chosen, *others], plugins=[Table()])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
