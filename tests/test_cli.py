"""The command line's frame: dispatch, one-line errors, exit codes, what `--help` costs."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hashing.cli import console, main
from hashing.errors import (
    ArtefactError,
    ArtHashError,
    DivergedError,
    ImageError,
    InputError,
    StorageError,
    UsageError,
)
from hashing.progress import log

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (UsageError, 2),
        (InputError, 3),
        (ImageError, 3),
        (ArtefactError, 4),
        (StorageError, 5),
        (DivergedError, 6),
    ],
)
def test_each_error_has_its_exit_code(
    kind: type[ArtHashError], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(argv: object) -> int:
        raise kind("expected this, found that, do the other")

    assert console.run(command, []) == code
    assert capsys.readouterr().err == "error: expected this, found that, do the other\n"


def test_a_full_disk_is_exit_5(capsys: pytest.CaptureFixture[str]) -> None:
    def command(argv: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", "runs/x")

    assert console.run(command, []) == 5
    assert capsys.readouterr().err == "error: the disk is full: runs/x\n"


def test_a_defect_is_one_line_and_a_traceback_only_with_debug(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def command(argv: object) -> int:
        raise ZeroDivisionError("division by zero")

    assert console.run(command, []) == 1
    assert capsys.readouterr().err.count("\n") == 1
    with pytest.raises(ZeroDivisionError):
        console.run(command, ["--debug"])


def test_interruption_has_the_shell_s_code() -> None:
    def command(argv: object) -> int:
        raise KeyboardInterrupt

    assert console.run(command, []) == 130


@pytest.mark.skipif(sys.platform == "win32", reason="has no such pipes")
@pytest.mark.parametrize("lines", [1, 5000])  # what waits in the buffer, and what does not fit
def test_a_reader_that_has_gone_has_the_shell_s_code(
    lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hashing.cli.index.tables import print_table

    def command(argv: object) -> int:
        print_table(("a", "b"), [("1", "2")] * lines)
        return 0

    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert console.run(command, []) == console.BROKEN_PIPE == 141


def test_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serv"]) == 2
    assert "did you mean serve?" in capsys.readouterr().err


def test_parser_names_the_nearest_option_of_the_sub_command() -> None:
    parser = console.Parser(prog="x")
    commands = parser.add_subparsers(required=True)
    commands.add_parser("build").add_argument("--images")
    with pytest.raises(UsageError, match="did you mean --images"):
        parser.parse_args(["build", "--image=here"])
    with pytest.raises(UsageError, match="see x build --help"):
        parser.parse_args(["build", "--images"])


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_the_frame_answers_without_heavy_imports(arguments: list[str]) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "hashing", *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for heavy in ("torch", "gradio", "numpy", "numba"):
        assert f" {heavy}\n" not in result.stderr


@pytest.mark.parametrize("script", ["train.py", "index.py", "serve.py"])
def test_help_of_each_script_imports_nothing_heavy(script: str) -> None:
    command = [sys.executable, "-X", "importtime", script, "--help"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "--debug" in result.stdout
    for heavy in ("torch", "gradio", "numba"):
        assert f" {heavy}\n" not in result.stderr


def test_progress_without_a_terminal_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    from hashing.progress import progress

    console.run(lambda _: 0, [])
    with progress(4, "Encoding", "pictures") as bar:
        bar.advance(3, loss=0.5)
        bar.advance(1)
    line = capsys.readouterr().err
    assert line.startswith("Encoding: 4 of 4, ")
    assert "pictures/s" in line
    assert "loss 0.5" in line


def test_nothing_to_do_shows_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    from hashing.progress import progress

    console.run(lambda _: 0, [])
    with progress(0, "training", "steps"):
        pass
    assert capsys.readouterr().err == ""


def test_quiet_silences_progress_and_logs(capsys: pytest.CaptureFixture[str]) -> None:
    from hashing.progress import progress

    def command(argv: object) -> int:
        with progress(1, "Encoding") as bar:
            bar.advance()
        log("hello")
        return 0

    assert console.run(command, ["--quiet"]) == 0
    assert capsys.readouterr().err == ""
    console.run(lambda _: 0, [])


def test_steps_of_an_earlier_run_are_not_in_the_rate(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from hashing import progress as module

    clock = iter([0.0, 1.0, 2.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    console.run(lambda _: 0, [])
    with module.progress(104, "training", "steps", done=100) as bar:
        bar.advance(4)
    assert capsys.readouterr().err == "training: 104 of 104, 2.0 steps/s, took 2.0 s\n"


WRITE = """
import multiprocessing, sys, time
from pathlib import Path
from hashing.cli.console import run
from hashing.files import new_file

def wait(started):
    started.set()
    time.sleep(60)

def command(argv):
    with new_file(Path(argv[0])) as file:
        fork = multiprocessing.get_context("fork")
        started = fork.Event()
        child = fork.Process(target=wait, args=[started])
        child.start()
        started.wait()
        child.terminate()
        child.join()
        print(child.exitcode, flush=True)
        time.sleep(60)

sys.exit(run(command, sys.argv[1:]))
"""


def test_sigterm_leaves_nothing_half_done(tmp_path: Path) -> None:
    line = [sys.executable, "-c", WRITE, str(tmp_path / "file")]
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"-15\n"  # its children end as they always did
        assert [path.suffix for path in tmp_path.iterdir()] == [".new"]
        process.terminate()
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (143, b"terminated\n")
    assert not [*tmp_path.iterdir()]
