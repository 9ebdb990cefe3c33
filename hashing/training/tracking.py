"""Weights & Biases: the same numbers and figures as in the run's folder, only where asked for.

Offline unless the user's environment says `WANDB_MODE=online`; silent, and nothing is reported to
its makers. The files lie in the run's folder; `wandb sync` uploads them. It lives in a process of
its own (`tracked`) that training never waits for: whatever it fails of, and where it hangs, the run
goes on without it, and its own log is complete.
"""

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from hashing.errors import MissingPackageError

PATIENCE = 60.0
"""Seconds in which it has to answer."""
CHILD = Path(__file__).with_name("tracked.py")
DIED = '{"error": "its process has died"}'

Tracker = Callable[[Mapping[str, Any]], None]
"""Takes a line of the run's log, or figures: PNG files by name."""


@contextmanager
def tracking(
    enabled: bool, out: Path, settings: Mapping[str, Any], log: Callable[[str], None]
) -> Iterator[Tracker]:
    """A tracker that lives as long as the block; it does nothing where not `enabled`.

    Raises MissingPackageError where wandb is not installed.
    """
    if not enabled:
        yield lambda values: None
        return
    if find_spec("wandb") is None:
        raise MissingPackageError("--wandb", "wandb")
    begin = {"project": "arthash", "name": out.name, "dir": str(out), "resume": "allow"}
    apart = _Apart(log)
    try:
        apart.tell({**begin, "config": dict(settings)})
        yield lambda values: apart.tell(_plain(values))
        apart.tell(None)
    finally:
        apart.end()


class _Apart:
    """Speaks to the other process from a thread, until that fails: that is told once."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log, self._failed, self._said = log, "", False
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._since: float | None = None
        """When what has no answer yet was sent."""
        self._child = subprocess.Popen(
            [sys.executable, "-P", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=_environment(),
        )
        self._thread = threading.Thread(target=self._converse, daemon=True)
        self._thread.start()

    def tell(self, message: Mapping[str, Any] | None) -> None:
        """Pass a message on without waiting."""
        if not self._is_lost():
            self._lines.put(json.dumps(message) + "\n")

    def end(self) -> None:
        """Wait for the answers that are still to come, and for the other process to end."""
        self._lines.put(None)
        while self._thread.is_alive() and not self._is_lost():
            self._thread.join(0.05)
        if not self._is_lost():
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(PATIENCE)
        self._child.kill()
        self._child.wait()

    def _converse(self) -> None:
        requests, answers = self._child.stdin, self._child.stdout
        if requests is None or answers is None:
            return
        try:
            with requests, answers:
                while not self._failed and (line := self._lines.get()) is not None:
                    self._since = time.monotonic()
                    requests.write(line)
                    requests.flush()
                    answer = json.loads(answers.readline() or DIED)
                    self._since = None
                    self._failed = self._failed or answer.get("error", "")
        except OSError:
            self._failed = self._failed or "its process has died"

    def _is_lost(self) -> bool:
        """Whether it failed or hangs, which is told the first time."""
        since = self._since
        if since is not None and time.monotonic() - since > PATIENCE:
            self._failed = self._failed or f"no answer within {PATIENCE:g} s"
        if self._failed and not self._said:
            self._said = True
            self._child.kill()  # and with it the thread's wait
            self._log(
                f"going on without Weights & Biases: {self._failed}; metrics.jsonl has everything"
            )
        return bool(self._failed)


def _environment() -> dict[str, str]:
    """Offline and silent unless the user's own says otherwise; it looks at this process."""
    ours = {"MODE": "offline", "SILENT": "true", "ERROR_REPORTING": "false"}
    given = {f"WANDB_{name}": value for name, value in ours.items()}
    return {**given, "WANDB__STATS_PID": str(os.getpid()), **os.environ}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """A message with its pictures as text."""
    figures = {
        name: base64.b64encode(value).decode()
        for name, value in values.items()
        if isinstance(value, bytes)
    }
    kept = {name: value for name, value in values.items() if name not in figures}
    return {**kept, "figures": figures} if figures else kept
