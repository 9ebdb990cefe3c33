"""The page in a browser: what leads on, what is said, and who can use it."""

import re

import httpx
import pytest

from tests.service.test_page import address, browser, expect, ids, pytestmark, titles, visit

__all__ = ["address", "browser", "pytestmark", "visit"]

BLURRED = """() => document.activeElement === document.body"""


def test_values_of_a_work_lead_to_its_works(visit) -> None:
    page = visit("?work=4&open=5")
    detail = page.locator("#detail")
    detail.get_by_role("link", name="All of artist Painter F").click()
    expect(detail).to_be_hidden()
    expect(page).to_have_url(re.compile(r"\?artist=Painter\+F$"))
    expect(page.locator("#wall li")).to_have_count(6)
    page.go_back()
    detail.get_by_role("link", name="All of style Blue School").click()
    expect(page.locator("#wall li")).to_have_count(12)
    page.go_back()
    detail.get_by_role("link", name="All of year 1855").click()
    expect(page.locator("#wall li")).to_have_count(1)
    assert titles(page) == ["Study 5"]


def test_colours_of_a_work_lead_to_works_that_have_them(visit) -> None:
    page = visit("?open=5")
    colour = page.locator("#detail .colours a").first
    value = (colour.get_attribute("href") or "").partition("palette=")[2]
    colour.click()
    expect(page).to_have_url(re.compile(rf"\?palette={value}$"))
    expect(page.locator("#query")).to_contain_text("with these colours")
    expect(page.locator('.card[data-id="5"]')).to_be_visible()
    page.get_by_label("Another colour").fill("#be3c32")
    expect(page).to_have_url(re.compile(rf"palette={value}&palette=be3c32$"))
    page.get_by_role("button", name=f"Leave out {value}").click()
    expect(page).to_have_url(re.compile(r"\?palette=be3c32$"))
    expect(page.locator("#wall .label").first).to_contain_text("Red School")


def test_words_say_what_they_were_taken_for(visit) -> None:
    page = visit("?q=blue+school")
    expect(page.locator("#query")).to_contain_text("style: Blue School")
    expect(page.locator("#wall li")).to_have_count(12)
    page.get_by_role("button", name="Exactly these words").click()
    expect(page).to_have_url(re.compile("exact=1"))
    expect(page.locator("#query")).to_contain_text("12 for “blue school”")
    expect(page.locator("#query")).not_to_contain_text("style:")
    wrong = visit("?q=studdy+17")
    expect(wrong.locator("#query")).to_contain_text("studdy read as study")


def test_cards_are_links(visit) -> None:
    page = visit("?work=4")
    card = page.locator("#wall .card").first
    href = card.get_attribute("href") or ""
    assert href == f"?work=4&open={card.get_attribute('data-id')}"
    with page.context.expect_page() as event:
        card.click(modifiers=["ControlOrMeta"])
    expect(event.value.locator("#detail")).to_be_visible()
    expect(page.locator("#detail")).to_be_hidden()


def test_first_sight_gives_three_things_to_try(visit) -> None:
    page = visit()
    expect(page.locator("#first-sight li")).to_have_count(3)
    page.get_by_role("button", name="Like two pictures").click()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Like: Study 0"
    page.keyboard.press("Enter")
    expect(page.locator("#first-sight")).to_have_count(0)
    shared = visit("?seed=3")
    expect(shared.locator("#first-sight")).to_have_count(0)


def test_titles_say_what_hangs(visit) -> None:
    page = visit("?q=study")
    expect(page).to_have_title("“study” · ArtHash")
    page.locator('.card[data-id="5"]').click()
    expect(page).to_have_title("Study 5 · ArtHash")
    page.get_by_role("button", name="More like this").click()
    expect(page).to_have_title("Close to Study 5 · ArtHash")
    page.get_by_role("link", name="ArtHash").click()
    expect(page).to_have_title("ArtHash")


def test_a_shared_link_is_announced_by_what_it_shows(page_app, art) -> None:
    from fastapi.testclient import TestClient

    client = TestClient(page_app, base_url="http://127.0.0.1")
    text = client.get("/?open=5&work=4").text
    assert '<meta property="og:title" content="Study 5 · ArtHash" />' in text
    assert '<meta property="og:description" content="Painter F, 1855 · Blue School" />' in text
    picture = re.search(r'property="og:image" content="([^"]+)"', text)
    assert picture
    answer = client.get(picture[1].replace("&amp;", "&"))
    assert answer.headers["content-type"] == "image/jpeg"
    assert "Gradio" not in re.sub(r"<(script|style).*?</\1>", "", text, flags=re.DOTALL)
    asked = client.get('/?q="><script>alert(1)</script>').text
    assert "<script>alert" not in asked
    assert "“&#34;&gt;&lt;script&gt;" in asked
    assert "Study" not in client.get("/?open=99999").text.partition("<body")[0]


