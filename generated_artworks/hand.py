"""The hand: what tells one artist of a style from another."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hand:
    """Each from 0 to 1; a manner says what it makes of them.

    stroke: size of the mark. density: how many. rhythm: regular to free. line: fine to bold.
    """

    stroke: float
    density: float
    rhythm: float
    line: float


def between(low: float, high: float, part: float) -> float:
    """`part` of the way from low to high."""
    return low + (high - low) * part
