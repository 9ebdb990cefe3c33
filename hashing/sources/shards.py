"""Folders of tar shards as WebDataset writes them, and what stands beside a picture in them.

In a shard `01.jpg`, `01.json`, `01.txt` and `01.cls` are one sample: what comes before the first
dot of the name is its key (https://github.com/webdataset/webdataset).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hashing.errors import InputError
from hashing.sources.folder import find_files
from hashing.sources.left_out import LeftOut
from hashing.sources.objects import as_cell
from hashing.sources.tables import kept
from hashing.sources.tar import TarArchive, open_tar

SUFFIX = ".tar"
CAPTION, LABEL = "caption", "label"
"""Columns of a sample's `.txt` and of its `.cls`."""
KINDS = ("json", "txt", "cls")
MOST_TEXT = 1 << 20


@dataclass(frozen=True)
class Shards:
    """Tar files of a folder. The member `a.jpg` of `train/000.tar` is called `train/000/a.jpg`."""

    tars: Mapping[str, TarArchive]
    members: Mapping[str, str]

    def read(self, name: str, limit: int | None = None) -> bytes:
        """A member's first `limit` bytes, by default all. Raises OSError when it has gone."""
        if name not in self.members:
            raise FileNotFoundError(f"no member {name}")
        shard = self.members[name]
        return self.tars[shard].read(name[len(shard) + 1 :], limit)


def open_shards(folder: Path, left_out: LeftOut, exclude: Sequence[str] = ()) -> Shards:
    """List all tar files in a folder and below. Raises InputError for a damaged one.

    left_out: see `open_tar`. exclude: see `sieve.why_not`.
    """
    tars = {
        path.relative_to(folder).with_suffix("").as_posix(): open_tar(path, left_out)
        for path in find_files(folder, SUFFIX, exclude)
    }
    if not tars:
        raise InputError(f"expected tar shards in {folder}, found none")
    members = {f"{shard}/{name}": shard for shard, tar in tars.items() for name in tar.members}
    return Shards(tars, members)


def find_samples(paths: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, str]]:
    """For each picture that has any, the files of its sample by their kind."""
    beside: dict[str, dict[str, str]] = {}
    for name in names:
        key, kind = _split(name)
        if kind in KINDS:
            beside.setdefault(key, {})[kind] = name
    pairs = ((path, beside.get(_split(path)[0])) for path in paths)
    return {path: files for path, files in pairs if files}


def read_samples(
    samples: Mapping[str, Mapping[str, str]], read: Callable[[str, int], bytes], left_out: LeftOut
) -> tuple[list[str], dict[str, dict[str, str]]]:
    """Columns, and texts of pictures by path."""
    texts = {path: _sample(path, files, read, left_out) for path, files in samples.items()}
    return list(dict.fromkeys(name for row in texts.values() for name in row)), texts


def _sample(
    path: str, files: Mapping[str, str], read: Callable[[str, int], bytes], left_out: LeftOut
) -> dict[str, str]:
    row: dict[str, str] = {}
    for kind, column in (("txt", CAPTION), ("cls", LABEL)):
        if kind in files:
            row[column] = read(files[kind], MOST_TEXT).decode("utf-8", "replace").strip()
    if "json" in files:
        try:
            told = json.loads(read(files["json"], MOST_TEXT))
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            left_out.note("row that is no JSON object", files["json"], fault=True)
            told = {}
        for name, value in told.items():
            text = as_cell(value)
            if text is None:
                left_out.note("nested value", f"{name!r} in {files['json']}")
            else:
                row[name] = text.strip()
    whole = kept(row, "sample", path, left_out)
    return {name: text for name, text in whole.items() if text}


def _split(name: str) -> tuple[str, str]:
    """A sample's key and the rest of its name."""
    folder, slash, base = name.rpartition("/")
    key, _, kind = base.partition(".")
    return folder + slash + key, kind.lower()
