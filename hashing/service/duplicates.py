"""Pictures that are there more than once, found once for every state of the index."""

import threading
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from hashing.collection import Collection
from hashing.collection.duplicates import Duplicates
from hashing.errors import ArtHashError, UsageError
from hashing.service import views
from hashing.service.context import KNOWN_ONLY, Newest
from hashing.service.schemas import Work

MOST_WORKS = 20_000
"""Above which nobody would wait for it; the command line does."""
KEPT = 4
"""Findings that are kept, the oldest is forgotten first."""

router = APIRouter()


class SearchingError(ArtHashError):
    """Copies are being looked for, and these are not known yet."""


class DuplicateGroup(BaseModel):
    """Copies of one picture."""

    works: list[Work] = Field(description="The best copy (pixels, bytes, age) first.")
    frees: int = Field(description="Bytes of the originals but the best.", examples=[1048576])


class DuplicateGroups(BaseModel):
    """Some of the groups, those first that would free most."""

    total: int = Field(description="How many groups there are.", examples=[12])
    frees: int = Field(description="Bytes that all further copies take.", examples=[9437184])
    groups: list[DuplicateGroup]


Kind = Literal["exact", "near"]
State = tuple[str, int, int, Kind]

_found: dict[State, Duplicates] = {}
_searching = threading.Lock()


@router.get(
    "/api/v1/duplicates",
    summary="Pictures that are there more than once",
    tags=["collection"],
    dependencies=KNOWN_ONLY,
)
def duplicates(
    art: Newest,
    kind: Annotated[
        Kind, Query(description="`exact`: equal files; `near`: also resized, recompressed, …")
    ] = "near",
    offset: Annotated[int, Query(ge=0, le=MOST_WORKS, description="Groups to pass over.")] = 0,
    limit: Annotated[int, Query(ge=1, le=100, description="How many groups at most.")] = 20,
) -> DuplicateGroups:
    """Groups of copies. Nothing is removed; where originals have gone, sizes are of previews.

    It may take minutes once for every state of the collection; who asks meanwhile is answered 503.
    """
    groups = _find(art, kind)
    shown = groups[offset : offset + limit]
    return DuplicateGroups(
        total=len(groups),
        frees=sum(group.frees for group in groups),
        groups=[
            DuplicateGroup(
                works=[views.work(art, copy.item) for copy in group.copies], frees=group.frees
            )
            for group in shown
        ],
    )


def _find(art: Collection, kind: Kind) -> Duplicates:
    """The groups of an index as it is now.

    Raises UsageError for one that is too large, SearchingError while others are looked for.
    """
    info = art.info
    if info.count > MOST_WORKS:
        raise UsageError(
            f"expected at most {MOST_WORKS:,} works to compare, found {info.count:,}: "
            "`index.py duplicates` lists them"
        )
    state = info.uuid, info.generation, info.count, kind
    known = _found.get(state)
    if known is not None:
        return known
    # One at a time: it takes all there is of the machine. Who waited here would take other
    # requests' turns for as long.
    if not _searching.acquire(blocking=False):
        raise SearchingError("copies are being looked for already: try again in a moment")
    try:
        found = _found[state] = art.duplicates(kind)
        for oldest in list(_found)[:-KEPT]:
            del _found[oldest]
    finally:
        _searching.release()
    return found
