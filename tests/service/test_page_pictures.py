"""The page in a browser: pictures that visitors bring, and a close look at those that hang."""

import asyncio
import base64
import io
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from hashing.collection import Collection
from hashing.collection.pictures import remember_sources
from hashing.service.current import Current
from tests.gallery import make_gallery, with_model, works
from tests.service.conftest import with_page
from tests.service.serving import free_port, serving
from tests.service.test_page import address, browser, expect, file_of, pytestmark, visit
from tests.service.test_pictures import CLOSED, LARGE, OPEN, SIZE, with_originals

__all__ = ["address", "browser", "pytestmark", "visit"]


def encoded(image: Image.Image, form: str = "JPEG", **how) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **how)
    return buffer.getvalue()


OVERHEARD = """() => {
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (body) {
    window.travelled = body.get("picture");
    send.call(this, body);
  };
}"""
READ = """() => new Promise((resolve) => {
  const reader = new FileReader();
  reader.addEventListener("load", () => resolve(reader.result.split(",")[1]));
  reader.readAsDataURL(window.travelled);
})"""


def sent(page, data: bytes, kind: str) -> bytes:
    """What travels when a visitor chooses a picture."""
    page.evaluate(OVERHEARD)
    with page.expect_response(lambda answer: answer.request.method == "POST") as found:
        page.set_input_files("#file", {"name": "mine", "mimeType": kind, "buffer": data})
    assert found.value.status == 200
    return base64.b64decode(page.evaluate(READ))


def test_a_large_picture_is_made_smaller_before_it_travels(visit) -> None:
    page = visit()
    noise = Image.effect_noise((2400, 1800), 60).convert("RGB")
    noise.paste((200, 30, 30), (0, 0, 1200, 1800))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: the left is the top
    travelled = sent(page, encoded(noise, exif=exif), "image/jpeg")
    image = Image.open(io.BytesIO(travelled))
    assert (image.format, image.size) == ("JPEG", (1200, 1600))
    assert image.getexif().get(0x0112, 1) == 1
    red, grey = image.getpixel((600, 200)), image.getpixel((600, 1400))
    assert red[0] > 150 > red[1] + 80
    assert max(grey) - min(grey) < 40
    glass = Image.new("RGBA", (3000, 300), (0, 0, 0, 0))
    glass.paste(noise.resize((1500, 300)), (0, 0))
    image = Image.open(io.BytesIO(sent(page, encoded(glass, "PNG"), "image/png")))
    assert (image.format, image.size, image.mode) == ("PNG", (1600, 160), "RGBA")
    assert image.getpixel((1500, 80))[3] == 0


def test_a_small_picture_and_one_that_the_browser_cannot_read_travel_as_they_are(
    visit, art: Collection
) -> None:
    page = visit()
    small = art.opened.pictures.jpeg(art.item(5), 512)
    assert sent(page, small, "image/jpeg") == small
    tiff = encoded(Image.effect_noise((1700, 100), 60).convert("RGB"), "TIFF")
    assert sent(page, tiff, "image/tiff") == tiff


def test_a_picture_on_its_way_can_be_stopped(visit, art: Collection) -> None:
    page = visit()
    page.route("**/api/search*", lambda route: None)
    page.set_input_files("#file", file_of(art, 5))
    expect(page.locator("#message")).to_have_text("Looking at your picture.")
    expect(page.locator("#looking progress")).to_be_visible()
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#looking")).to_have_count(0)
    expect(page.locator("#message")).to_be_hidden()
    page.unroute_all(behavior="ignoreErrors")
    page.set_input_files("#file", file_of(art, 5))
    expect(page).to_have_url(re.compile(r"\?(code|work)="))
    expect(page.locator("#looking")).to_have_count(0)


