"""Exported indexes from strangers: kept as they are or refused in one line, nothing left behind."""

import base64
import copy
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hashing.collection import change
from hashing.collection.build import add, build, finish
from hashing.collection.change import export, import_exported
from hashing.collection.colours import exported_palettes
from hashing.collection.pictures import known_sources
from hashing.collection.reading import Reading
from hashing.errors import InputError, StorageError, UsageError
from hashing.store import Index, delete_index, open_index
from tests.store.conftest import MEMORY

ROOT = Path(__file__).parents[2]
DIES = """
import os, sys
from pathlib import Path
from hashing.collection import change
change.compact = lambda index: os._exit(9)
change.import_exported(Path(sys.argv[1]), sys.argv[2])
"""
VALUES: list[Any] = [
    None, True, -1, 2**40, 10**30, 10**400, 1.5, float("nan"), float("inf"), "", "x", "x" * 10**5,
    "\0", "\ud800", [], [1, "2"], {}, {"a": {"b": 1}}, "../../etc/passwd",
]  # fmt: skip
HEAD = {
    "format": "arthash index 1",
    "bits": 64,
    "lengths": [32, 64],
    "fingerprint": "ab" * 32,
    "model": "model",
    "columns": {"title": "str", "year": "int", "price": "float"},
    "roles": {"title": "title"},
    "sources": ["/pictures"],
}


def jpeg(side: int = 32, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (side, 8), (200, 10, 10)).save(buffer, "JPEG", **options)
    return buffer.getvalue()


PALETTE = np.linspace(0, 1, 20).astype("<f2").tobytes()
ROW = {
    "file": "a.jpg",
    "content": "00" * 32,
    "code": "ff" * 8,
    "fields": {"title": "T", "year": 1900, "price": 1.5},
    "preview": base64.b64encode(jpeg()).decode(),
    "palette": base64.b64encode(PALETTE).decode(),
}
OPTIONAL = ("features", "palette", "sources")
"""What older exports lack."""


def palettes() -> list[str | None]:
    """Such as make no sense."""
    odd = (b"", PALETTE[:-2], PALETTE + b"0", b"\xff" * 40, np.full(20, 7, "<f2").tobytes())
    return [None, *(base64.b64encode(data).decode() for data in odd)]


def lines(head: object, *rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in (head, *rows))


def hostile() -> Iterator[str]:
    for record, whole in ((HEAD, lambda head: lines(head, ROW)), (ROW, lambda r: lines(HEAD, r))):
        for key in record:
            for value in VALUES:
                yield whole(record | {key: value})
            yield whole({name: value for name, value in record.items() if name != key})
    for name in HEAD["columns"]:
        for value in VALUES:
            row = copy.deepcopy(ROW)
            row["fields"][name] = value  # type: ignore[index]
            yield lines(HEAD, row)
    for name in ("", "\0", "TITLE", "x" * 10**5, 'a"b', "rowid", "a; DROP TABLE items"):
        yield lines(HEAD | {"columns": HEAD["columns"] | {name: "str"}}, ROW)
    yield lines(HEAD | {"columns": {f"c{number}": "int" for number in range(5000)}})
    for bits in (0, 7, 12, 65, 264, 2**31, 2**63, "64", 64.0):
        yield lines(HEAD | {"bits": bits}, ROW)
    for lengths in ([], [0], [-8], [128], [64, 64], [64, 32], ["64"], [8.5], 64):
        yield lines(HEAD | {"lengths": lengths}, ROW)
    for roles in ({"title": 3}, {"title": None}, {"title": "\0"}, ["title"]):
        yield lines(HEAD | {"roles": roles}, ROW)
    for preview in ("no base 64!", b"<html>", b"\x89PNG\r\n\x1a\n", jpeg()[:20], jpeg(5000)):
        text = preview if isinstance(preview, str) else base64.b64encode(preview).decode()
        yield lines(HEAD, ROW | {"preview": text})
    deep = "[" * 10**5
    yield from ("", "{", deep, lines(HEAD) + deep, lines(HEAD) + '{"a":' * 10**5, lines(HEAD, [1]))
    yield lines(HEAD, ROW).replace("1900", "9" * 5000)
    yield lines(HEAD, ROW)[:-30]


