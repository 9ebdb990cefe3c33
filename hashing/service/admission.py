"""How many may be inside at once, and how long a sender may take: nobody waits for ever.

What needs the network has few places, for it does one picture after the other; a request that
finds none is refused at once, before its body is read, and told when to come again.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

RETRY_SECONDS = 1
HEADER_SECONDS = 10.0
"""In which the head of a request must be there, counted from the connection or its first byte."""
BODY_SECONDS = 30.0
"""In which a body must be there: 20 MiB at 6 Mbit/s."""


NETWORK = {f"/api/v1/{route}" for route in ("explain", "search", "search/batch", "items")}
"""Routes behind which the network runs, or may."""


class FullError(Exception):
    """Nobody more can wait."""


class Gate:
    """Lets some requests in and some more wait, in the order in which they came.

    running: how many are worked on at once. waiting: how many more may be there.
    """

    def __init__(self, running: int, waiting: int) -> None:
        self._places = running + waiting
        self._turns = asyncio.Semaphore(running)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take a place for as long as the block lasts. Raises FullError where none is free."""
        if not self._places:
            raise FullError
        self._places -= 1
        try:
            yield
        finally:
            self._places += 1

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until it is one's turn; the turn ends with the block."""
        async with self._turns:
            yield


class Gates:
    """The gate of each request: few places where the network runs, more elsewhere."""

    def __init__(self) -> None:
        self._network, self._rest = Gate(running=2, waiting=8), Gate(running=4, waiting=32)

    def of(self, method: str, path: str) -> Gate | None:
        """The gate to pass; None for pictures, files and the health of the server."""
        if path in NETWORK and (method == "POST" or path.endswith("explain")):
            return self._network
        return self._rest if path.startswith("/api/") and not path.endswith("/health") else None


class PromptProtocol(H11Protocol):
    """HTTP on one connection that is closed where the head of a request does not arrive in time."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head."""
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of a head that has begun, or no longer."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._expect()
        else:
            self._stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more to wait for."""
        self._stop()
        super().connection_lost(exc)

    def _expect(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(HEADER_SECONDS, self._give_up)

    def _stop(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._late = None
        state: Any = self.conn.their_state
        if state is h11.IDLE:
            self.transport.close()
