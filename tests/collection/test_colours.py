"""Works by their colours."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hashing.collection import Collection
from hashing.collection.change import compact
from hashing.collection.colours import (
    PALETTES,
    by_colour,
    keep_palettes,
    palette,
    read_colours,
    to_oklab,
)
from hashing.collection.request import Refine
from hashing.errors import UsageError
from tests.gallery import STYLES, make_gallery, with_model


def test_oklab_is_as_its_author_has_it() -> None:
    # https://bottosson.github.io/posts/oklab, and white, black, and red as colour libraries say
    colours = np.array([(255, 255, 255), (0, 0, 0), (255, 0, 0)], np.uint8)
    expected = [(1, 0, 0), (0, 0, 0), (0.62796, 0.22486, 0.12585)]
    np.testing.assert_allclose(to_oklab(colours), expected, atol=2e-4)


def test_a_palette_tells_what_covers_the_picture() -> None:
    image = Image.new("RGB", (80, 80), (200, 40, 40))
    image.paste((30, 60, 200), (0, 0, 80, 20))
    shades, shares = palette(image)
    assert shares.sum() == pytest.approx(1)
    red, blue = to_oklab(np.array([(200, 40, 40), (30, 60, 200)], np.uint8))
    nearest = np.linalg.norm(shades - red, axis=1).argmin()
    assert shares[nearest] == pytest.approx(0.75, abs=0.1)
    assert np.linalg.norm(shades - blue, axis=1)[shares > 0].min() < 0.05


@pytest.mark.parametrize("kept", [False, True])
def test_works_of_a_colour_come_first(tmp_path: Path, kept: bool) -> None:
    with with_model(make_gallery(tmp_path)) as art:
        if kept:
            keep_palettes(art.index)
        for style, colour in STYLES.items():
            asked = np.array([colour], np.uint8)
            found, _ = by_colour(art.opened, asked, art.ids())
            styles = [art.item(int(i)).fields.get("style") for i in found]
            assert styles[:8] == [style] * 8
            assert set(found.tolist()) < set(art.ids().tolist())
        both = np.array(list(STYLES.values())[:2], np.uint8)
        one = [set(by_colour(art.opened, c[None], art.ids())[0].tolist()) for c in both]
        assert set(by_colour(art.opened, both, art.ids())[0].tolist()) == one[0] & one[1]
        some = art.ids(where="style = 'Green School'")
        asked = np.array([STYLES["Green School"]], np.uint8)
        assert set(by_colour(art.opened, asked, some)[0].tolist()) <= set(some.tolist())


def test_palettes_are_kept_by_compacting_and_completed_by_asking(tmp_path: Path) -> None:
    with with_model(make_gallery(tmp_path)) as art:
        assert art.index.extra(PALETTES) is None
        compact(art.index)
        before = art.index.extra(PALETTES)
        assert before
        buffer = io.BytesIO()
        Image.new("RGB", (40, 40), (250, 220, 20)).save(buffer, "PNG")
        new = art.add_picture(buffer.getvalue(), "yellow.png", {})
        asked = read_colours(["#fadc14"])
        assert by_colour(art.opened, asked, art.ids())[0].tolist() == [new]
        assert art.index.extra(PALETTES) == before


@pytest.mark.parametrize("wrong", ["", "#12", "red", "gggggg", "1234567"])
def test_a_colour_that_is_none(wrong: str) -> None:
    with pytest.raises(UsageError, match="six hexadecimal digits"):
        read_colours([wrong])
    with pytest.raises(UsageError, match="1 to 6 colours, found 0"):
        read_colours([])


def test_the_collection_answers(art: Collection) -> None:
    shown = art.opened.pictures.colours(4)
    found = art.colours(shown[:2])
    assert 4 in found.tolist()
    every = art.colours(shown[:2], every=True)
    assert every[: len(found)].tolist() == found.tolist()
    assert sorted(every) == art.ids().tolist()


def test_colours_filter_answers(art: Collection) -> None:
    asked = tuple(art.opened.pictures.colours(4)[:1])
    has = set(art.colours(asked).tolist())
    everything = [hit.id for hit in art.similar(4, k=50)]
    found = art.answer(art.stored(4), Refine(50, diversity=0, fold=False, palette=asked))
    assert [hit.id for hit in found] == [i for i in everything if i in has]
    assert 0 < len(found) < len(everything)
    only = Refine(50, art.filter("year > 1900"), palette=asked)
    assert {hit.id for hit in art.answer(art.taste([4]), only)} <= has & set(
        art.ids(where="year > 1900").tolist()
    )