def test_a_camera_is_asked_for_once_and_text_is_pasted_as_text(visit) -> None:
    page = visit()
    lent = page.evaluate(
        """async () => {
          const lend = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          let lent = 0;
          navigator.mediaDevices.getUserMedia = (how) => (lent++, lend(how));
          const all = [...document.querySelectorAll("button")];
          const button = all.find((one) => one.innerText === "Camera");
          button.click();
          button.click();
          return lent;
        }"""
    )
    assert lent == 1
    expect(page.locator("#camera-dialog")).to_be_visible()
    page.locator("#camera-close").click()
    left_alone = page.evaluate(
        """() => [["text/plain", "text/html"], []].map((texts) => {
          const carrier = new DataTransfer();
          for (const kind of texts) carrier.items.add("words", kind);
          carrier.items.add(new File([], "x.png", { type: "image/png" }));
          const init = { bubbles: true, cancelable: true, clipboardData: carrier };
          const event = new ClipboardEvent("paste", init);
          return document.querySelector("#line").dispatchEvent(event);
        })"""
    )
    assert left_alone == [True, False]


def test_a_camera_that_shows_nothing_yet_takes_no_picture(visit) -> None:
    page = visit()
    page.evaluate("() => { navigator.mediaDevices.getUserMedia = async () => new MediaStream(); }")
    page.get_by_role("button", name="Camera").click()
    page.locator("#shoot").click()
    page.wait_for_timeout(300)
    expect(page.locator("#camera-dialog")).to_be_visible()
    expect(page.locator("#looking")).to_have_count(0)


def test_works_without_previews_hang_at_an_ordinary_width_in_their_own_shape(
    visit, current: Current, tmp_path: Path, monkeypatch
) -> None:
    index = make_gallery(tmp_path, previews=False)
    for number, (_, data) in enumerate(works()):
        if number != 8:
            (tmp_path / f"{number:03}.jpg").write_bytes(data)
    remember_sources(index, [tmp_path])
    monkeypatch.setattr(current, "_collection", with_model(index))
    page = visit("?work=5")
    expect(page.locator('#wall .card[data-id="8"] img.broken')).to_have_count(1)
    first = "[...document.querySelectorAll('main .card img:not(.broken)')].slice(0, 8)"
    page.wait_for_function(f"{first}.every(i => i.naturalWidth)")
    shapes = page.evaluate(
        first + ".map(i => [i.clientWidth, i.clientHeight, i.naturalWidth, i.naturalHeight])"
    )
    assert len(shapes) == 8
    for width, height, own_width, own_height in shapes:
        assert 90 <= width <= 2 * own_width
        assert width / height == pytest.approx(own_width / own_height, rel=0.03)
    gone = page.locator('#wall .card[data-id="8"]').bounding_box()
    assert gone["width"] >= 90
    hung = page.request.get("/").text()
    assert "--ratio: 1.0; --widest: 1024px" in hung
    assert "--widest: 2px" not in hung


