"""The page in a browser: every feature once, and what must never happen."""

import io
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from PIL import Image

from hashing.collection import Collection
from hashing.errors import StorageError
from hashing.service.current import Current
from hashing.store import NewItem
from tests.gallery import STYLES, draw, jpeg, make_gallery, with_model
from tests.service.serving import free_port, serving

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in NAMES if (path := shutil.which(name))), None)
FLAGS = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and "ARTHASH_REQUIRE_BROWSER" not in os.environ,
        reason="no Chromium is installed",
    ),
]
Page = playwright.Page
expect = playwright.expect
LIKE = re.compile("^Like: ")
expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(page_app: FastAPI) -> Iterator[str]:
    port = free_port()
    with serving(page_app, port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def visit(browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens addresses of the page; fails a test whose page erred or asked the outside."""
    contexts, outside, errors = [], [], []

    def open_page(path: str = "", width: int = 1280, wall: bool = True) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 844}, base_url=address)
        context.grant_permissions(["clipboard-read", "clipboard-write", "camera"])
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: outside.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"/{path}")
        if wall:
            expect(page.locator("#wall li").first).to_be_visible()
        return page

    yield open_page
    for context in contexts:
        context.close()
    allowed = (address, "data:", f"blob:{address}")
    assert [url for url in outside if not url.startswith(allowed)] == []
    assert errors == []


def titles(page: Page) -> list[str]:
    return page.locator("#wall .label i").all_inner_texts()


def ids(page: Page) -> list[int]:
    """What hangs, once the answer that was asked for last hangs."""
    expect(page.locator("#wall")).to_have_attribute("aria-busy", "false")
    # At once: another answer may take the wall's place between two cards.
    found: list[int] = page.locator("#wall .card").evaluate_all(
        "cards => cards.map((card) => Number(card.dataset.id))"
    )
    return found


def file_of(art: Collection, item_id: int) -> dict[str, object]:
    data = art.opened.pictures.jpeg(art.item(item_id), 512)
    return {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": data}


def own_file() -> dict[str, object]:
    """A picture that is like those of the Blue School and none of them."""
    data = jpeg(draw(STYLES["Blue School"], 4711, (160, 120)))
    return {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": data}


def hand_over(page: Page, art: Collection, item_id: int, event: str, carrier: str) -> None:
    """Drop or paste a picture of the gallery onto the page."""
    data = art.opened.pictures.jpeg(art.item(item_id), 512)
    page.evaluate(
        """([bytes, event, carrier]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], "x.jpg", { type: "image/jpeg" }));
          const kind = event === "paste" ? ClipboardEvent : DragEvent;
          const init = { bubbles: true, cancelable: true, [carrier]: transfer };
          document.body.dispatchEvent(new kind(event, init));
        }""",
        [list(data), event, carrier],
    )


def test_the_first_screen(visit) -> None:
    page = visit()
    expect(page.get_by_label("Search by title, artist, style, or year")).to_be_visible()
    expect(page.get_by_role("button", name="Drop, paste or choose a picture")).to_be_visible()
    for folded in ("#refine-panel", "#taste-panel", "#map-panel"):
        expect(page.locator(folded)).to_be_hidden()
    card = page.locator("#wall .card").first
    expect(card.locator("i")).to_have_text(re.compile("^(Study|037)"))
    assert len(ids(page)) == 38
    assert page.locator(".message", has_text="error").count() == 0


def test_pictures_keep_their_shape_and_are_at_most_doubled(visit) -> None:
    for width in (1280, 390):
        page = visit(width=width)
        page.wait_for_function(
            "[...document.querySelectorAll('#wall img')].slice(0, 4).every(i => i.naturalWidth)"
        )
        sizes = page.evaluate(
            """[...document.querySelectorAll('#wall img')].slice(0, 4).map(
                 i => [i.clientWidth, i.clientHeight, i.naturalWidth, i.naturalHeight])"""
        )
        for shown_width, shown_height, own_width, own_height in sizes:
            assert shown_width <= 2 * own_width
            assert shown_width / shown_height == pytest.approx(own_width / own_height, rel=0.02)


@pytest.mark.parametrize("path", ["", "?work=4&open=5", "?q=study"])
def test_a_phone_never_scrolls_sideways(visit, path: str) -> None:
    page = visit(path, width=390)
    for name in ("Refine", "Taste", "Map"):
        if not path:
            page.get_by_role("button", name=name, exact=True).click()
        assert wider(page) == []


def wider(page: Page) -> list[str]:
    """What is wider than its place: the page, a dialog, or what within them scrolls sideways."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("html, dialog, dialog *")]
             .filter(e => e.scrollWidth > e.clientWidth && (e.localName === "html"
               || /auto|scroll/.test(getComputedStyle(e).overflowX)))
             .map(e => `${e.localName} ${e.id} ${e.scrollWidth} in ${e.clientWidth}`)"""
    )
    return found


LONG = "Screenshot_20230114_101532_com_instagram_android_and_so_on"
HEBREW = "שלום עולם!"


@pytest.fixture
def wordy(current: Current, tmp_path: Path, monkeypatch) -> None:
    """Names of files for titles, words of 200 letters, and such as run from right to left."""
    index = make_gallery(tmp_path)
    endless = {name: 200 * name[0] for name in ("title", "artist", "style", "maker_of_the_frame")}
    hebrew = {"title": HEBREW, "artist": HEBREW, "style": "Red School", "year": 1906}
    data, code = index.preview(5), index.codes([5]).packed[0].tobytes()
    rows = [
        NewItem(f"{number}/{LONG}.jpg", fields, code, bytes([number] * 32), data)
        for number, fields in enumerate(({}, endless, hebrew))
    ]
    index.add(rows, {"maker_of_the_frame": str})
    monkeypatch.setattr(current, "_collection", with_model(index))


def test_words_without_spaces_scroll_nothing_sideways(visit, wordy) -> None:
    page = visit("?work=39&open=38", width=390)
    page.locator("#why summary").first.click()
    page.locator("#paths summary").click()
    expect(page.locator("#why .pair figcaption")).to_have_count(2)
    assert wider(page) == []
    page.keyboard.press("l")
    page.locator("#path-start").click()
    page.evaluate(
        "history.pushState(null, '', '?work=38&open=39'), dispatchEvent(new Event('popstate'))"
    )
    expect(page.locator("#facts h2")).to_have_text(200 * "t")
    page.keyboard.press("l")
    expect(page.locator("#why .shared, #why .note").first).to_be_visible()  # unfolded still
    assert wider(page) == []
    values = page.locator("#facts > dl dd")
    assert min(values.evaluate_all("all => all.map(one => one.clientWidth)")) > 100
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Taste (2)").click()
    expect(page.locator(".chip")).to_have_count(2)
    assert wider(page) == []
    page.get_by_role("button", name="Refine", exact=True).click()
    assert wider(page) == []
    page.goto(f"/?q={LONG}&open=5")
    assert wider(page) == []


def test_titles_from_right_to_left_turn_only_themselves(visit, wordy) -> None:
    page = visit("?open=40")
    expect(page.locator("#detail-title")).to_have_text(HEBREW)
    expect(page.locator('#wall .card[data-id="40"]')).to_have_count(1)
    places = """selector => {
      const text = document.createTreeWalker(document.querySelector(selector), 4).nextNode();
      const at = (place) => {
        const range = document.createRange();
        range.setStart(text, place);
        range.setEnd(text, place + 1);
        return range.getBoundingClientRect().left;
      };
      return [at(text.data.indexOf("ש")), at(text.data.indexOf("!"))];
    }"""
    for selector in ("#facts h2 i", "#facts .door", '#wall .card[data-id="40"] i'):
        letter, mark = page.evaluate(places, selector)
        assert mark < letter, selector  # the end of it is on the left
    letter = page.locator(".maker .door").first.bounding_box()
    year = page.locator(".maker .door").last.bounding_box()
    assert letter["x"] < year["x"]


def test_every_picture_and_control_has_a_name(visit) -> None:
    page = visit("?work=4&open=5")
    expect(page.locator("#detail-body figure")).to_be_visible()
    for panel in ("refine", "taste", "map"):
        page.evaluate("name => document.querySelector(`[data-panel=${name}]`).click()", panel)
        nameless = page.evaluate(
            """[...document.querySelectorAll('button, input, select, textarea, a[href], canvas')]
                 .filter(e => e.checkVisibility() && !(
                   e.ariaLabel || e.innerText?.trim() || e.title || e.labels?.length
                   || e.getAttribute('aria-labelledby')))
                 .map(e => e.outerHTML.slice(0, 200))"""
        )
        assert nameless == []
    bare = page.evaluate("[...document.images].filter(i => !i.alt).map(i => i.outerHTML)")
    assert bare == []


def test_a_picture_that_comes_before_the_page_has_arrived_is_not_lost(visit) -> None:
    page = visit()
    page.route("**/api/facets*", lambda route: (time.sleep(1), route.continue_()))
    page.reload(wait_until="commit")
    page.set_input_files("#file", own_file())
    expect(page.locator("#query")).to_contain_text("Close to your picture")


def test_search_by_upload_and_by_its_shared_link(visit, art: Collection) -> None:
    page = visit()
    page.set_input_files("#file", own_file())
    expect(page.locator("#query")).to_contain_text("Close to your picture")
    expect(page.locator("#wall .label").first).to_contain_text("Blue School · very close")
    found = ids(page)
    query = art.query(own_file()["buffer"])
    assert f"code={query.code.hex()[0]}" in page.url
    shared = visit(page.url.split("/")[-1])
    expect(shared.locator("#query")).to_contain_text("not kept")
    # The picture's logits order equal distances; a code alone leaves them in the order of ids.
    assert ids(shared)[0] == found[0]
    assert len(set(ids(shared)) & set(found)) >= 20


@pytest.mark.parametrize(
    ("event", "carrier"), [("drop", "dataTransfer"), ("paste", "clipboardData")]
)
def test_search_by_drop_and_paste(visit, art: Collection, event: str, carrier: str) -> None:
    page = visit()
    hand_over(page, art, 7, event, carrier)
    expect(page.locator("#seems")).to_contain_text("Study 7")


def test_search_by_camera(visit) -> None:
    page = visit()
    page.get_by_role("button", name="Camera").click()
    page.wait_for_function("document.getElementById('viewfinder').videoWidth > 0")
    page.get_by_role("button", name="Use this picture").click()
    expect(page.locator("#query")).to_contain_text("Close to your picture")
    expect(page.locator("#camera-dialog")).to_be_hidden()


def test_search_by_words(visit) -> None:
    page = visit()
    page.get_by_label("Search by title, artist, style, or year").fill("study 17")
    expect(page.locator("#query")).to_contain_text("1 for “study 17”")
    assert titles(page) == ["Study 17"]
    page.get_by_label("Search by title, artist, style, or year").fill("painter f")
    expect(page.locator("#wall li")).to_have_count(6)
    page.get_by_label("Search by title, artist, style, or year").fill("nobody at all")
    expect(page.locator("#message")).to_have_text("Nothing here contains “nobody at all”.")
    filtered = visit("?q=study&from=1990", wall=False)
    expect(filtered.locator("#message")).to_have_text(
        "Nothing that passes these filters contains “study”."
    )
    filtered.get_by_role("button", name="Leave the filters out").click()
    expect(filtered.locator("#wall li")).to_have_count(37)
    page.go_back()
    expect(page.locator("#wall li")).to_have_count(38)
    expect(page.get_by_label("Search by title, artist, style, or year")).to_have_value("")


def test_example_and_surprise(visit) -> None:
    page = visit()
    before = ids(page)
    page.get_by_role("button", name="Surprise me").click()
    page.wait_for_url("**/?seed=*")
    # The whole order: by chance the same work may come first again.
    page.wait_for_function(
        "before => String([...document.querySelectorAll('#wall .card')].map(c => c.dataset.id))"
        " !== before",
        arg=",".join(map(str, before)),
    )
    page.get_by_role("button", name="An example").click()
    page.wait_for_url("**/?work=*")
    expect(page.locator("#query")).to_contain_text("Close to")


def test_one_work_in_detail(visit, address: str) -> None:
    page = visit()
    page.locator('.card[data-id="5"]').click()
    detail = page.locator("#detail")
    expect(detail.get_by_role("heading", name="Study 5")).to_be_visible()
    expect(detail.locator(".maker")).to_have_text("Painter F, 1855")
    expect(detail.locator("dl")).to_contain_text("Blue School")
    expect(detail.locator(".colours a").first).to_be_visible()
    source = detail.get_by_role("link", name="Open at its source")
    assert source.get_attribute("href") == "https://museum.example/5"
    assert source.get_attribute("target") == "_blank"
    assert source.get_attribute("rel") == "noopener noreferrer"
    detail.get_by_role("button", name="Copy link").click()
    expect(detail.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{address}/?open=5"
    near = detail.locator("#neighbours .card").first
    name = near.locator("i").inner_text()
    near.click()
    expect(detail.get_by_role("heading", name=name, exact=True)).to_be_visible()
    page.go_back()
    expect(detail.get_by_role("heading", name="Study 5")).to_be_visible()
    page.reload()
    expect(detail.get_by_role("heading", name="Study 5")).to_be_visible()
    page.keyboard.press("Escape")
    expect(detail).to_be_hidden()
    expect(page).not_to_have_url(re.compile("open="))


def test_walking_along_the_wall(visit) -> None:
    page = visit()
    wall = ids(page)
    page.locator(f'.card[data-id="{wall[1]}"]').click()
    page.get_by_role("button", name="Next").click()
    expect(page).to_have_url(re.compile(f"open={wall[2]}$"))
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile(f"open={wall[0]}$"))
    expect(page.get_by_role("button", name="Previous")).to_be_hidden()
    page.go_back()
    expect(page.locator("#detail")).to_be_hidden()
    off_the_wall = visit("?q=study+17&open=5")
    expect(off_the_wall.get_by_role("heading", name="Study 5")).to_be_visible()
    expect(off_the_wall.get_by_role("button", name="Next")).to_be_hidden()


def test_going_back_one_stands_where_one_stood(visit) -> None:
    page = visit(width=390)
    page.evaluate("window.scrollTo(0, 900)")
    page.locator(f'.card[data-id="{ids(page)[8]}"]').click()
    page.get_by_role("button", name="More like this").click()
    expect(page.locator("#query")).to_contain_text("Close to")
    page.wait_for_function("window.scrollY === 0")
    page.go_back()
    page.go_back()
    expect(page.locator("#query")).not_to_contain_text("Close to")
    page.wait_for_function("window.scrollY > 500")


def test_more_like_this(visit) -> None:
    page = visit("?open=5")
    page.get_by_role("button", name="More like this").click()
    expect(page.locator("#detail")).to_be_hidden()
    expect(page.locator("#query")).to_contain_text("Study 5")
    assert 5 not in ids(page)


def test_by_keyboard_alone(visit) -> None:
    page = visit()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('#line') !== null"):
            break
    page.keyboard.type("study 17")
    expect(page.locator("#wall li")).to_have_count(1)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('card')"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Study 17")).to_be_visible()
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent === 'More like this'"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#query")).to_contain_text("Study 17")
    page.go_back()
    expect(page.get_by_role("heading", name="Study 17")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()


def test_taste(visit, art: Collection) -> None:
    page = visit("?open=0")
    like = page.locator("#detail").get_by_role("button", name=LIKE)
    like.click()
    expect(like).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    page.set_input_files("#file", own_file())
    own = page.locator("#query").get_by_role("button", name="Dislike")
    own.click()
    expect(own).to_have_attribute("aria-pressed", "true")
    page.locator("#query").get_by_role("button", name="Like", exact=True).click()
    expect(own).to_have_attribute("aria-pressed", "false")
    page.locator('.card[data-id="2"]').first.click()
    page.locator("#detail").get_by_role("button", name="Dislike: Study 2").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Taste (3)").click()
    page.get_by_role("button", name="Show what suits my taste").click()
    expect(page.locator("#query")).to_contain_text("Chosen for your taste")
    assert not {0, 2} & set(ids(page))
    page.reload()
    expect(page.locator("#query")).to_contain_text("Chosen for your taste")
    expect(page.locator(".chip")).to_have_count(3)
    expect(page.locator(".chip.disliked")).to_have_count(1)
    page.get_by_role("button", name="Forget Study 2").click()
    expect(page.locator(".chip")).to_have_count(2)
    page.get_by_role("button", name="Show what suits my taste now").click()
    expect(page.locator("#query")).to_contain_text("Chosen for your taste")
    page.get_by_role("button", name="Forget all").click()
    expect(page.locator(".chip")).to_have_count(0)
    expect(page.locator("#taste-show")).to_be_disabled()


def test_refine(visit, art: Collection) -> None:
    page = visit("?work=0")
    expect(page.locator("#wall .label", has_text="very close").first).to_be_visible()
    page.get_by_role("button", name="Refine").click()
    page.get_by_role("checkbox", name="Blue School").check()
    expect(page.locator("#wall .label", has_text="Red School")).to_have_count(0)
    assert page.locator("#wall .label", has_text="Blue School").count() == 12
    assert "style=Blue+School" in page.url
    page.get_by_label("One for each artist").check()
    expect(page.locator("#wall li")).to_have_count(2)
    page.reload()
    expect(page.locator("#wall li")).to_have_count(2)
    expect(page.get_by_role("button", name="Refine (2)")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Blue School")).to_be_checked()
    expect(page.get_by_label("One for each artist")).to_be_checked()
    page.get_by_role("button", name="Clear all").click()
    expect(page).to_have_url(re.compile(r"\?work=0&panel=refine$"))
    expect(page.get_by_label("One for each artist")).not_to_be_checked()
    expect(page.locator("#wall .label", has_text="Red School").first).to_be_visible()
    expect(page.get_by_role("button", name="Refine", exact=True)).to_be_visible()


def test_years_and_the_empty_answer(visit) -> None:
    page = visit("?from=1870&to=1875")
    expect(page.locator("#wall li")).to_have_count(6)
    page.get_by_role("button", name="Refine").click()
    expect(page.get_by_label("Year from")).to_have_value("1870")
    page.get_by_label("Year from").fill("1990")
    page.get_by_label("Year from").press("Tab")
    expect(page.locator("#message")).to_have_text(
        "No picture passes these filters. Loosen them under Refine."
    )
    page.get_by_label("Year from").fill("1874")
    page.get_by_label("Year from").press("Tab")
    expect(page.locator("#wall li")).to_have_count(2)
    expect(page.locator("#message")).to_be_hidden()


def test_hide_an_artist(visit) -> None:
    page = visit("?work=4&open=5")
    page.get_by_role("button", name="Hide this artist").click()
    expect(page.locator("#detail")).to_be_hidden()
    expect(page.locator("#wall .label", has_text="Painter F")).to_have_count(0)
    assert "artist__not=Painter+F" in page.url
    page.get_by_role("button", name="Refine (1)").click()
    page.get_by_role("button", name="Show Painter F again").click()
    expect(page.locator("#wall .label", has_text="Painter F").first).to_be_visible()
    page.goto("/?works=005.jpg&works=006.jpg&open=5")  # which no column narrows
    expect(page.get_by_role("heading", name="Study 5")).to_be_visible()
    expect(page.get_by_role("button", name="Hide this artist")).to_have_count(0)


def test_addresses_of_earlier_versions(visit) -> None:
    page = visit("?style=Blue+School&hide=Painter+F&from=1860&to=1875&utm_source=mail")
    expect(page.locator("#wall li")).to_have_count(2)
    assert set(titles(page)) == {"Study 14", "Study 20"}
    page.get_by_role("button", name="Refine (4)").click()
    expect(page.get_by_role("checkbox", name="Blue School")).to_be_checked()
    expect(page.get_by_label("Year to")).to_have_value("1875")


def test_the_cut_off_by_closeness(visit) -> None:
    far = visit("?work=4")
    near = visit("?work=4&close=very+close", wall=False)
    expect(near.locator("#query")).to_contain_text("Close to")
    assert set(ids(near)) < set(ids(far))


def test_why_this(visit) -> None:
    page = visit("?work=4&open=10")
    page.locator("#why summary").click()
    expect(page.locator("#why")).to_contain_text(re.compile(r"\d+ of 64 bits agree\."))
    expect(page.locator("#why")).to_contain_text(re.compile(r"The search took [\d.]+ ms\."))
    assert page.locator("#why .pattern span").count() == 2 * 64
    expect(page.locator("#why canvas")).to_have_count(2)
    expect(page.locator("#why .groups dt").first).to_have_text(re.compile("School"))
    page.locator("#why .codes summary").click()
    page.get_by_label("16", exact=True).check()
    expect(page.locator("#why")).to_contain_text(re.compile(r"\d+ of 16 bits agree\."))
    assert "bits=16" in page.url


def answer_late(route) -> None:
    time.sleep(0.6)
    route.continue_()


def test_why_this_for_a_taste(visit) -> None:
    page = visit("?open=4")
    page.locator("#detail").get_by_role("button", name=LIKE).click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Taste (1)").click()
    page.route("**/api/recommend*", answer_late)
    page.get_by_role("button", name="Show what suits my taste").click()
    expect(page.locator("#query")).to_contain_text("Chosen for your taste")  # and so they hang
    page.locator(".card").first.click()
    page.locator("#why summary").click()
    expect(page.locator("#why")).to_contain_text("Of what you like, Study 4 is nearest to it.")
    expect(page.locator("#why")).to_contain_text("It hangs in place 1 of this wall.")
    expect(page.locator("#why canvas")).to_have_count(2)
    page.locator("#why .codes summary").click()
    page.get_by_label("16", exact=True).check()
    expect(page.locator("#why")).to_contain_text(re.compile(r"\d+ of 16 bits agree\."))


def test_the_map(visit) -> None:
    page = visit("?work=4")
    page.get_by_role("button", name="Map").click()
    expect(page.locator("#legend button")).to_have_text(
        ["Blue School", "Green School", "Red School"]
    )
    drawn = "() => document.getElementById('map').toDataURL()"
    page.locator("#map").focus()
    plain = page.evaluate(drawn)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#map-label")).to_have_text(re.compile("Study|037"))
    page.keyboard.press("+")
    page.wait_for_function(f"before => ({drawn})() !== before", arg=plain)
    page.get_by_role("button", name="Blue School", exact=True).click()
    lit = page.get_by_role("button", name="Blue School", exact=True)
    expect(lit).to_have_attribute("aria-pressed", "true")
    name = page.locator("#map-label i").inner_text()
    page.locator("#map").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def test_the_map_marks_a_picture_of_the_visitors_own(visit, art: Collection) -> None:
    marked = """() => {
      const canvas = document.getElementById("map");
      const pen = canvas.getContext("2d");
      const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
      for (let i = 0; i < data.length; i += 4)
        if (data[i] === 152 && data[i + 1] === 53 && data[i + 2] === 31) return true;
      return false;
    }"""
    page = visit()
    page.get_by_role("button", name="Map").click()
    expect(page.locator("#legend button").first).to_be_visible()
    assert not page.evaluate(marked)
    page.set_input_files("#file", file_of(art, 5))
    page.wait_for_function(marked)


def test_a_work_of_which_nothing_is_known_goes_by_its_file(visit) -> None:
    page = visit("?open=37")
    expect(page.get_by_role("heading", name="037", exact=True)).to_be_visible()
    expect(page.locator('#wall .card[data-id="37"] i')).to_have_text("037")


def test_a_picture_that_cannot_be_read(visit) -> None:
    page = visit()
    broken = {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"no picture at all"}
    page.set_input_files("#file", broken)
    expect(page.locator("#message")).to_contain_text("This picture could not be read: expected")
    expect(page.locator("#wall li")).to_have_count(38)
    page.locator('.card[data-id="5"]').click()
    expect(page.get_by_role("heading", name="Study 5")).to_be_visible()


def test_an_index_being_rebuilt(visit, art: Collection, monkeypatch) -> None:
    page = visit()
    answer = art.answer
    busy = [True]

    def sometimes(*arguments):
        if busy:
            raise StorageError("the index is being rebuilt: this takes a moment")
        return answer(*arguments)

    monkeypatch.setattr(art, "answer", sometimes)
    page.get_by_role("button", name="An example").click()
    expect(page.locator("#message")).to_have_text(
        "The collection is not at hand for a moment. Trying again."
    )
    busy.clear()
    expect(page.locator("#query")).to_contain_text("Close to")
    expect(page.locator("#message")).to_be_hidden()


def test_an_index_built_anew_under_an_open_page(
    visit, current: Current, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(current, "_collection", with_model(make_gallery(tmp_path)))
    page = visit("?work=5&open=4")
    expect(page.get_by_role("heading", name="Study 4")).to_be_visible()
    page.keyboard.press("Escape")
    shutil.rmtree(tmp_path / "art.index")
    page.get_by_role("button", name="Surprise me").click()
    expect(page.locator("#message")).to_contain_text("The collection is not at hand")
    anew = make_gallery(tmp_path)
    anew.remove(range(20))
    anew.close()
    expect(page.locator("#message")).to_have_text(
        "The collection was built anew; these are its pictures now."
    )
    expect(page.locator("#wall li")).to_have_count(18)
    expect(page.locator("#collection")).to_have_text("18 pictures")
    page.get_by_role("button", name="Surprise me").click()
    expect(page.locator("#message")).to_be_hidden()
    page.go_back()
    page.go_back()  # to ?work=5, which was another work
    expect(page.locator("#message")).to_contain_text("The collection was built anew")
    expect(page).not_to_have_url(re.compile("work="))
    page.wait_for_timeout(500)  # also once the answer hangs
    expect(page.locator("#message")).to_contain_text("The collection was built anew")
    assert len(ids(page)) == 18
    page.get_by_role("button", name="An example").click()
    expect(page.locator("#query")).to_contain_text("Close to")
    expect(page.locator("#message")).to_be_hidden()
    page.close()
    with Collection.open(tmp_path / "art.index") as emptied:
        emptied.remove(range(20, 38))
    bare = visit(wall=False)
    expect(bare.locator("#message")).to_have_text("This collection holds no pictures yet.")
    expect(bare.locator("#below button")).to_have_count(0)
    bare.close()
    current.close()


def test_a_document_of_a_collection_that_has_been_built_anew(
    visit, address: str, current: Current, tmp_path: Path, monkeypatch
) -> None:
    page = visit()
    document = page.request.get("/").text()
    anew = make_gallery(tmp_path)
    anew.remove(range(20))
    monkeypatch.setattr(current, "_collection", with_model(anew))
    page.route(f"{address}/", lambda route: route.fulfill(body=document, content_type="text/html"))
    page.reload()
    expect(page.locator("#wall li")).to_have_count(18)
    expect(page.locator("#message")).to_contain_text("The collection was built anew")
    current.close()


def test_what_a_browser_kept_of_a_picture_tells_nothing_new(visit) -> None:
    page, asked = visit("?open=5"), []
    page.get_by_role("button", name="Enlarge Study 5").wait_for()
    page.on("request", lambda request: asked.append(request.url))
    page.route(
        "**/info.json*",
        lambda route: route.fulfill(
            json={"width": 160, "height": 120}, headers={"arthash-index": "another 1"}
        ),
    )
    with page.expect_response(re.compile("info.json")):
        page.get_by_role("button", name="Enlarge Study 5").click()
    page.wait_for_timeout(300)
    assert [url for url in asked if "/api/" in url] == []


def test_a_server_restarted_under_an_open_page(browser, page_app: FastAPI) -> None:
    port = free_port()
    page = browser.new_context().new_page()
    with serving(page_app, port):
        page.goto(f"http://127.0.0.1:{port}/")
        expect(page.locator("#wall li").first).to_be_visible()
    page.get_by_role("button", name="Surprise me").click()
    expect(page.locator("#message")).to_have_text("The server does not answer. Trying again.")
    with serving(page_app, port):
        expect(page.locator("#message")).to_be_hidden()
        expect(page.locator("#wall li").first).to_be_visible()
    page.locator(".card").first.click()
    expect(page.locator("#message")).to_have_text("The server does not answer. Trying again.")
    with serving(page_app, port):
        expect(page.locator("#detail")).to_be_visible()
        expect(page.locator("#message")).to_be_hidden()
        page.context.close()


def test_the_description_of_the_api_needs_no_other_server(visit) -> None:
    page = visit("docs", wall=False)
    expect(page.locator("#swagger-ui")).to_contain_text("/api/v1/search")
    expect(page.locator("#swagger-ui")).to_contain_text("Works for a taste")


def test_a_large_picture_of_another_shape_is_shown_whole(visit) -> None:
    page = visit("?open=1")
    page.wait_for_function("document.getElementById('large')?.naturalWidth")
    width, height = page.evaluate(
        "(i => [i.clientWidth, i.clientHeight])(document.getElementById('large'))"
    )
    image = Image.open(io.BytesIO(page.request.get("/pictures/1").body()))
    assert width <= 2 * image.width
    assert width / height == pytest.approx(image.width / image.height, rel=0.02)
