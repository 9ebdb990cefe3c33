"""Indexes as from a stranger: anything in their rows, and every digest made to fit."""

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from hashing.codes import Codes
from hashing.store.embedded import digests
from hashing.store.embedded.sums import write_sum


def put(folder: Path, database: str, statement: str, *values: object) -> None:
    """Change rows, whatever the types of the columns are, then make everything fit."""
    with _loosened(folder / database) as db:
        db.execute(statement, values)
    fit(folder)


@contextmanager
def _loosened(path: Path) -> Iterator[sqlite3.Connection]:
    """The database with columns that take anything."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        tables = db.execute("SELECT name, sql FROM sqlite_schema WHERE sql LIKE '%STRICT'")
        kept = tables.fetchall()
        for name, sql in kept:
            _rewrite(db, name, sql.replace(" STRICT", "").replace(" NOT NULL", ""))
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        yield db
        for name, sql in kept:
            _rewrite(db, name, sql)


def _rewrite(db: sqlite3.Connection, table: str, sql: str) -> None:
    db.execute("PRAGMA writable_schema = ON")
    db.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", (sql, table))


def fit(folder: Path) -> None:
    """Compute all digests and sums anew, as far as the rows have any."""
    with closing(sqlite3.connect(folder / "previews.db", isolation_level=None)) as db:
        rows = db.execute("SELECT id, jpeg FROM previews").fetchall()
        sums = {i: jpeg for i, jpeg in rows if isinstance(jpeg, bytes)}
        for i, jpeg in sums.items():
            db.execute("UPDATE previews SET crc32 = ? WHERE id = ?", (zlib.crc32(jpeg), i))
    with closing(sqlite3.connect(folder / "index.db", isolation_level=None)) as db:
        (text,) = db.execute("SELECT state FROM generation").fetchone()
        state = json.loads(text)
        extras = db.execute("SELECT name, value FROM extras").fetchall()
        state |= {"previews": len(rows), "items_check": _fit_items(db, state, sums)}
        state["extras"] = {n: digests.extra_digest(v) for n, v in extras if isinstance(v, bytes)}
        _fit_codes(db, state["bits"])
        text = json.dumps(state)
        digest = blake2b(text.encode(), digest_size=16).digest()
        db.execute("UPDATE generation SET state = ?, digest = ?", (text, digest))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    write_sum(folder, state["number"], settled=True)


def _fit_items(db: sqlite3.Connection, state: dict[str, Any], previews: dict[int, bytes]) -> int:
    names = "".join(f', "m_{name}"' for name in state["columns"])
    asked = f"SELECT id, file, content, code{names} FROM items LEFT JOIN codes USING (id)"
    total = 0
    for i, file, content, code, *values in db.execute(
        f"{asked} LEFT JOIN metadata USING (id)"
    ).fetchall():
        fields = {n: v for n, v in zip(state["columns"], values, strict=True) if v is not None}
        preview = digests.preview_sum(previews.get(i))
        with suppress(TypeError, AttributeError):  # of what no digest can be made
            digest = digests.item_digest(i, file, content, code, fields, preview)
            db.execute(
                "UPDATE items SET digest = ?, preview = ? WHERE id = ?", (digest, preview, i)
            )
            total += int.from_bytes(digest, "big")
    return total % digests.ITEM_MODULUS


def _fit_codes(db: sqlite3.Connection, bits: int) -> None:
    for i, code in db.execute("SELECT id, code FROM codes").fetchall():
        if isinstance(code, bytes) and len(code) == bits // 8:
            packed = np.frombuffer(code, np.uint8).reshape(1, -1)
            (digest,) = digests.code_digests(np.array([i]), Codes(packed, bits)).tolist()
            db.execute("UPDATE codes SET digest = ? WHERE id = ?", (digest, i))
