"""A PostgreSQL server of our own for the tests: on a socket in a temporary folder, nowhere else."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
"""Where Debian keeps the servers, each version beside the others."""
SETTINGS = {"listen_addresses": "''", "fsync": "off", "max_connections": "60"}


def _programs() -> Path:
    """The folder of the server's programs; skips the test where there are none."""
    if find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed: the extra [postgres]")
    found = shutil.which("initdb")
    if PROGRAMS:
        return PROGRAMS[-1]
    if found is None:
        pytest.skip("no PostgreSQL server is installed")
    return Path(found).parent


@dataclass(frozen=True)
class PostgresServer:
    """A server that runs as another user than root; `url` of an index by its name."""

    programs: Path
    folder: Path

    def url(self, name: str, user: str = "postgres", database: str = "postgres") -> str:
        return f"postgresql:///{database}?host={self.folder}&user={user}#{name}"

    def start(self) -> None:
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        self._run(
            "pg_ctl", "-D", "data", "-w", "-l", "log", "-o", f"{options} -k {self.folder}", "start"
        )

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", "data", "-w", "-m", mode, "stop")

    def kill(self) -> None:
        """Kill the server as it is: what it has told as done must be there when it starts again."""
        pid = self.folder / "data" / "postmaster.pid"
        os.kill(int(pid.read_text(encoding="utf-8").split()[0]), signal.SIGKILL)

    def start_again(self) -> None:
        """Start a killed server, once its last process has left the memory that they shared."""
        for _ in range(100):
            try:
                return self.start()
            except RuntimeError:
                time.sleep(0.1)
        return self.start()

    def make(self) -> None:
        settings = "-U postgres -A trust -E UTF8 --locale=C --no-sync -k"
        self._run("initdb", "-D", "data", *settings.split())

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        user = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
        done = subprocess.run(
            command,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
            **user,  # type: ignore[call-overload]
        )
        if done.returncode:
            log = self.folder / "log"
            said = log.read_text(encoding="utf-8")[-2000:] if log.exists() else ""
            raise RuntimeError(f"{program}: {done.stderr.decode()}\n{said}")


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a server for as long as the block runs; skips the test where that cannot be."""
    programs = _programs()
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        server = PostgresServer(programs, folder)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