def test_the_first_wall_stands_in_the_document(page_app) -> None:
    from fastapi.testclient import TestClient

    client = TestClient(page_app, base_url="http://127.0.0.1")
    text = client.get("/").text
    before, _, after = text.partition('<template id="gradio">')
    gradio, _, body = after.partition("</template>")
    assert "./assets/" in gradio
    assert "./assets/" not in before + body
    assert body.count('<a class="card"') == 12
    assert text.count("<gradio-app") == 1
    assert "38 pictures" in body
    german = client.get("/", headers={"accept-language": "de-CH,de;q=0.9,en;q=0.8"}).text
    assert '<html\n\tlang="de"' in german
    assert "38 Bilder" in german


def test_what_the_server_hangs_is_what_the_page_hangs(visit, address: str) -> None:
    text = httpx.get(address).text
    page = visit()
    expect(page.locator("#collection")).to_have_text("38 pictures")
    look = """document => [...document.querySelectorAll("#wall .card")].slice(0, 12).map(card => [
      card.getAttribute("href"), card.dataset.id, card.querySelector("img").getAttribute("src"),
      card.querySelector("img").alt, card.querySelector(".label").innerText ??
      card.querySelector(".label").textContent, card.parentElement.style.cssText])"""
    hung = page.evaluate(f"({look})(document)")
    served = page.evaluate(
        f"text => ({look})(new DOMParser().parseFromString(text, 'text/html'))", text
    )
    flat = [[re.sub(r"\s", "", part) for part in card] for card in served]
    assert [[re.sub(r"\s", "", part) for part in card] for card in hung] == flat


def test_more_and_back(visit, monkeypatch) -> None:
    page = visit("?work=4")
    expect(page.locator("#wall li")).to_have_count(24)
    page.get_by_role("button", name="More", exact=True).click()
    page.wait_for_function("document.querySelectorAll('#wall li').length > 30")
    expect(page.locator("#below")).to_contain_text("These are all")
    expect(page.locator("#said")).to_contain_text("pictures now")
    wall = ids(page)
    page.get_by_role("link", name="ArtHash").click()
    expect(page.locator("#query")).not_to_contain_text("Close to")
    page.go_back()
    expect(page.locator("#query")).to_contain_text("Close to")
    expect(page.locator("#wall li")).to_have_count(len(wall))
    page.reload()
    expect(page.locator("#wall li")).to_have_count(len(wall))


def test_controls_that_do_nothing_are_not_shown(visit) -> None:
    page = visit("?work=4&close=related&style=Green+School")
    page.get_by_role("button", name="Refine (2)").click()
    page.wait_for_function("document.querySelector('gradio-app .contain')?.localName === 'div'")
    expect(page.get_by_label("How close")).to_be_visible()
    expect(page.get_by_label("One for each artist")).to_be_visible()
    page.locator("#line").fill("study")
    expect(page).to_have_url(re.compile("q=study"))
    expect(page.get_by_role("button", name="Refine (1)")).to_be_visible()
    expect(page.get_by_label("How close")).to_be_hidden()
    expect(page.get_by_label("One for each artist")).to_be_hidden()
    expect(page.locator("#varied")).to_be_hidden()


def test_the_open_panel_stands_in_the_address(visit) -> None:
    page = visit("?work=4")
    page.evaluate("() => window.scrollTo(0, 300)")
    page.locator("[data-panel=map]").click()
    expect(page).to_have_url(re.compile(r"\?work=4&panel=map$"))
    page.reload()
    expect(page.locator("#map-panel")).to_be_visible()
    expect(page.locator("[data-panel=map]")).to_have_attribute("aria-expanded", "true")
    page.locator("[data-panel=taste]").click()
    expect(page.locator("#taste-panel")).to_be_visible()
    expect(page.locator("#map-panel")).to_be_hidden()
    page.locator("[data-panel=taste]").click()
    expect(page).to_have_url(re.compile(r"\?work=4$"))
    expect(visit("?panel=nothing").locator(".panel:visible")).to_have_count(0)


