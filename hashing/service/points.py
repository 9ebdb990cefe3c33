"""The map's points as browsers take them: columns of numbers, packed once for each generation.

A hundred thousand points are some 25 bytes each as JSON, and a browser that makes an object of
each stands still meanwhile. Packed they are 14 bytes, about half of that on the line.
"""

import gzip
import json
import threading

import numpy as np

from hashing.collection import Collection
from hashing.service.views import map_columns

STEPS = (1 << 16) - 1
"""Of a coordinate from 0 to 1: about a pixel where one looks at the map most closely."""

NO_GROUP = (1 << 16) - 1


def pack(collection: Collection) -> bytes:
    """The map in bytes, little-endian. Raises NoMapError where none was laid out.

    A uint32, the length of what follows it: JSON `{"groups": […], "count": N}`, filled up with
    spaces so that 8 divides where it ends. Then float64 `[N]` ids, uint16 `[N]` x and `[N]` y from
    0 to 65535, uint16 `[N]` places in `groups`, 65535 for none.
    """
    groups, points, numbers = map_columns(collection)
    head = json.dumps({"groups": groups, "count": len(points)}).encode()
    head += b" " * (-(len(head) + 4) % 8)
    numbers = np.where((numbers < 0) | (numbers >= NO_GROUP), NO_GROUP, numbers)
    columns = (
        points["id"].astype("<f8"),
        np.round(points["x"] * STEPS).astype("<u2"),
        np.round(points["y"] * STEPS).astype("<u2"),
        numbers.astype("<u2"),
    )
    return len(head).to_bytes(4, "little") + head + b"".join(c.tobytes() for c in columns)


class Points:
    """The packed points of the state that was asked for last."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._state, self._packed = "", b""

    def of(self, collection: Collection) -> tuple[str, bytes]:
        """The name of its state, and its points compressed by gzip; one caller makes them."""
        info = collection.info
        state = f"{info.uuid}-{info.generation}"
        with self._guard:
            if state != self._state:
                self._packed, self._state = gzip.compress(pack(collection), 5), state
            return self._state, self._packed
