import asyncio
import contextlib
import socket
import threading
import time

import pytest
from fastapi.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hashing.collection import Collection
from hashing.errors import UsageError
from hashing.service.admission import Gate, PromptProtocol
from hashing.service.api import create_app
from hashing.service.credentials import read_credentials, read_token
from hashing.service.current import Current
from hashing.service.door import Door
from hashing.service.guards import HEADERS, Guards
from hashing.service.replies import MOST_BYTES
from tests.service.serving import free_port, serving


def client(app: ASGIApp, host: str = "127.0.0.1") -> TestClient:
    return TestClient(app, base_url=f"http://{host}")


@pytest.fixture
def app(art: Collection) -> ASGIApp:
    return create_app(Current(art), page=False)


def code(response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.1:7860", "[::1]:7860"])
def test_answers_to_its_own_names(app: ASGIApp, host: str) -> None:
    headers = {"host": host}
    assert client(app).get("/api/health", headers=headers).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1"])
def test_answers_to_no_other_name(app: ASGIApp, host: str) -> None:
    response = client(app).get("/api/health", headers={"host": host})
    assert code(response) == (421, "unknown_host")


def test_any_name_where_nothing_is_said(art: Collection) -> None:
    app = create_app(Current(art), page=False, door=Door(hosts=None))
    assert client(app, "gallery.example").get("/api/health").status_code == 200


@pytest.mark.parametrize("host", ["[", "[::1", "a:99999"])
def test_a_name_that_is_none_is_refused_where_any_is_answered_to(host: str) -> None:
    anybody = client(Guards(broken, Door(hosts=None)))
    assert code(anybody.get("/", headers={"host": host})) == (400, "bad_header")


@pytest.mark.parametrize(
    "path", ["/static/" + "a" * 5000, "/page/" + "é" * 200, "/assets" + "/a" * 200]
)
def test_nothing_lies_at_a_path_longer_than_a_file_s(path: str) -> None:
    assert code(client(Guards(broken)).get(path)) == (404, "not_found")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "http://[::1", "\xe9"]
)
def test_no_foreign_page_may_ask(app: ASGIApp, origin: str) -> None:
    response = client(app).get("/api/facets", headers={b"origin": origin.encode()})
    assert code(response) == (403, "foreign_origin")
    own = client(app).get("/api/facets", headers={"origin": "http://127.0.0.1"})
    assert own.status_code == 200


def test_a_password_opens_everything_and_nothing_opens_without(art: Collection) -> None:
    app = create_app(Current(art), page=False, door=Door(credentials={"anna": "tulip: red"}))
    for path in ("/api/health", "/pictures/1", "/page/app.js", "/"):
        refused = client(app).get(path)
        assert code(refused) == (401, "password_needed")
        assert refused.headers["www-authenticate"].startswith("Basic")
        assert client(app).get(path, auth=("anna", "wrong")).status_code == 401
        assert client(app).get(path, auth=("bob", "tulip: red")).status_code == 401
        assert client(app).get(path, auth=("anna", "tulip: red")).status_code in (200, 404)
    for garbage in (b"Basic %%%", b"Basic \xe9\xff", b"Basic gIA=", b"\xff", b"Basic"):
        refused = client(app).get("/api/health", headers={b"authorization": garbage})
        assert code(refused) == (401, "password_needed")


@pytest.mark.parametrize("name", ["host", "origin", "authorization", "content-length"])
def test_what_decides_is_said_once(app: ASGIApp, name: str) -> None:
    twice = [(name, "127.0.0.1"), (name, "127.0.0.1")]
    assert code(client(app).get("/api/health", headers=twice)) == (400, "bad_header")


BEYOND = (2**63, 2**64, 10**30, -1, -(2**63) - 1)


@pytest.mark.parametrize("item", BEYOND)
def test_an_id_that_nothing_can_have_is_refused(app: ASGIApp, item: int) -> None:
    code_of_one = client(app).get("/api/items/1").json()["code"]
    for method, path in (
        ("GET", f"/api/items/{item}"),
        ("GET", f"/api/items/{item}/similar"),
        ("GET", f"/api/explain?id={item}&work=1"),
        ("GET", f"/api/explain?id=1&work={item}"),
        ("GET", f"/api/explain?id={item}&code={code_of_one}"),
        ("GET", f"/pictures/{item}"),
    ):
        assert code(client(app).request(method, path)) == (422, "invalid_request"), path
    for taste in ({"liked": [item]}, {"liked": [1], "disliked": [item]}):
        assert code(client(app).post("/api/recommend", json=taste)) == (422, "invalid_request")


async def broken(scope: Scope, receive: Receive, send: Send) -> None:
    raise ZeroDivisionError


def test_a_defect_is_told_with_all_headers(caplog: pytest.LogCaptureFixture) -> None:
    response = client(Guards(broken)).get("/api/health")
    assert code(response) == (500, "defect")
    assert HEADERS.items() <= dict(response.headers).items()
    assert "ZeroDivisionError" in caplog.text


