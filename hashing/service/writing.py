"""Changes of the collection by programs that have the token; absent where nobody has one."""

import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Response, UploadFile
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from hashing.collection.opened import UnknownItemError
from hashing.errors import UsageError
from hashing.service import views
from hashing.service.context import KNOWN_FIELDS, KNOWN_ONLY, ItemId, Newest
from hashing.service.schemas import Detail
from hashing.sources import Value

# The guards ask for the token; named here, so that the description does, too.
router = APIRouter(dependencies=[*KNOWN_ONLY, Depends(HTTPBearer(auto_error=False))])

HIDDEN: dict[int | str, dict[str, Any]] = {204: {"description": "Done; visitors do not see it."}}


class Described(BaseModel):
    """Fields to change; null takes one away."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fields: dict[str, Value | None] = Field(examples=[{"title": "Pears", "year": 1912}])


@router.post(
    "/api/v1/items",
    summary="Add a picture",
    tags=["changes"],
    status_code=201,
    responses=HIDDEN,
    dependencies=KNOWN_FIELDS,
)
def add(
    art: Newest,
    picture: Annotated[UploadFile, File(description="At most 20 MiB.")],
    file: Annotated[
        str,
        Form(
            description="Its name in the collection; without, that of the file that is sent.",
            max_length=1000,
            examples=["a/1.jpg"],
            json_schema_extra={"pattern": r"^[^\x00]*$"},
        ),
    ] = "",
    fields: Annotated[
        str,
        Form(
            description="Metadata, an object of JSON.",
            examples=['{"year": 1912}'],
            json_schema_extra={"format": "fields"},
        ),
    ] = "{}",
) -> Detail:
    """Encode a picture and publish it; one that is there already under its name stays as it is.

    The index keeps its preview, not the picture itself. A work that is hidden from visitors is
    answered with 204 and nothing.
    """
    name = file or picture.filename
    if not name:
        raise UsageError("expected a name for the picture, found none")
    described = _read_fields(fields)
    return _seen(art, lambda: art.add_picture(picture.file.read(), name, described))


@router.patch(
    "/api/v1/items/{item_id}", summary="Change fields", tags=["changes"], responses=HIDDEN
)
def change(art: Newest, item_id: ItemId, described: Described) -> Detail:
    """Take over some fields of a work; the others stay, and so does its id.

    A work that they hide from visitors is answered with 204 and nothing.
    """
    art.describe(item_id, described.fields)
    return _seen(art, lambda: item_id)


@router.delete(
    "/api/v1/items/{item_id}", summary="Remove a work", tags=["changes"], status_code=204
)
def remove(art: Newest, item_id: ItemId) -> None:
    """Take a work out of the index; its id is never given again, its file is not touched."""
    art.item(item_id)
    art.remove([item_id])


def _seen(art: Newest, change: Callable[[], int]) -> Detail:
    """A work as visitors see it after a change, which tells its id."""
    try:
        return views.detail(art, art.item(change()))
    except UnknownItemError:
        return Response(status_code=204)  # type: ignore[return-value]  # FastAPI passes it on


def _read_fields(text: str) -> dict[str, Value]:
    try:
        fields: Any = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict) or not all(
        isinstance(value, str | int | float) and not isinstance(value, bool)
        for value in fields.values()
    ):
        raise UsageError("expected fields as an object of JSON with texts and numbers")
    return fields
