"""The HTTP API: thin routes over `Searcher`, one error shape, and the page mounted at `/`."""

import logging
import pathlib
from collections.abc import Collection, Mapping
from typing import Annotated

import numpy as np
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
from pydantic import Field
from starlette.exceptions import HTTPException

from hashing import __version__
from hashing.collection.answer import UnknownItemError
from hashing.collection.pictures import PREVIEW_SIDE
from hashing.collection.refine import Filters, Refine
from hashing.errors import ArtHashError, ImageError, InputError, StorageError, UsageError
from hashing.images import decode
from hashing.service import views
from hashing.service.guards import LOOPBACK, Guards
from hashing.service.schemas import (
    Detail,
    ErrorBody,
    Facets,
    Health,
    Map,
    Page,
    Results,
    Taste,
    Why,
)
from hashing.service.searcher import NoMapError, Searcher

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


class Browse(Filters):
    """Which works to list."""

    q: str = Field(default="", max_length=200, description="Words of a title or an artist's name.")
    sample: bool = Field(default=False, description="In random order instead of by id.")
    seed: int = Field(
        default=0, ge=0, description="Of the random order; equal seeds, equal orders."
    )
    offset: int = Field(default=0, ge=0, description="How many works to pass over.")
    limit: int = Field(default=60, ge=1, le=500, description="How many works at most.")


def create_app(
    searcher: Searcher,
    *,
    hosts: Collection[str] | None = LOOPBACK,
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
    app.include_router(_routes(searcher))
    app.mount("/page", StaticFiles(directory=PAGE), name="page")
    _add_error_handlers(app)
    if page:
        from hashing.service.page import mount_page

        mount_page(app)
    app.add_middleware(Guards, hosts=hosts, credentials=credentials)
    return app


def _routes(searcher: Searcher) -> APIRouter:
    def refresh(response: Response) -> None:
        """A change of the index is seen from the next request on; every answer tells its state."""
        searcher.refresh()
        response.headers["arthash-index"] = f"{searcher.info.uuid} {searcher.info.generation}"

    routes = APIRouter(dependencies=[Depends(refresh)])

    @routes.post("/api/search", summary="Search by a picture or by its code", tags=["search"])
    def search(
        refine: Annotated[Refine, Query()],
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
        query = (
            searcher.read_picture(picture.file.read())
            if picture is not None
            else searcher.read_code(code or "")
        )
        return views.results(searcher, searcher.search(query, refine))

    @routes.get("/api/items", summary="List works", tags=["collection"])
    def items(browse: Annotated[Browse, Query()]) -> Page:
        """Works that pass the filters; with `q` the best match first, with `sample` shuffled."""
        ids = searcher.browse(browse, browse.q)
        if browse.sample:
            ids = np.random.default_rng(browse.seed).permutation(ids)
        shown = ids[browse.offset : browse.offset + browse.limit]
        return views.page(searcher, len(ids), shown)

    @routes.get("/api/items/{item_id}", summary="One work", tags=["collection"])
    def item(item_id: ItemId) -> Detail:
        """Everything that is known of one work, its code and its main colours."""
        return views.detail(searcher, searcher.item(item_id))

    @routes.get("/api/items/{item_id}/similar", summary="Works like this one", tags=["search"])
    def similar(item_id: ItemId, refine: Annotated[Refine, Query()]) -> Results:
        """The works nearest to one of the index, without itself; no network runs."""
        return views.results(searcher, searcher.similar(item_id, refine))

    @routes.post("/api/recommend", summary="Works for a taste", tags=["search"])
    def recommend(taste: Taste) -> Results:
        """Works near what somebody likes and away from what they dislike.

        Several tastes at once take turns. Nothing of the taste is kept.
        """
        answer = searcher.recommend(taste.liked, taste.disliked, taste)
        return views.results(searcher, answer)

    @routes.get("/api/explain", summary="Why a work is near another", tags=["search"])
    def explain(
        id: Annotated[int, Query(description="The work to explain.")],
        code: Annotated[str | None, Query(description="The query's code, or …")] = None,
        work: Annotated[int | None, Query(description="… the work that was asked with.")] = None,
        bits: Annotated[int | None, Query(description="By the first bits only.")] = None,
    ) -> Why:
        """Which bits agree, and which regions of the pictures carry the agreement."""
        picture = None
        if work is not None and code is None:
            query, picture = searcher.stored(work)
        elif code is not None and work is None:
            query = searcher.read_code(code)
        else:
            raise UsageError("expected either a code or a work, found both or neither")
        return views.why(searcher.explain(id, query, picture, bits))

    @routes.post("/api/explain", summary="Why a work is near a picture", tags=["search"])
    def explain_picture(
        id: Annotated[int, Query(description="The work to explain.")],
        picture: Annotated[UploadFile, File(description="The picture that was asked with.")],
        bits: Annotated[int | None, Query(description="By the first bits only.")] = None,
    ) -> Why:
        """The same for a picture that is not in the collection."""
        image = decode(picture.file.read())
        return views.why(searcher.explain(id, searcher.encode(image), image, bits))

    @routes.get("/api/map", summary="The collection as a map", tags=["collection"])
    def collection_map() -> Map:
        """Every work as a point, like beside like; at most 10,000 of them."""
        return views.collection_map(searcher)

    @routes.get("/api/facets", summary="What there is to choose from", tags=["collection"])
    def facets() -> Facets:
        """Styles, artists and years of the collection, code lengths, words for distances."""
        return views.facets(searcher)

    @routes.get(
        "/pictures/{item_id}",
        summary="A picture",
        tags=["collection"],
        response_class=Response,
        responses={200: {"content": {"image/jpeg": {}}}},
    )
    def picture(
        item_id: ItemId,
        request: Request,
        size: Annotated[int, Query(ge=16, le=1600, description="Longest side.")] = PREVIEW_SIDE,
        v: Annotated[
            str, Query(description="The index it belongs to; lets browsers keep it.")
        ] = "",
    ) -> Response:
        """The picture as JPEG, never enlarged; above 512 pixels only while the original exists."""
        tag = f'"{searcher.info.uuid}-{item_id}-{size}"'
        keep = "private, max-age=31536000, immutable" if v else "private, no-cache"
        headers = {"etag": tag, "cache-control": keep}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(
            searcher.pictures.jpeg(searcher.item(item_id), size),
            media_type="image/jpeg",
            headers=headers,
        )

    @routes.get("/api/health", summary="Whether the server is up", tags=["service"])
    def health() -> Health:
        """The version that is running and the index it serves."""
        return views.health(searcher)

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
