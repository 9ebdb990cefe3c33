"""Devices: that freed memory is kept on a CPU, as long as asked and no longer."""

import ctypes
import resource
import subprocess
import sys
from os import environ

import pytest
import torch

from hashing.device import freed_memory_kept

IS_GLIBC = sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallopt")
needs_glibc = pytest.mark.skipif(not IS_GLIBC, reason="the C library is not glibc")

FAULTS = """
import resource, sys, torch
from contextlib import nullcontext
from hashing.device import freed_memory_kept

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.ones(4 * 1024 * 1024)  # 16 MiB, freed at once
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

plain = faults()
with freed_memory_kept(torch.device("cpu")):
    faults()  # its first round asks the system
    kept = faults()
print(plain, kept, faults())
"""


@needs_glibc
def test_memory_is_asked_for_once_and_given_back_at_the_end() -> None:
    # A process of its own: what a malloc does depends on what was allocated before.
    environment = {"MALLOC_MMAP_THRESHOLD_": str(1024 * 1024)}
    done = subprocess.run(
        [sys.executable, "-c", FAULTS],
        capture_output=True,
        text=True,
        check=True,
        env=environ | environment,
    )
    plain, kept, after = map(int, done.stdout.split())
    pages = 20 * 16 * 1024 * 1024 // resource.getpagesize()
    assert plain > pages // 2  # two thousand pages and more each time
    assert kept < pages // 20
    assert after > pages // 2


def test_a_failure_inside_passes_through() -> None:
    with pytest.raises(ValueError, match="mine"), freed_memory_kept(torch.device("cpu")):
        raise ValueError("mine")


def test_on_a_gpu_the_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: object) -> None:
        raise AssertionError("no library is asked")

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    with freed_memory_kept(torch.device("cuda")):
        pass


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_nothing_is_set(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    with freed_memory_kept(torch.device("cpu")):
        pass
