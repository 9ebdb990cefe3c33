"""What searches codes, by the scheme of its URL; without one it is this process's memory.

An engine is a module with a `CodeSearch` that is made of the URL behind `engine=`.
"""

from collections.abc import Callable

from hashing.errors import MissingPackageError, UsageError, choose
from hashing.store.code_search import CodeSearch
from hashing.store.location import Location, masked
from hashing.store.scan import Scan


def _milvus(url: str) -> CodeSearch:
    from hashing.store.milvus import Milvus

    return Milvus(url)


def _clickhouse(url: str) -> CodeSearch:
    from hashing.store.clickhouse import ClickHouse

    return ClickHouse(url)


ENGINES: dict[str, Callable[[str], CodeSearch]] = {"milvus": _milvus, "clickhouse": _clickhouse}


def open_engine(location: Location) -> CodeSearch:
    """What searches the codes of an index, connected to.

    Raises UsageError for an engine that is not known, StorageError where it cannot be reached.
    """
    if not location.engine:
        return Scan()
    name, plus, address = location.engine.partition("+")
    if not plus or not address.startswith(("http://", "https://")):
        raise UsageError(
            "expected an engine such as milvus+http://host:19530/collection, "
            f"found {masked(location.engine)}"
        )
    try:
        return choose("engine", name, ENGINES)(location.engine)
    except ImportError as error:
        raise MissingPackageError(f"the engine {name}", error.name or name) from error
