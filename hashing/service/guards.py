"""The door: who may speak to the server, how much they may send, and what leaves with a reply.

One ASGI layer around everything, Gradio included, so that nothing is served without passing it.
"""

import logging
import math
import re
import secrets
import time
from collections import Counter
from contextlib import nullcontext

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from hashing.service.admission import RETRY_SECONDS, FullError, Gates
from hashing.service.credentials import knows_password, knows_token
from hashing.service.door import Door, split
from hashing.service.metrics import Metrics, Seen
from hashing.service.rates import TooOftenError, limited
from hashing.service.replies import DEFECT, READ, RefusedError, Reply, bounded, headers_of, refuse
from hashing.service.unknown import METHODS

API, VERSIONED = "/api/", "/api/v1/"
OURS = (API, "/pictures/", "/page/")
PROBES = ("/live", "/ready")
PAGES = ("/", "/docs", "/openapi.json", "/metrics", *PROBES)
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
LONGEST = 255
"""Bytes of a path: none of ours is longer, and file systems look for no longer names."""
REQUEST_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
"""What another server may have called a request."""
INVITED = {
    "access-control-allow-methods": "GET, HEAD, POST, PATCH, DELETE",
    "access-control-allow-headers": "authorization, content-type, x-request-id",
    "access-control-max-age": "600",
}

log = logging.getLogger(__name__)


