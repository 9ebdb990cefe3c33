import numpy as np
import pytest
from PIL import Image

from hashing.codes import Codes
from hashing.collection import Collection
from hashing.collection.explain import explain, lit, regions
from hashing.config import Preprocessing
from hashing.errors import UsageError
from hashing.images import decode


def test_regions_of_the_agreeing_bits_add_up_to_their_logits(art: Collection) -> None:
    found = art.explain(8, 5)
    agreeing = found.query == found.work
    picture = decode(art.opened.pictures.jpeg(art.item(5), 512))
    logits = art.encode(picture).logits
    assert logits is not None
    assert found.query_regions is not None
    expected = np.abs(logits[0])[agreeing].sum()
    assert found.query_regions.sum() == pytest.approx(expected, rel=1e-4)
    (hit,) = [h for h in art.similar(5, k=200) if h.id == 8]
    assert (~agreeing).sum() == hit.distance


def test_a_shorter_code_is_explained_by_its_own_bits(art: Collection) -> None:
    found = art.explain(8, 5, bits=16)
    assert found.query.tolist() == art.index.codes([5]).unpacked()[0, :16].tolist()


def test_a_picture_from_outside_is_explained_like_the_work_it_is(art: Collection) -> None:
    picture = art.opened.pictures.jpeg(art.item(5), 512)
    inside, outside = art.explain(8, 5), art.explain(8, picture)
    np.testing.assert_array_equal(inside.query_regions, outside.query_regions)
    by_code = art.explain(8, art.index.codes([5]).hex()[0])
    assert by_code.query_regions is None
    np.testing.assert_array_equal(by_code.query, inside.query)


class Coarse:
    preprocessing = Preprocessing()

    def __init__(self, side: int | None) -> None:
        self.side = side

    def explain(self, image: Image.Image) -> tuple[np.ndarray, np.ndarray]:
        if self.side is None:
            raise UsageError("regions of this pooling do not add up")
        return np.ones((8, self.side, self.side), np.float32), np.zeros(8, np.float32)


@pytest.mark.parametrize(("side", "drawn"), [(3, True), (2, True), (1, False), (None, False)])
def test_no_map_is_drawn_from_few_cells(side: int | None, drawn: bool) -> None:
    picture, push = Image.new("RGB", (32, 32)), np.ones(8, np.float32)
    found = regions(Coarse(side), picture, push)  # type: ignore[arg-type]
    assert (found is not None) == drawn


def test_without_pictures_only_the_bits_are_told() -> None:
    codes = Codes.from_hex(["ff", "f0"], 8)
    found = explain(Coarse(4), codes[:1], codes[1:], None, None)  # type: ignore[arg-type]
    assert found.query_regions is None
    assert found.centred
    assert found.work.tolist() == [1, 1, 1, 1, 0, 0, 0, 0]


def test_a_notebook_shows_both_pictures_with_what_carries_the_agreement(art: Collection) -> None:
    found = art.explain(8, 5)
    shown = found._repr_html_()
    assert shown.count("data:image/jpeg;base64,/9j/") == 2
    agreeing = int((found.query == found.work).sum())
    assert f"{agreeing} of {len(found.query)} bits agree" in shown
    assert str(art.explain(5, 5)) == f"{len(found.query)} of {len(found.query)} bits agree"
    codes = Codes.from_hex(["0f", "ff"], 8)
    few = explain(Coarse(4), codes[:1], codes[1:2], None, None)  # type: ignore[arg-type]
    assert str(few) == "4 of 8 bits agree; those at 0, 1, 2, 3 differ"
    by_code = art.explain(8, art.index.codes([5]).hex()[0])
    assert by_code._repr_html_().count("data:image/jpeg;base64,/9j/") == 1


@pytest.mark.parametrize("centred", [False, True])
def test_a_region_is_the_brighter_the_more_it_carries(centred: bool) -> None:
    white = Image.new("RGB", (400, 200), "white")
    regions = np.array([[4, 0], [-3, 2]], np.float32)
    shown = np.asarray(lit(white, regions, centred).convert("L"), np.float32)
    assert shown.shape == (160, 320)
    left, right = (80, 239) if centred else (0, 319)
    assert shown[0, left] == 255
    assert shown[0, right] == shown[159, left] == 102  # 1 - DARKEST; a pull apart counts for none
    assert shown[159, right] == pytest.approx(178, abs=2)  # half as much
    if centred:
        assert (shown[:, :79] == 102).all()
    assert (np.asarray(lit(white, None, centred)) == 255).all()
    assert (np.asarray(lit(white, -np.abs(regions), centred)) == 102).any()
