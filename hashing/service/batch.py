"""Many questions in one request."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile

from hashing.codes import Codes
from hashing.collection.request import Query as Asked
from hashing.errors import UsageError
from hashing.service import views
from hashing.service.context import KNOWN_FIELDS, Filtered, Newest
from hashing.service.requests import Code, Controls, Id
from hashing.service.schemas import Batch

MOST_PICTURES, MOST_QUERIES = 16, 200

router = APIRouter()


@router.post(
    "/api/v1/search/batch",
    summary="Search by several pictures, codes and works at once",
    tags=["search"],
    dependencies=KNOWN_FIELDS,
)
def search_batch(
    art: Newest,
    where: Filtered,
    controls: Annotated[Controls, Query()],
    pictures: Annotated[
        list[UploadFile] | None,
        File(max_length=MOST_PICTURES, description=f"At most {MOST_PICTURES}, 20 MiB together."),
    ] = None,
    codes: Annotated[
        list[Code] | None,
        Form(description="Codes in hexadecimal.", examples=[["8f3a0c51d2e97b64"]]),
    ] = None,
    ids: Annotated[list[Id] | None, Form(description="Works of the index.")] = None,
) -> Batch:
    """One answer for each picture, then for each code, then for each id, in their order.

    Pictures pass the network together, which takes less time than one by one.
    """
    pictures, codes, ids = pictures or [], codes or [], ids or []
    count = len(pictures) + len(codes) + len(ids)
    if not 1 <= count <= MOST_QUERIES or len(pictures) > MOST_PICTURES:
        raise UsageError(
            f"expected 1 to {MOST_QUERIES} queries with at most {MOST_PICTURES} pictures, found "
            f"{count} with {len(pictures)}"
        )
    asked: list[Asked] = []
    if pictures:
        asked += art.queries([picture.file.read() for picture in pictures])
    asked += [art.query(Codes.from_hex([code], art.info.bits)) for code in codes]
    asked += [art.stored(item_id) for item_id in ids]
    refine = controls.refine(where, art.info)
    answers = [art.answer(query, refine) for query in asked]
    return Batch(answers=[views.results(art, answer, controls.offset) for answer in answers])