class Guards:
    """ASGI layer that checks host, origin, password, path, size and room, and adds the headers."""

    def __init__(
        self, app: ASGIApp, door: Door | None = None, metrics: Metrics | None = None
    ) -> None:
        self.app, self.door = app, door or Door()
        self.metrics = metrics or Metrics()
        self._gates = Gates(self.door.rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with the reason why not."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == self.door.prefix != "":
            # addresses on the page are relative to the folder
            query = scope["query_string"].decode("latin-1")
            place = f"{self.door.prefix}/{'?' * bool(query)}{query}"
            await RedirectResponse(place, 308, HEADERS)(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(self._placed(scope), receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, method = time.perf_counter(), scope["method"]
        headers = headers_of(scope)
        named = headers.get("x-request-id", "")
        request_id = named if REQUEST_ID.fullmatch(named) else secrets.token_hex(8)
        reply = Reply(send, self._extra(headers, request_id), bodyless=method == "HEAD")
        if method == "HEAD":
            scope = {**scope, "method": "GET"}
        try:
            await self._pass(scope, headers, receive, reply)
        except RefusedError as refusal:
            await refuse(refusal, scope, receive, reply)
        except Exception:
            log.exception("%s %s failed (request %s)", method, scope["path"], request_id)
            if not reply.started:
                await refuse(DEFECT, scope, receive, reply)
        finally:
            path = scope["path"].removeprefix(self.door.prefix)
            seconds = time.perf_counter() - started
            client = (scope.get("client") or ("",))[0]
            route = getattr(scope.get("route"), "path", "other")
            about = path, route, reply.status, seconds, reply.bytes, client, request_id
            self.metrics.note(Seen(method, *about))

    async def _pass(
        self, scope: Scope, headers: dict[str, str], receive: Receive, reply: Reply
    ) -> None:
        path = scope["path"].removeprefix(self.door.prefix)
        if self._is_preflight(scope, headers):
            await reply({"type": "http.response.start", "status": 204, "headers": []})
            await reply({"type": "http.response.body", "body": b""})
            return
        who = self._counted(scope, headers)
        try:
            self._check_guesses(scope, path, headers, who)
            gate = self._gates.of(scope["method"], path, scope.get("query_string", b""), who)
            with gate.place(who) if gate else nullcontext():
                receive = await bounded(scope, path, receive)
                async with gate.turn(who) if gate else nullcontext():
                    await self.app(scope, receive, reply)
        except FullError:
            raise RefusedError(
                503, "busy", f"too many are asking at once: try again in {RETRY_SECONDS} s"
            ) from None
        except TooOftenError as error:
            seconds = math.ceil(error.seconds)
            raise RefusedError(
                429,
                "too_often",
                f"too many requests from one address: try again in {seconds} s",
                retry_after=seconds,
            ) from None

    def _check_guesses(
        self, scope: Scope, path: str, headers: dict[str, str], who: str | None
    ) -> None:
        """Raise what `_check` does, and TooOftenError where too many passwords were wrong."""
        guesses = who if headers.get("authorization") else None
        if guesses is not None:
            self._gates.guesses.check(guesses)
        try:
            self._check(scope, path, headers)
        except RefusedError as refusal:
            if guesses is not None and refusal.status == 401:
                self._gates.guesses.take(guesses)
            raise

    def _counted(self, scope: Scope, headers: dict[str, str]) -> str | None:
        """The address whose requests are counted; None for this machine, and with the token."""
        if knows_token(headers.get("authorization", ""), self.door.token):
            return None
        client = scope.get("client")
        return limited(client[0]) if client else None

    def _placed(self, scope: Scope) -> Scope:
        """The same below the prefix that the world knows, whether or not a proxy took it away.

        Addresses of the API without a version are those of the first.
        """
        prefix, path = self.door.prefix, scope["path"]
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            path = path.removeprefix(prefix) or "/"
        if path.startswith(API) and not path.startswith(VERSIONED):
            path = VERSIONED + path.removeprefix(API)
        path = prefix + path
        return {**scope, "path": path, "raw_path": path.encode(), "root_path": prefix}

    def _extra(self, headers: dict[str, str], request_id: str) -> dict[str, str]:
        """The headers of the answer."""
        extra = {**HEADERS, "x-request-id": request_id}
        if self.door.origins:  # pictures are shown on those sites, too
            extra |= {"cross-origin-resource-policy": "cross-origin", "vary": "origin"}
        origin = headers.get("origin", "")
        if self.door.invites(origin):
            exposed = "arthash-index, x-request-id, retry-after"
            extra |= {
                "access-control-allow-origin": origin,
                "access-control-expose-headers": exposed,
            }
            if "access-control-request-method" in headers:
                extra |= INVITED
        return extra

    def _is_preflight(self, scope: Scope, headers: dict[str, str]) -> bool:
        """A browser's question whether a page of another site may ask."""
        asks = scope["method"] == "OPTIONS" and "access-control-request-method" in headers
        return asks and self.door.invites(headers.get("origin", ""))

    def _check(self, scope: Scope, path: str, headers: dict[str, str]) -> None:
        if scope["method"] not in METHODS:
            told = f"expected one of {', '.join(METHODS)}, found {scope['method']:.20}"
            raise RefusedError(501, "unknown_method", told)
        names = Counter(name.decode("latin-1") for name, _ in scope["headers"])
        if twice := next((name for name in ONCE if names[name] > 1), None):
            raise RefusedError(400, "bad_header", f"expected one header {twice}, found several")
        if path in PROBES and scope["method"] in READ:
            return  # whoever looks after the server knows neither its name nor a password
        host, door = headers.get("host", ""), self.door
        if not door.answers_to(host):
            raise RefusedError(
                421, "unknown_host", f"this server does not answer to the name {host!r}"
            )
        if host and split(f"//{host}").hostname is None:  # where any name is answered to
            raise RefusedError(400, "bad_header", f"expected a name as host, found {host!r}")
        origin = headers.get("origin")
        if origin is not None and not (door.is_own(origin, host) or door.invites(origin)):
            raise RefusedError(403, "foreign_origin", f"requests from {origin!r} are not answered")
        self._check_who(scope["method"], path, headers.get("authorization", ""))
        method = scope["method"]
        read = path.startswith(GRADIO) or path in (*PAGES, *GRADIO_PAGES)
        known = path.startswith(OURS) or (read and method in READ)
        if not known or len(path.encode()) > LONGEST:
            raise RefusedError(404, "not_found", f"there is nothing at {method} {path:.{LONGEST}}")

    def _check_who(self, method: str, path: str, authorization: str) -> None:
        door = self.door
        if door.credentials is None and door.token is None:
            return
        trusted = knows_token(authorization, door.token)
        changes = method in ("PATCH", "DELETE") or (method, path) == ("POST", f"{VERSIONED}items")
        if door.token is not None and changes and not trusted:
            raise RefusedError(
                401, "token_needed", "a change needs the header Authorization: Bearer TOKEN"
            )
        known = door.credentials is None or knows_password(authorization, door.credentials)
        if not (known or trusted):
            raise RefusedError(401, "password_needed", "a user name and password are needed")
