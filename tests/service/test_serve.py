"""`serve.py` before anything heavy is loaded: what it refuses, in one line."""

import contextlib
import ipaddress
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image
from starlette.types import Receive, Scope, Send

from hashing.cli import serve
from hashing.cli.console import run
from hashing.collection import Collection
from hashing.config import ModelConfig, Preprocessing
from hashing.models import HashModel, save_model
from hashing.service.admission import PromptProtocol
from tests.gallery import make_gallery
from tests.service.serving import free_port, serving

ROOT = Path(__file__).parents[2]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def refusal(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    code = run(serve.main, argv)
    lines = capsys.readouterr().err.splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    assert len(errors) == 1
    return code, errors[0]


def test_a_port_in_use(capsys: pytest.CaptureFixture[str], taken: int, tmp_path: Path) -> None:
    code, line = refusal(capsys, str(tmp_path), "--port", str(taken))
    assert code == 2
    assert f"port {taken}: it is in use; choose another with --port" in line


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_a_port_that_does_not_exist(
    capsys: pytest.CaptureFixture[str], port: str, tmp_path: Path
) -> None:
    code, line = refusal(capsys, str(tmp_path), "--port", port)
    assert (code, "--port" in line) == (2, True)


def test_no_index_and_no_demo(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "DEMO_INDEX", tmp_path / "art.index")
    code, line = refusal(capsys)
    assert (code, "make demo" in line) == (2, True)


def test_a_folder_that_is_no_index(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _ = refusal(capsys, str(tmp_path), "--port", "0")
    assert code == 4


@pytest.mark.parametrize(
    ("index", "more", "code", "told"),
    [
        ("nothing.index", (), 4, "nothing.index"),
        ("art.index", (), 4, "model"),
        ("art.index", ("--where", "yeer < 1900"), 2, "yeer"),
    ],
    ids=["no index", "no model", "no filter"],
)
def test_several_processes_begin_where_one_would(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    index: str,
    more: tuple[str, ...],
    code: int,
    told: str,
) -> None:
    make_gallery(tmp_path).close()
    monkeypatch.setattr(serve, "_announce", lambda *_: pytest.fail("the works do not hang"))
    arguments = [str(tmp_path / index), "--port", "0", "--workers", "2", *more]
    found, line = refusal(capsys, *arguments)
    assert (found, told in line) == (code, True)


def test_a_password_file_without_passwords(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "passwords").write_text("anna\n")
    code, line = refusal(
        capsys, str(tmp_path), "--port", "0", "--auth", str(tmp_path / "passwords")
    )
    assert (code, "name:password" in line) == (2, True)


def test_the_network_sees_nothing_that_was_not_opened_to_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, line = refusal(capsys, str(tmp_path), "--host", "0.0.0.0", "--port", "0")
    assert (code, "--auth" in line, "--public" in line) == (2, True, True)
    code, line = refusal(capsys, str(tmp_path), "--host", "0.0.0.0", "--port", "0", "--public")
    assert "no index" in line


SERVER = """
import socket, sys
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from hashing.cli import serve
from hashing.cli.console import run

app = FastAPI()

@app.get("/")
def endless():
    def stay():
        yield b"x"
        while True:
            import time
            time.sleep(0.05)
            yield b"x"
    return StreamingResponse(stay())

def main(argv):
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    serve.run_server(app, listener)

sys.exit(run(main, []))
"""


def test_two_interrupts_end_it_without_a_traceback() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        with socket.create_connection(("127.0.0.1", port)) as visitor:
            visitor.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert visitor.recv(1)
            server.send_signal(signal.SIGINT)
            server.send_signal(signal.SIGINT)
            _, errors = server.communicate(timeout=60)
    assert server.returncode == 130
    assert "Traceback" not in errors
    assert errors.endswith("interrupted\n")


def test_an_address_that_a_phone_can_open() -> None:
    address = serve.reachable()
    assert ipaddress.ip_address(address).version == 4
    assert address != "0.0.0.0"


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 beside IPv4 here")
def test_everywhere_is_both_kinds_of_addresses() -> None:
    seen = []

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope.get("client", ("",))[0])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with serve._listen("::", 0) as listener:
        port = listener.getsockname()[1]
        proxies = {"proxy_headers": True, "forwarded_allow_ips": ["127.0.0.1"]}
        with serving(note, port, [listener], http=PromptProtocol, lifespan="off", **proxies):
            for host in ("127.0.0.1", "[::1]"):
                url = urllib.request.Request(f"http://{host}:{port}")
                url.add_header("X-Forwarded-For", "192.0.2.7")
                urllib.request.urlopen(url).close()
    assert seen == ["192.0.2.7", "::1"]


@pytest.mark.long
def test_several_processes_share_the_port(tmp_path: Path) -> None:
    port, index = free_port(), tmp_path / "art.index"
    torch.manual_seed(0)
    config = ModelConfig(backbone="small_cnn", lengths=(16,))
    save_model(HashModel(config, Preprocessing(size=32)).eval(), tmp_path / "model")
    Image.new("RGB", (32, 32), "teal").save(tmp_path / "a.png")
    Collection.build(tmp_path, tmp_path / "model", index).close()
    moved = (tmp_path / "model").rename(tmp_path / "elsewhere")
    arguments = [str(index), "--port", str(port), "--workers", "2", "--model", str(moved)]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "serve.py"), *arguments, "--access-log"],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline, text = time.monotonic() + 200, ""
        while not text and time.monotonic() < deadline and process.poll() is None:
            address = f"http://127.0.0.1:{port}/metrics"
            with contextlib.suppress(OSError), urllib.request.urlopen(address) as answer:
                text = answer.read().decode()
            time.sleep(0.2)
        assert "arthash_items 1" in text
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "1 works are hanging" in told
        logged = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
        assert {request["path"] for request in logged} == {"/metrics"}
    finally:
        process.kill()
        process.communicate()
