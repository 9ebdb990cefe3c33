"""Questions of several works: what is near all of them, and how one comes from one to another."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from hashing.errors import UsageError
from hashing.service import views
from hashing.service.context import KNOWN_ONLY, Newest, combined
from hashing.service.requests import LARGEST_ID, Mix
from hashing.service.schemas import Results, Work

router = APIRouter(tags=["search"], dependencies=KNOWN_ONLY)

Start = Annotated[int, Query(alias="from", ge=0, le=LARGEST_ID, description="Where it begins.")]
End = Annotated[int, Query(alias="to", ge=0, le=LARGEST_ID, description="Where it ends.")]


class Path(BaseModel):
    """Works from one to another, each near the one before it."""

    works: list[Work] = Field(description="Both ends, too.")
    steps: list[int] = Field(
        description="Bits that differ between each work and the next.", examples=[[9, 12, 7]]
    )
    bits: int = Field(description="Length of the codes.", examples=[128])


@router.post("/api/v1/mix", summary="Works for several questions at once")
def mix(art: Newest, asked: Mix) -> Results:
    """Works near all that are wanted, by their weights, and away from the others.

    A work's `nearest_like` counts among the parts of a weight above 0. Nothing is kept.
    """
    parts = {part.work: part.weight for part in asked.parts}
    if len(parts) < len(asked.parts):
        raise UsageError("expected each work once in a mix, found one twice")
    where = combined(art, (asked.model_extra or {}).items(), asked.where, Mix.model_fields)
    answer = art.answer(art.mix(parts), asked.refine(where, art.info))
    return views.results(art, answer, asked.offset)


@router.get("/api/v1/path", summary="A path of works between two")
def path(art: Newest, start: Start, end: End) -> Path:
    """Works that step from one to the other, the longest step as short as it can be.

    Steps lead from a work to one of its nearest; of several paths the one of fewest steps is taken.
    """
    found = art.path(start, end)
    works = [views.work(art, item) for item in art.items(found.ids)]
    return Path(works=works, steps=list(found.steps), bits=art.info.bits)
