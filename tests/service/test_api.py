import io
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from hashing.collection import Collection
from hashing.collection.duplicates import Duplicates
from hashing.errors import StorageError
from hashing.service import duplicates
from hashing.service.api import create_app
from hashing.service.current import Current
from hashing.service.door import Door


@pytest.fixture
def client(art: Collection) -> TestClient:
    app = create_app(Current(art), page=False)
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)


def error_of(response) -> tuple[int, str]:
    body = response.json()
    assert list(body) == ["error"]
    assert set(body["error"]) == {"code", "message"}
    assert body["error"]["message"]
    return response.status_code, body["error"]["code"]


def test_search_by_picture_and_again_by_its_code(client: TestClient, art: Collection) -> None:
    files = {"picture": ("mine.jpg", art.opened.pictures.jpeg(art.item(5), 512), "image/jpeg")}
    plain = {"diversity": 0, "k": 4}
    answer = client.post("/api/search", params=plain, files=files).json()
    best = answer["results"][0]
    assert (best["id"], best["rank"], best["distance"]) == (5, 1, 0)
    assert best["closeness"] == "very close"
    assert (best["title"], best["creator"], best["year"]) == ("Study 5", "Painter F", 1855)
    assert (best["width"], best["height"]) == (160, 120)
    again = client.post("/api/search", params=plain, data={"code": answer["code"]}).json()
    assert [r["id"] for r in again["results"]] == [r["id"] for r in answer["results"]]


def test_an_answer_says_whether_it_may_lack_some(
    client: TestClient, art: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = "/api/items/4/similar", "/api/mix", "/api/recommend"

    def told() -> list[bool]:
        similar = client.get(asked[0])
        seen = client.get(asked[0], params={"tones": 0.5})
        mix = client.post(asked[1], json={"parts": [{"work": 4, "weight": 1}]})
        taste = client.post(asked[2], json={"liked": [4]})
        return [answer.json()["complete"] for answer in (similar, seen, mix, taste)]

    assert told() == [True] * 4
    kind = type(art.index)
    search = kind.search
    monkeypatch.setattr(kind, "search", lambda *it: replace(search(*it), complete=False))
    assert told() == [False] * 4


def test_a_picture_of_a_work_seems_to_be_that_work(client: TestClient, art: Collection) -> None:
    files = {"picture": ("mine.jpg", art.opened.pictures.jpeg(art.item(5), 512), "image/jpeg")}
    asked = {"recognise": True, "k": 4}
    answer = client.post("/api/search", params=asked, files=files).json()
    assert answer["seems"]["work"]["id"] == 5
    assert answer["seems"]["correlation"] > 0.9
    assert len(answer["seems"]["corners"]) == 4
    alike = client.get("/api/items/5/similar", params={"k": 4}).json()
    assert [r["id"] for r in answer["results"]] == [r["id"] for r in alike["results"]]
    plain = client.post("/api/search", params={"k": 4}, files=files).json()
    assert plain["seems"] is None


def test_search_wants_a_picture_or_a_code(client: TestClient) -> None:
    assert error_of(client.post("/api/search")) == (422, "bad_request")
    assert error_of(client.post("/api/search", data={"code": "xyz"})) == (422, "bad_request")
    broken = {"picture": ("x.jpg", b"\xff\xd8\xff and then nothing")}
    assert error_of(client.post("/api/search", files=broken)) == (422, "unreadable_picture")


def test_similar_refined(client: TestClient) -> None:
    query = {"k": 5, "style": ["Red School", "Blue School"], "from": 1860, "one_per_artist": True}
    results = client.get("/api/items/4/similar", params=query).json()["results"]
    assert {r["group"] for r in results} <= {"Red School", "Blue School"}
    assert all(r["year"] >= 1860 for r in results)
    assert len({r["creator"] for r in results}) == len(results)
    modern = {"k": 5, "group": query["style"], "year__gte": 1860, "one_per": "artist"}
    again = client.get("/api/items/4/similar", params=modern).json()["results"]
    assert [r["id"] for r in again] == [r["id"] for r in results]


def test_as_many_names_as_the_page_can_choose_and_hide(client: TestClient) -> None:
    long = ["A painter of " + "a" * 180 + str(number) for number in range(99)]
    query = {"artist": ["Painter F", *long], "hide_artist": ["Painter A", *long]}
    for path in ("/api/items/4/similar?k=40", "/api/items"):
        separator = "&" if "?" in path else "?"
        answer = client.get(f"{path}{separator}{urlencode(query, doseq=True)}")
        assert answer.status_code == 200
        shown = answer.json().get("results") or answer.json()["works"]
        assert {work["creator"] for work in shown} == {"Painter F"}


def test_listing_pages_samples_and_words(client: TestClient) -> None:
    page = client.get("/api/items", params={"limit": 5, "offset": 2}).json()
    assert (page["total"], [w["id"] for w in page["works"]]) == (38, [2, 3, 4, 5, 6])
    one, same, other = (
        [w["id"] for w in client.get("/api/items", params=query).json()["works"]]
        for query in (
            {"sample": True, "seed": 1},
            {"sample": True, "seed": 1},
            {"sample": True, "seed": 2},
        )
    )
    assert one == same != other
    assert client.get("/api/items", params={"q": "study 17"}).json()["works"][0]["id"] == 17
    nobody = client.get("/api/items", params={"artist": "nobody"}).json()
    assert (nobody["total"], nobody["works"]) == (0, [])


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/items?stlye=x", "unknown parameter 'stlye'; did you mean style?"),
        ("/api/items?k=3", "unknown parameter 'k'; Known: artist, creator, every,"),
        ("/api/items?limt=3", "did you mean limit?"),
        ("/api/items/4/similar?brand=A", "unknown parameter 'brand'"),
        ("/api/items/4/similar?year__gte=soon", "expected a number for year, found 'soon'"),
        ("/api/items/4/similar?one_per=artists", "did you mean artist?"),
        ("/api/items/4/similar?one_per=nope", ", title, url, year"),
        ("/api/items?where=stylle='x'", "did you mean style?"),
        ("/api/items/4?bit=16", "unknown parameter 'bit'"),
        ("/api/explain?id=4&work=5&bitz=16", "did you mean bits?"),
        ("/api/map?k=3", "unknown parameter 'k'"),
        ("/pictures/4?sice=64", "did you mean size?"),
    ],
)
def test_what_nobody_knows_is_refused(client: TestClient, path: str, said: str) -> None:
    response = client.get(path)
    assert error_of(response) == (422, "bad_request")
    assert said in response.json()["error"]["message"]


