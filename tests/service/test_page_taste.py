"""The page in a browser: likes and dislikes, tastes as links, sets that are kept."""

import hashlib
import io
import json
import re
import time
from pathlib import Path

from PIL import Image

from hashing.codes import Codes
from hashing.service.current import Current
from hashing.store import NewItem
from tests.gallery import STYLES, ColourModel, draw, jpeg, make_gallery, with_model
from tests.service.test_page import (
    address,
    browser,
    expect,
    ids,
    own_file,
    pytestmark,
    titles,
    visit,
)

__all__ = ["address", "browser", "pytestmark", "visit"]

MINE = "() => JSON.parse(localStorage.getItem('arthash.taste') ?? '[]')"


def judge(page, *opinions: tuple[int, str]) -> None:
    for item_id, word in opinions:
        card = page.locator("#wall li", has=page.locator(f'.card[data-id="{item_id}"]'))
        card.get_by_role("button", name=re.compile(f"^{word}: ")).click()


def test_likes_and_dislikes_on_every_card_and_by_keys(visit) -> None:
    page = visit()
    judge(page, (5, "Like"), (2, "Dislike"))
    page.locator('.card[data-id="7"]').focus()
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Taste (3)")).to_be_visible()
    page.keyboard.press("d")
    pressed = page.locator("#wall [aria-pressed=true]")
    names = ["Dislike: Study 2", "Dislike: Study 7", "Like: Study 5"]
    expect(pressed).to_have_count(3)
    assert sorted(b.get_attribute("aria-label") for b in pressed.all()) == names
    page.keyboard.press("d")
    expect(pressed).to_have_count(2)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Study 7")).to_be_visible()
    page.keyboard.press("l")
    like = page.locator("#detail").get_by_role("button", name="Like: Study 7", exact=True)
    expect(like).to_have_attribute("aria-pressed", "true")


def test_the_walk_goes_on_while_one_likes(visit) -> None:
    page = visit()
    judge(page, (5, "Like"))
    page.get_by_role("button", name="Taste (1)").click()
    page.get_by_role("button", name="Show what suits my taste").click()
    expect(page.locator("#query")).to_contain_text("Chosen for your taste")
    # What is liked hangs no longer once the answer is there.
    expect(page.locator('#wall .card[data-id="5"]')).to_have_count(0)
    wall = ids(page)
    page.locator(f'.card[data-id="{wall[0]}"]').click()
    expect(page.locator("#detail")).to_be_visible()
    page.keyboard.press("l")
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(f"open={wall[1]}"))
    page.get_by_role("button", name="Next").click()
    expect(page).to_have_url(re.compile(f"open={wall[2]}"))
    page.keyboard.press("Escape")
    assert ids(page) == wall
    page.get_by_role("button", name="Show what suits my taste now").click()
    expect(page.locator(f'#wall .card[data-id="{wall[0]}"]')).to_have_count(0)


def test_works_on_their_way_and_works_that_did_not_come_are_not_taken_for_gone(visit) -> None:
    page = visit()
    asked: list[str] = []

    def late_and_once_in_vain(route) -> None:
        asked.append(route.request.url)
        time.sleep(0.2)
        (route.abort if len(asked) == 1 else route.continue_)()

    page.route(re.compile(r"/api/items\?.*file="), late_and_once_in_vain)
    judge(page, (5, "Like"))
    page.get_by_role("button", name="Taste (1)").click()
    # Panel and wall ask for the same work at the same time.
    page.get_by_role("button", name="Show what suits my taste").click()
    expect(page.locator("#query")).to_contain_text("Chosen for your taste")
    expect(page.locator('#wall .card[data-id="5"]')).to_have_count(0)
    assert len(ids(page)) > 20
    assert len(asked) == 2


def test_two_tabs_have_one_taste(visit) -> None:
    page = visit()
    other = page.context.new_page()
    other.goto(page.url)
    judge(page, (5, "Like"))
    expect(other.get_by_role("button", name="Taste (1)")).to_be_visible()
    judge(other, (7, "Like"))
    expect(page.get_by_role("button", name="Taste (2)")).to_be_visible()
    assert {one["file"] for one in page.evaluate(MINE)} == {"005.jpg", "007.jpg"}


NO_ROOM = """name => {
  const { setItem } = Storage.prototype;
  Storage.prototype.setItem = function (key, value) {
    if (key === name) throw new DOMException("full", "QuotaExceededError");
    setItem.call(this, key, value);
  };
}"""


