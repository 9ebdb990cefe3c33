"""How the kernel comes in: in the background, without a cache folder, on other processors."""

import os
import shutil
import subprocess
import sys
import textwrap
import threading
import warnings
from pathlib import Path
from types import ModuleType

import pytest

from hashing.search.scan.loading import KernelLoader

ROOT = Path(__file__).parents[2]

SEARCH = """
    import numpy as np
    from hashing.codes import Codes
    from hashing.search import ReferenceEngine, ScanEngine, SearchRequest
    from hashing.search.scan import engine as scan

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


def run(code: str, cwd: Path = ROOT, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=cwd,
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


def test_a_change_in_any_file_of_the_kernel_is_compiled_anew(tmp_path: Path) -> None:
    copy = tmp_path / "hashing"
    shutil.copytree(ROOT / "hashing", copy, ignore=shutil.ignore_patterns("__pycache__"))

    def next_allowed() -> tuple[int, int, int]:
        """What a compiled function answers, how often it was compiled and found in the cache."""
        code = """
            import numpy as np
            from hashing.search.kernel import next_allowed
            answer = next_allowed(np.array([6], np.uint64), 0, 64)
            misses, hits = (sum(next_allowed.stats[which].values()) for which in (2, 1))
            print(answer, misses, hits)
        """
        environment = {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
        return tuple(map(int, run(code, cwd=tmp_path, **environment).split()))

    assert next_allowed() == (1, 1, 0)
    assert next_allowed() == (1, 0, 1)
    # `next_allowed` lies in another file than the instruction that it calls
    vectors = copy / "search" / "kernel" / "vectors.py"
    text = vectors.read_text(encoding="utf-8")
    assert "builder.cttz(arguments[0]" in text
    last_bit = text.replace("builder.cttz(arguments[0]", "builder.ctlz(arguments[0]")
    vectors.write_text(last_bit, encoding="utf-8")
    assert next_allowed() == (61, 1, 0)
    assert next_allowed() == (61, 0, 1)


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
