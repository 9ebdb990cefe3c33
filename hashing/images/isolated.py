"""Decoding in processes of their own, where only the system can bound time and memory.

A process (`child`) serves one picture at a time and is used again; it ends with this one, or when
a picture is too much for it. Both sides speak in frames of a letter, a length and as many bytes.
"""

import atexit
import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import threading
from dataclasses import astuple
from pathlib import Path
from typing import IO

from PIL import Image

from hashing.errors import ImageError
from hashing.images.limits import GATE, Limits

PATIENCE = 20
"""Seconds of waiting for each second of processor time that is allowed: a machine may be busy."""

_HEAD = struct.Struct("<cQ")

_idle: list[subprocess.Popen[bytes]] = []


def decode_apart(data: bytes, kind: str, limits: Limits) -> Image.Image:
    """The upright RGB picture, as `decode` gives it. Raises ImageError."""
    child = _take()
    timer = threading.Timer(PATIENCE * limits.seconds, child.kill)
    timer.start()
    try:
        found = _converse(child, data, kind, limits)
    except OSError:
        raise _epitaph(child, kind, limits) from None
    except ImageError:
        _idle.append(child)
        raise
    except BaseException:
        _end(child)
        raise
    finally:
        timer.cancel()
    _idle.append(child)
    return found


def write_frame(stream: IO[bytes], letter: bytes, *pieces: bytes) -> None:
    """Send one frame."""
    stream.write(_HEAD.pack(letter, sum(map(len, pieces))))
    for piece in pieces:
        stream.write(piece)
    stream.flush()


def read_frame(stream: IO[bytes]) -> tuple[bytes, bytes]:
    """Receive one frame. Raises ConnectionError where the other side is gone."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise ConnectionResetError
    letter, length = _HEAD.unpack(head)
    body = stream.read(length)
    if len(body) < length:
        raise ConnectionResetError
    return letter, body


def _converse(
    child: subprocess.Popen[bytes], data: bytes, kind: str, limits: Limits
) -> Image.Image:
    """Header first, then, when there is room, the pixels."""
    if child.stdin is None or child.stdout is None:
        raise ConnectionResetError
    write_frame(child.stdin, b"H", json.dumps([kind, *astuple(limits)]).encode())
    write_frame(child.stdin, b"D", data)
    with GATE.hold(int(_answer(child.stdout))):
        write_frame(child.stdin, b"P")
        size, pixels = struct.unpack("<II", _answer(child.stdout)), _answer(child.stdout)
        return Image.frombytes("RGB", size, pixels)


def _answer(stream: IO[bytes]) -> bytes:
    letter, body = read_frame(stream)
    if letter == b"E":
        raise ImageError(body.decode())
    return body


def _take() -> subprocess.Popen[bytes]:
    """An idle process, or a new one."""
    while True:
        try:
            child = _idle.pop()
        except IndexError:
            return _start()
        if child.poll() is None:
            return child
        _end(child)


def _start() -> subprocess.Popen[bytes]:
    """A process that imports nothing from the current folder, where anybody's files may lie.

    `-m` would look there first (hence `-P`), and an empty part of the path means that folder.
    """
    given = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    path = os.pathsep.join([str(Path(__file__).parents[2]), *given])
    # Threads of numpy's would take address space that is bounded.
    environment = {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "hashing.images.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )


def _epitaph(child: subprocess.Popen[bytes], kind: str, limits: Limits) -> ImageError:
    """Why a process died of a picture."""
    _end(child)
    if child.returncode in (-getattr(signal, "SIGPROF", 0), -9):
        return ImageError(
            f"expected a {kind} picture that takes at most {limits.seconds:g} s to decode, "
            "found one that takes longer"
        )
    return ImageError(f"expected a complete {kind} picture, found one that broke its decoder")


def _end(child: subprocess.Popen[bytes]) -> None:
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):  # what was still to be written finds nobody
                stream.close()
    child.kill()
    child.wait()


@atexit.register
def end_all() -> None:
    """End the processes that wait for pictures."""
    while _idle:
        _end(_idle.pop())


def _forget_the_parent() -> None:
    """A forked child must not share processes; the list stays alive, for they are not its own."""
    global _idle
    _forgotten.append(_idle)
    _idle = []


_forgotten: list[list[subprocess.Popen[bytes]]] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_the_parent)