def test_an_answer_that_breaks_off_gets_no_second_beginning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise ZeroDivisionError

    async def run() -> list[Message]:
        told: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            told.append(message)

        headers = [(b"host", b"127.0.0.1")]
        scope = {"type": "http", "method": "GET", "path": "/api/health", "headers": headers}
        await Guards(breaks)(scope, receive, send)
        return told

    assert [message.get("status") for message in asyncio.run(run())] == [200, None]
    assert "ZeroDivisionError" in caplog.text


def test_a_websocket_finds_nobody() -> None:
    told: list[Message] = []

    async def send(message: Message) -> None:
        told.append(message)

    asyncio.run(Guards(broken)({"type": "websocket", "path": "/"}, None, send))  # type: ignore
    assert told == []


def test_a_change_needs_the_token(art: Collection) -> None:
    app = create_app(Current(art), page=False, door=Door(token="t" * 20))
    for method, path in (
        ("POST", "/api/items"),
        ("PATCH", "/api/items/1"),
        ("DELETE", "/api/items/1"),
    ):
        assert code(client(app).request(method, path)) == (401, "token_needed")
        wrong = {"authorization": "Bearer " + "t" * 19}
        assert code(client(app).request(method, path, headers=wrong)) == (401, "token_needed")
    assert client(app).get("/api/items/1").status_code == 200


async def ask(app: ASGIApp, path: str, body: list[bytes], method: str = "POST") -> tuple[int, int]:
    """Status of the answer, and how many pieces of the body were read before it began."""
    left, told = list(body), []

    async def receive() -> Message:
        if not left:
            await asyncio.sleep(3600)
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            told.append((message["status"], len(body) - len(left)))

    headers = [(b"host", b"127.0.0.1")]
    await app({"type": "http", "method": method, "path": path, "headers": headers}, receive, send)
    return told[0]


