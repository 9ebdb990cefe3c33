"""What routes are given: the collection as it is now, and what is asked of its columns."""

from collections.abc import Collection as Names
from collections.abc import Iterable, Iterator
from typing import Annotated

from fastapi import Depends, Path, Request, Response

from hashing.collection.collection import Collection
from hashing.filters import Filter, all_of
from hashing.service import parameters
from hashing.service.filters import read_filters
from hashing.service.requests import LARGEST_ID


def newest(request: Request, response: Response) -> Iterator[Collection]:
    """A change of the index is seen from the next request on; every answer tells its state."""
    with request.app.state.current.reading() as collection:
        response.headers.update(state_of(collection))
        yield collection


def state_of(collection: Collection) -> dict[str, str]:
    """The header by which an answer tells what it was made from.

    A `Response` that is returned carries it itself.
    """
    return {"arthash-index": f"{collection.info.uuid} {collection.info.generation}"}


Newest = Annotated[Collection, Depends(newest)]
ItemId = Annotated[int, Path(description="The id of a work.", examples=[345], ge=0, le=LARGEST_ID)]
KNOWN_ONLY = [Depends(parameters.refuse_further)]
KNOWN_FIELDS = [Depends(parameters.refuse_further_fields)]


def combined(
    collection: Collection, pairs: Iterable[tuple[str, object]], where: str, known: Names[str]
) -> Filter | None:
    """What is asked of the columns, by parameters and by `where`."""
    parts = [
        read_filters(pairs, collection.info, known),
        collection.filter(where) if where.strip() else None,
    ]
    there = [part for part in parts if part is not None]
    return all_of(*there) if there else None


async def filtered(request: Request, art: Newest) -> Filter | None:
    """The same of a request's address; reads nothing, so no thread is worth its while."""
    further, known = parameters.further(request), parameters.declared(request)
    return combined(art, further, request.query_params.get("where", ""), known)


Filtered = Annotated[Filter | None, Depends(filtered)]
