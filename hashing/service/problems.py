"""What goes wrong, in one shape: `{"error": {"code": …, "message": …}}`."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from hashing.collection.opened import UnknownItemError
from hashing.collection.surveying import NoMapError
from hashing.errors import ArtHashError, ImageError, InputError, StorageError, UsageError
from hashing.service.admission import RETRY_SECONDS
from hashing.service.duplicates import SearchingError
from hashing.service.pictures import NoPartError, NotOpenError
from hashing.store import NoItemError

PROBLEMS: tuple[tuple[type[Exception], int, str], ...] = (
    (ImageError, 422, "unreadable_picture"),
    (UnknownItemError, 404, "unknown_work"),
    (NoMapError, 404, "no_map"),
    (NotOpenError, 403, "not_open"),
    (NoPartError, 404, "no_part"),
    (SearchingError, 503, "busy"),
    (InputError, 422, "bad_input"),
    (UsageError, 422, "bad_request"),
    (StorageError, 503, "index_unavailable"),
    (ArtHashError, 503, "index_damaged"),
)
"""Status and code of each kind of error, the first that fits."""
PASSING = ("busy", "index_unavailable")
"""Codes of errors that pass: who asks again in a while is answered."""


class Problem(BaseModel):
    """What went wrong."""

    code: str = Field(examples=["unreadable_picture"])
    message: str = Field(
        description="One sentence: what was expected, found, and what to do.",
        examples=["expected a complete PNG picture, found a broken one"],
    )


class ErrorBody(BaseModel):
    """The one shape of every error."""

    error: Problem


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error of a route in that shape; the guards answer what nobody foresaw."""

    def problem(status: int, code: str, message: str) -> JSONResponse:
        return JSONResponse({"error": {"code": code, "message": message}}, status)

    @app.exception_handler(ArtHashError)
    def known(request: Request, error: ArtHashError) -> JSONResponse:
        status, code = next((s, c) for kind, s, c in PROBLEMS if isinstance(error, kind))
        answer = problem(status, code, str(error))
        if code in PASSING:
            answer.headers["retry-after"] = str(RETRY_SECONDS)
        return answer

    @app.exception_handler(NoItemError)
    def changed(request: Request, error: NoItemError) -> JSONResponse:
        # A route looks at the items that a visitor names first: this one went while the answer
        # was made.
        return known(request, StorageError("the collection changed meanwhile: try again"))

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        return problem(422, "invalid_request", f"{place}: {first['msg']}")

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> JSONResponse:
        code = {404: "not_found", 405: "wrong_method"}.get(error.status_code, "refused")
        answer = problem(error.status_code, code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer
