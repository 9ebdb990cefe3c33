"""The page in a browser: nothing stands in anybody's way, by axe, in light and in dark."""

from pathlib import Path
from typing import Any

import pytest

from hashing.collection import Collection
from tests.service.test_page import address, browser, expect, file_of, own_file, visit
from tests.service.test_page import pytestmark as browsing

__all__ = ["address", "browser", "visit"]

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
CHECK = """async () => (await axe.run(document, {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] })).violations
  .map(v => [v.id, ...v.nodes.slice(0, 3).map(n => n.html.slice(0, 120))])"""
pytestmark = [
    *browsing,
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: `npm ci`"),
]


@pytest.fixture(params=[False, True], ids=["light", "dark"])
def checked(visit, request):
    """Opens a page, and a function that says what axe finds there now."""
    dark = request.param

    def open_page(path: str = "", *, wall: bool = True) -> tuple[Any, Any]:
        page = visit(path, wall=wall)
        page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
        page.wait_for_function("document.querySelector('gradio-app .contain')?.localName === 'div'")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        return page, lambda: page.evaluate(CHECK)

    return open_page


def test_panels_and_a_work(checked) -> None:
    page, found = checked("?work=4")
    for panel in ("refine", "taste", "map"):
        page.locator(f"[data-panel={panel}]").click()
        assert found() == [], panel
    page.locator("#map").press("ArrowRight")
    expect(page.locator("#map-label i")).to_be_visible()
    assert found() == []
    page.locator("#wall .card").first.click()
    expect(page.locator("#detail")).to_be_visible()
    for summary in page.locator("#detail summary").all():
        if summary.is_visible():
            summary.click()
    expect(page.locator("#why .pair")).to_be_visible()
    assert found() == []


def test_a_mix_and_a_path(checked) -> None:
    page, found = checked("?mix=1%3A004.jpg&mix=-0.5%3A010.jpg")
    expect(page.locator("#mix .chip")).to_have_count(2)
    page.set_input_files("#mix-file", own_file())
    expect(page.locator("#mix .chip")).to_have_count(3)
    assert found() == []
    _, found = checked("?path=000.jpg&path=005.jpg")
    assert found() == []
    _, found = checked("?q=no-such-words-here", wall=False)
    assert found() == []


def test_a_picture_of_ones_own(checked, art: Collection) -> None:
    page, found = checked()
    page.set_input_files("#file", file_of(art, 5))
    expect(page.locator("#seems")).to_contain_text("This seems to be")
    assert found() == []
    page.set_input_files("#file", own_file())
    page.get_by_role("button", name="Ask with a part").click()
    expect(page.get_by_role("dialog", name="Ask with a part")).to_be_visible()
    assert found() == []


def test_looking_closely_and_a_slideshow(checked) -> None:
    page, found = checked("?open=5")
    page.get_by_role("button", name="Enlarge Study 5").click()
    expect(page.locator("#zoom")).to_be_visible()
    assert found() == []
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Slideshow").click()
    expect(page.locator("#slides img")).to_be_visible()
    assert found() == []
    page.evaluate("() => document.querySelector('#slides').close?.()")
