"""What an index and its source hold, by digests: some tens of bytes a picture."""

import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hashing.collection.intake import contents_of
from hashing.collection.opened import each_portion
from hashing.errors import ImageError
from hashing.sources import Catalogue, Item
from hashing.store import Index, StoredItem

SEEN = "seen"
"""The name under which an index keeps when it saw which file."""
MOST_SEEN = 1_000_000
"""Files that it may have seen beyond the items that it holds."""
BYTES = 16
"""Of a digest: of a hundred million no two are the same."""
KEY = "S16"
"""Of digests in arrays, which compare as bytes do."""

Keys = NDArray[np.bytes_]
NONE = (-1, -1)
"""The stamp of what cannot be asked for one."""
_RECORD = np.dtype([("file", KEY), ("content", KEY), ("size", "<i8"), ("changed", "<i8")])


def keys_of(paths: Iterable[str]) -> Keys:
    """Digests of the names of files."""
    names = (path.encode("utf-8", "surrogatepass") for path in paths)
    digests = (hashlib.blake2b(name, digest_size=BYTES).digest() for name in names)
    return np.fromiter(digests, KEY)


def key(content: bytes) -> bytes:
    """Of a content by its SHA-256, as an array gives it back."""
    return content[:BYTES].rstrip(b"\0")


@dataclass(frozen=True, eq=False)
class Stored:
    """The items of an index: ids int64 `[N]` ascending, files and contents `[N]`."""

    ids: NDArray[np.int64]
    files: Keys
    contents: Keys

    @classmethod
    def of(cls, index: Index) -> "Stored":
        """All items."""
        ids = index.ids()
        return cls.of_items(ids, each_portion(index, ids))

    @classmethod
    def of_items(cls, ids: NDArray[np.int64], portions: Iterable[Sequence[StoredItem]]) -> "Stored":
        """Items in the order of their ids."""
        files, contents = np.empty(len(ids), KEY), np.empty(len(ids), KEY)
        start = 0
        for items in portions:
            part = slice(start, start := start + len(items))
            files[part] = keys_of(item.file for item in items)
            contents[part] = [item.content[:BYTES] for item in items]
        return cls(ids, files, contents)

    def same(self, files: Keys, contents: Keys) -> NDArray[np.int64]:
        """The id of the item of each file and content, −1 where there is none."""
        rows = places(_both(self.files, self.contents), _both(files, contents), last=True)
        return np.where(rows < 0, -1, np.append(self.ids, -1)[rows])

    def first(self, contents: Keys) -> NDArray[np.int64]:
        """The id of the first item of each content, likewise."""
        return np.append(self.ids, -1)[places(self.contents, contents)]


@dataclass(frozen=True, eq=False)
class Seen:
    """What files of a folder held when: keys of names and contents `[F]`, stamps int64 `[F, 2]`.

    A stamp is size in bytes and time of change in nanoseconds: a file that keeps both is taken as
    unchanged. Names ascend.
    """

    files: Keys
    contents: Keys
    stamps: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.files)

    @classmethod
    def of(cls, files: Keys, contents: Keys, stamps: NDArray[np.int64]) -> "Seen":
        """Those in any order."""
        order = np.argsort(files, kind="stable")
        return cls(files[order], contents[order], stamps[order])

    @classmethod
    def nothing(cls) -> "Seen":
        """No file."""
        return cls(np.empty(0, KEY), np.empty(0, KEY), np.empty((0, 2), np.int64))

    def equals(self, other: "Seen") -> bool:
        """Whether both saw the same in the same files at the same time."""
        pairs = (
            (self.files, other.files),
            (self.contents, other.contents),
            (self.stamps, other.stamps),
        )
        return all(np.array_equal(mine, theirs) for mine, theirs in pairs)

    def among(self, stored: Stored) -> NDArray[np.int64]:
        """The ids of the items that were seen in this folder."""
        there = np.isin(_both(stored.files, stored.contents), _both(self.files, self.contents))
        return stored.ids[there]


