"""How many may be inside at once, and how long a sender may take: nobody waits for ever.

What needs the network has few places, for it does one picture after the other; a request that
finds none is refused at once, before its body is read, and told when to come again. What needs an
original has many places, for a close look asks for all parts that are in sight, but few turns.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    contextmanager,
    nullcontext,
)
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from hashing.collection.pictures import PREVIEW_SIDE
from hashing.service.rates import NETWORK_RATE, Rate, TooOftenError

RETRY_SECONDS = 1
HEADER_SECONDS = 10.0
"""In which the head of a request must be there, counted from the connection or its first byte."""
BODY_SECONDS = 30.0
"""In which a body must be there: 20 MiB at 6 Mbit/s."""
READ_SECONDS = 60.0
"""In which a visitor must take something of an answer that waits for them."""


NETWORK = {f"/api/v1/{route}" for route in ("explain", "search", "search/batch", "items")}
"""Routes behind which the network runs, or may."""


class FullError(Exception):
    """Nobody more can wait."""


class Gate:
    """Lets some requests in and some more wait, in the order in which they came.

    running: how many are worked on at once. waiting: how many more may be there. rate: how often
    one address may ask. It has half of the places and of the turns at most, so that whoever asks
    for much waits for itself.
    """

    def __init__(self, running: int, waiting: int, rate: Rate | None) -> None:
        self._places = running + waiting
        self._share = self._places // 2
        self._taken: Counter[str] = Counter()
        self._running, self._rate = running, rate
        # A semaphore belongs to the loop in which somebody first waits; a server may start again
        # in another one.
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            WeakKeyDictionary()
        )
        self._own: dict[str, asyncio.Semaphore] = {}
        """Turns of each address that has a place."""

    @contextmanager
    def place(self, address: str | None = None) -> Iterator[None]:
        """Take a place for as long as the block lasts.

        address: who asks, None for whom nothing is counted. Raises FullError where none is free
        and TooOftenError where that address has asked too often or holds half of the places.
        """
        if self._rate and address is not None:
            if self._taken[address] >= self._share:
                raise TooOftenError(RETRY_SECONDS)
            self._rate.take(address)
        if not self._places:
            raise FullError
        self._places -= 1
        if address is not None:
            self._taken[address] += 1
        try:
            yield
        finally:
            self._places += 1
            if address is not None:
                self._taken[address] -= 1
                if not self._taken[address]:
                    del self._taken[address]
                    self._own.pop(address, None)

    @asynccontextmanager
    async def turn(self, address: str | None = None) -> AsyncIterator[None]:
        """Wait until it is one's turn; the turn ends with the block. address: as for `place`."""
        loop = asyncio.get_running_loop()
        turns = self._turns.setdefault(loop, asyncio.Semaphore(self._running))
        async with self._turns_of(address), turns:
            yield

    def _turns_of(self, address: str | None) -> AbstractAsyncContextManager[None]:
        if address is None or not self._rate:
            return nullcontext()
        return self._own.setdefault(address, asyncio.Semaphore(max(1, self._running // 2)))


class Gates:
    """The gate of each request: few places where the network runs, more elsewhere.

    rate: requests a second to the network from one address, 0 for any number; it may ask for other
    answers five times as often, and for pictures twenty times.
    """

    def __init__(self, rate: float = NETWORK_RATE) -> None:
        network, rest, pictures = (
            Rate(times * rate, max(1.0, seconds * times * rate)) if rate else None
            for times, seconds in ((1, 4), (5, 4), (20, 10))
        )
        self._network, self._rest = Gate(2, 8, network), Gate(4, 32, rest)
        self._pictures, self._originals = pictures, Gate(2, 510, pictures)
        self.guesses = Rate(1, 30)
        """Of passwords and tokens from one address."""

    def of(self, method: str, path: str, query: bytes, address: str | None) -> Gate | None:
        """The gate to pass; None for small pictures, files and the health of the server.

        Raises TooOftenError for an address that asks for too many pictures.
        """
        if path in NETWORK and (method == "POST" or path.endswith("explain")):
            return self._network
        if path.startswith("/pictures/") and _is_large(path, query):
            return self._originals
        if path.startswith("/pictures/") and self._pictures and address is not None:
            self._pictures.take(address)
        return self._rest if path.startswith("/api/") and not path.endswith("/health") else None


def _is_large(path: str, query: bytes) -> bool:
    """Whether a picture is asked for that is made of the original: a part, or more than previews.

    What cannot be read as a size is refused later; it may wait for that.
    """
    if path.count("/") > len(("pictures", "ID")):
        return True
    asked = parse_qsl(query.decode("latin-1"))
    sizes = [value for name, value in asked if name == "size"]
    return any(not re.fullmatch(r"\d{1,3}", size) or int(size) > PREVIEW_SIDE for size in sizes)


class PromptProtocol(H11Protocol):
    """HTTP on one connection, closed where the other side asks too slowly or takes nothing."""

    _late: asyncio.TimerHandle | None = None
    _listens: asyncio.TimerHandle | None = None
    _left = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note who it is, and wait for the first head."""
        super().connection_made(transport)
        if self.client is not None:
            # Where one socket listens for both kinds of addresses, proxies go by the older one.
            host, port = self.client
            self.client = host.removeprefix("::ffff:"), port
        self._expect()
        self._listens = self.loop.call_later(READ_SECONDS, self._look)

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
        if self._listens is not None:
            self._listens.cancel()
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """What waited has been taken, though there may be as much again."""
        self._left = 0
        super().resume_writing()

    def _expect(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(HEADER_SECONDS, self._give_up)

    def _stop(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _look(self) -> None:
        """End a connection whose other side has taken nothing since the last look.

        What is left of its answer would stay in memory, and keep a turn from others.
        """
        left = self.transport.get_write_buffer_size()
        if 0 < self._left <= left:
            self.transport.abort()
            return
        self._left = left
        self._listens = self.loop.call_later(READ_SECONDS, self._look)

    def _give_up(self) -> None:
        self._late = None
        self.transport.close()
