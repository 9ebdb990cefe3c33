"""The page in a browser: questions that follow faster than answers, and those that fail."""

import re
from pathlib import Path

from hashing.service.current import Current
from tests.gallery import fill, make_gallery, with_model
from tests.service.test_page import (
    address,
    answer_late,
    browser,
    expect,
    ids,
    own_file,
    pytestmark,
    visit,
)

__all__ = ["address", "browser", "pytestmark", "visit"]


def failing(route) -> None:
    route.fulfill(status=500, json={"error": {"code": "defect", "message": "out of order"}})


def test_back_before_an_answer_has_come(visit) -> None:
    page = visit()
    wall = ids(page)
    page.route("**/api/items/4/similar*", answer_late)
    page.locator('.card[data-id="4"]').click()
    with page.expect_response(re.compile("/api/items/4/similar.*k=24")):
        page.get_by_role("button", name="More like this").click()
        expect(page).to_have_url(re.compile(r"\?work=4$"))
        page.go_back()
    assert ids(page) == wall
    expect(page.locator("#query")).not_to_contain_text("Close to")


def test_a_question_that_fails_changes_nothing_but_the_message(visit) -> None:
    page = visit("?work=4")
    wall = ids(page)
    page.route("**/api/items?*q=*", failing)
    page.locator("#line").press_sequentially("Blue ")
    expect(page.locator("#message")).to_have_text("Out of order.")
    expect(page.locator("#query")).to_contain_text("Close to")
    assert ids(page) == wall
    page.locator("#line").press_sequentially("School")  # the space before it stands
    expect(page.locator("#line")).to_have_value("Blue School")
    expect(page).to_have_url(re.compile(r"q=Blue\+School"))
    page.go_back()
    expect(page.locator("#message")).to_be_hidden()
    assert ids(page) == wall


def test_more_while_another_question_is_under_way(visit) -> None:
    page = visit("?work=4")
    page.route("**/api/items?*q=*", answer_late)
    with page.expect_request(re.compile(r"/api/items\?.*q=")):
        page.locator("#line").fill("Blue School")
    page.locator("#more").click()
    expect(page.locator("#query")).to_contain_text("for “Blue School”")
    found = ids(page)
    page.reload()
    expect(page.locator("#query")).to_contain_text("for “Blue School”")
    assert ids(page) == found


def test_more_and_refined_of_ones_own_picture(visit) -> None:
    page = visit()
    for _ in range(2):  # the same picture again changes nothing
        page.set_input_files("#file", own_file())
        expect(page.locator("#looking")).to_have_count(0)
        expect(page.locator("#query")).to_contain_text("Close to your picture")
    wall = ids(page)
    page.locator("#more").click()
    expect(page.locator("#more")).to_have_count(0)
    assert ids(page)[: len(wall)] == wall
    page.get_by_role("button", name="Refine", exact=True).click()
    page.get_by_role("checkbox", name="Red School").check()
    expect(page.locator("#wall .label").first).to_contain_text("Red School")


def test_a_page_whose_first_answers_break_off_asks_again(visit) -> None:
    page = visit(wall=False)
    answers = [{"status": 429, "json": {"error": {"code": "too_often", "message": "wait"}}}]
    answers.append({"status": 502, "body": "<html>Bad Gateway</html>"})
    answers.append({"status": 200, "body": '{"roles": '})
    page.route(
        "**/api/facets*",
        lambda route: route.fulfill(**answers.pop(0)) if answers else route.continue_(),
    )
    page.reload()
    expect(page.locator("#message")).to_contain_text("Trying again")
    page.get_by_role("button", name="An example").click()
    expect(page.locator("#query")).to_contain_text("Close to")
    expect(page.locator("#message")).to_be_hidden()
    assert answers == []


def test_reloaded_one_stands_where_one_stood(visit) -> None:
    page = visit(width=390)
    page.get_by_role("button", name="Surprise me").click()
    page.wait_for_url("**/?seed=*")
    hung = ids(page)
    page.evaluate("window.scrollTo(0, 900)")
    page.wait_for_function("history.state.y > 800")
    page.reload()
    assert ids(page) == hung
    page.wait_for_function("window.scrollY > 800")
    page.go_back()
    page.wait_for_function("window.scrollY === 0")
    page.go_forward()
    assert ids(page) == hung
    page.wait_for_function("window.scrollY > 800")


def test_a_colour_is_left_out_of_what_is_asked_though_it_does_not_hang_yet(visit) -> None:
    page = visit("?palette=2b4a8a")
    expect(page.locator("#query")).to_contain_text("with these colours")
    page.route(re.compile("/api/.*palette=2b4a8a&palette=be3c32"), lambda _: None)
    with page.expect_request(re.compile("/api/.*palette=be3c32")):
        page.get_by_label("Another colour").fill("#be3c32")
    page.get_by_role("button", name="Leave out 2b4a8a").click()
    expect(page).to_have_url(re.compile(r"\?palette=be3c32$"))


