"""Which part of the pictures one of several processes takes."""

from dataclasses import dataclass
from hashlib import blake2b

from hashing.errors import UsageError


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `number` of `count`, from 0: the pictures whose path has that digest.

    Every picture is in exactly one of them, and in the same one on any machine and at any time.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 0 <= self.number < self.count:
            raise UsageError(
                f"expected a shard such as 0/4, numbered below the count, found {self}"
            )

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def holds(self, path: str) -> bool:
        """Whether a picture is in this part; path: within its source, forward slashes."""
        digest = blake2b(path.encode("utf-8", "surrogateescape"), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.number
