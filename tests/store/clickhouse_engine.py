"""ClickHouse itself, run in this process by chdb, and clients of it as ours asks for them."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

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


class _Door(BaseHTTPRequestHandler):
    """As much of a server's HTTP as a client asks for; the engine behind it does the work."""

    protocol_version = "HTTP/1.0"  # a connection for each question: none outlives the server
    engine: Any

    def do_POST(self) -> None:
        asked = dict(parse_qsl(urlsplit(self.path).query))
        body = self._body()
        try:
            answer = self._answer(asked, body)
        except Exception as error:  # noqa: BLE001 (whatever the engine says is the answer)
            self._send(500, str(error).encode())
        else:
            self._send(200, answer)

    def _answer(self, asked: dict[str, str], body: bytes) -> bytes:
        insert = re.match(rb"INSERT INTO (\S+) \((.*)\)\s+FORMAT Native\s", body)
        if insert:
            table, names = insert[1].decode().strip("`"), insert[2].decode().split(",")
            block, columns = body[insert.end() :], [name.strip(" `") for name in names]
            self.engine.raw_insert(table, columns, insert_block=block, fmt="Native")
            return b""
        values = {name[6:]: each for name, each in asked.items() if name.startswith("param_")}
        question = asked.get("query") or body.decode()
        answer: bytes = self.engine.raw_query(question, parameters=values)
        return answer

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        else:
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            body = b"".join(parts)
        if self.headers.get("Content-Encoding") == "lz4":
            from lz4.frame import decompress

            body = decompress(body)
        return body

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def over_http(engine: Any, port: int = 0) -> Iterator[int]:
    """A server's port on the loopback behind which the engine answers."""
    door = type("Door", (_Door,), {"engine": engine})
    with ThreadingHTTPServer(("127.0.0.1", port), door) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
