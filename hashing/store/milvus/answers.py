"""Distances as of one publication: the tied group at the cut is asked for whole."""

from collections.abc import Callable, Iterator, Mapping

from hashing.codes import Codes
from hashing.filters import Filter
from hashing.store.candidates import Candidates, in_order
from hashing.store.code_search import Capabilities, Mark
from hashing.store.milvus.server import MOST, Found, Server
from hashing.store.slots import weaker

ROWS_AT_ONCE = 1 << 18
"""Answers to a batch of queries that are asked for by one call."""


class MilvusDistances:
    """Codes in Milvus as of one publication: `Distances`."""

    name = "Milvus"

    def __init__(
        self,
        server: Server,
        mark: Mark,
        names: Mapping[int, str],
        consistency: Callable[[], str],
        columns: Mapping[str, str],
    ) -> None:
        self._server, self._names, self._consistency = server, names, consistency
        self._columns = columns
        self._there = f"id >= 0 and id < {mark.next_id} and removed > {mark.number}"
        self.capabilities = Capabilities(tuple(sorted(names)), MOST, server.exact)
        self.segments = len(names)

    def nearest(
        self, queries: Codes, reach: int, where: Filter | None = None
    ) -> Iterator[Candidates]:
        """For each query all items not farther than the `reach`-th.

        Twice as many are asked for; where all the rest of them tie with it, the group once more.
        """
        reach = min(reach, MOST)
        limit = min(2 * reach, MOST)
        step = max(1, ROWS_AT_ONCE // limit)
        for start in range(0, len(queries), step):
            some = queries[start : start + step]
            for row, found in enumerate(self._ask(some, limit, where)):
                yield self._with_ties(some[row : row + 1], found, limit, reach, where)

    def within(self, query: Codes, distance: int, where: Filter | None = None) -> Candidates:
        """All items not farther than a distance."""
        if self.capabilities.exact:
            ((ids, apart),) = self._ask(query, MOST, where, radius=distance + 1)
        else:  # where codes are clustered, Milvus 2.3 gives none for many a radius
            ((ids, apart),) = self._ask(query, MOST, where)
            ids, apart = ids[apart <= distance], apart[apart <= distance]
        return in_order(ids, apart, complete=len(ids) < MOST, everything=False)

    def _with_ties(
        self, query: Codes, found: Found, limit: int, reach: int, where: Filter | None
    ) -> Candidates:
        ids, apart = found
        if len(ids) < limit:
            everything = len(ids) <= reach
            cut = apart <= (apart[min(reach, len(ids)) - 1] if len(ids) else 0)
            return in_order(ids[cut], apart[cut], complete=True, everything=everything)
        last = int(apart[min(reach, len(ids)) - 1])
        if apart[-1] > last or not self.capabilities.exact:
            cut = apart <= last
            return in_order(ids[cut], apart[cut], complete=True, everything=False)
        return self.within(query, last, where)

    def _ask(
        self, queries: Codes, limit: int, where: Filter | None, radius: int | None = None
    ) -> list[Found]:
        """The nearest of each query that may pass a filter in order of distance; below a radius."""
        passing = "" if where is None else weaker(where, self._columns)
        return self._server.nearest(
            self._names[queries.bits],
            queries,
            limit,
            where=self._there + f" and {passing}" * bool(passing),
            consistency=self._consistency(),
            radius=radius,
        )
