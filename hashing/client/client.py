"""A program's way to a served collection, with types, waiting or not.

Example:
    >>> with Client("http://127.0.0.1:7860") as art:
    ...     found = art.search("my.jpg", k=5, where="year > 1900")
    >>> print(found.results[0].title)
    Pears
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self, TypeVar, Unpack

import httpx

from hashing.client import calls
from hashing.client.calls import Browse, Call, Picture, Refine
from hashing.service.between import Path as WorkPath
from hashing.service.duplicates import DuplicateGroups
from hashing.service.schemas import Detail, Facets, Health, Map, Page, Results, Why
from hashing.sources import Value

Answer = TypeVar("Answer")
TIMEOUT = 30.0


def _options(
    url: str, token: str | None, auth: tuple[str, str] | None, timeout: float
) -> dict[str, Any]:
    """What both clients are made of."""
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    base = url.rstrip("/") + "/"
    return {"base_url": base, "headers": headers, "auth": auth, "timeout": timeout}


class Client:
    """Asks a server and waits. Every method raises ServerError for an error of the server.

    url: the server's, with its prefix where it has one. token: to change the collection.
    auth: user name and password. timeout: seconds. transport: another way than the network.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        options = _options(url, token, auth, timeout)
        self._http = httpx.Client(transport=transport, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _run(self, call: Call[Answer]) -> Answer:
        return call.answer(self._http.request(call.method, call.path, **call.arguments))

    def search(
        self, picture: Picture | None = None, *, code: str | None = None, **refine: Unpack[Refine]
    ) -> Results:
        """The works nearest to a picture, or to the code of an earlier answer."""
        return self._run(calls.search(picture, code, refine))

    def search_batch(
        self,
        pictures: Sequence[Picture] = (),
        *,
        codes: Sequence[str] = (),
        ids: Sequence[int] = (),
        **refine: Unpack[Refine],
    ) -> list[Results]:
        """One answer for each picture, then for each code, then for each id."""
        return self._run(calls.batch(pictures, codes, ids, refine)).answers

    def similar(self, item_id: int, **refine: Unpack[Refine]) -> Results:
        """The works nearest to one of the index."""
        return self._run(calls.similar(item_id, refine))

    def recommend(
        self,
        liked: Sequence[int | str],
        disliked: Sequence[int | str] = (),
        **refine: Unpack[Refine],
    ) -> Results:
        """Works for a taste: ids, or codes in hexadecimal."""
        return self._run(calls.recommend(liked, disliked, refine))

    def mix(self, parts: Mapping[int | str, float], **refine: Unpack[Refine]) -> Results:
        """Works for several questions at once: weights by ids, or by codes in hexadecimal."""
        return self._run(calls.mix(parts, refine))

    def path(self, start: int, end: int) -> WorkPath:
        """Works that step from one to another."""
        return self._run(calls.path(start, end))

    def items(self, **browse: Unpack[Browse]) -> Page:
        """Works that pass filters and have words."""
        return self._run(calls.items(browse))

    def item(self, item_id: int) -> Detail:
        """One work."""
        return self._run(calls.item(item_id))

    def explain(self, item_id: int, *, work: int | None = None, code: str | None = None) -> Why:
        """Why a work is near another, or near a code."""
        return self._run(calls.explain(item_id, work, code))

    def facets(self) -> Facets:
        """Columns and their values, code lengths, words for distances."""
        return self._run(calls.facets())

    def duplicates(
        self, kind: str = "near", *, offset: int = 0, limit: int = 20
    ) -> DuplicateGroups:
        """Pictures that are there more than once: kind `exact` or `near`."""
        return self._run(calls.duplicates(kind, offset, limit))

    def map(self) -> Map:
        """Every work as a point."""
        return self._run(calls.collection_map())

    def health(self) -> Health:
        """The version and the index that are served."""
        return self._run(calls.health())

    def picture(self, item_id: int, size: int = 512) -> bytes:
        """A work's picture as JPEG, its longest side `size` pixels at most."""
        return self._run(calls.picture(item_id, size))

    def add(self, picture: Picture, file: str, fields: Mapping[str, Value] = {}) -> Detail | None:
        """Put a picture in, by this name; needs the token. None where visitors do not see it."""
        return self._run(calls.add(picture, file, fields))

    def change(self, item_id: int, fields: Mapping[str, Value | None]) -> Detail | None:
        """Change some fields, None takes one away; needs the token. None as for `add`."""
        return self._run(calls.change(item_id, fields))

    def remove(self, item_id: int) -> None:
        """Take a work out of the index; needs the token."""
        self._run(calls.remove(item_id))


class AsyncClient:
    """The same for `async` programs: every method is awaited."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float = TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        options = _options(url, token, auth, timeout)
        self._http = httpx.AsyncClient(transport=transport, **options)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _run(self, call: Call[Answer]) -> Answer:
        return call.answer(await self._http.request(call.method, call.path, **call.arguments))

    async def search(
        self, picture: Picture | None = None, *, code: str | None = None, **refine: Unpack[Refine]
    ) -> Results:
        """The works nearest to a picture, or to the code of an earlier answer."""
        return await self._run(calls.search(picture, code, refine))

    async def search_batch(
        self,
        pictures: Sequence[Picture] = (),
        *,
        codes: Sequence[str] = (),
        ids: Sequence[int] = (),
        **refine: Unpack[Refine],
    ) -> list[Results]:
        """One answer for each picture, then for each code, then for each id."""
        return (await self._run(calls.batch(pictures, codes, ids, refine))).answers

    async def similar(self, item_id: int, **refine: Unpack[Refine]) -> Results:
        """The works nearest to one of the index."""
        return await self._run(calls.similar(item_id, refine))

    async def recommend(
        self,
        liked: Sequence[int | str],
        disliked: Sequence[int | str] = (),
        **refine: Unpack[Refine],
    ) -> Results:
        """Works for a taste: ids, or codes in hexadecimal."""
        return await self._run(calls.recommend(liked, disliked, refine))

    async def mix(self, parts: Mapping[int | str, float], **refine: Unpack[Refine]) -> Results:
        """Works for several questions at once: weights by ids, or by codes in hexadecimal."""
        return await self._run(calls.mix(parts, refine))

    async def path(self, start: int, end: int) -> WorkPath:
        """Works that step from one to another."""
        return await self._run(calls.path(start, end))

    async def items(self, **browse: Unpack[Browse]) -> Page:
        """Works that pass filters and have words."""
        return await self._run(calls.items(browse))

    async def item(self, item_id: int) -> Detail:
        """One work."""
        return await self._run(calls.item(item_id))

    async def explain(
        self, item_id: int, *, work: int | None = None, code: str | None = None
    ) -> Why:
        """Why a work is near another, or near a code."""
        return await self._run(calls.explain(item_id, work, code))

    async def facets(self) -> Facets:
        """Columns and their values, code lengths, words for distances."""
        return await self._run(calls.facets())

    async def duplicates(
        self, kind: str = "near", *, offset: int = 0, limit: int = 20
    ) -> DuplicateGroups:
        """Pictures that are there more than once: kind `exact` or `near`."""
        return await self._run(calls.duplicates(kind, offset, limit))

    async def map(self) -> Map:
        """Every work as a point."""
        return await self._run(calls.collection_map())

    async def health(self) -> Health:
        """The version and the index that are served."""
        return await self._run(calls.health())

    async def picture(self, item_id: int, size: int = 512) -> bytes:
        """A work's picture as JPEG, its longest side `size` pixels at most."""
        return await self._run(calls.picture(item_id, size))

    async def add(
        self, picture: Picture, file: str, fields: Mapping[str, Value] = {}
    ) -> Detail | None:
        """Put a picture in, by this name; needs the token. None where visitors do not see it."""
        return await self._run(calls.add(picture, file, fields))

    async def change(self, item_id: int, fields: Mapping[str, Value | None]) -> Detail | None:
        """Change some fields, None takes one away; needs the token. None as for `add`."""
        return await self._run(calls.change(item_id, fields))

    async def remove(self, item_id: int) -> None:
        """Take a work out of the index; needs the token."""
        await self._run(calls.remove(item_id))
