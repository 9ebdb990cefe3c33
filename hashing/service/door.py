"""Who may come in, by which names, and where the server stands in the eyes of the world."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from hashing.errors import UsageError
from hashing.service.rates import NETWORK_RATE

LOOPBACK = ("127.0.0.1", "localhost", "::1")
ANY = "*"
PORTS = {"http": 80, "https": 443}
OWN = ("/api", "/pictures", "/page", "/docs")
"""Paths that would mean two things below a prefix of that name."""


@dataclass(frozen=True)
class Door:
    """Names, passwords and origins that are let in.

    hosts: names the server answers to (guards against DNS rebinding); None answers to any.
    credentials: passwords by user name; None lets everybody in.
    token: what a program says to change the collection; None lets nobody.
    origins: addresses of other sites whose pages may ask, `*` for all.
    public: the address that the world knows, `https://host[/prefix]`, behind a proxy.
    rate: requests a second to the network from one address that is not this machine's; 0 for any.
    """

    hosts: Collection[str] | None = LOOPBACK
    credentials: Mapping[str, str] | None = None
    token: str | None = None
    origins: Collection[str] = ()
    public: str = ""
    rate: float = NETWORK_RATE

    def __post_init__(self) -> None:
        if self.public and not (self._public.scheme in ("http", "https") and self._public.hostname):
            raise UsageError(
                f"expected --public-url as https://host or https://host/prefix, found {self.public}"
            )
        if self.prefix.startswith(OWN):
            raise UsageError(
                f"expected another path in --public-url than {self.prefix}, which begins like the "
                "server's own"
            )
        if not 0 <= self.rate < math.inf:
            raise UsageError(f"expected a --rate of 0 or more, found {self.rate:g}")
        for host in self.hosts or ():
            if split(f"//[{host}]" if ":" in host else f"//{host}").hostname != host.lower():
                raise UsageError(f"expected --allow-host as a name without a port, found {host!r}")
        for origin in self.origins:
            parts = split(origin)
            bare = parts.scheme and parts.hostname and not any(parts[2:])
            if origin != ANY and not bare:
                raise UsageError(f"expected --allow-origin as https://host or *, found {origin!r}")

    @property
    def _public(self) -> SplitResult:
        return split(self.public)

    @property
    def prefix(self) -> str:
        """The path below which the world finds the server, such as `/art`; often empty."""
        return self._public.path.rstrip("/")

    def answers_to(self, host: str) -> bool:
        """Whether a header `Host` names this server."""
        name = split(f"//{host}").hostname
        if self.hosts is None or name == (self._public.hostname or ""):
            return True
        return any(name == own.lower() for own in self.hosts)

    def is_own(self, origin: str, host: str) -> bool:
        """Whether a header `Origin` is that of the server's own pages."""
        if self.public and _server(origin) == _server(self.public):
            return True
        return split(origin).netloc == host

    def invites(self, origin: str) -> bool:
        """Whether the pages of another site may ask."""
        return ANY in self.origins or _server(origin) in map(_server, self.origins)


def split(address: str) -> SplitResult:
    """The parts of an address, all empty for what is none."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # is read only now, and may be none
    except ValueError:
        return urlsplit("")
    return parts


def _server(address: str) -> tuple[str, str | None, int | None]:
    """Scheme, name and port: what two ways to write one address have in common."""
    parts = split(address)
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)