def test_a_body_filters_by_columns_too(client: TestClient) -> None:
    body = {"liked": [0, 3], "k": 30, "year__lt": 1860, "style__not": ["Red School"]}
    results = client.post("/api/recommend", json=body).json()["results"]
    assert results
    assert all(r["year"] < 1860 and r["group"] != "Red School" for r in results if r["fields"])
    wrong = client.post("/api/recommend", json={"liked": [0], "brand": "A"})
    assert error_of(wrong) == (422, "bad_request")


def test_one_work_in_full(client: TestClient, art: Collection) -> None:
    work = client.get("/api/items/7").json()
    assert work["fields"]["url"] == "https://museum.example/7"
    assert work["code"] == art.index.codes([7]).hex()[0]
    assert all(len(colour) == 7 for colour in work["colours"])
    bare = client.get("/api/items/37").json()
    assert (bare["title"], bare["creator"], bare["year"], bare["fields"]) == (None, None, None, {})
    assert error_of(client.get("/api/items/999")) == (404, "unknown_work")
    assert error_of(client.get("/api/items/x")) == (422, "invalid_request")


def test_recommend(client: TestClient) -> None:
    body = {"liked": [0, 3], "disliked": [1], "k": 6, "diversity": 0.2, "style": ["Red School"]}
    answer = client.post("/api/recommend", json=body).json()
    assert {r["group"] for r in answer["results"]} == {"Red School"}
    assert not {0, 3, 1} & {r["id"] for r in answer["results"]}
    for result in answer["results"]:
        why = [
            client.get("/api/explain", params={"work": like, "id": result["id"]}).json()
            for like in body["liked"]
        ]
        distances = [each["distance"] for each in why]
        assert distances[result["nearest_like"]] == min(distances) == result["distance"]
    assert error_of(client.post("/api/recommend", json={"liked": []})) == (422, "bad_request")


