"""Pictures: small, as parts of the original for a close look, and whole where its licence allows.

Parts are asked for as museums do it, by the IIIF Image API 3.0 (level 0 with any region and size),
so that viewers from elsewhere show them, too.
"""

import json
import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from PIL import Image

from hashing.collection import Collection
from hashing.collection.licences import is_open
from hashing.collection.originals import cut
from hashing.collection.pictures import LARGEST_SIDE, PREVIEW_SIDE
from hashing.errors import InputError, UsageError
from hashing.service.context import KNOWN_ONLY, ItemId, Newest, state_of
from hashing.store import StoredItem

router = APIRouter(
    prefix="/pictures",
    tags=["collection"],
    dependencies=KNOWN_ONLY,
    default_response_class=Response,
)
TILE = 512
REGION = r"^(full|[0-9]{1,6},[0-9]{1,6},[0-9]{1,6},[0-9]{1,6})$"
SIZE = r"^(max|[0-9]{1,5},[0-9]{0,5}|,[0-9]{1,5})$"
JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}}}
Made = tuple[bytes | str, bool]
"""What is sent, and whether it is what was asked for or stands in for an original."""
Kept = Annotated[str, Query(description="The index it belongs to; lets browsers keep it.")]


class NoPartError(InputError):
    """A region or a size of a picture that it does not have."""


class NotOpenError(InputError):
    """An original whose licence does not say that anybody may keep it."""


@router.get("/{item_id}", summary="A picture", responses=JPEG)
def picture(
    art: Newest,
    item_id: ItemId,
    request: Request,
    size: Annotated[int, Query(ge=16, le=LARGEST_SIDE, description="Longest side.")] = PREVIEW_SIDE,
    v: Kept = "",
) -> Response:
    """The picture as JPEG, never enlarged; above 512 pixels only while the original exists."""
    pictures = art.opened.pictures

    def make(item: StoredItem) -> Made:
        if size <= PREVIEW_SIDE:
            return pictures.jpeg(item, size), True
        original = pictures.original_jpeg(item, size)
        return original or pictures.jpeg(item, PREVIEW_SIDE), original is not None

    return _answer(art, request, item_id, f"{size}", v, make)


@router.get(
    "/{item_id}/info.json",
    summary="How large the original is, for viewers (IIIF)",
    responses={200: {"content": {"application/ld+json": {}}}},
)
def information(art: Newest, item_id: ItemId, request: Request, v: Kept = "") -> Response:
    """Its size in pixels and the tiles it comes in. The preview's where the original has gone."""
    public = request.app.state.public or str(request.base_url).rstrip("/")

    def make(item: StoredItem) -> Made:
        image, is_original = _largest(art, item)
        return json.dumps(_told(f"{public}/pictures/{item_id}", image)), is_original

    return _answer(art, request, item_id, "info", v, make, "application/ld+json")


@router.get(
    "/{item_id}/{region}/{size}/0/default.jpg",
    summary="A part of the original (IIIF)",
    responses=JPEG,
)
def part(
    art: Newest,
    item_id: ItemId,
    region: Annotated[
        str,
        Path(
            description="`full`, or x,y,w,h.",
            examples=["0,0,512,512"],
            json_schema_extra={"pattern": REGION},
        ),
    ],
    size: Annotated[
        str,
        Path(
            description="`max`, w,h or w, or ,h.",
            examples=["512,"],
            json_schema_extra={"pattern": SIZE},
        ),
    ],
    request: Request,
    v: Kept = "",
) -> Response:
    """A region of the original at some size, never enlarged and at most 4,096 pixels long."""

    def make(item: StoredItem) -> Made:
        image, is_original = _largest(art, item)
        box = _region(region, image)
        return cut(image, box, _size(size, box[2] - box[0], box[3] - box[1])), is_original

    return _answer(art, request, item_id, f"{region}-{size}", v, make)


