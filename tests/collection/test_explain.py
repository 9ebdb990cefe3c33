import numpy as np
import pytest
from PIL import Image

from hashing.codes import Codes
from hashing.collection.explain import explain, regions
from hashing.collection.refine import Refine
from hashing.config import Preprocessing
from hashing.errors import UsageError
from hashing.service.searcher import Searcher


def test_regions_of_the_agreeing_bits_add_up_to_their_logits(searcher: Searcher) -> None:
    query, picture = searcher.stored(5)
    found = searcher.explain(8, query, picture, None)
    agreeing = found.query == found.work
    logits = searcher.encode(picture).logits
    assert logits is not None
    assert found.query_regions is not None
    expected = np.abs(logits[0])[agreeing].sum()
    assert found.query_regions.sum() == pytest.approx(expected, rel=1e-4)
    (hit,) = [h for h in searcher.similar(5, Refine(k=200, fold=False)).hits if h.item.id == 8]
    assert (~agreeing).sum() == hit.distance


def test_a_shorter_code_is_explained_by_its_own_bits(searcher: Searcher) -> None:
    query, picture = searcher.stored(5)
    found = searcher.explain(8, query, picture, 16)
    assert found.query.tolist() == query.code.unpacked()[0, :16].tolist()


class Coarse:
    preprocessing = Preprocessing()

    def __init__(self, side: int | None) -> None:
        self.side = side

    def explain(self, image: Image.Image) -> tuple[np.ndarray, np.ndarray]:
        if self.side is None:
            raise UsageError("regions of this pooling do not add up")
        return np.ones((8, self.side, self.side), np.float32), np.zeros(8, np.float32)


@pytest.mark.parametrize(("side", "drawn"), [(4, True), (3, False), (None, False)])
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
