"""The files of a folder: regular ones, and links to regular ones inside it."""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from hashing.errors import InputError
from hashing.files import kind_of, open_regular
from hashing.sources.left_out import LeftOut
from hashing.sources.sieve import sift, why_not

OUTSIDE = "link that leads out of the folder"
BROKEN = "broken link"
LINKED_FOLDER = "link to a folder"


def walk(folder: Path, left_out: LeftOut, exclude: Sequence[str] = ()) -> Iterator[str]:
    """Every file below a folder that is not hidden, relative to it, with forward slashes.

    Left out are all but regular files, links that lead out of the folder or nowhere, linked
    folders, for these may lie in themselves, folders below that cannot be read, and what
    `sieve.why_not` names.
    Raises InputError where the folder itself cannot be.
    """
    root = folder.resolve()
    waiting = [""]
    while waiting:
        below = waiting.pop()
        try:
            entries = sorted(os.scandir(folder / below), key=lambda entry: entry.name)
        except OSError as error:
            if not below:
                raise InputError(f"cannot read the folder {folder}: {error.strerror}") from None
            left_out.note("folder that cannot be read", below, fault=True)
            left_out.unread.append(below)
            continue
        for entry in entries:
            name = below + entry.name
            if _is_hidden(entry.name):
                continue
            if reason := why_not(name, exclude):
                left_out.note(reason, name)
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(f"{name}/")
            elif entry.is_file(follow_symlinks=False) or not (reason := _odd(Path(entry), root)):
                yield name
            else:
                left_out.note(reason, name)


def find_files(folder: Path, suffix: str, exclude: Sequence[str] = ()) -> list[Path]:
    """Shards: the files of an ending below a folder, in order, wherever links to them lead.

    Left out are hidden ones and what `sieve.why_not` names, as by `walk`, which has told of it.
    """
    found = (path.relative_to(folder).as_posix() for path in folder.rglob(f"*{suffix}"))
    shown = sorted(name for name in found if not any(map(_is_hidden, name.split("/"))))
    kept = sift(shown, exclude, LeftOut())
    return [folder / name for name in kept if os.path.isfile(folder / name)]


def open_inside(folder: Path, name: str) -> BinaryIO:
    """A regular file to read that lies in `folder`, links followed. Raises OSError for others."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise OSError(errno.EPERM, "it leads out of the folder", str(folder / name))
    return open_regular(path)


def _is_hidden(name: str) -> bool:
    return name.startswith(".")


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
