"""Zip archives read in place, member by member, never extracted.

The directory at the end is read once; a read opens the file, so archives can be pickled and used
from several threads and processes.
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hashing.errors import InputError
from hashing.files import open_regular
from hashing.sources.left_out import LeftOut
from hashing.sources.tar import LINK, plain_name

MAGIC = (b"PK\3\4", b"PK\5\6")
"""What a zip archive begins with; an empty one with the latter."""
MOST_MEMBER = 1 << 30
"""Bytes that a member may become where nobody says how many are wanted."""
_HEADER = struct.Struct("<26xHH")
_ENCRYPTED, _UTF_8 = 0x1, 0x800
_DOS = 0
"""The system of a member's writer, whose names may have backslashes between folders."""
_UNICODE_PATH = 0x7075
"""An extra field: a name in UTF-8, and the checksum of the name that it stands for."""


@dataclass(frozen=True)
class ZipMember:
    """offset: of its header. stored: bytes in the file. size: bytes it has. packed: deflated."""

    offset: int
    stored: int
    size: int
    packed: bool


@dataclass(frozen=True)
class ZipArchive:
    """A zip file and where in it each member lies, by name; see `TarArchive`."""

    file: Path
    members: Mapping[str, ZipMember]

    def read(self, name: str, limit: int | None = None) -> bytes:
        """A member's first `limit` bytes, by default all. Raises OSError when it is broken."""
        if name not in self.members:
            raise FileNotFoundError(f"no member {name}")
        member = self.members[name]
        most = min(member.size if limit is None else limit, MOST_MEMBER)
        with open_regular(self.file) as file:
            file.seek(member.offset)
            head = file.read(_HEADER.size)
            if len(head) < _HEADER.size:
                raise OSError(f"the archive ends before {name}")
            file.seek(sum(_HEADER.unpack(head)), 1)
            if not member.packed:
                return file.read(min(most, member.stored))
            packed = file.read(member.stored)
        try:
            return zlib.decompressobj(-15).decompress(packed, most) if most else b""
        except zlib.error as error:
            raise OSError(f"{name} is broken: {error}") from None


def open_zip(path: Path, left_out: LeftOut) -> ZipArchive:
    """List a zip archive; what is left out is told as by `open_tar`.

    Raises InputError where it is none, damaged, or has a password.
    """
    members = {}
    try:
        with open_regular(path) as stream, zipfile.ZipFile(stream) as archive:
            for info in archive.infolist():
                written = _name(info)
                name = "" if written.endswith("/") else plain_name(written, path, left_out)
                if not name:
                    continue
                if stat.S_ISLNK(info.external_attr >> 16):
                    left_out.note(LINK, f"{name} in {path.name}")
                    continue
                if info.flag_bits & _ENCRYPTED:
                    raise InputError(f"expected a zip archive without a password, found {path}")
                if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise InputError(
                        f"expected members of {path} as they are or deflated, found another "
                        f"method for {name[:80]!a}: unpack it yourself"
                    )
                packed = info.compress_type == zipfile.ZIP_DEFLATED
                where = ZipMember(info.header_offset, info.compress_size, info.file_size, packed)
                members[name] = where
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError) as error:
        raise InputError(f"expected a whole zip archive, found {path}: {error}") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    return ZipArchive(path, members)


def _name(info: zipfile.ZipInfo) -> str:
    """A member's name as its writer meant it, with forward slashes.

    Without the flag for UTF-8 the format says code page 437, but macOS and others write UTF-8.
    """
    name = info.filename
    if not info.flag_bits & _UTF_8:
        raw = info.orig_filename.encode("cp437")
        for written in (raw, *_unicode_paths(info.extra, raw)):
            with suppress(UnicodeDecodeError):
                name = written.decode().partition("\0")[0]  # as `zipfile` ends one
    return name.replace("\\", "/") if info.create_system == _DOS else name


def _unicode_paths(extra: bytes, raw: bytes) -> Iterator[bytes]:
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == _UNICODE_PATH and field[:5] == struct.pack("<BL", 1, zlib.crc32(raw)):
            yield field[5:]
