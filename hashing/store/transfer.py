"""An index as text: one JSON object a line, the first about the index, then one an item.

Beside what an index stores stand what it remembers: where its pictures lie, how they are read, and
of each item a palette; the latter two say nothing here. All may be missing, as in older exports.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from hashing.errors import InputError, UsageError
from hashing.registry import fits
from hashing.store.contract import Index, NewIndex, NewItem
from hashing.store.fields import PYTHON_TYPES, check_new

FORMAT = "arthash index 1"
BATCH = 4096
HEAD: Mapping[str, Any] = {
    "bits": int,
    "lengths": Sequence[int],
    "fingerprint": str,
    "model": str,
    "columns": Mapping[str, str],
    "roles": Mapping[str, str],
    "features": int,
    "sources": Sequence[str],
    "reading": Mapping[str, Any],
}
ITEM: Mapping[str, Any] = {
    "file": str,
    "fields": Mapping[str, Any],
    "code": str,
    "content": str,
    "preview": str | None,
    "features": str | None,
    "palette": str | None,
}
"""Types of what the first line and each further one hold, besides the format."""


def export_index(
    index: Index,
    file: TextIO,
    sources: Sequence[str] = (),
    reading: Mapping[str, Any] = {},
    palettes: Callable[[Sequence[int]], Sequence[bytes]] | None = None,
) -> int:
    """Write all items; returns how many.

    reading: how its pictures are read. palettes: of some ids, empty where there is none.
    """
    info = index.info
    head = {
        "format": FORMAT,
        "bits": info.bits,
        "lengths": info.lengths,
        "fingerprint": info.fingerprint,
        "model": info.model,
        "columns": {name: kind.__name__ for name, kind in info.columns.items()},
        "roles": dict(info.roles),
        "features": info.features,
        "sources": list(sources),
        "reading": dict(reading),
    }
    file.write(json.dumps(head, ensure_ascii=False) + "\n")
    ids = index.ids()
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH].tolist()
        codes, beside = (
            index.codes(batch).hex(),
            palettes(batch) if palettes else [b""] * len(batch),
        )
        parts = index.items(batch), codes, index.features(batch), beside
        for item, code, features, palette in zip(*parts, strict=True):
            preview = index.preview(item.id)
            row = {
                "file": item.file,
                "content": item.content.hex(),
                "code": code,
                "fields": dict(item.fields),
                "preview": base64.b64encode(preview).decode() if preview else None,
                "palette": base64.b64encode(palette).decode() if palette else None,
            }
            if info.features:
                row["features"] = base64.b64encode(features.astype("<f2").tobytes()).decode()
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return len(ids)


def read_head(file: TextIO, name: Path) -> tuple[NewIndex, list[str], Mapping[str, Any]]:
    """What the first line says of the index, its sources, and how they are read.

    Raises InputError.
    """
    head = _parse(file.readline(), name, 1)
    if head.get("format") != FORMAT:
        raise InputError(f"expected an exported index ({FORMAT}) in {name}, found something else")
    missing: Mapping[str, Any] = {"roles": {}, "features": 0, "sources": [], "reading": {}}
    values = _typed({**missing, **head}, HEAD, name, 1)
    sources, reading = list(values.pop("sources")), values.pop("reading")
    kinds = values["columns"].values()
    if not all(isinstance(kind, str) and kind in PYTHON_TYPES for kind in kinds):
        raise InputError(f"{name}, line 1: expected columns of {', '.join(PYTHON_TYPES)}")
    columns = {field: PYTHON_TYPES[kind] for field, kind in values["columns"].items()}
    values |= {"lengths": tuple(values["lengths"]), "model": Path(values["model"])}
    new = NewIndex(**values | {"columns": columns, "unfinished": None})
    try:
        check_new(new)
    except (UsageError, InputError) as error:
        raise InputError(f"{name}, line 1: {error}") from error
    return new, sources, reading


def read_items(file: TextIO, name: Path) -> Iterator[list[tuple[NewItem, bytes]]]:
    """The items after the first line with their palettes, in portions. Raises InputError."""
    rows = (_item(_parse(line, name, number), name, number) for number, line in enumerate(file, 2))
    while batch := list(islice(rows, BATCH)):
        yield batch


def _parse(line: str, name: Path, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise InputError(f"{name}, line {number}: expected a JSON object, found {line[:40]!a}")
    return row


def _typed(
    row: Mapping[str, Any], types: Mapping[str, Any], name: Path, number: int
) -> dict[str, Any]:
    """The values of these names, compared with their types: a stranger may have written them."""
    for key, kind in types.items():
        if key not in row or not fits(row[key], kind):
            found = str(row[key])[:40] if key in row else "nothing"
            raise InputError(f"{name}, line {number}: {key} is not as exported, found {found!a}")
    return {key: row[key] for key in types}


def _item(row: dict[str, Any], name: Path, number: int) -> tuple[NewItem, bytes]:
    values = _typed({"features": None, "palette": None} | row, ITEM, name, number)
    try:
        preview, features, palette = (
            values[key] and base64.b64decode(values[key], validate=True)
            for key in ("preview", "features", "palette")
        )
        code, content = bytes.fromhex(values["code"]), bytes.fromhex(values["content"])
    except ValueError as error:
        raise InputError(f"{name}, line {number}: not as exported, {error}") from error
    item = NewItem(values["file"], values["fields"], code, content, preview or None, features)
    return item, palette or b""
