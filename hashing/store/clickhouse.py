"""Codes in ClickHouse, behind rows on PostgreSQL: `?engine=clickhouse+http://host:8123/table`.

A column store that counts differing bits as it reads, exactly. `<table>` has an item's id and its
code in words of 64 bits, so that a search by a prefix reads only the words it needs, of any length;
`<table>_removed` the publication that removed an item, so that readers of different publications
ask the same rows; `<table>_mark` how far both are. The comment on the table names the index.

Who comes later, reader or writer, takes over what is missing, one at a time. One that was cut
off writes rows twice: the server drops one of them in its own time, and until then answers are put
right here.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
from clickhouse_connect import get_client
from clickhouse_connect.driver.exceptions import ClickHouseError
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.filters import Filter
from hashing.store.candidates import CandidateAnswers, Candidates, in_order
from hashing.store.code_search import NEVER, Capabilities, Mark, Portion, Rows
from hashing.store.engine_server import differing, lost, read_address, refuse_older

Done = TypeVar("Done")

WORD = 64
OLDEST = (23, 3)
"""The version that deletes rows by `DELETE FROM`."""
TIMEOUT = 60


class Server:
    """The tables of one name on a server."""

    def __init__(self, url: str) -> None:
        """Raises UsageError for an address that cannot be meant, StorageError for a lost server."""
        place = read_address(url, "table", "clickhouse+http://host:8123/table")
        self.shown, self.table, parts = place.shown, place.name, place.parts
        self._client: Any = self.call(
            get_client,
            host=parts.hostname or "localhost",
            port=parts.port or (8443 if parts.scheme == "https" else 8123),
            secure=parts.scheme == "https",
            username=place.user or None,
            password=place.password,
            connect_timeout=TIMEOUT,
            send_receive_timeout=TIMEOUT,
            autogenerate_session_id=False,  # a session answers one question at a time
        )
        refuse_older("ClickHouse", OLDEST, str(self._client.server_version), self.shown)

    def call(self, ask: Callable[..., Done], *arguments: Any, **named: Any) -> Done:
        """Ask the server. Raises StorageError, one line."""
        try:
            return ask(*arguments, **named)
        except (ClickHouseError, OSError) as error:
            raise lost(self.shown, str(error), error) from error

    def do(self, statement: str, **values: object) -> None:
        """Run a statement in which `T` is the table."""
        self.call(self._client.command, self._filled(statement), parameters=values)

    def columns(self, question: str, **values: object) -> list[Sequence[Any]]:
        """The columns of an answer; empty without rows."""
        found = self.call(self._client.query, self._filled(question), parameters=values)
        return [list(column) for column in zip(*found.result_rows, strict=True)]

    def insert(self, table: str, columns: dict[str, NDArray[Any]]) -> None:
        """Put rows in."""
        if len(next(iter(columns.values()))):
            values = list(columns.values())
            names = {"column_names": list(columns), "column_oriented": True}
            self.call(self._client.insert, self._filled(table), values, **names)

    def close(self) -> None:
        """Leave it."""
        self._client.close()

    def _filled(self, statement: str) -> str:
        return re.sub(r"\bT(?=_removed|_mark|\b)", self.table, statement)


class ClickHouse:
    """A `CodeSearch` on a server of ClickHouse from version 23.3 on."""

    def __init__(self, url: str) -> None:
        """Raises UsageError for an address that cannot be meant, StorageError for a lost server."""
        self._server = Server(url)
        self._compared = False

    def close(self) -> None:
        """Leave the server."""
        self._server.close()

    def refuse_taken(self) -> None:
        """Raise UsageError where another index keeps its codes there."""
        if self._owner() is not None:
            raise UsageError(
                f"expected no table {self._server.table} at {self._server.shown}, found one: name "
                "another, or drop it if nobody needs it"
            )

    def delete(self, uuid: str) -> None:
        """Drop the tables of this index, and none of others."""
        if self._owner() == uuid:
            for table in ("T_mark", "T_removed", "T"):
                self._server.do(f"DROP TABLE IF EXISTS {table} SYNC")

    def sync(self, rows: Rows) -> CandidateAnswers:
        """Take over what was published since, by whomever, and answer as of then."""
        if not self._compared:
            self._open(rows)
        mark = rows.mark
        if self._mark().number < mark.number:
            # else who is slow would write what was dropped since by who came later
            with rows.alone():
                since = self._mark()
                if since.number < mark.number:
                    self._follow(rows, since)
                    # what was removed and dropped meanwhile is found by counting alone
                    self._compared &= since.number >= mark.compacted
        if not self._compared:
            self.check(rows)
            self._compared = True
        return CandidateAnswers(rows, _Distances(self._server, mark))

    def check(self, rows: Rows) -> list[str]:
        """Compare counts with the rows', range by range; what differs is written anew.

        Tables that have followed the rows beyond a later compaction have fewer, rightly.
        """
        with rows.alone():
            if self._mark().compacted > rows.mark.compacted:
                return []
            repaired = []
            for first, end in differing(rows, partial(self._counts, rows.mark)):
                for table in ("T", "T_removed"):
                    inside = "id >= {first:Int64} AND id < {end:Int64}"
                    self._server.do(f"DELETE FROM {table} WHERE {inside}", first=first, end=end)
                for portion in rows.portions(first, end):
                    self._write(portion)
                repaired.append(f"{self._server.table}: codes {first} to {end - 1} written anew")
            return repaired

    def _owner(self) -> str | None:
        """The uuid of the index whose codes the table holds, None where there is no table."""
        found = self._server.columns(
            "SELECT comment FROM system.tables "
            "WHERE database = currentDatabase() AND name = {n:String}",
            n=self._server.table,
        )
        return str(found[0][0]).removeprefix("arthash ") if found else None

    def _open(self, rows: Rows) -> None:
        """Have the tables ready. Raises UsageError for those of another index."""
        words = "".join(f", w{n} UInt64" for n in range(_words(rows.bits)))
        made = "ENGINE = ReplacingMergeTree ORDER BY id"
        comment = f"COMMENT 'arthash {rows.uuid}'"
        for table in (
            "T_mark (number Int64, next_id Int64, compacted Int64) "
            "ENGINE = ReplacingMergeTree ORDER BY number",
            f"T_removed (id Int64, number Int64) {made}",
            f"T (id Int64{words}) {made} {comment}",
        ):
            self._server.do(f"CREATE TABLE IF NOT EXISTS {table}")
        if self._owner() != rows.uuid:
            raise UsageError(
                f"expected codes of this index in {self._server.table} at {self._server.shown}, "
                "found those of another: name another table"
            )

    def _mark(self) -> Mark:
        """How far the tables are."""
        ((count,), (number,), (next_id,), (compacted,)) = self._server.columns(
            "SELECT count(), max(number), max(next_id), max(compacted) FROM T_mark"
        )
        return Mark(number, next_id, compacted) if count else Mark(-1, 0, 0)

    def _follow(self, rows: Rows, since: Mark) -> None:
        """Write what came since and what was removed since, then how far it is."""
        mark = rows.mark
        for portion in rows.portions(since.next_id, mark.next_id):
            self._write(portion)
        for portion in rows.removals(since.number, since.next_id):
            self._server.insert("T_removed", {"id": portion.ids, "number": portion.removed})
        if since.compacted < mark.compacted:
            dropped = "SELECT id FROM T_removed WHERE number <= {n:Int64}"
            self._server.do(f"DELETE FROM T WHERE id IN ({dropped})", n=mark.compacted)
            self._server.do("DELETE FROM T_removed WHERE number <= {n:Int64}", n=mark.compacted)
        values = {"number": mark.number, "next_id": mark.next_id, "compacted": mark.compacted}
        self._server.insert("T_mark", {k: np.array([v], np.int64) for k, v in values.items()})

    def _write(self, portion: Portion) -> None:
        words = _as_words(portion.codes)
        columns = {f"w{n}": words[:, n] for n in range(words.shape[1])}
        self._server.insert("T", {"id": portion.ids, **columns})
        gone = portion.removed != NEVER
        removed = {"id": portion.ids[gone], "number": portion.removed[gone]}
        self._server.insert("T_removed", removed)

    def _counts(self, mark: Mark, first: int, end: int) -> tuple[int, int]:
        """How many rows there are in a range of ids, and how many of them are removed."""
        inside = "id >= {first:Int64} AND id < {end:Int64}"
        ((there,), (removed,)) = self._server.columns(
            f"SELECT uniqExact(id), uniqExactIf(id, id IN ({_GONE})) FROM T WHERE {inside}",
            first=first,
            end=end,
            number=mark.number,
        )
        return int(there), int(removed)


_GONE = "SELECT id FROM T_removed WHERE number <= {number:Int64}"


class _Distances:
    """The tables as of one publication: `Distances`."""

    name = "ClickHouse"
    capabilities = Capabilities(None, None)
    segments = 1

    def __init__(self, server: Server, mark: Mark) -> None:
        self._server, self._mark = server, mark

    def nearest(
        self, queries: Codes, reach: int, where: Filter | None = None
    ) -> Iterator[Candidates]:
        """For each query all items not farther than the `reach`-th, whether they pass or not."""
        for row in range(len(queries)):
            yield self._nearest(queries[row : row + 1], reach)

    def within(self, query: Codes, distance: int, where: Filter | None = None) -> Candidates:
        """All items not farther than a distance, likewise."""
        return self._found(query, distance, everything=False)

    def _nearest(self, query: Codes, reach: int) -> Candidates:
        """First how far the `reach`-th is, then all up to there.

        The first question reads codes alone, those too that came later, were removed or were
        written twice; where too few others are left it is asked for more.
        """
        asked = reach
        while True:
            apart = f"SELECT {_distance(query.bits)} AS d FROM T ORDER BY d LIMIT {{asked:Int64}}"
            (count,), (last,) = self._server.columns(
                f"SELECT count(), max(d) FROM ({apart})", **self._values(query), asked=asked
            )
            found = self._found(query, int(last), everything=count < asked)
            if found.all or len(found.ids) >= reach:
                return found
            asked *= 2

    def _found(self, query: Codes, cut: int, *, everything: bool) -> Candidates:
        distance = _distance(query.bits)
        columns = self._server.columns(
            f"SELECT id, {distance} AS d FROM T PREWHERE {distance} <= {{cut:Int64}} "
            f"WHERE id < {{next:Int64}} AND id NOT IN ({_GONE})",
            **self._values(query),
            next=self._mark.next_id,
            number=self._mark.number,
            cut=cut,
        )
        ids, apart = (np.array(column, np.int64) for column in columns or ([], []))
        ids, first = np.unique(ids, return_index=True)
        return in_order(ids, apart[first], complete=True, everything=everything)

    @staticmethod
    def _values(query: Codes) -> dict[str, object]:
        return {f"q{n}": int(word) for n, word in enumerate(_as_words(query)[0])}


def _words(bits: int) -> int:
    return -(-bits // WORD)


def _as_words(codes: Codes) -> NDArray[np.uint64]:
    """Codes as big-endian words, uint64 `[n, words]`; what is beyond the last bit is 0."""
    padded = np.zeros((len(codes), _words(codes.bits) * WORD // 8), np.uint8)
    padded[:, : codes.packed.shape[1]] = codes.packed
    return padded.view(">u8").astype(np.uint64)


def _distance(bits: int) -> str:
    """Differing bits of the first so many, in SQL."""
    parts = []
    for n in range(_words(bits)):
        beyond = WORD * (n + 1) - bits
        word = f"w{n}" if beyond <= 0 else f"bitShiftLeft(bitShiftRight(w{n}, {beyond}), {beyond})"
        parts.append(f"bitHammingDistance({word}, {{q{n}:UInt64}})")
    return f"({' + '.join(parts)})"