def test_what_cannot_be_kept_is_told_once_and_no_other_tab_takes_it(visit) -> None:
    page = visit()
    page.evaluate(NO_ROOM, "arthash.taste")
    judge(page, (5, "Like"))
    message = page.locator("#message")
    expect(message).to_contain_text("last only as long as it is open")
    page.get_by_role("button", name="Surprise me").click()
    expect(message).to_be_hidden()
    judge(page, (7, "Like"))
    page.get_by_role("button", name="Taste (2)").click()
    page.get_by_label("A name for these").fill("Two")
    page.get_by_role("button", name="Keep", exact=True).click()  # which there is room for
    expect(page.locator(".set")).to_have_count(1)
    other = page.context.new_page()
    other.goto(page.url)
    judge(other, (2, "Like"))
    page.wait_for_timeout(300)
    expect(page.get_by_role("button", name="Taste (2)")).to_be_visible()
    expect(message).to_be_hidden()


def test_what_is_liked_while_a_picture_of_ones_own_is_made_small_is_kept(visit) -> None:
    page = visit()
    page.set_input_files("#file", own_file())
    own = page.locator("#query").get_by_role("button", name="Like", exact=True)
    expect(own).to_be_visible()
    page.evaluate(
        "() => { Image.prototype.decode = () => new Promise((done) => (window.made = done)); }"
    )
    own.click()
    judge(page, (5, "Like"))
    page.evaluate("made()")
    expect(page.get_by_role("button", name="Taste (2)")).to_be_visible()


def test_a_picture_that_the_browser_cannot_read_is_liked_all_the_same(visit) -> None:
    page = visit()
    tiff = io.BytesIO()
    draw(STYLES["Blue School"], 4711, (160, 120)).save(tiff, "TIFF")
    own = {"name": "mine.tif", "mimeType": "image/tiff", "buffer": tiff.getvalue()}
    page.set_input_files("#file", own)
    page.locator("#query").get_by_role("button", name="Like", exact=True).click()
    page.get_by_role("button", name="Taste (1)").click()
    expect(page.locator(".chip")).to_have_count(1)


def test_a_taste_is_a_link_and_survives_an_index_built_anew(visit, art) -> None:
    files = [item.file for item in art.items([5, 2])]
    link = f"?like={files[0]}&dislike={files[1]}&like=gone.jpg"
    page = visit(link)
    expect(page.locator("#query")).to_contain_text("Chosen for a taste")
    assert not {5, 2} & set(ids(page))
    assert page.evaluate(MINE) == []
    page.get_by_role("button", name="Taste", exact=True).click()
    expect(page.locator(".chip")).to_have_count(0)
    judge(page, (ids(page)[0], "Like"))
    expect(page.get_by_role("button", name="Show what suits my taste now")).to_be_visible()
    nobody = visit("?like=gone.jpg", wall=False)
    expect(nobody.locator("#message")).to_have_text("None of these pictures is in this collection.")


def test_sets_are_kept_shown_exported_and_opened_again(visit, art, tmp_path: Path) -> None:
    page = visit()
    judge(page, (5, "Like"), (7, "Like"), (2, "Dislike"))
    page.get_by_role("button", name="Taste (3)").click()
    page.get_by_label("A name for these").fill("Blue ones")
    page.get_by_role("button", name="Keep", exact=True).click()
    kept = page.locator(".set", has_text="Blue ones")
    with page.expect_download() as event:
        kept.get_by_role("button", name="JSON").click()
    file = tmp_path / "kept.json"
    event.value.save_as(file)
    opinions = json.loads(file.read_text(encoding="utf-8"))["opinions"]
    assert {one["file"] for one in opinions} == {item.file for item in art.items([5, 7, 2])}
    with page.expect_download() as event:
        kept.get_by_role("button", name="CSV").click()
    lines = Path(event.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0] == '"file","title","opinion"'
    assert len(lines) == 4
    page.get_by_role("button", name="Forget all").click()
    kept.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#query")).to_contain_text("A set of 2 pictures")
    assert titles(page) == ["Study 5", "Study 7"]
    page.reload()
    expect(page.locator("#query")).to_contain_text("A set of 2 pictures")
    page.locator("#query").get_by_role("button", name="More for these").click()
    expect(page.locator("#query")).to_contain_text("Chosen for a taste")
    elsewhere = visit()
    elsewhere.get_by_role("button", name="Taste", exact=True).click()
    elsewhere.set_input_files("#set-file", file)
    expect(elsewhere.locator(".set")).to_contain_text("Blue ones")
    elsewhere.get_by_role("button", name="Use as my taste").click()
    expect(elsewhere.locator(".chip")).to_have_count(3)
    broken = {"name": "x.json", "mimeType": "application/json", "buffer": b"{"}
    elsewhere.set_input_files("#set-file", broken)
    expect(elsewhere.locator("#message")).to_contain_text("found something else in x.json")


