"""The door: who may speak to the server, how much they may send, and what leaves with a reply.

One ASGI layer around everything, Gradio included, so that nothing is served without passing it.
"""

import asyncio
import base64
import json
import logging
import secrets
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hashing.errors import UsageError
from hashing.service.admission import BODY_SECONDS, RETRY_SECONDS, FullError, Gates

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOST_BYTES = 21 << 20
"""Of a request body: the largest picture that is decoded (20 MiB) and the form around it."""

DRAIN_SECONDS = 2.0

OURS = ("/api/", "/pictures/", "/page/")
READ = ("GET", "HEAD")
PAGES = ("/", "/docs", "/openapi.json")
GRADIO = ("/assets/", "/static/", "/gradio_api/heartbeat/")
GRADIO_PAGES = (
    "/config",
    "/favicon.ico",
    "/gradio_api/info",
    "/gradio_api/startup-events",
    "/manifest.json",
    "/theme.css",
)

# Gradio compiles the templates of gr.HTML (unsafe-eval) and configures itself in a script tag.
CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

ONCE = ("host", "origin", "authorization", "content-length")
"""Headers that decide; a second one would be another answer to the same question."""

log = logging.getLogger(__name__)


class RefusedError(Exception):
    """A request that does not get in."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Guards:
    """ASGI layer that checks host, origin, password, path, size and room, and adds the headers.

    hosts: names the server answers to (guards against DNS rebinding); None answers to any.
    credentials: passwords by user name; None lets everybody in.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Collection[str] | None = LOOPBACK,
        credentials: Mapping[str, str] | None = None,
    ) -> None:
        self.app, self.hosts, self.credentials = app, hosts, credentials
        self._gates = Gates()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with the reason why not."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            reply = _Reply(send, bodyless=scope["method"] == "HEAD")
            if reply.bodyless:
                scope = {**scope, "method": "GET"}
            try:
                await self._pass(scope, receive, reply)
            except RefusedError as refusal:
                await _refuse(refusal, scope, receive, reply)
            except Exception:
                log.exception("%s %s failed", scope["method"], scope["path"])
                if not reply.started:
                    await _refuse(DEFECT, scope, receive, reply)

    async def _pass(self, scope: Scope, receive: Receive, reply: "_Reply") -> None:
        self._check(scope)
        gate = self._gates.of(scope["method"], scope["path"])
        try:
            with gate.place() if gate else nullcontext():
                receive = await _bounded(scope, receive)
                async with gate.turn() if gate else nullcontext():
                    await self.app(scope, receive, reply)
        except FullError:
            raise RefusedError(
                503, "busy", f"too many are asking at once: try again in {RETRY_SECONDS} s"
            ) from None

    def _check(self, scope: Scope) -> None:
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        names = Counter(name.decode("latin-1") for name, _ in scope["headers"])
        if twice := next((name for name in ONCE if names[name] > 1), None):
            raise RefusedError(400, "bad_header", f"expected one header {twice}, found several")
        host = headers.get("host", "")
        if self.hosts is not None and _split(f"//{host}").hostname not in self.hosts:
            raise RefusedError(
                421, "unknown_host", f"this server does not answer to the name {host!r}"
            )
        origin = headers.get("origin")
        if origin is not None and _split(origin).netloc != host:
            raise RefusedError(403, "foreign_origin", f"requests from {origin!r} are not answered")
        if self.credentials is not None and not _known(headers, self.credentials):
            raise RefusedError(401, "password_needed", "a user name and password are needed")
        path, method = scope["path"], scope["method"]
        read = path.startswith(GRADIO) or path in (*PAGES, *GRADIO_PAGES)
        if not path.startswith(OURS) and not (read and method in READ):
            raise RefusedError(404, "not_found", f"there is nothing at {method} {path}")


def read_credentials(path: Path) -> dict[str, str]:
    """Passwords by user name from a file of `name:password` lines. Raises UsageError."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    pairs = [line.partition(":") for line in lines]
    if not pairs or not all(name and password for name, _, password in pairs):
        raise UsageError(f"expected lines of name:password in {path}, found none or others")
    return {name: password for name, _, password in pairs}


def _split(address: str) -> SplitResult:
    """The parts of an address, all empty for what is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _known(headers: Mapping[str, str], credentials: Mapping[str, str]) -> bool:
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    try:
        text = base64.b64decode(encoded, validate=True).decode("utf-8")
    except ValueError:  # letters that are no base64, bytes that are no text
        return False
    name, _, password = text.partition(":")
    # An unknown name is compared as well, so that time does not tell which names exist.
    expected = credentials.get(name, secrets.token_hex())
    same = secrets.compare_digest(password.encode(), expected.encode())
    return scheme.lower() == "basic" and same


async def _bounded(scope: Scope, receive: Receive) -> Receive:
    """Read the body up to the limit, in time, and hand it on as one message."""
    if scope["method"] in READ:
        return receive
    claimed = dict(scope["headers"]).get(b"content-length", b"")
    if claimed.isdigit() and int(claimed[:20]) > MOST_BYTES:
        raise TOO_LARGE
    body, more = bytearray(), True
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while more:
                message = await receive()
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > MOST_BYTES:
                    raise TOO_LARGE
    except TimeoutError:
        raise RefusedError(
            408, "too_slow", f"expected the whole request in {BODY_SECONDS:.0f} s, found a part"
        ) from None
    messages: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


DEFECT = RefusedError(500, "defect", "the server made a mistake; its log tells more")
TOO_LARGE = RefusedError(
    413, "too_large", f"expected at most {MOST_BYTES >> 20} MiB, found a larger request"
)


class _Reply:
    """`send` that adds the headers, and knows whether anything has been sent.

    bodyless: the answer to HEAD, which is that to GET without its body.
    """

    def __init__(self, send: Send, bodyless: bool = False) -> None:
        self._send, self.started, self.bodyless = send, False, bodyless
        self._extra = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            message = {**message, "headers": [*message.get("headers", ()), *self._extra]}
        elif self.bodyless:
            message = {**message, "body": b""}
        await self._send(message)


async def _refuse(refusal: RefusedError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer at once, then read on a while: a sender cut off midway would never see the answer."""
    error = {"error": {"code": refusal.code, "message": refusal.message}}
    body = json.dumps(error).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if refusal.status == 401:
        headers.append((b"www-authenticate", b'Basic realm="ArtHash", charset="UTF-8"'))
    if refusal.status == 503:
        headers.append((b"retry-after", b"%d" % RETRY_SECONDS))
    if refusal.status in (408, 413):
        headers.append((b"connection", b"close"))
    start = {"type": "http.response.start", "status": refusal.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body, "more_body": True})
    if scope["method"] not in READ:
        await _drain(receive)
    await send({"type": "http.response.body", "body": b""})


async def _drain(receive: Receive) -> None:
    """Throw away what is still being sent, as far as is decent."""
    left, more = MOST_BYTES, True
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while more and left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                more = message.get("more_body", False)
    except TimeoutError:
        pass
