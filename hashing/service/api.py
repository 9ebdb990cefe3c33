"""The HTTP API: thin routes over a `Collection`, one error shape, and the page mounted at `/`."""

import pathlib
from typing import Annotated

import numpy as np
from fastapi import (
    APIRouter,
    Depends,
    FastAPI,
    File,
    Form,
    Query,
    UploadFile,
)
from fastapi.security import HTTPBasic
from numpy.typing import NDArray
from starlette.middleware.gzip import GZipMiddleware

from hashing import __version__
from hashing.codes import Codes
from hashing.collection import Collection
from hashing.errors import UsageError
from hashing.filters import Filter
from hashing.service import batch, between, duplicates, maps, operations, pictures, views, writing
from hashing.service.context import (
    KNOWN_FIELDS,
    KNOWN_ONLY,
    Filtered,
    ItemId,
    Newest,
    combined,
)
from hashing.service.current import Current
from hashing.service.description import add_description
from hashing.service.door import Door
from hashing.service.guards import Guards
from hashing.service.metrics import Metrics
from hashing.service.problems import ErrorBody, add_error_handlers
from hashing.service.requests import LARGEST_ID, Browse, Code, Controls, Looking, Taste
from hashing.service.schemas import (
    Detail,
    Facets,
    Health,
    Page,
    Results,
    Why,
)
from hashing.service.static import FreshFiles
from hashing.service.unknown import add_unknown
from hashing.store.page import cut

PAGE = pathlib.Path(__file__).parent / "page"

AskedId = Annotated[int, Query(ge=0, le=LARGEST_ID, description="The work to explain.")]
AskingId = Annotated[
    int | None, Query(ge=0, le=LARGEST_ID, description="… the work that was asked with.")
]


def create_app(
    current: Current,
    *,
    door: Door | None = None,
    page: bool = True,
) -> FastAPI:
    """The whole service as one application; `page=False` leaves the Gradio page out."""
    door = door or Door()
    app = FastAPI(
        title="ArtHash",
        version=__version__,
        description="Find pictures that look alike, by binary codes and Hamming distance.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # The guards ask for it; named here, so that the description does, too.
        dependencies=[Depends(HTTPBasic(auto_error=False))] if door.credentials else [],
        responses={
            status: {"model": ErrorBody, "description": "What went wrong."}
            # Named by itself, or FastAPI describes another shape for it.
            for status in ("4XX", 422, "5XX")
        },
    )
    current.served_at(door.prefix)
    app.state.current, app.state.metrics = current, Metrics()
    app.state.public = door.public
    routers = [
        _routes(),
        between.router,
        maps.router,
        pictures.router,
        batch.router,
        duplicates.router,
        *([writing.router] if door.token else []),
    ]
    for router in (*routers, operations.router):
        app.include_router(router)
    add_description(app)
    app.mount("/page", GZipMiddleware(FreshFiles(directory=PAGE)), name="page")
    add_error_handlers(app)
    add_unknown(app, routers)
    if page:
        from hashing.service.page import mount_page

        mount_page(app, current, door.public)
    app.add_middleware(Guards, door=door, metrics=app.state.metrics)
    app.openapi()  # now, for threads that make it at once get in each other's way
    return app


