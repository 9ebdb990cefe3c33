"""What is asked of no route: answered in the shape of every other error."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI, Request
from starlette._utils import get_route_path
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY")
"""That there are, beside HEAD, which is answered as GET is."""


def add_unknown(app: FastAPI, known: Sequence[APIRouter]) -> None:
    """Take what the known routes leave over, before a page that is mounted at `/` gets it."""
    router = APIRouter(include_in_schema=False)

    def unknown(request: Request) -> None:
        path, method = get_route_path(request.scope), request.method
        partial = (
            route
            for router in known
            for route in router.routes
            if isinstance(route, Route) and route.matches(request.scope)[0] is Match.PARTIAL
        )
        allowed = sorted({name for route in partial for name in route.methods or ()})
        if not allowed:
            raise HTTPException(404, f"there is nothing at {method} {path}: see /docs")
        told = ", ".join(allowed)
        raise HTTPException(405, f"expected {told} for {path}, found {method}", {"allow": told})

    for start in ("/api", "/pictures"):
        router.add_api_route(start + "/{rest:path}", unknown, methods=list(METHODS))
    app.include_router(router)