def test_why(client: TestClient, art: Collection) -> None:
    why = client.get("/api/explain", params={"work": 5, "id": 8, "bits": 32}).json()
    assert why["bits"] == len(why["query"]) == len(why["work"]) == 32
    assert why["distance"] == sum(a != b for a, b in zip(why["query"], why["work"], strict=True))
    assert max(abs(v) for row in why["query_regions"] for v in row) == 1
    code = art.index.codes([5]).hex()[0]
    by_code = client.get("/api/explain", params={"code": code, "id": 8, "bits": 32}).json()
    assert by_code == {**why, "query_regions": None}
    files = {"picture": ("mine.jpg", art.opened.pictures.jpeg(art.item(5), 512))}
    own = client.post("/api/explain", params={"id": 8, "bits": 32}, files=files).json()
    assert own == why
    assert error_of(client.get("/api/explain", params={"id": 8})) == (422, "bad_request")


def test_map(client: TestClient, art: Collection) -> None:
    drawn = client.get("/api/map").json()
    assert drawn["groups"] == ["Blue School", "Green School", "Red School"]
    assert sorted(point[0] for point in drawn["points"]) == list(range(38))
    styles = {point[0]: point[3] for point in drawn["points"]}
    assert (styles[0], styles[1], styles[37]) == (2, 1, -1)
    answer = client.get("/api/map/points")
    body, tag = answer.content, answer.headers["etag"]
    begin = 4 + int.from_bytes(body[:4], "little")
    assert begin % 8 == 0
    assert json.loads(body[4:begin]) == {"groups": drawn["groups"], "count": 38}
    ids = np.frombuffer(body, "<f8", 38, begin)
    x, y, groups = np.frombuffer(body, "<u2", 114, begin + 38 * 8).reshape(3, 38)
    for (item_id, px, py, group), *packed in zip(drawn["points"], ids, x, y, groups, strict=True):
        place = packed[1] / 65535, packed[2] / 65535
        assert (item_id, group % 65536) == (packed[0], packed[3])
        assert place == pytest.approx((px, py), abs=1e-4)
    plain = client.get("/api/map/points", headers={"accept-encoding": "identity"})
    assert (plain.content, plain.headers.get("content-encoding")) == (body, None)
    assert client.get("/api/map/points", headers={"if-none-match": tag}).status_code == 304


def test_facets(client: TestClient, art: Collection) -> None:
    facets = client.get("/api/facets").json()
    assert (facets["count"], facets["files"]) == (38, 38)
    columns = facets["columns"]
    assert [column["name"] for column in columns] == ["style", "artist", "year", "title", "url"]
    style, artist, year, title, _ = columns
    assert facets["roles"]["group"] == "style"
    assert (style["role"], style["chooses"], style["distinct"]) == ("group", True, 3)
    assert style["values"][0] == {"value": "Red School", "count": 13}
    assert len(artist["values"]) == 6
    assert (year["kind"], year["span"], year["chooses"]) == ("number", [1850, 1885], False)
    assert (title["chooses"], title["distinct"]) == (False, 37)
    assert facets["lengths"] == [16, 32, 64]
    bounds = art.closeness.bounds
    assert facets["closeness"][0]["bits"] == 64
    assert facets["closeness"][0]["max_distance"] == bounds[64][facets["closeness"][0]["word"]]
    assert client.get("/api/health").json()["index"] == facets["index"] == art.info.uuid


def test_pictures_may_be_kept_only_with_their_version(client: TestClient) -> None:
    work = client.get("/api/items/7").json()
    versioned = client.get(work["picture"])
    assert versioned.headers["content-type"] == "image/jpeg"
    assert "immutable" in versioned.headers["cache-control"]
    plain = client.get("/pictures/7")
    assert plain.headers["cache-control"] == "private, no-cache"
    tag = plain.headers["etag"]
    assert client.get("/pictures/7", headers={"if-none-match": tag}).status_code == 304
    old = client.get("/pictures/7?v=12345678")  # of an index that was here before
    assert old.headers["cache-control"] == "private, no-cache"