def _routes() -> APIRouter:
    routes = APIRouter()

    @routes.post(
        "/api/v1/search",
        summary="Search by a picture or by its code",
        tags=["search"],
        dependencies=KNOWN_FIELDS,
    )
    def search(
        art: Newest,
        where: Filtered,
        controls: Annotated[Looking, Query()],
        picture: Annotated[
            UploadFile | None,
            File(description="JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, …, at most 20 MiB."),
        ] = None,
        code: Annotated[
            Code | None,
            Form(
                description="Instead of a picture: the code of an earlier answer.",
                examples=["8f3a0c51d2e97b64"],
            ),
        ] = None,
    ) -> Results:
        """The works nearest to a picture. The picture is not kept anywhere."""
        if (picture is None) == (code is None):
            raise UsageError("expected either a picture or a code, found both or neither")
        seen = None
        if picture is not None and controls.recognise:
            seen, query = art.look_for(picture.file.read(), controls.look(), where)
        elif picture is not None:
            query = art.look(picture.file.read(), controls.look())
        else:
            query = art.query(Codes.from_hex([code or ""], art.info.bits))
        answer = art.answer(query, controls.refine(where, art.info))
        return views.results(art, answer, controls.offset, seen)

    @routes.get("/api/v1/items", summary="List works", tags=["collection"])
    def items(art: Newest, where: Filtered, browse: Annotated[Browse, Query()]) -> Page:
        """Items that pass the filters; with `q` the best match first, with `sample` shuffled."""
        forgiving = browse.q.strip() and not browse.exact
        meant = art.understand(browse.q) if forgiving else None
        narrowed, text = (where, browse.q) if meant is None else (meant.where(where), meant.text)
        seed, offset, limit = browse.seed if browse.sample else None, browse.offset, browse.limit
        if browse.id or browse.palette:
            found = cut(_chosen(art, browse, narrowed, text), seed, offset, limit)
        else:
            found = art.page(where=narrowed, text=text, seed=seed, offset=offset, limit=limit)
        return views.page(art, found.total, found.ids, meant)

    @routes.get(
        "/api/v1/items/{item_id}", summary="One work", tags=["collection"], dependencies=KNOWN_ONLY
    )
    def item(art: Newest, item_id: ItemId) -> Detail:
        """Everything that is known of one work, its code and its main colours."""
        return views.detail(art, art.item(item_id))

    @routes.get("/api/v1/items/{item_id}/similar", summary="Works like this one", tags=["search"])
    def similar(
        art: Newest, where: Filtered, item_id: ItemId, controls: Annotated[Controls, Query()]
    ) -> Results:
        """The works nearest to one of the index, without itself; no network runs."""
        answer = art.answer(art.stored(item_id), controls.refine(where, art.info))
        return views.results(art, answer, controls.offset)

    @routes.post(
        "/api/v1/recommend", summary="Works for a taste", tags=["search"], dependencies=KNOWN_ONLY
    )
    def recommend(art: Newest, taste: Taste) -> Results:
        """Works near what somebody likes and away from what they dislike.

        Several tastes at once take turns. Nothing of the taste is kept.
        """
        asked = art.taste(taste.liked, taste.disliked)
        where = combined(art, (taste.model_extra or {}).items(), taste.where, Taste.model_fields)
        answer = art.answer(asked, taste.refine(where, art.info))
        return views.results(art, answer, taste.offset)

    @routes.get(
        "/api/v1/explain",
        summary="Why a work is near another",
        tags=["search"],
        dependencies=KNOWN_ONLY,
    )
    def explain(
        art: Newest,
        id: AskedId,
        code: Annotated[Code | None, Query(description="The query's code, or …")] = None,
        work: AskingId = None,
        bits: Annotated[int | None, Query(ge=1, description="By the first bits only.")] = None,
    ) -> Why:
        """Which bits agree, and which regions of the pictures carry the agreement."""
        if work is not None and code is None:
            return views.why(art.explain(id, work, bits=bits))
        if code is not None and work is None:
            asked = Codes.from_hex([code], art.info.bits)
            return views.why(art.explain(id, asked, bits=bits))
        raise UsageError("expected either a code or a work, found both or neither")

    @routes.post(
        "/api/v1/explain",
        summary="Why a work is near a picture",
        tags=["search"],
        dependencies=[*KNOWN_ONLY, *KNOWN_FIELDS],
    )
    def explain_picture(
        art: Newest,
        id: AskedId,
        picture: Annotated[UploadFile, File(description="The picture that was asked with.")],
        bits: Annotated[int | None, Query(ge=1, description="By the first bits only.")] = None,
    ) -> Why:
        """The same for a picture that is not in the collection."""
        return views.why(art.explain(id, picture.file.read(), bits=bits))

    @routes.get(
        "/api/v1/facets",
        summary="What there is to choose from",
        tags=["collection"],
        dependencies=KNOWN_ONLY,
    )
    def facets(art: Newest) -> Facets:
        """Columns of the collection and their values, code lengths, words for distances."""
        return views.facets(art)

    @routes.get(
        "/api/v1/health",
        summary="Whether the server is up",
        tags=["service"],
        dependencies=KNOWN_ONLY,
    )
    def health(art: Newest) -> Health:
        """The version that is running and the index it serves."""
        return views.health(art)

    return routes


def _chosen(art: Collection, browse: Browse, where: Filter | None, text: str) -> NDArray[np.int64]:
    """The works of a list by ids or by colours, in the order of the ids where there are some."""
    if browse.palette:
        kept = art.colours(browse.palette, where=where, text=text, every=browse.every)
    else:
        kept = art.ids(where=where, text=text)
    asked = np.array(browse.id, np.int64)
    return asked[np.isin(asked, kept)] if browse.id else kept