@router.get(
    "/{item_id}/original",
    summary="The original as a file, where its licence allows",
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def original(art: Newest, item_id: ItemId) -> Response:
    """The file as it was indexed.

    Refused where its licence is not one that lets anybody keep it: those of Creative Commons and
    the public domain do.
    """
    item = art.item(item_id)
    if not is_open(art.opened.shown(item, "licence")):
        raise NotOpenError(f"the licence of work {item_id} does not say that it may be kept")
    file = art.opened.pictures.file(item)
    if file is None:
        raise InputError(f"the original of work {item_id} has gone")
    name = PurePosixPath(item.file).name
    return Response(
        file.data,
        media_type=file.media_type,
        headers={"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"},
    )


def _largest(art: Collection, item: StoredItem) -> tuple[Image.Image, bool]:
    """The original, or what stands in for it, and whether it is the original."""
    pictures = art.opened.pictures
    image = pictures.whole(item)
    return image or pictures.kept(item), image is not None


def _told(address: str, image: Image.Image) -> dict[str, object]:
    """How large a picture is, and the tiles it comes in."""
    longest, factors = max(image.size), [1]
    while TILE * factors[-1] < longest:
        factors.append(2 * factors[-1])
    return {
        "@context": "http://iiif.io/api/image/3/context.json",
        "id": address,
        "type": "ImageService3",
        "protocol": "http://iiif.io/api/image",
        "profile": "level0",
        "width": image.width,
        "height": image.height,
        "tiles": [{"width": TILE, "scaleFactors": factors}],
        "extraFeatures": ["regionByPx", "sizeByW", "sizeByH", "sizeByWh"],
    }


def _answer(
    art: Collection,
    request: Request,
    item_id: int,
    what: str,
    version: str,
    make: Callable[[StoredItem], Made],
    media_type: str = "image/jpeg",
) -> Response:
    """What a browser does not have yet. What stands in for an original goes by another name.

    It is never kept for long: a disk that was away comes back. Raises UnknownItemError for a work
    that is not there, whatever a browser has of it.
    """
    item, name = art.item(item_id), f"{item_id}-{what}"
    headers, asked = _headers(art, name, version), request.headers.get("if-none-match")
    if asked == headers["etag"]:
        return Response(status_code=304, headers=headers)
    data, as_asked = make(item)
    if not as_asked:
        headers = _headers(art, f"{name}-preview", "")
        if asked == headers["etag"]:
            return Response(status_code=304, headers=headers)
    return Response(data, media_type=media_type, headers=headers)


def _headers(art: Collection, name: str, version: str) -> dict[str, str]:
    # In an index built anew an id means another picture: an old address may not keep it for years.
    lasting = version == art.info.uuid[:8]
    keep = "private, max-age=31536000, immutable" if lasting else "private, no-cache"
    etag = f'"{art.info.uuid}-{quote(name)}"'
    return {"etag": etag, "cache-control": keep, **state_of(art)}


def _region(text: str, image: Image.Image) -> tuple[int, int, int, int]:
    """Left, top, right and bottom, cut to the picture. Raises UsageError, NoPartError."""
    if text == "full":
        return (0, 0, image.width, image.height)
    expected = f"such as full or 0,0,512,512 within {image.width} x {image.height}, found {text!r}"
    if not re.fullmatch(REGION, text):
        raise UsageError(f"expected a region {expected}")
    x, y, w, h = map(int, text.split(","))
    if x < image.width and y < image.height and w and h:
        return (x, y, min(x + w, image.width), min(y + h, image.height))
    raise NoPartError(f"expected a region {expected}")


def _size(text: str, width: int, height: int) -> tuple[int, int]:
    """Width and height of what is sent. Raises UsageError, NoPartError."""
    most = min(width, LARGEST_SIDE), min(height, LARGEST_SIDE)
    expected = f"such as max or 256, of at most {most[0]} x {most[1]}, found {text!r}"
    if not re.fullmatch(SIZE, text):
        raise UsageError(f"expected a size {expected}")
    if text == "max":
        scale = min(1.0, LARGEST_SIDE / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))
    w, h = (int(part) if part else None for part in text.split(","))
    if h is None and w is not None:
        h = max(1, round(height * w / width))
    elif w is None and h is not None:
        w = max(1, round(width * h / height))
    if w and h and w <= most[0] and h <= most[1]:
        return w, h
    raise NoPartError(f"expected a size {expected}")
