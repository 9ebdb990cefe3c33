"""What a server hides is nowhere: not in lists, counts, facets, answers, maps or pictures."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from hashing.collection.map import draw_map
from hashing.errors import UsageError
from hashing.service.api import create_app
from hashing.service.current import Current
from hashing.service.door import Door
from hashing.service.public import public
from hashing.store import Index
from tests.gallery import draw, jpeg, with_model

HIDDEN = {0: "x", 3: "TRUE", 5: "until spring"}
SHOWN = {1: "No", 2: "", 4: "0"}
TOKEN = "t" * 32


@pytest.fixture
def index(new_gallery: Index) -> Index:
    draw_map(new_gallery)
    items = new_gallery.items([*HIDDEN, *SHOWN])
    changed = [replace(i, fields={**i.fields, "hidden": {**HIDDEN, **SHOWN}[i.id]}) for i in items]
    new_gallery.change(changed, {"hidden": str})
    return new_gallery


def client_of(index: Index, where: str = "") -> TestClient:
    app = create_app(Current(with_model(public(where)(index))), page=False, door=Door(token=TOKEN))
    return TestClient(app, base_url="http://127.0.0.1")


def test_hidden_works_are_nowhere(index: Index) -> None:
    client = client_of(index)
    left = set(range(38)) - set(HIDDEN)
    listed = client.get("/api/items?limit=500").json()
    assert (listed["total"], {work["id"] for work in listed["works"]}) == (35, left)
    facets = client.get("/api/facets").json()
    assert facets["count"] == client.get("/api/health").json()["count"] == 35
    assert "hidden" not in [column["name"] for column in facets["columns"]]
    year = next(column for column in facets["columns"] if column["name"] == "year")
    assert year["span"] == [1851, 1885]
    styles = next(column for column in facets["columns"] if column["name"] == "style")
    assert sum(value["count"] for value in styles["values"]) == 34
    assert {point[0] for point in client.get("/api/map").json()["points"]} == left
    assert b'"count": 35' in client.get("/api/map/points").content
    assert client.get("/api/items?q=study+5").json()["total"] == 0
    assert client.get("/api/items?id=5&id=6").json()["total"] == 1
    for path in ("items/5", "items/5/similar", "explain?id=5&work=6", "explain?id=6&work=5"):
        assert client.get(f"/api/{path}").status_code == 404
    assert client.get("/pictures/5").status_code == 404
    assert client.post("/api/recommend", json={"liked": [5]}).status_code == 404
    near = client.get("/api/items/36/similar?k=38&diversity=0").json()["results"]
    assert {one["id"] for one in near} <= left
    assert not {copy for one in near for copy in one["copies"]} & set(HIDDEN)
    # number 36 is a copy of number 0
    art = with_model(public()(index))
    assert all(copy.item.id in left for group in art.duplicates() for copy in group.copies)


def test_a_filter_shows_a_part(index: Index) -> None:
    client = client_of(index, "style = 'Blue School'")
    listed = client.get("/api/items?limit=500").json()
    assert {work["group"] for work in listed["works"]} == {"Blue School"}
    assert listed["total"] == 11
    with pytest.raises(UsageError, match="styl"):
        public("styl = 'Blue School'")(index)


def test_a_work_hides_from_its_next_answer_on(index: Index) -> None:
    client = client_of(index)
    by_token = {"authorization": f"Bearer {TOKEN}"}
    fields = {"fields": {"hidden": "yes"}}
    assert client.patch("/api/items/7", json=fields, headers=by_token).status_code == 204
    assert client.get("/api/items/7").status_code == 404
    assert client.get("/api/facets").json()["count"] == 34


def test_a_picture_that_is_hidden_at_once_is_there_and_answered_with_nothing(index: Index) -> None:
    client = client_of(index)
    by_token = {"authorization": f"Bearer {TOKEN}"}
    sent = {"picture": ("new.jpg", jpeg(draw((9, 9, 9), 5, (64, 64))))}
    for _ in range(2):
        asked = {"fields": '{"hidden": "yes"}'}
        answer = client.post("/api/v1/items", files=sent, data=asked, headers=by_token)
        assert (answer.status_code, answer.content) == (204, b"")
    assert (index.info.count, client.get("/api/health").json()["count"]) == (39, 35)
