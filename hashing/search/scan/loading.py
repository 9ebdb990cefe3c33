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
    """Imports a module and warms it up once, in a thread of its own."""

    def __init__(self, name: str, warm: Callable[[ModuleType], None], patience: int) -> None:
        """`patience`: how much work may be done without the module before it is loaded."""
        self._name, self._warm, self._patience = name, warm, patience
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._module: ModuleType | None = None

    def for_work(self, amount: int) -> ModuleType | None:
        """Return the module if it is ready; otherwise the caller does the work without it."""
        if self._module is None:
            self._patience -= amount
            if self._patience < 0:
                self.start()
        return self._module

    def start(self) -> threading.Thread:
        """See that the module is being loaded; returns the thread that does it."""
        with self._lock:
            if self._thread is None:
                # not a daemon: a process that ends meanwhile must not tear down the compiler
                self._thread = threading.Thread(target=self._load, name="load-search-kernel")
                self._thread.start()
            return self._thread

    def wait(self) -> ModuleType | None:
        """Return the module as soon as it is ready; None if it cannot be loaded."""
        self.start().join()
        return self._module

    def _load(self) -> None:
        try:
            module = import_module(self._name)
            self._warm(module)
            self._module = module
        except Exception as error:  # noqa: BLE001  a broken compiler must not stop the search
            warnings.warn(
                f"expected to compile the fast search, found {type(error).__name__}: {error}; "
                "the slow one answers: reinstall numba",
                RuntimeWarning,
                stacklevel=1,
            )
