"""The page in a browser: what is said of an answer, and questions of several parts."""

import re
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image

from hashing.collection import Collection
from tests.service.test_page import (
    address,
    browser,
    expect,
    file_of,
    ids,
    own_file,
    pytestmark,
    visit,
)

__all__ = ["address", "browser", "pytestmark", "visit"]


def stranger() -> dict[str, object]:
    """A picture like none of the gallery's: a chessboard."""
    squares = np.indices((8, 8)).sum(axis=0) % 2 * 255
    buffer = BytesIO()
    Image.fromarray(squares.astype(np.uint8).repeat(16, 0).repeat(16, 1)).save(buffer, "PNG")
    return {"name": "board.png", "mimeType": "image/png", "buffer": buffer.getvalue()}


def test_where_nothing_is_like_it_the_page_says_so(visit, art) -> None:
    page = visit()
    page.set_input_files("#file", stranger())
    expect(page.locator("#query")).to_contain_text("Nothing like it hangs here")
    page.goto("/?work=5")
    expect(page.locator("#wall .label").first).to_contain_text("very close")
    expect(page.locator("#unlike")).to_have_count(0)


def test_the_very_work_comes_first_and_may_be_another(visit, art) -> None:
    page = visit()
    page.set_input_files("#file", file_of(art, 5))
    expect(page.locator("#seems")).to_contain_text("This seems to be")
    expect(page.locator("#seems")).to_contain_text("Study 5")
    expect(page).to_have_url(re.compile(r"[?]work=5$"))
    expect(page.locator('#wall .card[data-id="5"]')).to_have_count(0)
    page.get_by_role("button", name="Not this one").click()
    expect(page.locator("#query")).to_contain_text("Close to your picture")
    expect(page.locator('#wall .card[data-id="5"]')).to_have_count(1)


def test_questions_are_mixed_with_weights(visit, art) -> None:
    page = visit("?work=4&open=10")
    page.locator("#mix-more").click()
    expect(page.locator("#mix .chip")).to_have_count(2)
    expect(page).to_have_url(re.compile("mix=1%3A004.jpg&mix=1%3A010.jpg"))
    assert not {4, 10} & set(ids(page))
    weight = page.get_by_label("How much Study 10 counts")
    weight.fill("-0.5")
    expect(page).to_have_url(re.compile("mix=-0.5%3A010.jpg"))
    expect(page.locator("#mix .chip.disliked")).to_contain_text("away from it")
    page.go_back()
    expect(weight).to_have_value("1")
    page.go_forward()
    expect(weight).to_have_value("-0.5")
    page.reload()
    expect(page.locator("#mix .chip.disliked")).to_contain_text("Study 10")
    page.set_input_files("#mix-file", own_file())
    expect(page.locator("#mix .chip")).to_have_count(3)
    expect(page.get_by_label("How much Your picture counts")).to_have_value("1")
    page.locator("#wall .card").first.click()
    page.locator("#why summary").first.click()
    expect(page.locator("#why .pair figcaption").first).to_contain_text(re.compile("Study|Your"))
    page.keyboard.press("l")
    page.locator("#mix-less").click()
    expect(page.locator("#mix .chip")).to_have_count(4)
    page.get_by_role("button", name="Remove Study 4 from the mix").click()
    expect(page.locator("#mix .chip")).to_have_count(3)
    page.get_by_role("button", name="Add my likes").click()
    expect(page.locator("#mix .chip.disliked")).to_have_count(1)


def test_a_picture_is_added_to_no_other_question_than_it_was_chosen_for(visit) -> None:
    page, held = visit("?work=4"), []
    page.route("**/api/search?*k=1&*", lambda route: held.append(route))
    with page.expect_request(re.compile("/api/search")):
        page.set_input_files("#mix-file", own_file())
    page.get_by_role("button", name="Surprise me").click()
    expect(page).to_have_url(re.compile("seed="))
    with page.expect_response(re.compile("/api/search")):
        held[0].continue_()
    page.wait_for_timeout(200)
    expect(page).to_have_url(re.compile(r"\?seed=\d+$"))


def test_back_and_forth_the_order_is_told_that_hangs(visit) -> None:
    page = visit("?work=4&open=10&panel=refine")
    order = page.get_by_label("Alike by")
    page.get_by_role("button", name="More like this").click()
    expect(page).to_have_url(re.compile("work=10"))
    order.select_option("hamming")
    expect(page).to_have_url(re.compile("by=hamming"))
    page.go_back()
    expect(order).to_have_value("look")
    page.go_forward()
    expect(order).to_have_value("hamming")


CHANGED = """async () => {  // as when one work came and another went
  const { set, state } = await import(new URL("page/store.js", document.baseURI));
  set({ facets: { ...state.facets } });
}"""


