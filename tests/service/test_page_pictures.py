"""The page in a browser: pictures that visitors bring, and a close look at those that hang."""

import base64
import io
import re

from PIL import Image

from hashing.collection import Collection
from tests.service.test_page import address, browser, expect, file_of, pytestmark, visit

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
    expect(page).to_have_url(re.compile(r"\?code="))
    expect(page.locator("#looking")).to_have_count(0)
