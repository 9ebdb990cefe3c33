"""Archives of pictures read in place: tar, gzip-compressed tar, zip, and folders of tar shards."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from hashing.errors import InputError
from hashing.files import open_regular
from hashing.images import FILES
from hashing.sources.films import read_frame
from hashing.sources.folder import find_files, open_inside
from hashing.sources.left_out import LeftOut
from hashing.sources.listing import is_listing, read_listing, within_parquet
from hashing.sources.parquet import files_with_pictures
from hashing.sources.shards import SUFFIX as TAR
from hashing.sources.shards import open_shards
from hashing.sources.tar import open_tar
from hashing.sources.zip import MAGIC as ZIP
from hashing.sources.zip import open_zip


class Archive(Protocol):
    """Members by name with forward slashes; hidden ones and all but regular files are left out."""

    @property
    def members(self) -> Mapping[str, object]:
        """Whatever finds a member again, by its name."""
        ...

    def read(self, name: str, limit: int | None = None) -> bytes:
        """A member's first `limit` bytes, by default all. Raises OSError when it has gone."""
        ...


def read_picture(
    root: Path, archive: Archive | None, path: str, most: int = FILES.bytes + 1
) -> bytes:
    """The first bytes of a picture of a folder or its archive, one more than `decode` takes.

    Of a film in that folder, or of the film that `root` is, a frame; see `films`.

    Raises OSError where it is missing, cannot be read, or leads out of the folder.
    """
    if archive is not None:
        return archive.read(path, most)
    frame = read_frame(root, path)
    if frame is not None:
        return frame
    with open_inside(root, path) as file:
        return file.read(most)


def open_archive(path: Path, left_out: LeftOut | None = None) -> Archive:
    """List an archive by its first bytes; a folder is one of shards, a table names pictures.

    Shards are tar files or Parquet files that hold pictures. left_out: what is told of the members
    that are left out.

    Raises InputError for anything else or a damaged one, StorageError when a compressed tar cannot
    be unpacked.
    """
    left_out = LeftOut() if left_out is None else left_out
    if path.is_dir():
        held = within_parquet(path, left_out)
        return open_shards(path, left_out) if held is None else held.files
    if is_listing(path):
        return read_listing(path, {}, left_out).files
    try:
        with open_regular(path) as file:
            head = file.read(4)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    return open_zip(path, left_out) if head in ZIP else open_tar(path, left_out)


def holds_shards(folder: Path, exclude: Sequence[str] = ()) -> bool:
    """Whether there are shards in a folder or below; its pictures are then looked for there.

    exclude: see `sieve.why_not`.
    """
    return bool(find_files(folder, TAR, exclude) or files_with_pictures(folder, exclude))