def test_what_failed_or_is_of_an_older_collection_is_asked_for_again(visit) -> None:
    page = visit("?work=4&open=10")
    failing = {"status": 500, "json": {"error": {"code": "defect", "message": "A defect"}}}
    for path in ("explain", "map/points"):
        page.route(f"**/api/{path}*", lambda route: route.fulfill(**failing), times=1)
    why = page.locator("#why summary").first
    why.click()
    expect(page.locator("#why .note")).to_have_text("A defect.")
    why.click()
    why.click()
    expect(page.locator("#why .pair")).to_be_visible()
    page.keyboard.press("Escape")
    panel = page.get_by_role("button", name="Map")
    panel.click()
    expect(page.locator("#message")).to_have_text("A defect.")
    panel.click()
    panel.click()
    expect(page.locator("#legend button")).to_have_count(3)
    page.locator("#legend button").first.click()
    page.evaluate(CHANGED)
    expect(page.locator("#legend [aria-pressed=true]")).to_have_count(0)  # the map of all anew
    page.get_by_role("button", name="Refine").click()
    page.locator(".duplicates summary").click()
    expect(page.locator(".duplicates")).to_contain_text("1 group;")
    copies = {"total": 2, "frees": 0, "groups": []}
    page.route("**/api/duplicates*", lambda route: route.fulfill(json=copies))
    page.evaluate(CHANGED)
    expect(page.locator(".duplicates")).to_contain_text("2 groups")


def test_copies_are_asked_for_once_however_often_the_list_is_unfolded(visit) -> None:
    page, held = visit(), []
    page.route("**/api/duplicates*", lambda route: held.append(route))
    page.get_by_role("button", name="Refine").click()
    for _ in range(5):
        page.locator(".duplicates summary").click()
    page.wait_for_timeout(200)
    assert len(held) == 1
    busy = {"error": {"code": "busy", "message": "Others look for them"}}
    held[0].fulfill(status=503, json=busy)
    expect(page.locator("#message")).to_contain_text("Too many are asking at once")
    for _ in range(4):
        page.locator(".duplicates summary").click()
    page.wait_for_timeout(3000)
    assert len(held) == 2  # by itself, after a while
    held[1].fulfill(status=500, json={"error": {"code": "defect", "message": "A defect"}})
    expect(page.locator("#message")).to_contain_text("A defect")
    for _ in range(2):
        page.locator(".duplicates summary").click()
    page.wait_for_timeout(200)
    assert len(held) == 3
    held[2].fulfill(json={"total": 2, "frees": 0, "groups": []})
    expect(page.locator(".duplicates")).to_contain_text("2 groups")


def test_a_path_leads_from_one_work_to_another(visit, art) -> None:
    page = visit("?open=0")
    page.locator("#paths summary").click()
    page.locator("#path-start").click()
    expect(page.locator("#paths")).to_contain_text("open another picture")
    page.keyboard.press("Escape")
    page.locator('#wall .card[data-id="5"]').click()
    expect(page.get_by_role("heading", name="Study 5")).to_be_visible()
    page.get_by_role("button", name="From Study 0 to here").click()
    expect(page.locator("#query")).to_contain_text("From Study 0 to Study 5")
    assert ids(page) == list(art.path(0, 5).ids)
    shared = visit(page.url.split("/")[-1])
    expect(shared.locator("#query")).to_contain_text("From Study 0 to Study 5")
    gone = visit("?path=000.jpg&path=gone.jpg", wall=False)
    expect(gone.locator("#message")).to_contain_text("None of these pictures")


def test_a_part_of_ones_own_picture_is_asked_with(visit, art: Collection) -> None:
    """A box drawn with the pointer and moved by keys; the frame that is seen; any turn."""
    page = visit()
    page.set_input_files("#file", stranger())
    page.get_by_role("button", name="Ask with a part").click()
    dialog = page.get_by_role("dialog", name="Ask with a part")
    place = dialog.locator(".canvas").bounding_box()
    assert place
    page.mouse.move(place["x"] + place["width"] * 0.5, place["y"] + place["height"] * 0.9)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] * 0.1, place["y"] + place["height"] * 0.5)
    page.mouse.up()
    box = dialog.locator(".box")
    box.press("ArrowRight")
    box.press("Shift+ArrowDown")
    with page.expect_request(re.compile(r"/api/search")) as asked:
        dialog.get_by_role("button", name="Ask with this part").click()
    (sent,) = parse_qs(urlsplit(asked.value.url).query)["box"]
    drawn = [float(value) for value in sent.split(",")]
    assert drawn == pytest.approx([0.12, 0.5, 0.52, 0.92], abs=0.02)
    expect(dialog).to_be_hidden()
    expect(page.locator("#wall li").first).to_be_visible()
    for name, words in (("Ask with what is framed", "box=suggest"), ("turned", "any_turn=true")):
        page.get_by_role("button", name="Ask with a part").click()
        with page.expect_request(re.compile(words)):
            dialog.get_by_role("button", name=name).click()
