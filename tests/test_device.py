"""Devices: that freed memory is kept on a CPU, as long as asked and no longer."""

import ctypes
import mmap
import subprocess
import sys
from os import environ

import pytest
import torch

from hashing.device import freed_memory_kept

IS_GLIBC = sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallopt")
needs_glibc = pytest.mark.skipif(not IS_GLIBC, reason="the C library is not glibc")

FAULTS = """
import ctypes, resource, torch
from hashing.device import freed_memory_kept

ctypes.CDLL(None).prctl(41, 1, 0, 0, 0)  # no huge pages, of which one fault brings 512

def faults(mebibytes, times):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        torch.ones(mebibytes, 1024, 256)  # freed at once
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def held():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])

plain = faults(16, 20)
with freed_memory_kept(torch.device("cpu")):
    faults(16, 20)  # the first round asks the system
    kept = faults(16, 20)
    inside = held()
given_back = inside - held()
# Larger than any hole that may be left, so that settings decide again.
print(plain, kept, given_back, faults(256, 4))
"""


@needs_glibc
def test_memory_is_asked_for_once_and_given_back_at_the_end() -> None:
    # A process of its own: what a malloc does depends on what was allocated before.
    done = subprocess.run(
        [sys.executable, "-c", FAULTS],
        capture_output=True,
        text=True,
        check=True,
        env=environ | {"MALLOC_MMAP_THRESHOLD_": str(1024 * 1024)},
    )
    plain, kept, given_back, after = map(int, done.stdout.split())
    piece = 16 * 1024 * 1024 // mmap.PAGESIZE
    assert plain > 15 * piece  # nearly every page at each of twenty times
    assert kept < piece
    assert given_back > piece // 2
    assert after > 3 * 16 * piece


def test_a_failure_inside_passes_through() -> None:
    with pytest.raises(ValueError, match="mine"), freed_memory_kept(torch.device("cpu")):
        raise ValueError("mine")


@pytest.mark.parametrize(
    ("device", "platform"), [("cuda", "linux"), ("cpu", "darwin"), ("cpu", "win32")]
)
def test_elsewhere_the_c_library_is_left_alone(
    device: str, platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(ctypes, "CDLL", asked.append)
    monkeypatch.setattr(sys, "platform", platform)
    with freed_memory_kept(torch.device(device)):
        pass
    assert asked == []