def test_every_answer_tells_which_index_it_is_made_from(
    client: TestClient, art: Collection
) -> None:
    for path in ("/api/health", "/api/map/points", "/pictures/7", "/pictures/7/info.json"):
        told = client.get(path).headers["arthash-index"]
        assert told == f"{art.info.uuid} {art.info.generation}", path


def test_unknown_pictures_are_refused(client: TestClient) -> None:
    assert error_of(client.get("/pictures/999")) == (404, "unknown_work")
    assert error_of(client.get("/pictures/7?size=5000")) == (422, "invalid_request")


def test_trouble_with_the_index_is_told_in_the_same_shape(
    client: TestClient, art: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rebuilding(*_: object) -> None:
        raise StorageError("the index is being rebuilt: try again in a moment")

    monkeypatch.setattr(art, "answer", rebuilding)
    assert error_of(client.get("/api/items/1/similar")) == (503, "index_unavailable")
    monkeypatch.setattr(art, "answer", lambda *_: 1 / 0)
    assert error_of(client.get("/api/items/1/similar")) == (500, "defect")


def test_the_description_is_complete(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    routes = {
        ("get", "/api/v1/items"),
        ("get", "/api/v1/items/{item_id}"),
        ("get", "/api/v1/items/{item_id}/similar"),
        ("post", "/api/v1/search"),
        ("post", "/api/v1/recommend"),
        ("get", "/api/v1/facets"),
        ("get", "/api/v1/map"),
        ("get", "/api/v1/explain"),
        ("post", "/api/v1/explain"),
        ("get", "/api/v1/health"),
        ("post", "/api/v1/search/batch"),
        ("get", "/pictures/{item_id}"),
    }
    found = {(method, path) for path, item in described["paths"].items() for method in item}
    assert routes <= found
    for path in described["paths"].values():
        for operation in path.values():
            assert operation["summary"]
            assert operation["description"]
            for status in ("4XX", "422", "5XX"):
                assert "ErrorBody" in json.dumps(operation["responses"][status])
    schemas = described["components"]["schemas"]
    assert "HTTPValidationError" not in schemas
    for name in ("Results", "Result", "Detail", "Page", "Facets", "Column", "Why", "Map", "Health"):
        for field, schema in schemas[name]["properties"].items():
            assert "examples" in schema or "$ref" in json.dumps(schema), f"{name}.{field}"


def test_the_description_knows_the_collection(client: TestClient, art: Collection) -> None:
    described = client.get("/openapi.json").json()
    schemas, paths = described["components"]["schemas"], described["paths"]
    asked = {one["name"]: one["schema"] for one in paths["/api/v1/search"]["post"]["parameters"]}
    assert asked["bits"]["enum"] == list(art.info.lengths)
    assert asked["one_per"]["enum"] == ["", *art.info.columns, *art.info.roles]
    assert "anyOf" not in json.dumps(asked)  # an address cannot say null
    form = schemas["Body_search_api_v1_search_post"]
    assert re.fullmatch(form["properties"]["code"]["pattern"], "8f3a0c51d2e97b64")
    assert not re.fullmatch(form["properties"]["code"]["pattern"], "8f3a")
    assert form["oneOf"] == [{"required": ["picture"]}, {"required": ["code"]}]
    taste = schemas["Taste"]
    assert taste["additionalProperties"] is False
    for name, is_known in (
        ("artist", True),
        ("year__gte", True),
        ("fields.title__not", True),
        ("creator", True),
        ("year__like", False),
        ("artst", False),
    ):
        assert any(re.search(one, name) for one in taste["patternProperties"]) is is_known, name


def test_lists_of_no_value_and_values_of_no_kind_are_refused(client: TestClient) -> None:
    for values in ([], [{}], {"a": 1}, [None], [False]):
        answer = client.post("/api/recommend", json={"liked": [4], "artist": values})
        assert error_of(answer) == (422, "bad_request")
    for wrong in ({"liked": [False]}, {"liked": [4], "k": "5"}, {"liked": [4], "fold": 1}):
        assert error_of(client.post("/api/recommend", json=wrong)) == (422, "invalid_request")


def test_every_file_of_the_page_is_served(client: TestClient) -> None:
    from hashing.service import api

    files = [f for f in Path(api.PAGE).rglob("*") if f.suffix in (".js", ".css", ".json")]
    names = [f.relative_to(api.PAGE).as_posix() for f in files]
    assert {"app.js", "parts/wall.js", "vendor/lit.js", "styles/wall.css"} <= set(names)
    for name in [*names, "swagger/swagger-ui.css"]:
        for packed in ("gzip", "identity"):
            packs = {"accept-encoding": packed}
            file = client.get(f"/page/{name}", headers=packs)
            assert (file.status_code, file.headers["cache-control"]) == (200, "no-cache")
            packs["if-none-match"] = file.headers["etag"]
            same = client.get(f"/page/{name}", headers=packs)
            assert (same.status_code, same.headers["cache-control"]) == (304, "no-cache")
    assert client.get("/docs").status_code == 200


def test_a_field_that_no_form_has_is_named(client: TestClient) -> None:
    answer = client.post("/api/search", data={"cod": "00" * 8})
    assert error_of(answer) == (422, "bad_request")
    assert "unknown field 'cod'; did you mean code?" in answer.json()["error"]["message"]
    files = {"pictures": ("x.jpg", b"x")}
    answer = client.post("/api/explain?id=1", files=files)
    assert "did you mean picture?" in answer.json()["error"]["message"]
    answer = client.post("/api/search", data={"code": ["00" * 8, "0f" * 8]})
    assert "expected one code, found 2" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/api/no-such", "/api/items/1/no-such", "/pictures/1/2", "/api/"])
def test_what_no_route_answers_has_the_shape_of_every_error(page_app: FastAPI, path: str) -> None:
    asking = TestClient(page_app, base_url="http://127.0.0.1")
    for method in ("GET", "POST", "DELETE"):
        assert error_of(asking.request(method, path)) == (404, "not_found")


def test_a_wrong_method_is_told_the_right_ones(page_app: FastAPI) -> None:
    asking = TestClient(page_app, base_url="http://127.0.0.1")
    for method, path, allowed in (
        ("POST", "/api/items", "GET"),
        ("PUT", "/api/explain", "GET, POST"),
        ("DELETE", "/pictures/1", "GET"),
        ("TRACE", "/api/health", "GET"),
    ):
        answer = asking.request(method, path)
        assert error_of(answer) == (405, "wrong_method")
        assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    "path", ["/api/items", "/api/items/3", "/api/health", "/pictures/3", "/openapi.json"]
)
def test_head_answers_as_get_does_without_the_body(page_app: FastAPI, path: str) -> None:
    asking = TestClient(page_app, base_url="http://127.0.0.1")
    got, head = asking.get(path), asking.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]
    assert head.headers["content-type"] == got.headers["content-type"]


