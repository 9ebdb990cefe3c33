"""The client against a real server, and the asynchronous one against the application itself."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from hashing.client import AsyncClient, Client, ServerError
from hashing.collection import Collection
from hashing.collection.map import draw_map
from hashing.service.api import create_app
from hashing.service.current import Current
from hashing.service.door import Door
from hashing.service.public import public
from tests.gallery import draw, jpeg, make_gallery, with_model
from tests.service.serving import free_port, serving

TOKEN = "a token of more than sixteen letters"


@pytest.fixture(scope="module")
def art(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    index = make_gallery(tmp_path_factory.mktemp("client"))
    draw_map(index)
    with with_model(index) as collection:
        yield collection


@pytest.fixture(scope="module")
def app(art: Collection) -> FastAPI:
    return create_app(Current(art), page=False, door=Door(token=TOKEN))


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[Client]:
    port = free_port()
    with serving(app, port), Client(f"http://127.0.0.1:{port}/", token=TOKEN) as asking:
        yield asking


def test_every_question_has_a_typed_answer(client: Client, art: Collection, tmp_path: Path) -> None:
    picture = client.picture(5, size=512)
    (tmp_path / "mine.jpg").write_bytes(picture)
    found = client.search(tmp_path / "mine.jpg", k=3, diversity=0)
    assert (found.results[0].id, found.results[0].distance) == (5, 0)
    again = client.search(code=found.code, k=3, diversity=0)
    assert [r.id for r in again.results] == [r.id for r in found.results]
    red = {"style": ["Red School"], "year__gte": 1860}
    near = client.similar(4, k=2, filters=red)
    assert {r.group for r in near.results} == {"Red School"}
    assert client.similar(4, k=1, where="year > 1870").results[0].year > 1870  # type: ignore[operator]
    batch = client.search_batch([picture, picture], codes=[found.code or ""], ids=[5], k=2)
    assert [answer.results[0].id for answer in batch[:3]] == [5, 5, 5]
    assert len(batch) == 4
    assert batch[3].results[0].id != 5
    assert client.recommend([1], [2], k=4).results[0].nearest_like == 0
    assert len(client.mix({1: 1, 2: -0.5}, k=4).results) == 4
    assert [client.path(1, 2).works[end].id for end in (0, -1)] == [1, 2]
    page = client.items(q="study", limit=2, filters={"year__lt": 1860})
    assert (page.total, len(page.works)) == (10, 2)
    assert client.item(3).fields["title"] == "Study 3"
    assert client.explain(3, work=4).bits == 64
    assert client.facets().count == client.health().count == len(art)
    assert len(client.map().points) == len(art)


def test_programs_with_the_token_change_the_collection(client: Client, art: Collection) -> None:
    count = len(art)
    mine = jpeg(draw((200, 180, 40), 99, (64, 48)))
    made = client.add(mine, "mine/99.jpg", {"title": "Mine", "year": 1999})
    assert made.id == max(art.ids())
    assert (made.title, made.year, len(art)) == ("Mine", 1999, count + 1)
    assert client.add(mine, "mine/99.jpg").id == made.id
    assert client.search(mine, k=1).results[0].id == made.id
    changed = client.change(made.id, {"title": "Ours", "year": None})
    assert (changed.title, changed.year, changed.id) == ("Ours", None, made.id)
    assert client.items(q="ours").works[0].id == made.id
    for wrong in (
        lambda: client.change(made.id, {"tilte": "x"}),
        lambda: client.change(made.id, {"year": "x"}),
        lambda: client.add(mine, "../../etc/passwd"),
        lambda: client.add(b"no picture", "x.jpg"),
    ):
        with pytest.raises(ServerError) as caught:
            wrong()
        assert (caught.value.status, bool(caught.value.request_id)) == (422, True)
    client.remove(made.id)
    assert len(art) == count
    for gone in (lambda: client.item(made.id), lambda: client.remove(made.id)):
        with pytest.raises(ServerError, match=f"no work has the id {made.id}") as caught:
            gone()
        assert (caught.value.status, caught.value.code) == (404, "unknown_work")


def test_a_change_of_a_work_that_visitors_do_not_see(tmp_path: Path) -> None:
    index = public("style = 'Red School'")(make_gallery(tmp_path))
    with with_model(index) as art:
        app = create_app(Current(art), page=False, door=Door(token=TOKEN))
        mine, hidden = jpeg(draw((200, 180, 40), 99, (64, 48))), {"style": "Blue School"}
        with (
            serving(app, port := free_port()),
            Client(f"http://127.0.0.1:{port}", token=TOKEN) as c,
        ):
            for _ in range(2):
                assert c.add(mine, "mine/99.jpg", hidden) is None
            shown = c.add(mine, "mine/98.jpg", {"style": "Red School"})
            assert shown is not None
            assert c.change(shown.id, hidden) is None

        async def run() -> None:
            transport = httpx.ASGITransport(app)
            async with AsyncClient("http://127.0.0.1", token=TOKEN, transport=transport) as other:
                assert await other.add(mine, "mine/97.jpg", hidden) is None
                assert await other.change(3, hidden) is None

        asyncio.run(run())


def test_nobody_else_does(app: FastAPI, art: Collection) -> None:
    async def run() -> None:
        transport = httpx.ASGITransport(app)
        for token in (None, "another token of many letters"):
            async with AsyncClient("http://127.0.0.1", token=token, transport=transport) as client:
                for change in (
                    client.remove(3),
                    client.change(3, {"title": "x"}),
                    client.add(b"x", "x"),
                ):
                    with pytest.raises(ServerError) as caught:
                        await change
                    assert (caught.value.status, caught.value.code) == (401, "token_needed")
                assert (await client.item(3)).id == 3
        closed = create_app(Current(art), page=False)
        transport = httpx.ASGITransport(closed)
        async with AsyncClient("http://127.0.0.1", token=TOKEN, transport=transport) as client:
            with pytest.raises(ServerError) as caught:
                await client.remove(3)
            assert (caught.value.status, caught.value.code) == (405, "wrong_method")

    asyncio.run(run())


def test_the_other_client_answers_the_same(app: FastAPI, client: Client) -> None:
    async def run() -> None:
        transport = httpx.ASGITransport(app)
        async with AsyncClient("http://127.0.0.1", transport=transport) as other:
            assert await other.similar(4, k=3) is not None
            mine, theirs = await other.similar(4, k=3), client.similar(4, k=3)
            assert mine.results == theirs.results
            assert await other.item(3) == client.item(3)
            assert await other.items(limit=3) == client.items(limit=3)
            assert await other.facets() == client.facets()
            assert await other.picture(3) == client.picture(3)
            assert (await other.search_batch(ids=[1, 2]))[1].results
            assert (await other.recommend([1])).results
            assert (await other.search(code=(await other.item(3)).code)).results[0].id == 3
            assert (await other.explain(1, work=2)).distance >= 0
            assert len((await other.map()).points) == (await other.health()).count

    asyncio.run(run())
