"""What servers of engines have in common: addresses, versions, errors, and rows to follow."""

import re
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from hashing.errors import StorageError, UsageError
from hashing.store.code_search import Rows
from hashing.store.location import masked

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,200}")
REPAIRED = 1 << 15
"""Ids of a range that is written anew where it differs."""


@dataclass(frozen=True)
class Address:
    """Where an engine keeps codes.

    shown: what a person may see of it. name: of a collection, a table. parts: of its `http` URL.
    """

    shown: str
    name: str
    parts: SplitResult = field(repr=False)

    @property
    def user(self) -> str:
        """Empty where there is none."""
        return unquote(self.parts.username or "")

    @property
    def password(self) -> str:
        """Empty where there is none."""
        return unquote(self.parts.password or "")


def read_address(url: str, what: str, example: str, options: Container[str] = ("",)) -> Address:
    """Of an engine's URL, whose path names `what`. Raises UsageError where it cannot be meant.

    options: what may stand behind a question mark.
    """
    shown, (server, at, rest) = masked(url), url.partition("+")[2].rpartition("@")
    try:
        # what stands behind the name may be encoded, so that nobody takes it for the rows' server's
        parts = urlsplit(server + at + unquote(rest))
        _ = parts.port
    except ValueError:  # what it says of the port may be part of a password
        raise UsageError(
            f"{shown} is no URL of an engine: expected numbers for a port, and each of / ? # @ in "
            "a password in percent, as %2F"
        ) from None
    name = parts.path.strip("/") or "arthash"
    if not NAME.fullmatch(name) or parts.query not in options:
        raise UsageError(
            f"expected a {what} of letters, digits and underscores, such as {example}, "
            f"found {shown}"
        )
    return Address(shown, name, parts)


def refuse_older(product: str, oldest: tuple[int, int], version: str, shown: str) -> None:
    """Raise UsageError for a server of an earlier version, or of one that cannot be read."""
    numbers = re.match(r"v?(\d+)\.(\d+)", version)
    if numbers is None or tuple(map(int, numbers.groups())) < oldest:
        least = ".".join(map(str, oldest))
        raise UsageError(f"expected {product} from {least} on at {shown}, found {version}")


def lost(shown: str, told: str, error: Exception) -> StorageError:
    """The error, one line, of a server that is away or does not do what it was asked for.

    told: what it said, if anything.
    """
    said = told.strip().splitlines() or [type(error).__name__]
    return StorageError(f"{shown}: {said[0][:200]}; try again when the server is there")


def differing(
    rows: Rows, counts: Callable[[int, int], tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Ranges of ids, first and end, whose counts on a server differ from the rows'.

    counts: of a range there, as `Rows.counts`.
    """
    waiting = [(0, rows.mark.next_id)]
    while waiting:
        first, end = waiting.pop()
        if counts(first, end) == rows.counts(first, end):
            continue
        if end - first > REPAIRED:
            middle = (first + end) // 2
            waiting += [(first, middle), (middle, end)]
        else:
            yield first, end