@dataclass(frozen=True, eq=False)
class Contents:
    """What the files of a catalogue hold, in its order.

    files, keys: of names and contents `[n]`. stamps: int64 `[n, 2]`, `NONE` where there is none.
    unreadable: why, by place.
    """

    files: Keys
    keys: Keys
    stamps: NDArray[np.int64]
    unreadable: dict[int, str] = field(default_factory=dict)

    def seen(self, without: Iterable[str] = ()) -> Seen:
        """The stamps of what can be read, but for some files."""
        told = self.stamps[:, 0] >= 0
        told[list(self.unreadable)] = False
        told &= ~np.isin(self.files, keys_of(without))
        return Seen.of(self.files[told], self.keys[told], self.stamps[told])


def read_contents(
    catalogue: Catalogue, stored: Stored, seen: Seen, workers: int | None = None
) -> Contents:
    """Read each file, but those that keep the stamp with which they were seen."""
    files = keys_of(item.path for item in catalogue.items)
    stamps = np.empty((len(files), 2), np.int64)
    for place, item in enumerate(catalogue.items):
        stamps[place] = _stamp(catalogue, item)
    contents = Contents(files, np.zeros(len(files), KEY), stamps)
    met = places(seen.files, files)
    same = np.isin(files, stored.files) & (met >= 0) & (contents.stamps[:, 0] >= 0)
    same[same] = (seen.stamps[met[same]] == contents.stamps[same]).all(axis=1)
    contents.keys[same] = seen.contents[met[same]]
    todo = np.flatnonzero(~same).tolist()

    for place, found in contents_of(catalogue, todo, workers):
        if isinstance(found, ImageError):
            contents.unreadable[place] = str(found)
        else:
            contents.keys[place] = found[:BYTES]
    return contents


def places(keys: Keys, wanted: Keys, *, last: bool = False) -> NDArray[np.int64]:
    """Where each of some keys stands first among others, or last; −1 where it does not."""
    if not len(keys):
        return np.full(len(wanted), -1, np.int64)
    order = np.argsort(keys, kind="stable")
    ascending = keys[order]
    place = np.searchsorted(ascending, wanted, "right" if last else "left") - last
    place = place.clip(0, len(keys) - 1)
    found: NDArray[np.int64] = np.where(ascending[place] == wanted, order[place], -1)
    return found


def recall_stamps(index: Index, root: str) -> Seen:
    """The stamps that were remembered of a folder, none of another one."""
    data = index.extra(SEEN)
    most = len(_head(root)) + (index.info.count + MOST_SEEN) * _RECORD.itemsize
    try:
        unpacking = zlib.decompressobj()
        told = unpacking.decompress(data or b"", most)
        if not unpacking.eof or not told.startswith(_head(root)):
            return Seen.nothing()
        records = np.frombuffer(told[len(_head(root)) :], _RECORD)
    except (ValueError, zlib.error):  # as an earlier version or a stranger wrote it: seen anew
        return Seen.nothing()
    stamps = np.stack([records["size"], records["changed"]], axis=1)
    return Seen.of(records["file"], records["content"], stamps)


def remember_stamps(index: Index, root: str, seen: Seen) -> None:
    """Keep when the files of a folder were seen."""
    records = np.empty(len(seen), _RECORD)
    records["file"], records["content"] = seen.files, seen.contents
    records["size"], records["changed"] = seen.stamps.T
    index.put_extra(SEEN, zlib.compress(_head(root) + records.tobytes()))


def _head(root: str) -> bytes:
    """What stands before the stamps of a folder."""
    return json.dumps({"root": root, "records": _RECORD.names}).encode() + b"\n"


def _both(files: Keys, contents: Keys) -> Keys:
    """Two keys as one, `S32`."""
    pairs = np.empty((len(files), 2), KEY)
    pairs[:, 0], pairs[:, 1] = files, contents
    joined: Keys = pairs.view("S32").reshape(len(files))
    return joined


def _stamp(catalogue: Catalogue, item: Item) -> tuple[int, int]:
    """`NONE` within an archive, and for what cannot be asked."""
    if catalogue.archive is not None:
        return NONE
    try:
        status = (catalogue.root / item.path).stat()
    except OSError:
        return NONE
    return status.st_size, status.st_mtime_ns
