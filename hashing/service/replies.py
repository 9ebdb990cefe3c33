"""Answers as they leave the server: with its headers, and refusals in the API's one shape."""

import asyncio
import json
import re
from collections.abc import Iterable, Mapping

from starlette.types import Message, Receive, Scope, Send

from hashing.service.admission import BODY_SECONDS, RETRY_SECONDS

MOST_BYTES = 21 << 20
"""Of a request body: the largest picture that is decoded (20 MiB) and the form around it."""
FEW_BYTES = 8 << 10
"""Of a body that nobody wants; it is thrown away."""
BODIES = re.compile(
    r"POST /api/v1/(search|search/batch|explain|recommend|mix|items)|PATCH /api/v1/items/[^/]+"
)
"""Methods and paths of the routes that take one."""

DRAIN_SECONDS = 2.0
READ = ("GET", "HEAD")


def headers_of(scope: Scope) -> dict[str, str]:
    """A request's headers by their names in small letters; of several equal ones the last."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


class RefusedError(Exception):
    """A request that does not get in. retry_after: seconds until it may, where that is known."""

    def __init__(
        self, status: int, code: str, message: str, retry_after: int = RETRY_SECONDS
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.retry_after = retry_after


DEFECT = RefusedError(500, "defect", "the server made a mistake; its log tells more")


class Reply:
    """`send` that adds headers, and knows what has been sent.

    bodyless: the answer to HEAD, which is that to GET without its body. status: 0 before any.
    """

    def __init__(self, send: Send, headers: Mapping[str, str], bodyless: bool = False) -> None:
        self._send, self._bodyless = send, bodyless
        self._extra = {name.encode(): value.encode() for name, value in headers.items()}
        self.status = self.bytes = 0

    @property
    def started(self) -> bool:
        """Whether anything has been sent."""
        return self.status > 0

    async def __call__(self, message: Message) -> None:
        """Send on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": self._headers(message.get("headers", ()))}
        else:  # a piece of the body
            if self._bodyless:
                message = {**message, "body": b""}
            self.bytes += len(message.get("body", b""))
        await self._send(message)

    def _headers(self, given: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Ours in place of those that the answer has, but what it varies by is both."""
        kept, extra = [], dict(self._extra)
        for name, value in given:
            if name.lower() == b"vary" and b"vary" in extra:
                extra[b"vary"] = value + b", " + extra[b"vary"]
            elif name.lower() not in extra:
                kept.append((name, value))
        return [*kept, *extra.items()]


async def bounded(scope: Scope, path: str, receive: Receive) -> Receive:
    """Read the body up to the limit, in time, and hand it on as one message.

    path: without the prefix. Where no route takes a body the limit is low.
    """
    method = scope["method"]
    if method in READ:
        return receive
    most = MOST_BYTES if BODIES.fullmatch(f"{method} {path}") else FEW_BYTES
    too_large = RefusedError(
        413, "too_large", f"expected at most {most >> 10:,} KiB, found a larger request"
    )
    claimed = dict(scope["headers"]).get(b"content-length", b"")
    if claimed.isdigit() and int(claimed[:20]) > most:
        raise too_large
    pieces: list[bytes] = []
    left, more = most, True
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while more:
                message = await receive()
                pieces.append(message.get("body", b""))
                left -= len(pieces[-1])
                more = message.get("more_body", False)
                if left < 0:
                    raise too_large
    except TimeoutError:
        raise RefusedError(
            408, "too_slow", f"expected the whole request in {BODY_SECONDS:.0f} s, found a part"
        ) from None
    messages: list[Message] = [
        {"type": "http.request", "body": b"".join(pieces), "more_body": False}
    ]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


async def refuse(refusal: RefusedError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer at once, then read on a while: a sender cut off midway would never see the answer."""
    error = {"error": {"code": refusal.code, "message": refusal.message}}
    body = json.dumps(error).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if refusal.status == 401:
        bearer = b'Bearer realm="ArtHash"' if refusal.code == "token_needed" else b""
        basic = b'Basic realm="ArtHash", charset="UTF-8"'
        headers.append((b"www-authenticate", bearer or basic))
    if refusal.status in (429, 503):
        headers.append((b"retry-after", b"%d" % refusal.retry_after))
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
