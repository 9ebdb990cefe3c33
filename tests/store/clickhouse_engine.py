"""ClickHouse itself, run in this process by chdb, and clients of it as ours asks for them."""

from pathlib import Path
from typing import Any

import pytest

URL = "clickhouse+http://ann:secret@nowhere:8123/{}"


def clickhouse_engine(folder: Path) -> Any:
    """The engine, of which there is one in a process; skips the test where it is missing."""
    for package, extra in (("clickhouse_connect", "[clickhouse]"), ("chdb", "[dev]")):
        pytest.importorskip(package, reason=f"{package} is not installed: the extra {extra}")
    from clickhouse_connect import get_client

    return get_client(interface="chdb", path=str(folder))


class Connection:
    """A client of its own to whoever asks for one."""

    away = False

    def __init__(self, engine: Any) -> None:
        self.server_version = "26.9.1"
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        def ask(*arguments: Any, **named: Any) -> Any:
            if Connection.away:
                raise OSError("nobody is there")
            return getattr(self._engine, name)(*arguments, **named)

        return ask

    def close(self) -> None:
        """Stay: others ask the same engine."""
