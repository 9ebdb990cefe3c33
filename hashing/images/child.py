"""`python -m hashing.images.child`: decodes pictures from standard input within limits."""

import contextlib
import json
import os
import signal
import struct
import sys
from pathlib import Path
from typing import IO

from hashing.errors import ImageError
from hashing.images.isolated import read_frame, write_frame
from hashing.images.limits import Limits
from hashing.images.still import Still, one_line, read_header

YIELDING = 5
"""Steps by which these processes stand back behind the one that answers."""
SLACK = 24 << 20
"""Bytes of address space beyond what a picture may take: stacks and what the allocator keeps."""

HEIC_MISSING = (
    "expected a picture, found a HEIC picture, which needs pillow-heif: pip install pillow-heif"
)


def main() -> None:
    """Serve until standard input ends: a header, then its pixels, as often as asked."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    with contextlib.suppress(ConnectionError, KeyboardInterrupt):
        while True:
            _serve(requests, answers)


def _serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """One picture; all that it took is free again afterwards."""
    kind, *numbers = json.loads(read_frame(requests)[1])
    limits = Limits(*numbers)
    _, data = read_frame(requests)
    try:
        still = _header(data, kind, limits)
        write_frame(answers, b"M", str(still.memory).encode())
        read_frame(requests)
        found = still.pixels()
        write_frame(answers, b"S", struct.pack("<II", *found.size))
        write_frame(answers, b"P", found.tobytes())
    except ConnectionError:
        raise
    except ImageError as error:
        write_frame(answers, b"E", str(error).encode())
    except MemoryError:
        write_frame(answers, b"E", b"not enough memory to decode this picture")
    except Exception as error:  # noqa: BLE001 (hostile bytes)
        message = f"expected a complete {kind} picture, found a broken one: {one_line(error)}"
        write_frame(answers, b"E", message.encode())


def _header(data: bytes, kind: str, limits: Limits) -> Still:
    _bound(limits)
    if kind == "HEIF":
        try:
            from pillow_heif import register_heif_opener
        except ImportError:
            raise ImageError(HEIC_MISSING) from None
        register_heif_opener()
    return read_header(data, kind, limits)


def _bound(limits: Limits) -> None:
    """Where the system can: address space and processor time from here on."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    space = pages * resource.getpagesize() + limits.memory + SLACK
    resource.setrlimit(resource.RLIMIT_AS, (space, hard))
    # Ends the process; a limit of the system's would count whole seconds.
    signal.setitimer(signal.ITIMER_PROF, limits.seconds)


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(YIELDING)
    main()
