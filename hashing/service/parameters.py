"""Parameters of a request beyond those that its route declares."""

from collections.abc import Sequence
from typing import get_args, get_origin

from fastapi import Request

from hashing.errors import UsageError, unknown


def further(request: Request) -> list[tuple[str, object]]:
    """Names and values that the route does not know: columns to filter by, where it takes any."""
    known = declared(request)
    return [pair for pair in request.query_params.multi_items() if pair[0] not in known]


async def refuse_further(request: Request) -> None:
    """Raise UsageError for a parameter that the route does not know."""
    for name, _ in further(request):
        raise UsageError(unknown("parameter", name, declared(request)))


async def refuse_further_fields(request: Request) -> None:
    """Raise UsageError for a field of the form that the route does not know, or knows only once."""
    known = {
        field.alias: field.field_info.annotation
        for field in request.scope["route"].dependant.body_params
    }
    form = await request.form()
    for name in form:
        if name not in known:
            raise UsageError(unknown("field", name, list(known)))
        if len(form.getlist(name)) > 1 and not _takes_several(known[name]):
            raise UsageError(f"expected one {name}, found {len(form.getlist(name))}")


def _takes_several(kind: object) -> bool:
    return any(get_origin(one) is list for one in (kind, *get_args(kind)))


def declared(request: Request) -> Sequence[str]:
    """The query parameters of a request's route, as the API describes it."""
    path = request.app.openapi()["paths"][request.scope["route"].path]
    operation = path[request.method.lower()]
    return [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
