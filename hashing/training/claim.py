"""A run's folder: whose it is, told by the settings in it, and by a lock while it is trained in."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from hashing.config import Config
from hashing.errors import BusyError, UsageError
from hashing.files import owner_of, try_lock, write_new, write_owner
from hashing.training.provenance import plain_config

OF_A_RUN = ("metrics.jsonl", "state-*.pt", "model")
"""What tells of a run: any of it, for a log may have been left behind where a model was copied."""

AT_WILL = ("train.baselines", "train.state_every", "train.state_minutes", "train.bad_steps")
"""Settings that change nothing of what is learned: a run may go on with others."""

LOCK = "lock"


@contextmanager
def held(out: Path, log: Callable[[str], None]) -> Iterator[None]:
    """Keep the run's folder, made where it is not there, from every other process for a while.

    Until its first step a run leaves nothing else that a second one could know it by, and both
    would end with weights of each other's. Raises BusyError where another process has the folder.
    """
    out.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(out / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError:
        if not (out / "model" / "metrics.json").exists():
            raise
        yield  # what has ended is only read, maybe where nothing can be written
        return
    try:
        if not _locked(handle, out, log):
            raise BusyError(
                f"{out} is being trained in by {owner_of(out / LOCK)}: wait until it is done, "
                "or choose another --out"
            )
        write_owner(handle)
        yield
    finally:
        os.close(handle)


def _locked(handle: int, out: Path, log: Callable[[str], None]) -> bool:
    try:
        return try_lock(handle)
    except OSError as error:  # some network shares have no locks
        log(f"{out} cannot be locked ({error.strerror}): start no other run into it")
        return True


def claim(out: Path, config: Config, resume: bool) -> None:
    """Write the settings into the run's folder, or see that they are those of the run in it."""
    file, ours = out / "config.yaml", plain_config(config)
    # Settings alone are those of an attempt that failed before its first step.
    if not any(path for name in OF_A_RUN for path in out.glob(name)):
        text = yaml.safe_dump(ours, sort_keys=False, allow_unicode=True)
        write_new(file, [text.encode()])
        return
    if not resume:
        raise UsageError(
            f"{out} holds a run already: add --resume auto to go on with it, "
            "or choose another --out"
        )
    if not file.exists():
        raise UsageError(
            f"expected the settings of the run in {out} in {file.name}, found none: "
            "choose another --out"
        )
    # What a run of an earlier version does not name was as it is by default.
    theirs = _flat(plain_config(Config())) | _flat(yaml.safe_load(file.read_text(encoding="utf-8")))
    changed = [
        key for key, value in _flat(ours).items() if theirs.get(key) != value and key not in AT_WILL
    ]
    if changed:
        raise UsageError(
            f"expected the settings of the run in {out}, found others for {', '.join(changed)}: "
            "resume with the same ones, or choose another --out"
        )


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted key → value, as deep as the configuration's own keys go."""
    flat: dict[str, Any] = {}
    for section, values in settings.items():
        members = values if isinstance(values, dict) else {"": values}
        flat |= {f"{section}.{name}".rstrip("."): value for name, value in members.items()}
    return flat