def test_the_description_says_whether_a_password_is_needed(art: Collection) -> None:
    open_app = create_app(Current(art), page=False).openapi()
    assert "securitySchemes" not in open_app["components"]
    closed = create_app(Current(art), page=False, door=Door(credentials={"anna": "tulip"}))
    described = closed.openapi()
    assert described["components"]["securitySchemes"]["HTTPBasic"]["scheme"] == "basic"
    assert described["paths"]["/api/v1/items"]["get"]["security"] == [{"HTTPBasic": []}]
    asking = TestClient(closed, base_url="http://127.0.0.1")
    assert asking.get("/api/health", auth=("anna", "tulip")).status_code == 200


def test_nobody_likes_and_dislikes_the_same_work(client: TestClient) -> None:
    answer = client.post("/api/recommend", json={"liked": [4, 5], "disliked": [5]})
    assert error_of(answer) == (422, "bad_request")
    assert "the work 5, found both" in answer.json()["error"]["message"]
    first = client.post("/api/recommend", json={"liked": [0, 4], "disliked": [0]})
    assert "the work 0, found both" in first.json()["error"]["message"]


def test_items_that_are_named(client: TestClient) -> None:
    found = client.get("/api/items?id=5&id=999&id=2&id=7").json()
    assert [work["id"] for work in found["works"]] == [5, 2, 7]
    assert found["total"] == 3
    rest = client.get("/api/items?id=5&id=2&id=7&offset=1&limit=1&style=Blue+School").json()
    assert rest["total"] == 2  # 5 and 2 are blue
    assert [work["id"] for work in rest["works"]] == [2]