def test_a_set_and_a_path_of_more_works_than_hang_at_first(
    visit, current: Current, tmp_path: Path, monkeypatch
) -> None:
    index = make_gallery(tmp_path)
    data, code = index.preview(5), index.codes([5]).packed[0].tobytes()
    index.add([NewItem(f"more{n}.jpg", {}, code, bytes([n] * 32), data) for n in range(22)])
    monkeypatch.setattr(current, "_collection", with_model(index))
    page = visit()
    works = page.request.get("/api/items", params={"limit": 60}).json()["works"]
    page.goto("/?works=" + "&works=".join(work["file"] for work in works))
    expect(page.locator("#query")).to_contain_text("A set of 60 pictures")
    expect(page.locator("#wall li")).to_have_count(48)
    page.evaluate(
        """() => {
          window.print = () => {
            const pictures = [...document.querySelectorAll("#wall img")];
            window.printed = pictures.filter((image) => image.naturalWidth).length;
          };
        }"""
    )
    page.get_by_role("button", name="Print").click()
    page.wait_for_function("window.printed === 60")
    path = {"works": works, "steps": [1] * 59, "bits": 64}
    page.route("**/api/path*", lambda route: route.fulfill(json=path))
    page.goto("/?path=000.jpg&path=more21.jpg")
    expect(page.locator("#query")).to_contain_text("with 58 pictures between them")
    expect(page.locator("#wall li")).to_have_count(60)
    current.close()


def test_a_set_from_a_file_spoils_neither_the_taste_nor_a_set_of_that_name(visit, art) -> None:
    page = visit()
    judge(page, (5, "Like"), (7, "Like"), (2, "Dislike"))
    page.get_by_role("button", name="Taste (3)").click()
    for name in ("   ", "Mine"):  # a name of blanks is none
        page.get_by_label("A name for these").fill(name)
        page.get_by_role("button", name="Keep", exact=True).click()
    others = [
        {"file": item.file, "title": item.file, "liked": True} for item in art.items([4, 6, 8])
    ]
    data = json.dumps({"name": "Mine", "opinions": others}).encode()
    file = {"name": "mine.json", "mimeType": "application/json", "buffer": data}
    page.set_input_files("#set-file", file)
    expect(page.locator(".set b")).to_have_text(["Mine", "Mine (2)"])
    page.locator(".set", has_text="Mine (2)").get_by_role("button", name="Use as my taste").click()
    expect(page.locator(".chip i")).to_have_text(["004.jpg", "006.jpg", "008.jpg"])
    expect(page.locator(".chip .quiet")).to_have_text(["liked"] * 3)


def test_the_nearest_liked_work_is_shown(visit, art) -> None:
    file = art.item(4).file
    page = visit(f"?like={file}")
    page.locator("#wall .card").first.click()
    page.locator("#why summary").first.click()
    expect(page.locator("#why .pair figcaption").first).to_contain_text("Study 4")
    expect(page.locator("#why .pair canvas")).to_have_count(2)
    expect(page.locator("#why .shared")).to_contain_text("Painter E")


def test_works_that_share_a_file_are_two_works(
    visit, current: Current, tmp_path: Path, monkeypatch
) -> None:
    index = make_gallery(tmp_path)
    data = jpeg(draw(STYLES["Green School"], 4712, (160, 120)))
    code = Codes.from_logits(ColourModel().logits([Image.open(io.BytesIO(data))]))
    content = hashlib.sha256(data).digest()
    index.add([NewItem("005.jpg", {"title": "Other 5"}, code.packed[0].tobytes(), content, data)])
    monkeypatch.setattr(current, "_collection", with_model(index))
    page = visit()
    asked: list[list[int]] = []

    def note(request) -> None:
        if "recommend" in request.url:
            asked.append(request.post_data_json["liked"])

    page.on("request", note)
    judge(page, (38, "Like"))
    expect(page.locator("#wall [aria-pressed=true]")).to_have_count(1)
    page.reload()
    pressed = page.locator("#wall [aria-pressed=true]")
    expect(pressed).to_have_attribute("aria-label", "Like: Other 5")
    page.get_by_role("button", name="Taste (1)").click()
    page.get_by_role("button", name="Show what suits my taste").click()
    expect(page.locator("#query")).to_contain_text("Chosen for your taste")
    expect(page.locator('#wall .card[data-id="38"]')).to_have_count(0)
    with page.expect_request(re.compile("recommend")):
        page.goto("/?like=005.jpg")  # as it was written before
    expect(page.locator('#wall .card[data-id="5"]')).to_have_count(0)
    assert asked == [[38], [5]]
    page.goto("/?work=38&open=5")
    page.locator("#paths summary").click()
    page.locator("#paths").get_by_role("button", name="Other 5").click()
    expect(page.locator("#wall .card").last).to_have_attribute("data-id", "38")
    assert ids(page)[0] == 5
    page.goto("/?work=38&open=5")
    page.locator("#mix-more").click()
    expect(page.locator("#mix .chip i")).to_have_text(["Other 5", "Study 5"])
    page.goto("/?mix=1:005.jpg&mix=1:004.jpg&open=5")
    page.locator("#mix-less").click()
    expect(page.locator("#mix .chip i")).to_have_text(["Study 4", "Study 5"])
    expect(page.locator("#message")).to_be_hidden()
