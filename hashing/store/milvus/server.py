"""The client of a server: collections, rows and questions, and what errors mean."""

import logging
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from grpc import RpcError
from numpy.typing import NDArray
from pymilvus import DataType, MilvusClient, MilvusException

from hashing.codes import Codes
from hashing.store.code_search import Portion
from hashing.store.engine_server import lost, read_address, refuse_older
from hashing.store.slots import ABSENT, SLOTS

Found = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Ids and distances."""
Done = TypeVar("Done")

MOST = 16_384
"""Rows that the server gives at most in answer to one query."""
AT_ONCE = 20_000
"""Rows that are written by one call, far below the server's limit of bytes."""
TIMEOUT = 60.0
OLDEST = (2, 3)
"""The version that upserts and counts."""

INDEXES: dict[str, dict[str, Any]] = {
    "": {"index_type": "BIN_FLAT"},
    "index=flat": {"index_type": "BIN_FLAT"},
    "index=ivf": {"index_type": "BIN_IVF_FLAT", "params": {"nlist": 1024}},
}
"""How codes are indexed, by what stands behind the `?` of an address: each compared, or those of
the clusters nearest to a query."""
CLUSTERS = 64
"""Of the 1,024 clusters of each segment, how many are searched."""

logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it logs what it raises


class Server:
    """Collections of one name on a server, `<name>_<bits>`.

    A collection's description says whose it is.
    """

    def __init__(self, url: str) -> None:
        """Raises UsageError for an address that cannot be meant, StorageError for a lost server."""
        example = "milvus+http://host:19530/collection, also with ?index=ivf"
        place = read_address(url, "collection", example, INDEXES)
        self._index = INDEXES[place.parts.query]
        self.exact = self._index["index_type"] == "BIN_FLAT"
        self.shown, self.name, parts = place.shown, place.name, place.parts
        self._client: MilvusClient = self._call(
            MilvusClient,
            uri=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
            user=place.user,
            password=place.password,
        )
        version = str(self._call(self._client.get_server_version))
        refuse_older("Milvus", OLDEST, version, self.shown)

    def close(self) -> None:
        """Leave it."""
        self._client.close()

    def collections(self) -> list[str]:
        """The collections of this name, for any code length."""
        names = self._call(self._client.list_collections)
        return [name for name in names if re.fullmatch(re.escape(self.name) + r"_\d+", name)]

    def owner(self, collection: str) -> str:
        """The uuid of the index whose codes a collection holds."""
        found = self._call(self._client.describe_collection, collection)
        return str(found.get("description", "")).removeprefix("arthash ")

    def open(self, collection: str, bits: int, owner: str) -> None:
        """Have a collection ready for questions, made if there is none, indexed as asked for."""
        params = MilvusClient.prepare_index_params()
        params.add_index("code", metric_type="HAMMING", **self._index)
        there = collection in self.collections()
        if there and not self._has_slots(collection):  # made by an earlier version
            self.drop(collection)
            there = False
        if not there:
            schema = MilvusClient.create_schema(
                auto_id=False, enable_dynamic_field=False, description=f"arthash {owner}"
            )
            schema.add_field("id", DataType.INT64, is_primary=True)
            schema.add_field("code", DataType.BINARY_VECTOR, dim=bits)
            schema.add_field("removed", DataType.INT64)
            for place in range(SLOTS):
                schema.add_field(f"s{place}", DataType.INT32)
            create = self._client.create_collection
            self._call(create, collection, schema=schema, index_params=params)
        elif self._index_type(collection) != self._index["index_type"]:
            self._call(self._client.release_collection, collection)
            self._call(self._client.drop_index, collection, "code")
            self._call(self._client.create_index, collection, params)
        self._call(self._client.load_collection, collection)

    def _has_slots(self, collection: str) -> bool:
        found = self._call(self._client.describe_collection, collection)
        return "s0" in {field["name"] for field in found["fields"]}

    def _index_type(self, collection: str) -> str:
        found = self._call(self._client.describe_index, collection, "code")
        return str(found.get("index_type"))

    def drop(self, collection: str) -> None:
        """Drop a collection."""
        self._call(self._client.drop_collection, collection)

    def write(self, collection: str, bits: int, portion: Portion) -> None:
        """Put up to `AT_ONCE` rows in, or others in their place."""
        packed = portion.codes.prefix(bits).packed
        slots = portion.slots
        if slots is None:
            slots = np.full((len(packed), SLOTS), ABSENT, np.int32)
        names = [f"s{place}" for place in range(SLOTS)]
        columns = portion.ids.tolist(), packed, portion.removed.tolist(), slots.tolist()
        rows = [
            {"id": item, "code": code.tobytes(), "removed": removed}
            | dict(zip(names, values, strict=True))
            for item, code, removed, values in zip(*columns, strict=True)
        ]
        self._call(self._client.upsert, collection, rows)

    def delete(self, collection: str, where: str) -> None:
        """Delete rows, as many at once as the server tells."""
        while found := self.rows(collection, where, "id", limit=MOST):
            ids = [row["id"] for row in found]
            self._call(self._client.delete, collection, ids=ids)

    def settle(self, collection: str) -> None:
        """Have what was written indexed: until then each question reads it a row at a time."""
        self._call(self._client.flush, collection)

    def rows(self, collection: str, where: str, field: str, **more: Any) -> list[dict[str, Any]]:
        """A field of the rows that an expression keeps, all that was written before included."""
        found = self._call(
            self._client.query,
            collection,
            filter=where,
            output_fields=[field],
            consistency_level="Strong",
            **more,
        )
        return list(found)

    def count(self, collection: str, where: str) -> int:
        """How many rows an expression keeps."""
        return int(self.rows(collection, where, "count(*)")[0]["count(*)"])

    def nearest(
        self,
        collection: str,
        queries: Codes,
        limit: int,
        *,
        where: str,
        consistency: str,
        radius: int | None = None,
    ) -> list[Found]:
        """The nearest rows of each query in order of distance; with a radius, nearer than that."""
        params: dict[str, float] = {} if self.exact else {"nprobe": CLUSTERS}
        if radius is not None:
            params["radius"] = float(radius)
        found = self._call(
            self._client.search,
            collection,
            [row.tobytes() for row in queries.packed],
            limit=limit,
            filter=where,
            search_params={"metric_type": "HAMMING", "params": params},
            consistency_level=consistency,
        )
        return [(_column(hits, "id"), _column(hits, "distance")) for hits in found]

    def _call(self, ask: Callable[..., Done], *arguments: Any, **named: Any) -> Done:
        """Ask the server. Raises StorageError, one line."""
        try:
            return ask(*arguments, timeout=TIMEOUT, **named)
        except (MilvusException, RpcError) as error:
            # a call that takes too long ends as gRPC's own error
            told = getattr(error, "message", "") or getattr(error, "details", str)()
            raise lost(self.shown, str(told), error) from error


def _column(hits: Sequence[Any], name: str) -> NDArray[np.int64]:
    return np.array([hit[name] for hit in hits], np.int64)