def test_focus_is_never_lost(visit) -> None:
    page = visit("?open=5")
    page.get_by_role("button", name="More like this").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#query")).to_contain_text("Close to")
    page.wait_for_function("document.activeElement.id === 'wall-title'")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#detail")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()
    assert page.evaluate("document.activeElement.classList.contains('card')")
    page.locator("#wall .card").first.press("Enter")
    expect(page.locator("#detail")).to_be_visible()
    page.keyboard.press("ArrowRight")
    second = page.locator("#wall .card").nth(1)
    expect(page.locator("#detail-title")).to_have_text(second.locator("i").inner_text())
    page.keyboard.press("Escape")
    expect(second).to_be_focused()  # where the walk ended
    expect(page.locator("#said")).to_have_text(re.compile(r"\d+ pictures"))
    for way in (".maker .door", "#facts .colours a", "#mix-more", "#paths .actions button"):
        page.goto("/?work=4&open=5")
        page.locator("#paths summary").click()
        page.locator(way).first.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#detail")).to_be_hidden()
        page.wait_for_function("document.activeElement.id === 'wall-title'")


def test_each_answer_is_told_to_those_who_listen(visit) -> None:
    page = visit()
    page.evaluate(
        """() => {
          window.heard = [];
          const listener = ([{ target }]) => window.heard.push(target.textContent.trim());
          const how = { childList: true, subtree: true, characterData: true };
          new MutationObserver(listener).observe(document.getElementById("said"), how);
        }"""
    )
    page.get_by_role("button", name="Surprise me").click()
    page.wait_for_function("window.heard.length === 1")
    page.get_by_role("button", name="Surprise me").click()
    page.wait_for_function("window.heard.length === 2")
    assert page.evaluate("window.heard") == ["38 pictures"] * 2


def test_what_is_left_unchosen_folds_over_no_hands(visit) -> None:
    page = visit("?panel=refine", width=390)
    page.locator("ah-choice summary", has_text="Style").click()
    box = page.get_by_role("checkbox", name="Blue School")
    box.check()
    expect(page.locator("#wall li")).to_have_count(12)
    box.uncheck()
    expect(page.locator("#wall li")).to_have_count(38)
    expect(box).to_be_visible()
    expect(box).to_be_focused()


def test_a_broken_picture_leaves_its_place_and_name(visit) -> None:
    page = visit()
    page.clock.install()
    page.route("**/pictures/5?*", lambda route: route.abort())
    page.reload()
    page.locator('.card[data-id="5"]').scroll_into_view_if_needed()
    broken = page.locator('.card[data-id="5"] img.broken')
    expect(broken).to_have_attribute("alt", "Study 5, Painter F, 1855")
    box = broken.bounding_box()
    assert box
    assert box["width"] > 100
    assert box["height"] > 70
    page.unroute_all()
    page.clock.run_for(10_000)  # asked for again after a while
    expect(broken).to_have_count(0)


def test_pictures_that_failed_again_come_once_the_server_is_there(visit) -> None:
    page = visit("?work=4")
    page.clock.install()
    page.route(re.compile("/pictures/"), lambda route: route.abort())
    page.reload()
    broken = page.locator("img.broken")
    expect(page.locator("#query img.broken")).to_have_count(1)
    failed: list[object] = []
    page.on("requestfailed", lambda request: failed.append(request))
    page.clock.run_for(10_000)  # and again in vain
    told = -1
    while told != len(failed):  # the browser tells of them one after the other
        told = len(failed)
        page.wait_for_timeout(500)
    page.clock.run_for(20_000)
    page.unroute_all()
    page.locator("#wall .card").first.click()  # an answer
    expect(page.locator("#detail")).to_be_visible()
    expect(broken).to_have_count(0)
    page.keyboard.press("Escape")
    page.route(re.compile(r"/pictures/.*size=1600"), lambda route: route.abort())
    page.locator("#wall .card").nth(1).click()
    expect(page.locator("#large.broken")).to_have_count(1)
    page.unroute_all()
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#large.broken")).to_have_count(0)
    page.wait_for_function("document.getElementById('large').naturalWidth")


