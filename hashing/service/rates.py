"""How much one address may ask: so many requests a second, and half of the places.

Each address has a bucket of requests that fills again as time passes (Turner 1986, "New Directions
in Communications"). Behind a proxy that is named, addresses are those that it forwards.
"""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST_ADDRESSES = 10_000
"""That are remembered; of more, those that asked last."""
NETWORK_RATE = 10.0
"""Requests a second to the network from one address: a crowd behind one is a few."""


class TooOftenError(Exception):
    """An address has to wait; seconds: how long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(slots=True)
class _Bucket:
    left: float
    since: float


class Rate:
    """Lets an address ask `per_second` times a second in the long run, `at_once` times at once."""

    def __init__(
        self, per_second: float, at_once: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second, self._at_once, self._clock = per_second, at_once, clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, address: str) -> None:
        """Count a request. Raises TooOftenError where it is one too many."""
        self.check(address)
        self._buckets[address].left -= 1

    def check(self, address: str) -> None:
        """Raise TooOftenError where a request would be one too many."""
        now = self._clock()
        bucket = self._buckets.pop(address, None) or _Bucket(self._at_once, now)
        self._buckets[address] = bucket
        if len(self._buckets) > MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        bucket.left = min(self._at_once, bucket.left + (now - bucket.since) * self._per_second)
        bucket.since = now
        if bucket.left < 1:
            raise TooOftenError((1 - bucket.left) / self._per_second)


def limited(address: str) -> str | None:
    """What an address is counted as, of IPv6 its network; None for this machine's own."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    if found.is_loopback:
        return None
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))