@pytest.fixture
def close(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a gallery that has originals and licences."""
    folder = tmp_path_factory.mktemp("originals")
    with with_originals(make_gallery(folder), folder) as index:
        # in a thread of its own, for the browser's driver has a loop in this one
        with ThreadPoolExecutor() as pool:
            app = pool.submit(asyncio.run, with_page(Current(with_model(index)))).result()
        port = free_port()
        with serving(app, port):
            yield f"http://127.0.0.1:{port}"


def test_a_close_look_shows_the_originals_own_pixels(browser, close: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 844})
    page.goto(f"{close}/?open={LARGE}")
    page.get_by_role("button", name="Enlarge Study 5").click()
    page.wait_for_function(f"document.querySelector('ah-zoom').size?.width === {SIZE[0]}")
    expect(page.locator("#zoom .tile")).to_have_count(0)  # as fine as the screen already
    page.get_by_role("button", name="1 : 1").click()
    expect(page.locator("#zoom .tile").first).to_be_visible()
    loaded = "[...document.querySelectorAll('#zoom .tile')].every(i => i.naturalWidth)"
    page.wait_for_function(loaded)
    widths = page.evaluate(
        """[...document.querySelectorAll('#zoom .tile')].map(i =>
             Math.abs(i.getBoundingClientRect().width - i.naturalWidth))"""
    )
    assert len(widths) >= 6
    assert max(widths) < 2, "a pixel of the original is none of the screen"
    before = page.locator("#zoom .tile").count()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(f"document.querySelectorAll('#zoom .tile').length > {before}")
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("document.fullscreenElement?.id === 'zoom-room'")
    page.locator("#zoom-close").click()
    page.wait_for_function("document.fullscreenElement === null")
    expect(page.locator("#detail")).to_be_visible()
    page.close()


def test_a_copy_is_offered_where_the_licence_allows(browser, close: str) -> None:
    page = browser.new_page()
    page.goto(f"{close}/?open={OPEN}")
    expect(page.locator("#detail .attribution")).to_contain_text("Study 7, Painter B, 1857. CC BY")
    with page.expect_download() as copy:
        page.get_by_role("link", name="Download").click()
    assert copy.value.suggested_filename == "007.jpg"
    page.goto(f"{close}/?open={CLOSED}")
    expect(page.locator("#detail-title")).to_have_text("Study 9")
    expect(page.get_by_role("link", name="Download")).to_have_count(0)
    page.close()


def test_a_slideshow_goes_on_by_itself_and_stops_when_told(visit) -> None:
    page = visit("?work=4")
    page.clock.install()
    wall = [card.get_attribute("data-id") for card in page.locator("#wall .card").all()]
    source = page.locator("#slides img")
    page.get_by_role("button", name="Slideshow").click()
    expect(source).to_have_attribute("src", re.compile(rf"pictures/{wall[0]}\?"))
    page.wait_for_function("document.querySelector('#slides img').naturalWidth")
    page.clock.run_for(8000)
    expect(source).to_have_attribute("src", re.compile(rf"pictures/{wall[1]}\?"))
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Go on")).to_be_focused()
    page.clock.run_for(30_000)
    expect(source).to_have_attribute("src", re.compile(rf"pictures/{wall[1]}\?"))
    page.keyboard.press("ArrowLeft")
    expect(source).to_have_attribute("src", re.compile(rf"pictures/{wall[0]}\?"))
    page.keyboard.press("Control+ArrowRight")
    page.get_by_role("button", name="Next").focus()
    page.keyboard.press("Space")  # presses the button that has focus
    expect(source).to_have_attribute("src", re.compile(rf"pictures/{wall[1]}\?"))
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#slides")).to_be_hidden()
    expect(page.locator("#slideshow")).to_be_focused()


def test_a_slideshow_of_a_wall_that_becomes_shorter_stays_within_it(visit) -> None:
    page = visit()
    page.get_by_role("button", name="Slideshow").click()
    page.keyboard.press("ArrowLeft")  # the last one
    hang = """words => {
        const line = document.getElementById("line");
        line.value = words;
        line.dispatchEvent(new Event("input", { bubbles: true }));
    }"""
    page.evaluate(hang, "study 17")
    expect(page.locator("#slides img")).to_have_attribute("src", re.compile(r"pictures/17\?"))
    page.evaluate(hang, "nobody at all")
    expect(page.locator("#slides")).to_be_hidden()


def test_going_back_leaves_a_slideshow_with_the_work_it_was_opened_over(visit) -> None:
    page = visit()
    page.locator('.card[data-id="4"]').click()
    page.locator("#detail").get_by_role("button", name="Slideshow").click()
    expect(page.locator("#slides")).to_be_visible()
    page.go_back()
    expect(page.locator("#slides")).to_be_hidden()
    expect(page.locator("#detail")).to_be_hidden()


def test_who_wants_little_motion_starts_a_slideshow_by_hand(visit) -> None:
    page = visit()
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("button", name="Slideshow").click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    assert (
        page.evaluate("getComputedStyle(document.querySelector('#slides img')).animationName")
        == "none"
    )