@pytest.mark.robustness("exported index from a stranger")
def test_a_strangers_export_is_kept_or_refused(
    record_property: Callable[[str, object], None],
) -> None:
    outcomes = [outcome(text) for text in hostile()]
    record_property("trials", len(outcomes))
    refused = [message for message in outcomes if message]
    assert len(refused) > 150
    assert len(outcomes) - len(refused) > 15
    assert not [message for message in refused if "\n" in message or len(message) > 400]


def outcome(text: str) -> str:
    """What is said of an exported index, empty where it is kept."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        file, location = Path(folder, "exported.jsonl"), Path(folder, "index")
        file.write_text(text, encoding="utf-8", errors="surrogatepass")
        try:
            import_exported(file, str(location))
        except InputError as error:
            return "left behind\n" if location.exists() else str(error)
        with open_index(location) as index:
            return "\n".join(index.verify())


def test_palettes_and_sources_are_carried_and_older_exports_have_none(tmp_path: Path) -> None:
    file = tmp_path / "exported.jsonl"
    rows = [ROW | {"file": f"{n}.jpg", "palette": text} for n, text in enumerate(palettes())]
    file.write_text(lines(HEAD, ROW, *rows))
    import_exported(file, str(tmp_path / "index"))
    with open_index(tmp_path / "index") as index:
        assert known_sources(index) == ["/pictures"]
        kept = exported_palettes(index)(range(len(rows) + 1))
        export(index, tmp_path / "again.jsonl")
    import_exported(tmp_path / "again.jsonl", str(tmp_path / "again"))
    with open_index(tmp_path / "again") as index:
        export(index, tmp_path / "third.jsonl")
    assert (tmp_path / "third.jsonl").read_bytes() == (tmp_path / "again.jsonl").read_bytes()
    assert kept[0] == PALETTE
    assert len(set(kept)) == 2  # what makes no sense is made anew, of the preview
    old = [{key: row[key] for key in row if key not in OPTIONAL} for row in (HEAD, ROW)]
    file.write_text(lines(*old))
    import_exported(file, str(tmp_path / "old"))
    with open_index(tmp_path / "old") as index:
        assert known_sources(index) == []
        assert exported_palettes(index)([0]) == [kept[1]]


def test_a_preview_keeps_nothing_but_its_pixels(tmp_path: Path) -> None:
    commented = jpeg(comment=b"<script>alert(1)</script>" * 100) + b"<script>"
    assert b"script" in commented
    file = tmp_path / "exported.jsonl"
    file.write_text(lines(HEAD, ROW | {"preview": base64.b64encode(commented).decode()}))
    import_exported(file, str(tmp_path / "index"))
    with open_index(tmp_path / "index") as index:
        preview = index.preview(0)
    assert preview is not None
    assert b"script" not in preview
    assert Image.open(io.BytesIO(preview)).size == (32, 8)


def test_an_import_that_was_killed_is_unfinished_until_it_is_given_again(tmp_path: Path) -> None:
    file, other, place = tmp_path / "a.jsonl", tmp_path / "b.jsonl", tmp_path / "index"
    for each in (file, other):
        each.write_text(lines(HEAD, ROW, ROW | {"file": "b.jpg"}))
    died = subprocess.run(
        [sys.executable, "-c", DIES, file, place],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert died.returncode == 9
    reading = Reading.of(tmp_path)
    with open_index(place) as half:
        assert (half.info.count, half.info.unfinished) == (2, f"import of {file}")
        for act in (
            lambda: import_exported(other, str(place)),
            lambda: build(reading, tmp_path, place),
            lambda: add(half, None, reading),  # type: ignore[arg-type]
            lambda: finish(half),
        ):
            with pytest.raises(UsageError, match="found part of an import of"):
                act()
    assert import_exported(file, str(place)) == 2
    with open_index(place) as index:
        assert (index.info.count, index.info.unfinished) == (2, None)
        assert index.verify() == []


def test_an_import_leaves_the_index_alone_that_a_later_one_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, place = tmp_path / "a.jsonl", tmp_path / "index"
    file.write_text(lines(HEAD, ROW))

    def given_again(_: Index) -> None:
        monkeypatch.undo()
        delete_index(place)
        import_exported(file, str(place))

    monkeypatch.setattr(change, "compact", given_again)
    with pytest.raises(StorageError, match="was rebuilt"):
        import_exported(file, str(place))
    with open_index(place) as index:
        assert (index.info.count, index.info.unfinished) == (1, None)
