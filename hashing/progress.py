"""What a person sees while they wait: lines, a bar on a terminal; nothing when quiet.

A notebook is quiet unless `set_quiet(False)` asks for the bar there.
"""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress

PLAIN_SECONDS = 10.0
"""Seconds between two lines where standard error is not a terminal."""


LINES = "\n"
"""To keep in messages: where a mistake in a filter is pointed at, there are several."""
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal obeys instead of showing it: controls, and marks that turn text around."""

_quiet: bool | None = None


def set_quiet(quiet: bool) -> None:
    """Show no logs and no progress from now on, or show them again."""
    global _quiet
    _quiet = quiet


def is_quiet() -> bool:
    """Whether nothing is to be shown."""
    return in_notebook() if _quiet is None else _quiet


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    shell = sys.modules.get("IPython")
    return shell is not None and hasattr(shell.get_ipython(), "kernel")


def printable(text: str, kept: str = "") -> str:
    r"""Text from anywhere as a terminal may have it: controls become `\x1b`, but those in `kept`.

    Everything that a command prints goes through here, or through `escaped_json`; CSV and HTML only
    on a terminal, for into a file data go as they are.
    """
    return _CONTROLS.sub(lambda found: _shown(found[0], kept), text)


def escaped_json(text: str) -> str:
    """The same for JSON, which stays what it says."""
    return _CONTROLS.sub(lambda c: c[0] if c[0] == "\n" else f"\\u{ord(c[0]):04x}", text)


def _shown(control: str, kept: str) -> str:
    return control if control in kept else ascii(control)[1:-1]


def log(text: str) -> None:
    """Something for the person who waits, on standard error."""
    if not is_quiet():
        sys.stderr.write(printable(text, LINES) + "\n")
        sys.stderr.flush()


class Bar(Protocol):
    """A running progress display."""

    def advance(self, steps: int = 1, **figures: float) -> None:
        """Move on by `steps`; `figures` (loss, mAP, …) are shown beside the rate."""
        ...


@contextmanager
def progress(total: int, description: str, unit: str = "", done: int = 0) -> Iterator[Bar]:
    """Show the progress of `total` steps on standard error, with rate and time left.

    unit: what the rate counts ("pictures"). done: steps of an earlier run, not in the rate. Where
    there is no step to take, nothing is shown.
    """
    if is_quiet() or not total:
        yield _SilentBar()
    elif sys.stderr.isatty() or in_notebook():
        with _terminal_bar(total, description, unit, done) as bar:
            yield bar
    else:
        plain = _PlainBar(total, description, unit, done)
        yield plain
        plain.close()


@contextmanager
def silent(total: int, description: str, unit: str = "", done: int = 0) -> Iterator[Bar]:
    """Like `progress`, but nobody watches."""
    yield _SilentBar()


class _SilentBar:
    def advance(self, steps: int = 1, **figures: float) -> None:
        pass


class _PlainBar:
    def __init__(self, total: int, description: str, unit: str, done: int) -> None:
        self.total, self.description, self.unit = total, description, unit
        self.done, self.earlier, self.figures = done, done, ""
        self.started = self.printed = time.monotonic()

    def advance(self, steps: int = 1, **figures: float) -> None:
        self.done += steps
        self.figures = _figures(figures) or self.figures
        now = time.monotonic()
        if now - self.printed >= PLAIN_SECONDS:
            self.printed = now
            seconds_each = (now - self.started) / max(self.done - self.earlier, 1)
            left = max(self.total - self.done, 0) * seconds_each
            log(f"{self._head(now)}, {left:.0f} s left{self.figures}")

    def close(self) -> None:
        now = time.monotonic()
        log(f"{self._head(now)}, took {now - self.started:.1f} s{self.figures}")

    def _head(self, now: float) -> str:
        rate = _rate(self.done - self.earlier, now - self.started, self.unit)
        return f"{self.description}: {self.done:,} of {self.total:,}, {rate}"


class _TerminalBar:
    def __init__(
        self, display: "Progress", description: str, total: int, unit: str, done: int
    ) -> None:
        self.display, self.unit = display, unit
        self.task = display.add_task(description, total=total, completed=done, rate="", figures="")
        self.started, self.done, self.figures = time.monotonic(), 0, ""

    def advance(self, steps: int = 1, **figures: float) -> None:
        self.done += steps
        self.figures = _figures(figures).removeprefix(", ") or self.figures
        rate = _rate(self.done, time.monotonic() - self.started, self.unit)
        self.display.update(self.task, advance=steps, rate=rate, figures=self.figures)


@contextmanager
def _terminal_bar(total: int, description: str, unit: str, done: int) -> Iterator[Bar]:
    from rich import progress as rich_progress
    from rich.console import Console

    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(bar_width=30),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TextColumn("{task.fields[rate]}"),
        rich_progress.TimeRemainingColumn(elapsed_when_finished=True),
        rich_progress.TextColumn("{task.fields[figures]}"),
    )
    with rich_progress.Progress(*columns, console=Console(stderr=not in_notebook())) as display:
        yield _TerminalBar(display, description, total, unit, done)


def _rate(done: int, seconds: float, unit: str) -> str:
    return f"{done / max(seconds, 1e-9):,.1f} {unit}".rstrip() + "/s"


def _figures(figures: dict[str, float]) -> str:
    return "".join(f", {name} {value:.4g}" for name, value in figures.items())
