"""The door: who may speak to the server, how much they may send, and what leaves with a reply.

One ASGI layer around everything, Gradio included, so that nothing is served without passing it.
"""

import base64
import binascii
import json
import secrets
from collections.abc import Collection, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hashing.errors import UsageError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOST_BYTES = 21 << 20
"""Of a request body: the largest picture that is decoded (20 MiB) and the form around it."""

OURS = ("/api/", "/pictures/", "/page/")
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


class RefusedError(Exception):
    """A request that does not get in."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Guards:
    """ASGI layer that checks host, origin, password, path and size, and adds the headers.

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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with the reason why not."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            send = _with_headers(send)
            try:
                self._check(scope)
                receive = await _bounded(scope, receive)
            except RefusedError as refusal:
                await _refuse(refusal, send)
            else:
                await self.app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        host = headers.get("host", "")
        if self.hosts is not None and _hostname(f"//{host}") not in self.hosts:
            raise RefusedError(
                421, "unknown_host", f"this server does not answer to the name {host!r}"
            )
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            raise RefusedError(403, "foreign_origin", f"requests from {origin!r} are not answered")
        if self.credentials is not None and not _known(headers, self.credentials):
            raise RefusedError(401, "password_needed", "a user name and password are needed")
        path, method = scope["path"], scope["method"]
        ours = path.startswith(OURS) or path in PAGES
        gradio = path.startswith(GRADIO) or path in GRADIO_PAGES
        if not ours and not (gradio and method in ("GET", "HEAD")):
            raise RefusedError(404, "not_found", f"there is nothing at {method} {path}")


def read_credentials(path: Path) -> dict[str, str]:
    """Passwords by user name from a file of `name:password` lines. Raises UsageError."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    pairs = [line.partition(":") for line in lines]
    if not pairs or not all(name and password for name, _, password in pairs):
        raise UsageError(f"expected lines of name:password in {path}, found none or others")
    return {name: password for name, _, password in pairs}


def _hostname(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _known(headers: Mapping[str, str], credentials: Mapping[str, str]) -> bool:
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    try:
        text = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return False
    name, _, password = text.partition(":")
    # An unknown name is compared as well, so that time does not tell which names exist.
    expected = credentials.get(name, secrets.token_hex())
    same = secrets.compare_digest(password.encode(), expected.encode())
    return scheme.lower() == "basic" and same


async def _bounded(scope: Scope, receive: Receive) -> Receive:
    """Read the body up to the limit and hand it on as one message."""
    if scope["method"] in ("GET", "HEAD"):
        return receive
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MOST_BYTES:
            raise RefusedError(
                413, "too_large", f"expected at most {MOST_BYTES >> 20} MiB, found more"
            )
    messages: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


def _with_headers(send: Send) -> Send:
    extra = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *extra]}
        await send(message)

    return sender


async def _refuse(refusal: RefusedError, send: Send) -> None:
    error = {"error": {"code": refusal.code, "message": refusal.message}}
    body = json.dumps(error).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if refusal.status == 401:
        headers.append((b"www-authenticate", b'Basic realm="ArtHash", charset="UTF-8"'))
    if refusal.status == 413:
        headers.append((b"connection", b"close"))
    start = {"type": "http.response.start", "status": refusal.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})
