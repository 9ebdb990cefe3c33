"""What all commands share: one-line errors, exit codes, options and machine output.

Machine output goes to standard output; logs and progress go to standard error.
"""

import argparse
import errno
import json
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from hashing import __version__
from hashing.errors import ArtHashError, MissingPackageError, StorageError, UsageError, unknown
from hashing.places import called
from hashing.progress import LINES, escaped_json, log, printable, set_quiet

DEFECT = 1
INTERRUPTED = 130
BROKEN_PIPE = 141
TERMINATED = 143


def run(command: Callable[[Sequence[str]], int], argv: Sequence[str]) -> int:
    """Call `command(argv)` and turn every error into one line and its exit code.

    `--debug` in `argv` lets the traceback through, `--quiet` silences `log` and progress.
    """
    set_quiet("--quiet" in argv)
    try:
        with _ending_cleanly():
            code = command(argv)
        sys.stdout.flush()
        return code
    except _Terminated:
        sys.stderr.write("terminated\n")
        return TERMINATED
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has gone; without this the interpreter complains at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception as error:
        if "--debug" in argv:
            raise
        line, code = describe(error)
        sys.stderr.write(f"error: {printable(called(line), LINES)}\n")
        return code


class _Terminated(KeyboardInterrupt):
    """SIGTERM, as Slurm, Docker and systemd send it: ends a command by way of its `finally`."""


@contextmanager
def _ending_cleanly() -> Iterator[None]:
    """Let SIGTERM take back what is half done, as Ctrl+C does; only in this process."""
    owner, before = os.getpid(), signal.getsignal(signal.SIGTERM)

    def end(number: int, _: object) -> None:
        if os.getpid() == owner:
            raise _Terminated
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    if before is not signal.SIG_DFL or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def describe(error: Exception) -> tuple[str, int]:
    """An error as the line a person reads, and the process's exit code for it."""
    if isinstance(error, ArtHashError):
        return str(error), error.exit_code
    if isinstance(error, ModuleNotFoundError) and error.name:
        return describe(MissingPackageError("this", error.name))
    if isinstance(error, OSError):
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        return f"{reason}: {error.filename}" if error.filename else reason, StorageError.exit_code
    kind = type(error).__name__
    return f"unexpected {kind}: {error} (a defect; --debug shows where it happened)", DEFECT


class Parser(argparse.ArgumentParser):
    """An argument parser that raises UsageError in one line, naming the nearest option."""

    def __init__(self, **arguments: object) -> None:
        super().__init__(allow_abbrev=False, **arguments)  # type: ignore[arg-type]

    def format_help(self) -> str:
        """The help, with the names that the commands have here."""
        return called(super().format_help())

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage block."""
        raise UsageError(f"{message}; see {self.prog} --help")

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """Refuse what is not known here, where the sub-command's own options are at hand."""
        parsed, extra = super().parse_known_args(args, namespace)
        if extra:
            options = [name for name in self._option_string_actions if name.startswith("--")]
            raise UsageError(unknown("argument", extra[0].split("=")[0], options))
        return parsed, extra


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options every command has; `run` reads the last two from the arguments."""
    parser.add_argument("--version", action="version", version=f"arthash {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.add_argument("--quiet", action="store_true", help="no progress and no logs")


@contextmanager
def when_interrupted(hint: str) -> Iterator[None]:
    """Say, where Ctrl+C ends the block, how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        log(hint)
        raise


def word(value: object) -> str:
    """A place, or whatever a suggested command names, as one word of the shell."""
    return shlex.quote(str(value))


def suggest(command: str) -> None:
    """Tell, beside the result, what one may want to do next."""
    log(f"next: {called(command)}")


def put(text: str) -> None:
    """Text on standard output: data as they are, but without controls on a terminal."""
    sys.stdout.write(printable(text, LINES) if sys.stdout.isatty() else text)


def emit(value: object) -> None:
    """One JSON value on standard output."""
    sys.stdout.write(escaped_json(json.dumps(value, ensure_ascii=False, indent=2)) + "\n")
