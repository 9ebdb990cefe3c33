"""A disk that forgets what was not synced: replays a log of changes up to a loss of power."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

SECTOR = 512

Loss = Literal["all", "none", "some"]
"""How much of what was not synced is lost."""


class Change(NamedTuple):
    """One line of the log: C create, W write, T truncate, S sync, R rename, U unlink."""

    what: str
    path: str
    other: str
    offset: int
    data: bytes


@dataclass(eq=False)
class File:
    """Content on the disk, and the changes that are still on their way to it."""

    content: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)


class Disk:
    """Files below one folder: `names` as processes see them, `durable` as a crash leaves them."""

    def __init__(self, folder: Path, as_if: Path) -> None:
        """Start from the files in `folder`, under the paths they have below `as_if`."""
        self.root = as_if
        self.durable = {
            str(as_if / path.relative_to(folder)): File(bytearray(path.read_bytes()))
            for path in folder.rglob("*")
            if path.is_file()
        }
        self.names = dict(self.durable)
        self.pending: list[tuple[Change, File | None]] = []

    def apply(self, change: Change) -> None:
        """One change as the process made it."""
        if change.what in "WT":
            self.names[change.path].pending.append(change)
        elif change.what == "S" and change.path in self.names:
            file = self.names[change.path]
            for earlier in file.pending:
                _write(file.content, earlier)
            file.pending.clear()
        elif change.what == "S":
            for entry in [e for e in self.pending if str(Path(e[0].path).parent) == change.path]:
                self.pending.remove(entry)
                _name(self.durable, *entry)
        else:
            # a folder, which is renamed with all that lies in it, is no file
            file = File() if change.what == "C" else self.names.get(change.path)
            self.pending.append((change, file))
            _name(self.names, change, file)

    def crash(self, folder: Path, loss: Loss, rng: random.Random) -> None:
        """Write what is left into an empty folder."""
        names = dict(self.durable)
        kept = {"all": 0, "none": len(self.pending)}.get(loss, rng.randint(0, len(self.pending)))
        for change, file in self.pending[:kept]:
            _name(names, change, file)
        for path, file in names.items():
            target = folder / Path(path).relative_to(self.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(_left(file, loss, rng))


def read_log(path: Path) -> Iterator[Change]:
    """The changes that `faults.c` wrote down."""
    with path.open("rb") as log:
        while head := log.readline():
            what, name, other, offset, size = head.decode().rstrip("\n").split("\t")
            yield Change(what, name, other, int(offset), log.read(int(size)))


def _name(names: dict[str, File], change: Change, file: File | None) -> None:
    if file is None:
        for path in [path for path in names if path.startswith(change.path + "/")]:
            names[change.other + path.removeprefix(change.path)] = names.pop(path)
    elif change.what == "C":
        names[change.path] = file
    else:
        names.pop(change.path, None)
        if change.what == "R":
            names[change.other] = file


def _left(file: File, loss: Loss, rng: random.Random) -> bytes:
    """Content with none, all or any of the changes on their way, the last of these maybe torn."""
    content = bytearray(file.content)
    for change in file.pending:
        if loss == "none" or (loss == "some" and rng.random() < 0.5):
            whole = loss == "none" or rng.random() < 0.7
            sectors = (
                len(change.data) if whole else SECTOR * rng.randint(0, len(change.data) // SECTOR)
            )
            _write(content, change._replace(data=change.data[:sectors]))
    return bytes(content)


def _write(content: bytearray, change: Change) -> None:
    if change.what == "T":
        del content[change.offset :]
        content.extend(bytes(change.offset - len(content)))
    else:
        content.extend(bytes(max(0, change.offset - len(content))))
        content[change.offset : change.offset + len(change.data)] = change.data
