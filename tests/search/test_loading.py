"""How the kernel comes in: in the background, without a cache folder, on other processors."""

import os
import subprocess
import sys
import textwrap
import threading
import warnings
from pathlib import Path
from types import ModuleType

import pytest

from hashing.search.loading import KernelLoader

ROOT = Path(__file__).parents[2]

SEARCH = """
    import numpy as np
    from hashing.codes import Codes
    from hashing.search import ReferenceEngine, ScanEngine, SearchRequest
    from hashing.search import scan

    scan.SMALL = -1
    scan.KERNEL.wait()
    rng = np.random.default_rng(0)
    for bits, values in ((64, 256), (136, 2)):
        codes = Codes(rng.integers(0, values, (3000, bits // 8), np.uint8), bits)
        engines = ScanEngine(codes), ReferenceEngine(codes)
        for options in ({}, {"bits": 16}, {"logits": codes.signs()[:9].astype(np.float32)}):
            a, b = (engine.search(SearchRequest(codes[:9], 20, **options)) for engine in engines)
            assert np.array_equal(a.ids, b.ids) and np.array_equal(a.distances, b.distances)
"""


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def no_cache(tmp_path: Path) -> dict[str, str]:
    """Leave the compiler no folder but one that cannot be made."""
    (tmp_path / "file").touch()
    return {
        "NUMBA_CACHE_DIR": str(tmp_path / "file" / "folder"),
        "NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator",
    }


def test_without_a_writable_cache_folder_it_works_with_one_warning(tmp_path: Path) -> None:
    out = run(
        """
        import warnings
        import numpy as np
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            from hashing.search import kernel
            assert kernel.next_allowed(np.array([0, 2], np.uint64), 0, 128) == 65
        print(*(w.message for w in caught), sep="\\n")
        """,
        **no_cache(tmp_path),
    )
    assert out.startswith("expected a writable folder")
    assert len(out.splitlines()) == 1


@pytest.mark.long
def test_the_whole_search_works_without_a_cache_folder(tmp_path: Path) -> None:
    run(SEARCH, **no_cache(tmp_path))


@pytest.mark.long
@pytest.mark.parametrize("name", ["x86-64-v3", "x86-64"])
def test_processors_without_the_widest_vectors(name: str, tmp_path: Path) -> None:
    run(
        textwrap.dedent(SEARCH) + "from hashing.search import kernel; assert kernel.WIDTH == 4",
        NUMBA_CPU_NAME=name,
        NUMBA_CPU_FEATURES="",
        NUMBA_CACHE_DIR=str(tmp_path),
    )


def test_loading_begins_in_the_background_after_enough_work() -> None:
    started, release = threading.Event(), threading.Event()
    calls: list[ModuleType] = []

    def warm(module: ModuleType) -> None:
        calls.append(module)
        started.set()
        release.wait(10)

    loader = KernelLoader("json", warm, patience=100)
    assert loader.for_work(60) is None
    assert not started.wait(0.1)
    assert loader.for_work(60) is None
    assert started.wait(10)
    assert loader.for_work(60) is None
    release.set()
    assert loader.wait() is sys.modules["json"]
    assert loader.for_work(60) is loader.wait()
    assert len(calls) == 1


def test_a_compiler_that_cannot_be_loaded_is_told_once() -> None:
    loader = KernelLoader("no_such_module", lambda module: None, patience=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert loader.wait() is None
        assert loader.for_work(1) is None
    (warning,) = caught
    assert "no_such_module" in str(warning.message)
