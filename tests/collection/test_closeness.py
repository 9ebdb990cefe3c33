"""Which words a collection has for its distances."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from hashing.collection import Collection
from hashing.collection.closeness import closeness
from hashing.collection.opened import Opened
from hashing.metrics import Labels, count_pairs
from tests.gallery import art, gallery, make_gallery

__all__ = ["art", "gallery"]


def test_without_labels_the_models_words_are_taken_as_they_are(art: Collection) -> None:
    noted = {"objective": {}, "closeness": {"bounds": {"64": {"close": 9}}}}
    opened = Opened.of(art.index)
    bare = replace(opened, info=replace(opened.info, roles={}))
    assert closeness(bare, lambda: noted).bounds == {64: {"close": 9}}


def test_labels_of_the_collection_never_widen_a_word_and_may_narrow_it(art: Collection) -> None:
    own = art.closeness.bounds[64]
    noted = {"closeness": {"bounds": {"64": {"very close": 0, "related": 64}}}}
    found = closeness(Opened.of(art.index), lambda: noted).bounds[64]
    assert found["very close"] == 0
    assert found.get("related") == own.get("related")
    assert "close" not in found


def test_a_model_that_learned_from_labels_is_not_judged_by_its_own_pictures(
    art: Collection,
) -> None:
    assert closeness(Opened.of(art.index), lambda: {"objective": {}}).bounds == {}


def test_without_labels_there_are_no_words(art: Collection) -> None:
    opened = Opened.of(art.index)
    bare = replace(opened, info=replace(opened.info, roles={}))
    assert closeness(bare, lambda: {}).bounds == {}


def test_else_the_collections_own_labels_bear_them_out(art: Collection) -> None:
    found = art.closeness
    assert "very close" in found.bounds[64]
    ids = art.index.ids()
    styles = [item.fields.get("style") for item in art.items(ids)]
    codes = art.index.codes(ids)
    itself = Labels(np.arange(len(ids)), np.arange(len(ids)))
    pairs = count_pairs(codes, codes, (64,), [Labels.of(styles, styles)], [itself])
    kept = found.kept({**dict.fromkeys((16, 32), np.zeros((33, 2), int)), **pairs})["64"]
    assert kept["very close"]["share"] >= 0.9
    assert art.closeness is found


def test_an_index_without_items_has_no_words(tmp_path: Path) -> None:
    index = make_gallery(tmp_path)
    index.remove(index.ids())
    assert closeness(Opened.of(index), lambda: {}).bounds == {}
    index.close()
