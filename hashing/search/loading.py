"""Bring in the compiled kernel without keeping anybody waiting.

Importing the compiler takes about a second, and the first compilation on a machine several more;
later processes load the result from the compiler's cache.
"""

import threading
import warnings
from collections.abc import Callable
from importlib import import_module
from types import ModuleType


class KernelLoader:
    """Imports a module and warms it up once, in the background or while the caller waits."""

    def __init__(self, name: str, warm: Callable[[ModuleType], None]) -> None:
        self._name, self._warm = name, warm
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._module: ModuleType | None = None
        self._error: Exception | None = None

    def ready(self) -> ModuleType | None:
        """Return the module if it is ready; otherwise see that it is being loaded."""
        if self._module is None:
            self._start()
        return self._module

    def wait(self) -> ModuleType:
        """Return the module as soon as it is ready; raises what its loading raised."""
        thread = self._start()
        thread.join()
        if self._module is None:
            raise self._error or RuntimeError(f"loading {self._name} was interrupted")
        return self._module

    def _start(self) -> threading.Thread:
        with self._lock:
            if self._thread is None:
                # not a daemon: a process that ends meanwhile must not tear down the compiler
                self._thread = threading.Thread(target=self._load, name="load-search-kernel")
                self._thread.start()
            return self._thread

    def _load(self) -> None:
        try:
            module = import_module(self._name)
            self._warm(module)
            self._module = module
        except Exception as error:  # noqa: BLE001  a broken compiler must not stop the search
            self._error = error
            warnings.warn(
                f"expected to compile the fast search, found {type(error).__name__}: {error}; "
                "the slow one answers: reinstall numba",
                RuntimeWarning,
                stacklevel=1,
            )
