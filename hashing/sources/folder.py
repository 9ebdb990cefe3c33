"""The files of a folder: regular ones, and links to regular ones inside it."""

import errno
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from hashing.errors import InputError
from hashing.files import kind_of, open_regular

OUTSIDE = "link that leads out of the folder"
BROKEN = "broken link"
LINKED_FOLDER = "link to a folder"


def walk(folder: Path) -> tuple[list[str], Mapping[str, list[str]]]:
    """Every file below a folder that is not hidden, relative to it, with forward slashes.

    Also, by kind, what was left out: all but regular files, links that lead out of the folder or
    nowhere, and linked folders, for these may lie in themselves. Raises InputError for a folder
    that cannot be read.
    """
    root = folder.resolve()
    files: list[str] = []
    left_out: dict[str, list[str]] = {}
    waiting = [""]
    while waiting:
        below = waiting.pop()
        try:
            entries = sorted(os.scandir(folder / below), key=lambda entry: entry.name)
        except OSError as error:
            raise InputError(f"cannot read the folder {folder / below}: {error.strerror}") from None
        for entry in entries:
            name = below + entry.name
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(f"{name}/")
            elif entry.is_file(follow_symlinks=False) or not (reason := _odd(Path(entry), root)):
                files.append(name)
            else:
                left_out.setdefault(reason, []).append(name)
    return files, left_out


def open_inside(folder: Path, name: str) -> BinaryIO:
    """A regular file to read that lies in `folder`, links followed. Raises OSError for others."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise OSError(errno.EPERM, "it leads out of the folder", str(folder / name))
    return open_regular(path)


def told(left_out: Mapping[str, Sequence[str]]) -> str:
    """What was left out, in one line: how many of each kind, and one of them."""
    kinds = (f"{len(paths):,} × {kind} ({paths[0]!r})" for kind, paths in left_out.items())
    return "left out: " + ", ".join(kinds)


def _odd(path: Path, root: Path) -> str:
    """Why an entry that is no regular file is left out; empty for a link to one inside."""
    try:
        target = path.resolve(strict=True)
        mode = target.stat().st_mode
    except (OSError, RuntimeError):  # a link in a circle is the latter
        return BROKEN
    if stat.S_ISDIR(mode):
        return LINKED_FOLDER
    if not target.is_relative_to(root):
        return OUTSIDE
    return "" if stat.S_ISREG(mode) else kind_of(mode)