def test_who_finds_no_place_is_told_before_the_body_is_read() -> None:
    async def run() -> None:
        free = asyncio.Event()
        inside = []

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            inside.append(scope["path"])
            await free.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        guards = Guards(slow)
        asked = [asyncio.create_task(ask(guards, "/api/search", [b"x"])) for _ in range(10)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(inside) == 2
        assert await ask(guards, "/api/search", [b"x", b"y"]) == (503, 0)
        assert await ask(guards, "/api/explain", [], "GET") == (503, 0)
        others = [
            asyncio.create_task(ask(guards, path, [], "GET"))
            for path in ("/api/facets", "/api/health")
        ]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert inside[2:] == ["/api/v1/facets", "/api/v1/health"]
        free.set()
        assert [status for status, _ in await asyncio.gather(*asked, *others)] == [200] * 12
        assert (await ask(guards, "/api/search", [b"x"]))[0] == 200

    asyncio.run(run())


def test_a_claimed_size_is_refused_before_the_body_is_read(app: ASGIApp) -> None:
    async def run() -> list[Message]:
        told: list[Message] = []

        async def receive() -> Message:
            assert told, "the body was read before the answer"
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            told.append(message)

        headers = [(b"host", b"127.0.0.1"), (b"content-length", b"5000000000")]
        scope = {"type": "http", "method": "POST", "path": "/api/search", "headers": headers}
        await app(scope, receive, send)
        return told

    assert asyncio.run(run())[0]["status"] == 413


def test_a_body_that_no_route_takes_is_not_collected(art: Collection) -> None:
    described = create_app(Current(art), page=False, door=Door(token="t" * 20)).openapi()["paths"]
    methods = ("post", "put", "patch", "delete")
    known = [(method, path) for path in described for method in methods]
    takes = {one for one in known if "requestBody" in described[one[1]].get(one[0], {})}
    assert len(takes) == 7
    asked = [*known, ("post", "/page/app.js"), ("put", "/pictures/1"), ("post", "/api/x/health")]

    async def read(scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive())["body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    async def run() -> None:
        for method, path in asked:
            place = path.replace("{item_id}", "5")
            large = await ask(Guards(read), place, [bytes(1 << 20)] * 3, method.upper())
            assert large == ((200, 3) if (method, path) in takes else (413, 1)), (method, path)
            assert await ask(Guards(read), place, [b"a few"], method.upper()) == (200, 1)

    asyncio.run(run())


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hashing.service.replies.BODY_SECONDS", 0.05)
    monkeypatch.setattr("hashing.service.replies.DRAIN_SECONDS", 0.05)

    async def run() -> set[int]:
        never = asyncio.Event()
        told: list[Message] = []

        async def receive() -> Message:
            await never.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            told.append(message)

        headers = [(b"host", b"127.0.0.1")]
        scope = {"type": "http", "method": "POST", "path": "/api/search", "headers": headers}
        guards = Guards(broken)
        for _ in range(20):  # the places of those who were given up are free again
            await guards(scope, receive, send)
        return {message["status"] for message in told if "status" in message}

    assert asyncio.run(run()) == {408}


def test_credentials_file(tmp_path) -> None:
    file = tmp_path / "passwords"
    file.write_text("anna:tulip: red\n\nbob:x\n")
    assert read_credentials(file) == {"anna": "tulip: red", "bob": "x"}
    for text in ("", "anna", "anna:", ":x"):
        file.write_text(text)
        with pytest.raises(UsageError, match="name:password"):
            read_credentials(file)


def test_files_as_windows_writes_them(tmp_path) -> None:
    file = tmp_path / "users"
    file.write_bytes("anna:tülip\r\nbob:x\r\n".encode("utf-8-sig"))
    assert read_credentials(file) == {"anna": "tülip", "bob": "x"}
    file.write_bytes(f"{'t' * 20}\r\n".encode("utf-8-sig"))
    assert read_token(file) == "t" * 20
    file.write_bytes("anna:tulip\r\n".encode("utf-16"))
    for read in (read_credentials, read_token):
        with pytest.raises(UsageError, match=r"UTF-8 in .*users"):
            read(file)


def test_a_body_has_a_limit_whatever_it_claims(app: ASGIApp) -> None:
    def pieces():
        for _ in range(MOST_BYTES // (1 << 20) + 1):
            yield bytes(1 << 20)

    response = client(app).post("/api/search", content=pieces())
    assert code(response) == (413, "too_large")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/gradio_api/upload"),
        ("GET", "/gradio_api/file=/etc/passwd"),
        ("GET", "/gradio_api/file/etc/passwd"),
        ("GET", "/gradio_api/proxy=http://evil.example"),
        ("POST", "/gradio_api/queue/join"),
        ("POST", "/gradio_api/run/predict"),
        ("GET", "/gradio_api/vibe-code"),
        ("GET", "/login"),
        ("GET", "/monitoring"),
        ("POST", "/config"),
        ("GET", "/nothing"),
    ],
)
def test_gradio_s_own_doors_are_closed(page_app: ASGIApp, method: str, path: str) -> None:
    assert code(client(page_app).request(method, path)) == (404, "not_found")


def test_every_reply_carries_the_headers(page_app: ASGIApp) -> None:
    for path in ("/", "/api/health", "/api/items/999", "/nothing", "/page/app.js"):
        headers = client(page_app).get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_the_page_opens(page_app: ASGIApp) -> None:
    page = client(page_app).get("/")
    assert page.status_code == 200
    assert "gradio-app" in page.text


def test_a_head_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hashing.service.admission.HEADER_SECONDS", 0.3)

    async def hello(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await asyncio.sleep(0.6)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"hello"})

    whole = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    port = free_port()
    with serving(hello, port, http=PromptProtocol):
        for begun in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as visitor:
                visitor.sendall(begun)
                assert visitor.recv(100) == b""
        with socket.create_connection(("127.0.0.1", port), timeout=20) as visitor:
            visitor.sendall(whole)  # an answer may take longer than that, and so may the next one
            answer = b""
            while not answer.endswith(b"0\r\n\r\n"):
                answer += visitor.recv(1000)
            assert b"hello" in answer
            visitor.sendall(whole[:5])
            assert visitor.recv(100) == b""


def test_who_takes_nothing_of_an_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hashing.service.admission.READ_SECONDS", 0.6)
    size, ended = 16 << 20, threading.Event()

    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        pieces = 1 if scope["path"] == "/whole" else 256
        for _ in range(pieces):
            piece = bytes(size // pieces)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        ended.set()

    def taken(path: str, before: float, pause: float) -> int:
        """How many bytes a visitor gets who begins late and reads in steps."""
        with socket.socket() as visitor:
            visitor.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
            visitor.settimeout(20)
            visitor.connect(("127.0.0.1", port))
            visitor.sendall(f"GET {path} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
            time.sleep(before)
            found = 0
            with contextlib.suppress(ConnectionError):
                while piece := visitor.recv(1 << 18):
                    found += len(piece)
                    time.sleep(pause)
            return found

    port = free_port()
    with serving(large, port, http=PromptProtocol):
        for path in ("/whole", "/pieces"):
            assert taken(path, before=0, pause=0.01) > size
            ended.clear()
            assert taken(path, before=2.5, pause=0) < size
            assert ended.wait(5)  # nothing of it is waited for


def test_a_server_that_starts_again_in_another_loop_lets_one_in_after_the_other() -> None:
    gate, inside = Gate(running=1, waiting=5, rate=None), 0

    async def ask() -> None:
        nonlocal inside
        async with gate.turn():
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            inside -= 1

    async def serve() -> None:
        await asyncio.gather(*(ask() for _ in range(3)))

    for _ in range(2):
        asyncio.run(serve())