def test_items_that_are_named_are_narrowed_as_all_are(client: TestClient) -> None:
    def listed(asked: str) -> list[int]:
        answer = client.get(f"/api/items?{asked}&" + "&".join(f"id={i}" for i in range(30, 0, -1)))
        return [work["id"] for work in answer.json()["works"]]

    blue = listed("q=blue+school+stdy")
    assert blue == [29, 26, 23, 20, 17, 14, 11, 8, 5, 2]
    assert listed("q=blue+school+stdy&exact=true") == []
    shade = client.get("/api/items/4").json()["colours"][0].removeprefix("#")
    found = client.get(f"/api/items?limit=500&palette={shade}").json()["works"]
    of_shade = {work["id"] for work in found}
    assert listed(f"palette={shade}") == [i for i in range(30, 0, -1) if i in of_shade]
    assert 0 < len(of_shade) < 30
    assert listed(f"palette={shade}&every=true") == list(range(30, 0, -1))
    mixed = listed("sample=true&seed=3")
    assert mixed != sorted(mixed, reverse=True)
    assert sorted(mixed) == list(range(1, 31))
    assert listed("sample=true&seed=3") == mixed != listed("sample=true&seed=4")
    assert listed("sample=true&seed=3&limit=4&offset=2") == mixed[2:6]


@pytest.mark.parametrize("options", ["", "&diversity=0&fold=false", "&one_per=creator"])
def test_an_answer_can_be_read_to_its_end(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, options: str
) -> None:
    monkeypatch.setattr("hashing.collection.request.VARIED", 4)
    first = client.get(f"/api/items/4/similar?k=4{options}").json()["results"]
    read = list(first)
    while True:
        asked = f"/api/items/4/similar?k=5&offset={len(read)}{options}"
        found = client.get(asked).json()["results"]
        if not found:
            break
        read += found
    ids = [result["id"] for result in read]
    assert len(set(ids)) == len(ids)
    assert [result["rank"] for result in read] == list(range(1, len(read) + 1))
    everything = client.get(f"/api/items/4/similar?k=200&diversity=0{options}").json()["results"]
    assert {result["id"] for result in everything} <= {
        i for result in read for i in (result["id"], *result["copies"])
    }
    assert len(read) >= len(everything)


def test_many_answers_are_read_on_as_one_is(client: TestClient) -> None:
    (answer,) = client.post("/api/search/batch?offset=20&k=4", data={"ids": [4]}).json()["answers"]
    found = client.get("/api/items/4/similar?offset=20&k=5").json()["results"]
    assert [result["rank"] for result in found] == [21, 22, 23, 24, 25]
    ranks = [result["rank"] for result in answer["results"]]
    assert ranks == [21, 22, 23, 24]


def test_the_shapes_that_the_page_is_checked_with_are_the_apis() -> None:
    from tests.service.types import FILE, render

    assert FILE.read_text(encoding="utf-8") == render(), "run `python -m tests.service.types`"


