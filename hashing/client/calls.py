"""Each question to the HTTP API once: what is sent, and what its answer is read as."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypedDict, TypeVar

import httpx
from pydantic import BaseModel

from hashing.client.errors import ServerError
from hashing.service.between import Path as WorkPath
from hashing.service.duplicates import DuplicateGroups
from hashing.service.schemas import Batch, Detail, Facets, Health, Map, Page, Results, Why
from hashing.sources import Value

Answer = TypeVar("Answer")
Model = TypeVar("Model", bound=BaseModel)
Picture = str | Path | bytes
"""A file, or an encoded picture."""


class Narrowed(TypedDict, total=False):
    """By what any list is narrowed.

    where: a filter in the language of the command line. filters: parameters of columns, such as
    `{"brand": ["A", "B"], "price__lte": 20}`. offset: how many to pass over.
    """

    where: str
    filters: Mapping[str, object]
    offset: int


class Refine(Narrowed, total=False):
    """How an answer is made; see `/docs`."""

    k: int
    bits: int
    max_distance: float
    by: str
    palette: list[str]
    diversity: float
    tones: float
    features: float
    one_per: str
    fold: bool


class Browse(Narrowed, total=False):
    """Which works are listed.

    q: words. palette: colours such as `2b2a26`; every: works that lack some of them, too.
    sample: shuffled by `seed`.
    """

    q: str
    exact: bool
    palette: list[str]
    every: bool
    sample: bool
    seed: int
    limit: int


@dataclass(frozen=True)
class Call(Generic[Answer]):
    """One request and how its answer is read."""

    method: str
    path: str
    read: Callable[[httpx.Response], Answer]
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def answer(self, response: httpx.Response) -> Answer:
        """What came back. Raises ServerError for an error of the server."""
        if response.is_error:
            raise ServerError.of(response)
        return self.read(response)


def search(picture: Picture | None, code: str | None, refine: Mapping[str, Any]) -> Call[Results]:
    """By a picture or by a code."""
    files = {} if picture is None else {"files": {"picture": _bytes(picture)}}
    data = {} if code is None else {"data": {"code": code}}
    return _ask("POST", "search", Results, params=_params(refine), **files, **data)


def batch(
    pictures: Sequence[Picture], codes: Sequence[str], ids: Sequence[int], refine: Mapping[str, Any]
) -> Call[Batch]:
    """By several of each."""
    files = [("pictures", (f"{n}", _bytes(picture))) for n, picture in enumerate(pictures)]
    data = {"codes": list(codes), "ids": [str(i) for i in ids]}
    sent = {"files": files} if files else {}
    return _ask("POST", "search/batch", Batch, params=_params(refine), data=data, **sent)


def similar(item_id: int, refine: Mapping[str, Any]) -> Call[Results]:
    """By a work of the index."""
    return _ask("GET", f"items/{item_id}/similar", Results, params=_params(refine))


def recommend(
    liked: Sequence[int | str], disliked: Sequence[int | str], refine: Mapping[str, Any]
) -> Call[Results]:
    """For a taste."""
    body = {"liked": list(liked), "disliked": list(disliked), **_params(refine)}
    return _ask("POST", "recommend", Results, json=body)


def mix(parts: Mapping[int | str, float], refine: Mapping[str, Any]) -> Call[Results]:
    """For several questions at once."""
    given = [{"work": work, "weight": weight} for work, weight in parts.items()]
    return _ask("POST", "mix", Results, json={"parts": given, **_params(refine)})


def path(start: int, end: int) -> Call[WorkPath]:
    """From one work to another."""
    return _ask("GET", "path", WorkPath, params={"from": start, "to": end})


def items(browse: Mapping[str, Any]) -> Call[Page]:
    """A list of works."""
    return _ask("GET", "items", Page, params=_params(browse))


def item(item_id: int) -> Call[Detail]:
    """One work."""
    return _ask("GET", f"items/{item_id}", Detail)


def explain(item_id: int, work: int | None, code: str | None) -> Call[Why]:
    """Why a work is near another, or near a code."""
    asked = {"id": item_id, "work": work, "code": code}
    given = {name: value for name, value in asked.items() if value is not None}
    return _ask("GET", "explain", Why, params=given)


def facets() -> Call[Facets]:
    """What there is to choose from."""
    return _ask("GET", "facets", Facets)


def duplicates(kind: str, offset: int, limit: int) -> Call[DuplicateGroups]:
    """What is there more than once."""
    params = {"kind": kind, "offset": offset, "limit": limit}
    return _ask("GET", "duplicates", DuplicateGroups, params=params)


def collection_map() -> Call[Map]:
    """Every work as a point."""
    return _ask("GET", "map", Map)


def health() -> Call[Health]:
    """What runs."""
    return _ask("GET", "health", Health)


def picture(item_id: int, size: int) -> Call[bytes]:
    """The picture of a work as JPEG."""
    address = f"pictures/{item_id}"
    return Call("GET", address, lambda response: response.content, {"params": {"size": size}})


def add(picture: Picture, file: str, fields: Mapping[str, Value]) -> Call[Detail | None]:
    """Put a picture in."""
    data = {"file": file, "fields": json.dumps(dict(fields))}
    return _change("POST", "items", data=data, files={"picture": _bytes(picture)})


def change(item_id: int, fields: Mapping[str, Value | None]) -> Call[Detail | None]:
    """Change fields; None takes one away."""
    return _change("PATCH", f"items/{item_id}", json={"fields": dict(fields)})


def remove(item_id: int) -> Call[None]:
    """Take a work out."""
    return Call("DELETE", f"api/v1/items/{item_id}", lambda response: None)


def _ask(method: str, route: str, model: type[Model], **arguments: Any) -> Call[Model]:
    def read(response: httpx.Response) -> Model:
        return model.model_validate_json(response.content)

    return Call(method, f"api/v1/{route}", read, arguments)


def _change(method: str, route: str, **arguments: Any) -> Call[Detail | None]:
    """A change that is answered with the work, or with nothing where visitors do not see it."""

    def read(response: httpx.Response) -> Detail | None:
        return Detail.model_validate_json(response.content) if response.content else None

    return Call(method, f"api/v1/{route}", read, arguments)


def _params(given: Mapping[str, Any]) -> dict[str, Any]:
    filters = given.get("filters", {})
    return {**{name: value for name, value in given.items() if name != "filters"}, **filters}


def _bytes(picture: Picture) -> bytes:
    return picture if isinstance(picture, bytes) else Path(picture).read_bytes()
