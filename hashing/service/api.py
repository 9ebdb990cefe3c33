"""The HTTP API: thin routes over a `Collection`, one error shape, and the page mounted at `/`."""

import logging
import pathlib
from collections.abc import Collection as Names
from collections.abc import Iterator, Mapping
from typing import Annotated

from fastapi import (
    APIRouter,
    Depends,
    FastAPI,
    File,
    Form,
    Path,
    Query,
    Request,
    Response,
    UploadFile,
)
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from hashing import __version__
from hashing.codes import Codes
from hashing.collection.collection import Collection, NoMapError
from hashing.collection.opened import UnknownItemError
from hashing.collection.pictures import PREVIEW_SIDE
from hashing.errors import ArtHashError, ImageError, InputError, StorageError, UsageError
from hashing.service import views
from hashing.service.current import Current
from hashing.service.guards import LOOPBACK, Guards
from hashing.service.requests import Browse, Controls, Taste
from hashing.service.schemas import (
    Detail,
    ErrorBody,
    Facets,
    Health,
    Map,
    Page,
    Results,
    Why,
)

PAGE = pathlib.Path(__file__).parent / "page"

PROBLEMS: tuple[tuple[type[Exception], int, str], ...] = (
    (ImageError, 422, "unreadable_picture"),
    (UnknownItemError, 404, "unknown_work"),
    (NoMapError, 404, "no_map"),
    (InputError, 422, "bad_input"),
    (UsageError, 422, "bad_request"),
    (StorageError, 503, "index_unavailable"),
    (ArtHashError, 503, "index_damaged"),
)
"""Status and code of each kind of error, the first that fits."""

ItemId = Annotated[int, Path(description="The id of a work.", examples=[345])]

log = logging.getLogger(__name__)


def create_app(
    current: Current,
    *,
    hosts: Names[str] | None = LOOPBACK,
    credentials: Mapping[str, str] | None = None,
    page: bool = True,
) -> FastAPI:
    """The whole service as one application; `page=False` leaves the Gradio page out."""
    app = FastAPI(
        title="ArtHash",
        version=__version__,
        description="Find works that look alike, by binary codes and Hamming distance.",
        docs_url=None,
        redoc_url=None,
        responses={
            status: {"model": ErrorBody, "description": "What went wrong."}
            # Named by itself, or FastAPI describes another shape for it.
            for status in ("4XX", 422, "5XX")
        },
    )
    app.include_router(_routes(current))
    app.mount("/page", StaticFiles(directory=PAGE), name="page")
    _add_error_handlers(app)
    if page:
        from hashing.service.page import mount_page

        mount_page(app)
    app.add_middleware(Guards, hosts=hosts, credentials=credentials)
    return app


def _routes(current: Current) -> APIRouter:
    def newest(response: Response) -> Iterator[Collection]:
        """A change of the index is seen from the next request on; every answer tells its state."""
        with current.reading() as collection:
            info = collection.info
            response.headers["arthash-index"] = f"{info.uuid} {info.generation}"
            yield collection

    Newest = Annotated[Collection, Depends(newest)]  # noqa: N806 (a type)
    routes = APIRouter()

    @routes.post("/api/search", summary="Search by a picture or by its code", tags=["search"])
    def search(
        art: Newest,
        controls: Annotated[Controls, Query()],
        picture: Annotated[
            UploadFile | None, File(description="JPEG, PNG, WebP, GIF or BMP, at most 20 MiB.")
        ] = None,
        code: Annotated[
            str | None,
            Form(
                description="Instead of a picture: the code of an earlier answer.",
                examples=["8f3a0c51d2e97b64"],
            ),
        ] = None,
    ) -> Results:
        """The works nearest to a picture. The picture is not kept anywhere."""
        if (picture is None) == (code is None):
            raise UsageError("expected either a picture or a code, found both or neither")
        if picture is not None:
            query = art.query(picture.file.read())
        else:
            query = art.query(Codes.from_hex([code or ""], art.info.bits))
        return views.results(art, art.answer(query, controls.refine(art.opened.style_column)))

    @routes.get("/api/items", summary="List works", tags=["collection"])
    def items(art: Newest, browse: Annotated[Browse, Query()]) -> Page:
        """Works that pass the filters; with `q` the best match first, with `sample` shuffled."""
        found = art.page(
            where=browse.where(art.opened.style_column),
            text=browse.q,
            seed=browse.seed if browse.sample else None,
            offset=browse.offset,
            limit=browse.limit,
        )
        return views.page(art, found.total, found.ids)

    @routes.get("/api/items/{item_id}", summary="One work", tags=["collection"])
    def item(art: Newest, item_id: ItemId) -> Detail:
        """Everything that is known of one work, its code and its main colours."""
        return views.detail(art, art.item(item_id))

    @routes.get("/api/items/{item_id}/similar", summary="Works like this one", tags=["search"])
    def similar(art: Newest, item_id: ItemId, controls: Annotated[Controls, Query()]) -> Results:
        """The works nearest to one of the index, without itself; no network runs."""
        return views.results(
            art, art.answer(art.stored(item_id), controls.refine(art.opened.style_column))
        )

    @routes.post("/api/recommend", summary="Works for a taste", tags=["search"])
    def recommend(art: Newest, taste: Taste) -> Results:
        """Works near what somebody likes and away from what they dislike.

        Several tastes at once take turns. Nothing of the taste is kept.
        """
        asked = art.taste(taste.liked, taste.disliked)
        answer = art.answer(asked, taste.refine(art.opened.style_column))
        return views.results(art, answer)

    @routes.get("/api/explain", summary="Why a work is near another", tags=["search"])
    def explain(
        art: Newest,
        id: Annotated[int, Query(description="The work to explain.")],
        code: Annotated[str | None, Query(description="The query's code, or …")] = None,
        work: Annotated[int | None, Query(description="… the work that was asked with.")] = None,
        bits: Annotated[int | None, Query(description="By the first bits only.")] = None,
    ) -> Why:
        """Which bits agree, and which regions of the pictures carry the agreement."""
        if work is not None and code is None:
            return views.why(art.explain(id, work, bits=bits))
        if code is not None and work is None:
            asked = Codes.from_hex([code], art.info.bits)
            return views.why(art.explain(id, asked, bits=bits))
        raise UsageError("expected either a code or a work, found both or neither")

    @routes.post("/api/explain", summary="Why a work is near a picture", tags=["search"])
    def explain_picture(
        art: Newest,
        id: Annotated[int, Query(description="The work to explain.")],
        picture: Annotated[UploadFile, File(description="The picture that was asked with.")],
        bits: Annotated[int | None, Query(description="By the first bits only.")] = None,
    ) -> Why:
        """The same for a picture that is not in the collection."""
        return views.why(art.explain(id, picture.file.read(), bits=bits))

    @routes.get("/api/map", summary="The collection as a map", tags=["collection"])
    def collection_map(art: Newest) -> Map:
        """Every work as a point, like beside like; at most 10,000 of them."""
        return views.collection_map(art)

    @routes.get("/api/facets", summary="What there is to choose from", tags=["collection"])
    def facets(art: Newest) -> Facets:
        """Styles, artists and years of the collection, code lengths, words for distances."""
        return views.facets(art)

    @routes.get(
        "/pictures/{item_id}",
        summary="A picture",
        tags=["collection"],
        response_class=Response,
        responses={200: {"content": {"image/jpeg": {}}}},
    )
    def picture(
        art: Newest,
        item_id: ItemId,
        request: Request,
        size: Annotated[int, Query(ge=16, le=1600, description="Longest side.")] = PREVIEW_SIDE,
        v: Annotated[
            str, Query(description="The index it belongs to; lets browsers keep it.")
        ] = "",
    ) -> Response:
        """The picture as JPEG, never enlarged; above 512 pixels only while the original exists."""
        tag = f'"{art.info.uuid}-{item_id}-{size}"'
        keep = "private, max-age=31536000, immutable" if v else "private, no-cache"
        headers = {"etag": tag, "cache-control": keep}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(
            art.opened.pictures.jpeg(art.item(item_id), size),
            media_type="image/jpeg",
            headers=headers,
        )

    @routes.get("/api/health", summary="Whether the server is up", tags=["service"])
    def health(art: Newest) -> Health:
        """The version that is running and the index it serves."""
        return views.health(art)

    @routes.get("/docs", include_in_schema=False)
    def docs() -> FileResponse:
        return FileResponse(PAGE / "docs.html")

    return routes


def _add_error_handlers(app: FastAPI) -> None:
    def problem(status: int, code: str, message: str) -> JSONResponse:
        return JSONResponse({"error": {"code": code, "message": message}}, status)

    @app.exception_handler(ArtHashError)
    def known(request: Request, error: ArtHashError) -> JSONResponse:
        status, code = next((s, c) for kind, s, c in PROBLEMS if isinstance(error, kind))
        return problem(status, code, str(error))

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        return problem(422, "invalid_request", f"{place}: {first['msg']}")

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> JSONResponse:
        code = "not_found" if error.status_code == 404 else "refused"
        return problem(error.status_code, code, str(error.detail))

    @app.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.exception("%s %s failed", request.method, request.url.path)
        return problem(500, "defect", "the server made a mistake; its log tells more")
