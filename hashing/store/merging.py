"""When segments of codes are merged: few are searched, and few codes are sliced twice."""

from collections.abc import Sequence

MAX_SEGMENTS = 8
MERGE_RATIO = 4
"""A segment is merged into the newer ones once they are together a quarter of its size."""


def first_to_merge(sizes: Sequence[int]) -> int:
    """From which one on segments become one, the oldest given first; their number for none."""
    if len(sizes) <= MAX_SEGMENTS:
        return len(sizes)
    first, merged = len(sizes) - 2, sizes[-1] + sizes[-2]
    while first and sizes[first - 1] <= MERGE_RATIO * merged:
        first -= 1
        merged += sizes[first]
    return first
