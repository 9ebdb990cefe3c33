"""An index as text: one JSON object a line, the first about the index, then one an item."""

import base64
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from hashing.errors import InputError
from hashing.store.contract import Index, NewItem

FORMAT = "arthash index 1"
BATCH = 4096
_TYPES: dict[str, type] = {"str": str, "int": int, "float": float}


def export_index(index: Index, file: TextIO) -> int:
    """Write all items; returns how many."""
    info = index.info
    head = {
        "format": FORMAT,
        "bits": info.bits,
        "lengths": info.lengths,
        "fingerprint": info.fingerprint,
        "model": info.model,
        "columns": {name: kind.__name__ for name, kind in info.columns.items()},
        "roles": dict(info.roles),
    }
    file.write(json.dumps(head, ensure_ascii=False) + "\n")
    ids = index.ids().tolist()
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        for item, code in zip(index.items(batch), index.codes(batch).hex(), strict=True):
            preview = index.preview(item.id)
            row = {
                "file": item.file,
                "content": item.content.hex(),
                "code": code,
                "fields": dict(item.fields),
                "preview": preview and base64.b64encode(preview).decode(),
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return len(ids)


def read_head(file: TextIO, name: Path) -> dict[str, Any]:
    """What the first line says: the arguments of `create_index`. Raises InputError."""
    head = _parse(file.readline(), name, 1)
    if head.pop("format", None) != FORMAT:
        raise InputError(f"expected an exported index ({FORMAT}) in {name}, found something else")
    try:
        head["columns"] = {field: _TYPES[kind] for field, kind in head["columns"].items()}
        keys = ("bits", "lengths", "fingerprint", "model", "columns")
        return {key: head[key] for key in keys} | {"roles": head.get("roles", {})}
    except (KeyError, AttributeError) as error:
        raise InputError(f"{name}, line 1: {error} is missing or unknown") from error


def read_items(file: TextIO, name: Path) -> Iterator[list[NewItem]]:
    """The items after the first line, in portions. Raises InputError."""
    rows = (_item(_parse(line, name, number), name, number) for number, line in enumerate(file, 2))
    while batch := list(islice(rows, BATCH)):
        yield batch


def _parse(line: str, name: Path, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise InputError(f"{name}, line {number}: expected a JSON object, found {line[:40]!r}")
    return row


def _item(row: dict[str, Any], name: Path, number: int) -> NewItem:
    try:
        return NewItem(
            file=row["file"],
            fields=row["fields"],
            code=bytes.fromhex(row["code"]),
            content=bytes.fromhex(row["content"]),
            preview=row["preview"] and base64.b64decode(row["preview"], validate=True),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{name}, line {number}: {error!r} is not as exported") from error