def test_zoom(visit) -> None:
    page = visit()
    page.locator('.card[data-id="5"]').click()
    page.get_by_role("button", name="Enlarge Study 5").click()
    image = page.locator("#zoom img")
    page.wait_for_function("document.querySelector('#zoom img')?.naturalWidth")
    expect(page.locator("#zoom")).to_be_visible()
    width = image.bounding_box()["width"]
    page.keyboard.press("Control+=")  # the browser's own
    page.keyboard.press("+")
    assert image.bounding_box()["width"] == pytest.approx(1.5 * width, rel=0.01)
    page.mouse.move(640, 400)
    page.mouse.wheel(0, -200)
    page.wait_for_function(
        "w => document.querySelector('#zoom img').getBoundingClientRect().width > w",
        arg=1.6 * width,
    )
    before = image.bounding_box()
    for button, moves in (("right", False), ("left", True)):
        page.mouse.move(640, 400)
        page.mouse.down(button=button)
        page.mouse.move(700, 430, steps=3)
        page.mouse.up(button=button)
        assert (image.bounding_box() != before) is moves
    page.keyboard.press("Escape")
    expect(page.locator("#zoom")).to_be_hidden()
    expect(page.locator("#detail")).to_be_visible()
    page.get_by_role("button", name="Enlarge Study 5").click()
    expect(page.locator("#zoom")).to_be_visible()
    page.go_back()
    expect(page.locator("#zoom")).to_be_hidden()
    expect(page.locator("#detail")).to_be_hidden()
    assert page.evaluate("document.activeElement.dataset.id") == "5"


def test_from_a_work_to_the_map_and_back_to_the_wall(visit) -> None:
    page = visit("?open=5")
    page.get_by_role("button", name="Show on the map").click()
    expect(page.locator("#detail")).to_be_hidden()
    expect(page.locator("#map-label i")).to_have_text("Study 5")
    page.get_by_role("button", name="Hang these on the wall").click()
    expect(page.locator("#query")).to_contain_text("of this part of the map")
    assert 5 in ids(page)
    assert len(ids(page)) < 38
    page.reload()
    expect(page.locator("#query")).to_contain_text("of this part of the map")
    page.get_by_role("button", name="Back to the map").click()
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_role("button", name="Draw a box").click()
    page.locator("#map").scroll_into_view_if_needed()
    box = page.locator("#map").bounding_box()
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + box["height"] - 3, steps=3)
    page.mouse.up()
    expect(page.locator("#query")).to_contain_text("38 pictures of this part of the map")
    page.get_by_role("button", name="Draw an outline").click()
    page.locator("#map").scroll_into_view_if_needed()
    box = page.locator("#map").bounding_box()
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    page.mouse.down()
    for x, y in ((0.99, 0.01), (0.99, 0.99), (0.6, 0.5), (0.01, 0.99)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"area=(0|-0)\.\d+(%2C-?\d\.\d+){9,}&panel=map$"))
    expect(page.locator("#query")).not_to_contain_text("38 pictures")
    outlined = ids(page)
    assert 0 < len(outlined) < 38
    page.reload()
    expect(page.locator("#query")).to_contain_text("of this part of the map")
    assert ids(page) == outlined


def test_on_the_map_numbers_come_nearer_and_keys_enlarge(visit) -> None:
    page = visit(width=390)
    page.get_by_role("button", name="Map").click()
    expect(page.locator("#legend button").first).to_be_visible()
    stands = "() => document.querySelector('ah-map').hung.map(one => one.works).sort()"
    page.wait_for_function("document.querySelector('ah-map').hung.some(one => one.sign)")
    assert sum(page.evaluate(stands)) == 38
    page.wait_for_function("document.querySelector('ah-map').hung.every(one => one.shape[0])")
    page.locator("#map").scroll_into_view_if_needed()
    sign = page.evaluate("document.querySelector('ah-map').hung.find(one => one.sign).sign")
    at = {"x": sign[0] + 3, "y": sign[1] + 3}
    page.locator("#map").click(button="right", position=at)
    page.evaluate("new Promise((done) => setTimeout(() => requestAnimationFrame(done), 50))")
    assert sum(page.evaluate(stands)) == 38
    page.locator("#map").click(position=at)
    page.wait_for_function(f"({stands})().reduce((sum, one) => sum + one, 0) < 38")
    expect(page.locator("#detail")).to_be_hidden()
    page.locator("#map").focus()
    page.keyboard.press("0")
    page.wait_for_function(f"({stands})().reduce((sum, one) => sum + one, 0) === 38")
    for _ in range(8):
        page.keyboard.press("+")
    page.wait_for_function(f"({stands})().every(one => one === 1)")