def test_a_part_of_a_picture_is_asked_with(client: TestClient, art: Collection) -> None:
    with Image.open(io.BytesIO(art.opened.pictures.jpeg(art.item(6), 512))) as work:
        wall = Image.new("RGB", (2 * work.width, 2 * work.height), "white")
        wall.paste(work.transpose(Image.Transpose.ROTATE_90).resize(work.size))
    buffer = io.BytesIO()
    wall.save(buffer, "PNG")
    files = {"picture": ("wall.png", buffer.getvalue())}
    plain = {"diversity": 0, "k": 1, "fold": False}
    box = {**plain, "box": "0,0,0.5,0.5", "any_turn": True}
    best = client.post("/api/search", params=box, files=files).json()["results"][0]
    whole = client.post("/api/search", params=plain, files=files).json()["results"][0]
    assert best["id"] == 6
    assert best["distance"] < whole["distance"]
    answer = client.post("/api/search", params={**plain, "crops": True}, files=files)
    assert answer.status_code == 200
    wrong = client.post("/api/search", params={"box": "0,0,2,2"}, files=files)
    assert error_of(wrong) == (422, "bad_request")


def test_words_are_understood(client: TestClient) -> None:
    found = client.get("/api/items", params={"q": "blue school stdy", "year__lt": 1862}).json()
    assert found["meaning"] == {
        "words": "study",
        "values": [{"column": "style", "value": "Blue School"}],
        "corrections": [{"asked": "stdy", "taken": "study"}],
    }
    assert [work["group"] for work in found["works"]] == ["Blue School"] * 4
    exact = client.get("/api/items", params={"q": "stdy", "exact": True}).json()
    assert (exact["total"], exact["meaning"]) == (0, None)
    assert client.get("/api/items").json()["meaning"] is None


def test_works_of_a_colour_are_listed(client: TestClient) -> None:
    shown = client.get("/api/items/4").json()["colours"]
    asked = {"palette": [colour.removeprefix("#") for colour in shown[:1]], "limit": 3}
    page = client.get("/api/items", params=asked).json()
    assert page["total"] >= 1
    narrowed = {**asked, "style": "Green School", "q": "study"}
    works = client.get("/api/items", params=narrowed).json()["works"]
    assert {work["group"] for work in works} <= {"Green School"}
    assert error_of(client.get("/api/items?palette=red")) == (422, "bad_request")


def test_duplicates_are_groups_with_the_best_first(client: TestClient, art: Collection) -> None:
    expected = art.duplicates("near")
    told = client.get("/api/v1/duplicates").json()
    assert told["total"] == len(expected) > 0
    assert [[work["id"] for work in group["works"]] for group in told["groups"]] == [
        [copy.item.id for copy in group.copies] for group in expected
    ]
    assert told["frees"] == sum(group.frees for group in expected)
    assert client.get("/api/v1/duplicates?offset=1000").json()["groups"] == []
    assert client.get("/api/v1/duplicates?kind=exact").json()["total"] == len(
        art.duplicates("exact")
    )
    assert error_of(client.get("/api/v1/duplicates?kind=burst"))[0] == 422
    assert error_of(client.get("/api/v1/duplicates?limit=1000"))[0] == 422


def test_who_asks_while_duplicates_are_looked_for_is_told_to_come_again(
    client: TestClient, art: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, free, found = threading.Event(), threading.Event(), art.duplicates("near")

    def slow(kind: str) -> Duplicates:
        begun.set()
        assert free.wait(20)
        return found

    monkeypatch.setattr(duplicates, "_found", {})
    monkeypatch.setattr(art, "duplicates", slow)
    with ThreadPoolExecutor() as threads:
        first = threads.submit(client.get, "/api/v1/duplicates")
        assert begun.wait(20)
        try:
            for kind in ("near", "exact"):
                refused = client.get(f"/api/v1/duplicates?kind={kind}")
                assert error_of(refused) == (503, "busy")
                assert refused.headers["retry-after"] == "1"
        finally:
            free.set()
        assert first.result().json()["total"] == len(found)
    monkeypatch.setattr(art, "duplicates", pytest.fail)
    assert client.get("/api/v1/duplicates").json()["total"] == len(found)


def test_duplicates_of_too_many_works_are_left_to_the_command(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hashing.service.duplicates.MOST_WORKS", 3)
    found = client.get("/api/v1/duplicates")
    assert error_of(found) == (422, "bad_request")
    assert "index.py duplicates" in found.json()["error"]["message"]
