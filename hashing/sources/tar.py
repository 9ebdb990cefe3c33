"""Tar archives read in place, member by member, never extracted.

The members' places are listed once; a read opens the file, so archives can be pickled and used
from several threads and processes. A gzip-compressed archive cannot be read in the middle: it is
unpacked once into a temporary file, which the process that made it deletes when it drops the
archive or exits.
"""

import gzip
import io
import os
import tarfile
import tempfile
import weakref
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from hashing.errors import InputError, StorageError
from hashing.files import open_regular
from hashing.sources.left_out import LeftOut

LINK = "link in an archive"
OUTSIDE = "name that leads out of the archive"
MOST_EXTENSION = 1 << 20
"""Bytes of a header that says more of the member after it; tarfile reads all of it at once."""
MOST_UNPACKED = 1 << 30
MOST_RATIO = 50
"""A compressed archive may become a gibibyte, or so many times as large as it is: pictures hardly
shrink, and what grows more would fill the disk."""

_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class TarArchive:
    """A plain tar file and where in it each member lies.

    members: (offset, length) in bytes, by member name with forward slashes. Hidden members and
    all but regular files and hard links to members are left out, and so are names that lead
    outside (`..`, absolute).
    """

    file: Path
    members: Mapping[str, tuple[int, int]]

    def read(self, name: str, limit: int | None = None) -> bytes:
        """A member's first `limit` bytes, by default all. Raises OSError when it has gone."""
        if name not in self.members:
            raise FileNotFoundError(f"no member {name}")
        offset, length = self.members[name]
        with open_regular(self.file) as file:
            file.seek(offset)
            return file.read(length if limit is None else min(length, limit))


def open_tar(path: Path, left_out: LeftOut) -> TarArchive:
    """List a tar archive, unpacking it first if it is gzip-compressed.

    Of what is left out all but hidden members and folders is told. Raises InputError for anything
    else or a damaged one, StorageError when the temporary file cannot be written.
    """
    try:
        with open_regular(path) as file:
            compressed = file.read(2) == _GZIP_MAGIC
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    if not compressed:
        return TarArchive(path, _list_members(path, path, left_out))
    spool = _unpack(path)
    try:
        archive = TarArchive(spool, _list_members(spool, path, left_out))
    except BaseException:
        spool.unlink()
        raise
    weakref.finalize(archive, _delete, spool, os.getpid())
    return archive


def _unpack(path: Path) -> Path:
    handle, name = tempfile.mkstemp(prefix="arthash-", suffix=".tar")
    spool = Path(name)
    try:
        with os.fdopen(handle, "wb") as target, gzip.open(path) as source:
            _copy(source, target, max(MOST_UNPACKED, MOST_RATIO * path.stat().st_size), path)
    except BaseException as error:
        spool.unlink()
        if isinstance(error, gzip.BadGzipFile | EOFError | zlib.error):
            raise InputError(
                f"expected a whole gzip-compressed tar, found {path}: {error}"
            ) from None
        if isinstance(error, OSError):
            raise StorageError(
                f"cannot unpack {path} to {spool.parent}: {error.strerror}; unpack it yourself "
                "and give the folder"
            ) from error
        raise
    return spool


def _copy(source: gzip.GzipFile, target: BinaryIO, most: int, path: Path) -> None:
    copied = 0
    while piece := source.read(1 << 20):
        copied += len(piece)
        if copied > most:
            raise InputError(
                f"expected {path} to unpack to at most {most >> 20:,} MiB, found more: unpack it "
                "yourself and give the folder"
            )
        target.write(piece)


class _Bounded(io.BufferedReader):
    """A tar file of which no header makes its reader fill the memory."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= MOST_EXTENSION:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return super().read(size)


def _list_members(file: Path, shown: Path, left_out: LeftOut) -> dict[str, tuple[int, int]]:
    """A later member of the same name replaces an earlier one, as in extraction."""
    members: dict[str, tuple[int, int]] = {}
    try:
        with _Bounded(io.FileIO(file)) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
            whole = os.fstat(stream.fileno()).st_size
            for member in tar:
                if not 0 <= member.size <= whole - member.offset_data:
                    raise tarfile.ReadError(f"{member.name[:80]!a} goes beyond the end")
                if not member.isdir() and (name := plain_name(member.name, shown, left_out)):
                    linked = str(PurePosixPath(member.linkname)) if member.islnk() else ""
                    if linked in members:
                        members[name] = members[linked]
                    elif reason := _odd(member):
                        left_out.note(reason, f"{name} in {shown.name}")
                    else:
                        members[name] = (member.offset_data, member.size)
                tar.members.clear()  # type: ignore[attr-defined]  # else it keeps them all
    except (tarfile.TarError, ValueError, EOFError, OverflowError) as error:
        raise InputError(
            f"expected a folder or a whole tar archive, found {shown}: {error}"
        ) from None
    except RecursionError:
        raise InputError(
            f"expected a folder or a whole tar archive, found {shown}: a member with more "
            "extension headers than any program writes"
        ) from None
    except OSError as error:
        raise InputError(f"cannot read {shown}: {error.strerror}") from error
    return members


def plain_name(name: str, archive: Path, left_out: LeftOut) -> str:
    """What a member is called; empty for one that is hidden or leads elsewhere, which is told."""
    parts = PurePosixPath(name).parts
    if any(part == ".." or part.startswith("/") for part in parts):
        left_out.note(OUTSIDE, f"{name} in {archive.name}")
        return ""
    return "" if any(part.startswith(".") for part in parts) else "/".join(parts)


def _odd(member: tarfile.TarInfo) -> str:
    """Why a member is left out; empty for a regular file."""
    if member.islnk() or member.issym():
        return LINK
    if member.issparse():
        return "sparse file in an archive"
    return "" if member.isreg() else "special file in an archive"


def _delete(spool: Path, owner: int) -> None:
    """Forked children inherit the finalizer but not the file."""
    if os.getpid() == owner:
        spool.unlink(missing_ok=True)