def test_a_finger_walks_along_the_wall(visit) -> None:
    page = visit(width=390)
    wall = ids(page)
    page.locator(f'.card[data-id="{wall[0]}"]').click()
    expect(page.locator("#detail")).to_be_visible()
    page.evaluate(
        """() => {
          const at = (x, y) => new Touch({ identifier: 1, target: document.getElementById("detail"),
            clientX: x, clientY: y });
          const tell = (name, touch, touches) => document.getElementById("detail").dispatchEvent(
            new TouchEvent(name, { bubbles: true, touches, changedTouches: [touch] }));
          const move = (x, y) => {
            tell("touchstart", at(300, 300), [at(300, 300)]);
            tell("touchend", at(x, y), []);
          };
          move(220, 100);  // scrolls
          move(120, 310);
        }"""
    )
    expect(page).to_have_url(re.compile(f"open={wall[1]}$"))


def test_a_finger_that_moves_what_is_enlarged_or_wide_stays_with_the_work(visit) -> None:
    page = visit(width=390)
    wall = ids(page)
    page.locator(f'.card[data-id="{wall[0]}"]').click()
    expect(page.locator("#facts h2")).to_be_visible()
    swipe = """(selector, others = 0) => {
      const on = document.querySelector(selector);
      const at = (x, identifier = 1) =>
        new Touch({ identifier, target: on, clientX: x, clientY: 300 });
      const tell = (name, touch, touches) =>
        on.dispatchEvent(new TouchEvent(name, { bubbles: true, touches, changedTouches: [touch] }));
      tell("touchstart", at(300), [at(300)]);
      if (others) tell("touchstart", at(80, 2), [at(300), at(80, 2)]);
      if (others) tell("touchend", at(20, 2), [at(300)]);
      tell("touchend", at(100), []);
    }"""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Emulation.setPageScaleFactor", {"pageScaleFactor": 2})
    page.wait_for_function("visualViewport.scale === 2")
    page.evaluate(f"({swipe})('#facts h2')")
    devtools.send("Emulation.setPageScaleFactor", {"pageScaleFactor": 1})
    page.wait_for_function("visualViewport.scale === 1")
    page.evaluate(f"({swipe})('#facts h2', 1)")
    page.evaluate(
        """() => {
          const wide = document.createElement("p");
          wide.id = "wide";
          wide.style = "overflow-x: auto; white-space: nowrap";
          wide.innerHTML = `<b>${"wide ".repeat(200)}</b>`;
          document.getElementById("facts").append(wide);
        }"""
    )
    page.evaluate(f"({swipe})('#wide b')")
    expect(page).to_have_url(re.compile(f"open={wall[0]}$"))
    page.evaluate(f"({swipe})('#facts h2')")
    expect(page).to_have_url(re.compile(f"open={wall[1]}$"))


def test_thumbs_find_what_they_touch(visit) -> None:
    page = visit("?work=4", width=390)
    small = """() => [...document.querySelectorAll("button, a[href], summary, label:has(input)")]
      .filter(e => e.checkVisibility() && !e.closest("gradio-app"))
      .map(e => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
      .filter(([, r]) => r.height < 43.5 || r.width < 43.5).map(([html]) => html)"""
    for panel in ("taste", "refine"):
        page.locator(f"[data-panel={panel}]").click()
        assert page.evaluate(small) == []
    page.locator("#wall .card").first.click()
    expect(page.locator("#detail")).to_be_visible()
    page.locator("#why summary").first.click()
    expect(page.locator("#why .pair")).to_be_visible()
    assert page.evaluate(small) == []


ONE_GROUP = {"total": 1, "frees": 1_250_001, "groups": []}


def test_the_page_speaks_german(browser, address: str) -> None:
    context = browser.new_context(locale="de-DE", base_url=address)
    page = context.new_page()
    page.goto("/?q=study")
    expect(page.locator("#query")).to_have_text("37 für „study“")
    expect(page.get_by_role("button", name="Verfeinern")).to_be_visible()
    page.goto("/?work=4")
    expect(page.locator("#wall .label").first).to_contain_text(
        re.compile("nah|fern|gleich|verwandt")
    )
    page.goto("/?open=99999&panel=refine")
    expect(page.locator("#message")).to_have_text("Dieses Bild ist nicht in der Sammlung.")
    page.route("**/api/duplicates*", lambda route: route.fulfill(json=ONE_GROUP))
    page.locator(".duplicates summary").click()
    expect(page.locator(".duplicates p").first).to_contain_text("1 Gruppe; weitere Kopien")
    expect(page.locator(".duplicates p").first).to_contain_text("belegen 1,3 MB")
    context.close()
