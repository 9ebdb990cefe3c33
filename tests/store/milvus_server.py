"""The real Milvus of the wheel `milvus`, in a network of its own, for it listens everywhere.

A relay in there listens on a socket in a temporary folder, one out here on a loopback port.
Run as `python -m tests.store.milvus_server FOLDER`, it is what runs in there.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest

SETTINGS = {
    # ends and starts within seconds; nothing here needs a grace
    "common.gracefulStopTimeout": "3",
    "common.session.ttl": "5",
    # milliseconds between two looks at what is to be done: a question that has to see all that was
    # written waits for a tick, by default 200, and a new collection for each of these in turn
    "proxy.timeTickInterval": "20",
    "queryCoord.checkChannelInterval": "50",
    "queryCoord.checkSegmentInterval": "50",
    "queryCoord.distPullInterval": "50",
    "indexCoord.scheduler.interval": "50",
}
"""The server reads them from its environment, those too that its file of settings leaves out."""
PORT = 19530
SOCKET = "relay"
PATIENCE = 180.0
"""Seconds until it has started: 10 on an idle machine."""


@dataclass
class MilvusServer:
    """A server that can be killed and started again; `url` of a collection."""

    folder: Path
    port: int = 0
    _inside: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def url(self, collection: str) -> str:
        return f"milvus+http://127.0.0.1:{self.port}/{collection}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        (self.folder / SOCKET).unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.store.milvus_server", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self._inside = subprocess.Popen(
                ["unshare", *_namespace(), *command],
                stdout=log,
                stderr=log,
                cwd=Path(__file__).parents[2],
                start_new_session=True,
            )
        until = time.monotonic() + PATIENCE
        while not self._answers():
            if self._inside.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.2)

    def kill(self) -> None:
        """Kill all of it as it is."""
        if self._inside is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._inside.pid, 9)
            self._inside.wait()

    def _answers(self) -> bool:
        from pymilvus import MilvusClient, MilvusException

        if not (self.folder / SOCKET).exists():
            return False
        with suppress(MilvusException):
            client = MilvusClient(f"http://127.0.0.1:{self.port}", timeout=2)
            client.list_collections(timeout=2)
            client.close()
            return True
        return False


@contextmanager
def milvus_server() -> Iterator[MilvusServer]:
    """Start a server for as long as the block runs; skips the test where that cannot be."""
    for package, extra in (("pymilvus", "the extra [milvus]"), ("milvus", "the wheel milvus")):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed: {extra}")
    with tempfile.TemporaryDirectory(prefix="milvus", ignore_cleanup_errors=True) as name:
        server = MilvusServer(Path(name))
        with _relay_outside(server):
            try:
                server.start()
                yield server
            finally:
                server.kill()


def _namespace() -> list[str]:
    """How a process gets a network of its own; skips the test where it may not."""
    ways = [["-n"]] if os.getuid() == 0 else [["-r", "-n"]]
    if shutil.which("unshare"):
        for way in ways:
            if (
                subprocess.run(
                    ["unshare", *way, "true"], capture_output=True, check=False
                ).returncode
                == 0
            ):
                return way
    pytest.skip("no network of its own can be had (unshare -n)")


@contextmanager
def _relay_outside(server: MilvusServer) -> Iterator[None]:
    """From a loopback port to the socket in the folder."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    listening = socket.create_server(("127.0.0.1", 0))
    server.port = listening.getsockname()[1]

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(str(server.folder / SOCKET))

    async def serve() -> None:
        async with await asyncio.start_server(_relayed(connect), sock=listening):
            await stop.wait()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


def _relayed(connect):  # type: ignore[no-untyped-def]
    """Whoever comes is connected with the other side, both ways."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await connect()
        except OSError:
            writer.close()
            return
        with suppress(asyncio.CancelledError):  # at the end: asyncio would print a trace of it
            await asyncio.gather(pump(reader, back), pump(there, writer))
        for each in (writer, back):
            each.close()
            with suppress(OSError):
                await each.wait_closed()

    return come


def inside(folder: Path) -> None:
    """In a network of its own: the server, and the relay to it."""
    from milvus import MilvusServer as Server
    from milvus import MilvusServerConfig

    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    os.environ |= {name.replace(".", "_").upper(): value for name, value in SETTINGS.items()}
    server = Server(MilvusServerConfig(data_dir=str(folder / "data")))
    server.start()

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", server.listen_port)

    async def serve() -> None:
        relay = await asyncio.start_unix_server(_relayed(connect), folder / SOCKET)
        async with relay:
            await relay.serve_forever()

    asyncio.run(serve())


if __name__ == "__main__":
    inside(Path(sys.argv[1]))