def test_an_answer_without_works_is_come_back_to_and_reloaded(visit) -> None:
    page = visit()
    for path in ("?q=nobody+at+all", "?works=gone.jpg", "?work=4&from=1990"):
        page.goto(f"/{path}")
        expect(page.locator("#below")).to_contain_text("Show other pictures")
        said = page.locator("#message").inner_text()
        page.get_by_role("button", name="Show other pictures").click()
        expect(page.locator("#wall li")).to_have_count(38)
        page.go_back()
        expect(page.locator("#message")).to_have_text(said)
        page.reload()
        expect(page.locator("#message")).to_have_text(said)
        expect(page.locator("#wall li")).to_have_count(0)


def test_works_that_come_into_an_empty_collection_hang(
    visit, current: Current, tmp_path: Path, monkeypatch
) -> None:
    index = make_gallery(tmp_path)
    index.remove(range(38))
    monkeypatch.setattr(current, "_collection", with_model(index))
    page = visit(wall=False)
    expect(page.locator("#message")).to_have_text("This collection holds no pictures yet.")
    fill(index)
    told = {"arthash-index": f"{page.request.get('/api/health').json()['index']} 99"}
    none = {"total": 0, "frees": 0, "groups": []}
    page.route("**/api/duplicates*", lambda route: route.fulfill(json=none, headers=told))
    page.get_by_role("button", name="Refine", exact=True).click()
    page.locator(".duplicates summary").click()
    expect(page.locator("#wall li")).to_have_count(38)
    expect(page.locator("#message")).to_be_hidden()


def test_a_short_answer_that_is_come_back_to_has_no_more_behind_it(visit) -> None:
    page = visit("?work=4&style=Blue+School")
    wall = ids(page)
    assert 0 < len(wall) < 24
    page.get_by_role("link", name="ArtHash").click()
    expect(page.locator("#query")).not_to_contain_text("Close to")
    page.go_back()
    expect(page.locator("#query")).to_contain_text("Close to")
    assert ids(page) == wall
    expect(page.locator("#more")).to_have_count(0)


def test_a_work_that_cannot_be_opened_is_told_of(visit) -> None:
    page = visit("?open=99999")
    expect(page.locator("#message")).to_have_text("This picture is not in the collection.")
    expect(page).not_to_have_url(re.compile("open="))
    page.route("**/api/items/5", failing)
    for path in ("?q=study&open=5", "?open=5"):
        page.goto(f"/{path}")
        expect(page.locator("#message")).to_have_text("Out of order.")
        expect(page).not_to_have_url(re.compile("open="))
        page.wait_for_timeout(300)
        expect(page.locator("#message")).to_have_text("Out of order.")


def test_a_refinement_leaves_the_visitor_where_they_stand(visit) -> None:
    page = visit("?panel=refine", width=390)
    box = page.get_by_role("checkbox", name="Blue School")
    page.wait_for_function("document.querySelector('gradio-app .contain')?.localName === 'div'")
    page.locator("ah-choice summary", has_text="Style").click()
    box.scroll_into_view_if_needed()
    page.evaluate("window.scrollBy(0, 200)")
    before = page.evaluate("window.scrollY")
    assert before >= 200
    box.evaluate("box => box.click()")
    expect(page.locator("#wall li")).to_have_count(12)
    page.wait_for_timeout(200)
    assert page.evaluate("window.scrollY") == before
    page.reload()
    expect(page.locator("#wall li")).to_have_count(12)
    page.wait_for_function("before => window.scrollY === before", arg=before)


def test_works_of_the_map_are_stood_before(visit) -> None:
    page = visit("?panel=map")
    page.locator("#map-here").click()
    page.wait_for_function("document.activeElement.id === 'wall-title'")
    expect(page.locator("#query")).to_contain_text("of this part of the map")
    page.wait_for_timeout(300)
    top = page.locator("#query").bounding_box()["y"]
    assert -1 < top < 200


def test_what_is_said_is_in_sight_wherever_one_is(visit) -> None:
    page = visit(width=390)
    page.route("**/api/items/*", failing)
    page.route("**/api/items?*offset=*", failing)
    message = page.locator("#message")
    page.evaluate("window.scrollTo(0, 1500)")
    page.locator(".card").nth(12).click()
    expect(message).to_have_text("Out of order.")
    expect(message).to_be_in_viewport(ratio=1)
    page.evaluate("window.scrollTo(0, 0)")
    page.get_by_role("button", name="Refine", exact=True).click()  # long, and above it
    expect(page.get_by_role("button", name="Clear all")).to_be_attached()
    for summary in page.locator("ah-choice summary").all():
        summary.click()
    page.evaluate("window.scrollTo(0, 0)")
    expect(message).to_be_in_viewport(ratio=1)


def test_an_open_dialog_says_what_goes_wrong(visit) -> None:
    page = visit("?open=5")
    page.get_by_role("button", name="Enlarge Study 5").wait_for()
    page.route("**/info.json*", failing)
    page.get_by_role("button", name="Enlarge Study 5").click()
    expect(page.get_by_role("dialog").get_by_role("status").last).to_be_in_viewport(ratio=1)
    expect(page.locator("#zoom .told")).to_have_text("Out of order.")
    page.locator("#zoom-close").click()
    expect(page.locator("#detail .told")).to_be_in_viewport(ratio=1)
