"""A catalogue without a word of art: built, filtered, faceted, searched, shown and evaluated."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from hashing.cli.index import main
from hashing.collection import Collection
from hashing.service.api import create_app
from hashing.service.current import Current
from tests.products import COUNT, product
from tests.service.serving import free_port, serving
from tests.service.test_page import browser, expect, pytestmark

__all__ = ["browser"]

ART = re.compile(
    r"(?<!\w)(art|arts|artists?|artworks?|works?|styles?|paint\w*|museums?|galler\w+)\b", re.I
)
ROWS = [product(number) for number in range(COUNT)]


@pytest.fixture
def client(shop: Collection) -> TestClient:
    return TestClient(create_app(Current(shop), page=False), base_url="http://127.0.0.1")


def listed(client: TestClient, query: str) -> set[int]:
    answer = client.get(f"/api/items?limit=500&{query}")
    assert answer.status_code == 200, answer.text
    return {int(work["file"][:3]) for work in answer.json()["works"]}


def expected(keeps: Any) -> set[int]:
    return {number for number, row in enumerate(ROWS) if keeps(row)}


def test_roles_and_kinds_are_found(shop: Collection) -> None:
    assert shop.info.roles == {"title": "name", "creator": "brand", "group": "category"}
    assert shop.info.columns == {
        "name": str, "brand": str, "category": str, "colour": str, "price": float, "sku": str,
    }  # fmt: skip
    assert shop.items([0])[0].fields["sku"] == "2000.00"


def test_filters(client: TestClient) -> None:
    cheap = expected(lambda row: row["price"] and float(row["price"]) <= 20)
    assert listed(client, "price__lte=20") == cheap
    red = expected(lambda row: row["colour"] in ("red", "blue") and row["category"] == "Mug")
    assert listed(client, "colour=red&colour=blue&category=Mug") == red
    assert listed(client, "brand__not=Arlo+%26+Co") == expected(lambda r: "Arlo" not in r["brand"])
    assert listed(client, "price__null=true") == expected(lambda row: not row["price"])
    assert listed(client, "sku=2001.10") == {110}


def test_a_filter_that_is_none_is_refused(client: TestClient) -> None:
    answer = client.get("/api/items?brnad=A")
    assert answer.status_code == 422
    assert "did you mean brand?" in answer.json()["error"]["message"]


def test_facets(client: TestClient) -> None:
    columns = {column["name"]: column for column in client.get("/api/facets").json()["columns"]}
    assert list(columns) == ["category", "brand", "colour", "price", "name", "sku"]
    assert columns["category"]["values"] == [
        {"value": name, "count": 100} for name in ("Bag", "Chair", "Lamp", "Mug", "Shoe")
    ]
    assert {"value": "red", "count": 150} in columns["colour"]["values"]
    assert columns["price"]["span"] == [5.0, 102.5 - 2.5 * 1]
    assert [name for name, column in columns.items() if column["chooses"]] == [
        "category", "brand", "colour",
    ]  # fmt: skip


def test_words_of_every_column(client: TestClient) -> None:
    assert listed(client, "q=fjell+mug+bl") == expected(
        lambda row: (
            row["category"] == "Mug" and "Fjell" in row["brand"] and row["colour"][:2] == "bl"
        )
    )
    assert listed(client, "q=2003.07") == {307}


def test_answers_carry_roles_and_all_fields(client: TestClient) -> None:
    found = client.get("/api/items/7/similar?k=5&one_per=brand&fold=false").json()
    assert len({result["creator"] for result in found["results"]}) == 5
    first = found["results"][0]
    assert first["group"] == first["fields"]["category"]
    assert first["fields"].keys() <= ROWS[0].keys()
    assert "artist" not in first
    assert sum(share["share"] for share in found["groups"]) == pytest.approx(1, abs=0.01)


def test_evaluation(
    shop_index: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hashing.collection.evaluate.QUERIES", 10)
    monkeypatch.setattr("hashing.collection.evaluate.TASTES", 2)
    capsys.readouterr()
    assert main(["evaluate", str(shop_index), "--json", "--quiet"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["labels"] == ["category", "brand"]
    assert found["results"]["64 bits"]["precision_at"]["10"] > 0.6  # by chance .28
    answers = found["recommendation"]["answers"]
    assert "one per brand" in answers
    assert answers["nearest only"]["precision"]["category"] > 0.6
    assert not ART.search(json.dumps([*answers, *found["recommendation"]["tastes"]]))


@pytest.fixture(scope="module")
def address(shop_app: FastAPI) -> Iterator[str]:
    port = free_port()
    with serving(shop_app, port):
        yield f"http://127.0.0.1:{port}"


class TestPage:
    pytestmark = pytestmark

    def test_no_word_of_art_is_on_the_screen(self, browser, address: str) -> None:
        page = browser.new_context(viewport={"width": 1280, "height": 844}).new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{address}/?work=7&open=8")
        expect(page.get_by_role("heading", name="Birk Mug 8")).to_be_visible()
        expect(page.get_by_role("button", name="Hide this brand")).to_be_visible()
        expect(page.locator("#detail dl")).to_contain_text("2000.08")
        page.locator("#why summary").click()
        expect(page.locator("#why")).to_contain_text("Category of the nearest pictures")
        said = [read(page)]
        page.keyboard.press("Escape")
        for panel in ("Refine", "Taste", "Map"):
            page.get_by_role("button", name=panel, exact=True).click()
            said.append(read(page))
        expect(page.locator("#legend button")).to_have_text(["Bag", "Chair", "Lamp", "Mug", "Shoe"])
        page.goto(f"{address}/?q=nothing+like+this")
        expect(page.locator("#message")).to_contain_text("Nothing here contains")
        said.append(read(page))
        words = "\n".join(said).replace("ArtHash", "")
        assert "Search by name, brand, or category" in words
        assert ART.findall(words) == []
        assert errors == []
        page.context.close()

    def test_controls_are_made_from_the_index(self, browser, address: str) -> None:
        page = browser.new_context(viewport={"width": 1280, "height": 844}).new_page()
        page.goto(f"{address}/")
        expect(page.locator("#wall li").first).to_be_visible()
        page.get_by_role("button", name="Refine").click()
        headings = page.locator(".facet summary")
        expect(headings).to_have_text(
            [re.compile(n) for n in ("Category", "Brand", "Colour", "Price")]
        )
        page.get_by_role("checkbox", name="Mug").check()
        page.get_by_role("checkbox", name="blue").check()
        page.get_by_label("Price to").fill("20")
        page.get_by_label("Price to").press("Tab")
        expect(page).to_have_url(re.compile("category=Mug&colour=blue&price__lte=20"))
        wanted = expected(
            lambda row: row["category"] == "Mug" and row["colour"] == "blue"
            and row["price"] and float(row["price"]) <= 20
        )  # fmt: skip
        expect(page.locator("#wall li")).to_have_count(len(wanted))
        page.get_by_role("searchbox", name="Find a value of brand").fill("glim")
        expect(page.locator(".facet", has_text="Brand").locator("li")).to_have_count(1)
        page.reload()
        expect(page.get_by_role("button", name="Refine (3)")).to_be_visible()
        expect(page.get_by_role("checkbox", name="Mug")).to_be_checked()
        expect(page.get_by_label("Price to")).to_have_value("20")
        page.context.close()


def read(page: Any) -> str:
    """All that a visitor can see or hear."""
    text: str = page.evaluate(
        """() => [document.title, document.body.innerText,
             ...[...document.querySelectorAll("*")].filter(e => e.checkVisibility()).flatMap(
               e => [e.ariaLabel, e.placeholder, e.alt, e.title].filter(Boolean))].join("\\n")"""
    )
    return text
