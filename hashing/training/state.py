"""Resumable state: written whole or not at all, checked when read, the previous one kept.

A file `state-00001200.pt` is the sha256 of what follows (32 bytes), then a `torch.save` archive
that is read with `weights_only=True`, so a state from elsewhere can run no code.
"""

import copy
import hashlib
import io
import re
import warnings
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hashing.errors import ArtefactError
from hashing.files import leftovers, write_new

KEPT = 2
_NAME = re.compile(r"state-(\d{8,})\.pt")
_DIGEST_BYTES = 32


class StateWriter:
    """Writes states into a run's folder in a thread of its own, while training goes on.

    What a thread could not write is raised by the next call.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._thread = ThreadPoolExecutor(1, "state")
        self._writing: Future[None] | None = None

    def write(self, step: int, state: Mapping[str, Any]) -> None:
        """Take a copy of `state` and write it; waits for the one before, so memory is bounded."""
        self._wait()
        self._writing = self._thread.submit(save_state, self.folder, step, on_cpu(state))

    def close(self) -> None:
        """Wait until everything is written."""
        try:
            self._wait()
        finally:
            self._thread.shutdown()

    def _wait(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()


def on_cpu(value: Any) -> Any:
    """The same nested state with copies of its tensors, which no later step changes."""
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        copied = copy.copy(value)  # a module's state also carries the versions of its parts
        for name, member in value.items():
            copied[name] = on_cpu(member)
        return copied
    if isinstance(value, list | tuple):
        return type(value)(on_cpu(member) for member in value)
    return value


def save_state(folder: Path, step: int, state: Mapping[str, Any]) -> None:
    """Write the state after `step` steps and delete all but the newest `KEPT`."""
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    payload = buffer.getbuffer()
    path = folder / f"state-{step:08d}.pt"
    write_new(path, [hashlib.sha256(payload).digest(), payload])
    for old in (*_states(folder)[:-KEPT], *leftovers(folder, "state-*.pt")):
        old.unlink()


def load_newest_state(folder: Path) -> dict[str, Any] | None:
    """The newest state that is whole, None where there is none.

    A damaged state is passed over with a warning. Raises ArtefactError when all are damaged.
    """
    paths = _states(folder)
    for path in reversed(paths):
        try:
            return _read(path)
        except ArtefactError as error:
            warnings.warn(f"{error}; going back to the state before it", stacklevel=2)
    if paths:
        raise ArtefactError(
            f"expected a whole training state in {folder}, found {len(paths)} damaged; "
            "train anew with another --out"
        )
    return None


def _states(folder: Path) -> list[Path]:
    """State files, oldest first."""
    return sorted(path for path in folder.glob("state-*.pt") if _NAME.fullmatch(path.name))


def _read(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    digest, payload = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if hashlib.sha256(payload).digest() != digest:
        raise ArtefactError(f"the training state {path} is damaged (checksum differs)")
    state: dict[str, Any] = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    return state
