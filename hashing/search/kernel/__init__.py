"""The bit-sliced scan in numba; imported only when there is enough to search.

Importing takes about a second, compiling some more; `hashing.search.scan` does both in the
background.

The distance of a query q and a code x of `bits` bits is taken from a sum S that costs at most half
of the planes, with c = bits − |x| from the count planes:

    q has few ones:   S = c + 2 |x ∧ q|    d = bits + |q| − S
    q has many ones:  S = c + 2 |x ∧ ¬q|   d = |q| − bits + S

and for a prefix, which has no count planes, from all of its planes:

    S = 2 |x ⊕ q|                          d = S / 2

S is added up for 512 codes at a time, bit by bit in registers (carry-save adders), and compared
with the bound there: no store and almost never a branch taken in the hot loop.

    vectors    words side by side in a register, as the compiler is taught them
    planes     which planes to add for a query, their sum S, its comparison with a bound
    best       the k best items of each query, the bound they set
    postings   from a slot, which equal codes share, to its items
    scan       the loop over the blocks, and what is done where a code is near enough
"""

from hashing.search.kernel.best import settle
from hashing.search.kernel.memory import COUNT, LAST, Best, Segment, T
from hashing.search.kernel.planes import choose_planes
from hashing.search.kernel.postings import expand, next_allowed
from hashing.search.kernel.scan import scan, scores
from hashing.search.kernel.vectors import STEPS, WIDTH

__all__ = [
    "COUNT",
    "LAST",
    "STEPS",
    "WIDTH",
    "Best",
    "Segment",
    "T",
    "choose_planes",
    "expand",
    "next_allowed",
    "scan",
    "scores",
    "settle",
]
