"""The collection as a map: as JSON, and packed for browsers."""

import gzip

from fastapi import APIRouter, Request, Response

from hashing.service import views
from hashing.service.context import KNOWN_ONLY, Newest, state_of
from hashing.service.schemas import Map

router = APIRouter(tags=["collection"], dependencies=KNOWN_ONLY)


@router.get("/api/v1/map", summary="The collection as a map")
def collection_map(art: Newest) -> Map:
    """Every work as a point, like beside like; at most 100,000 of them."""
    return views.collection_map(art)


@router.get(
    "/api/v1/map/points",
    summary="The same, packed",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def map_points(art: Newest, request: Request) -> Response:
    """The map in a few bytes for each work.

    Little-endian: a uint32, the length of the JSON that follows it (`groups` and `count`); then
    float64 ids, uint16 x and uint16 y from 0 to 65535, and uint16 places in `groups`, 65535 for
    none.
    """
    state, packed = request.app.state.current.points.of(art)
    headers = {"etag": f'"{state}"', "cache-control": "private, no-cache", **state_of(art)}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    headers["vary"] = "accept-encoding"
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
    else:
        packed = gzip.decompress(packed)
    return Response(packed, media_type="application/octet-stream", headers=headers)
