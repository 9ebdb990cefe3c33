"""The page in a browser: what is said of an answer, and questions of several parts."""

import re
from io import BytesIO

import numpy as np
from PIL import Image

from tests.service.test_page import address, browser, expect, file_of, pytestmark, visit

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
