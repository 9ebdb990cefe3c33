"""An answer is one list, in whatever pages it is read."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from hashing.collection import Collection
from hashing.collection.request import Mix, Query, Refine, Taste
from hashing.store import NewItem, create_index
from tests.gallery import jpeg, with_model
from tests.store.conftest import MEMORY

WORKS, CLUSTERS, ARTISTS = 420, 12, 60


@pytest.fixture(scope="module")
def crowd() -> Iterator[Collection]:
    """Works in clusters of like codes, every ninth one a copy of the one before it."""
    rng = np.random.default_rng(3)
    centres = rng.integers(0, 2, (CLUSTERS, 64), np.uint8)
    bits = centres[rng.integers(0, CLUSTERS, WORKS)] ^ (rng.random((WORKS, 64)) < 0.12)
    codes = np.packbits(bits, axis=1)
    far = np.argsort((bits != bits[7]).sum(axis=1), kind="stable").argsort()
    noise = rng.integers(0, 256, (WORKS, 4, 4, 3), np.uint8)
    noise[::9] = noise[np.arange(WORKS)[::9] - 1]
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        index = create_index(
            f"{folder}/i",
            bits=64,
            lengths=(64,),
            fingerprint="0" * 64,
            columns={"artist": str, "near": str},
            model=f"{folder}/m",
        )
        items = []
        for row in range(WORKS):
            preview = jpeg(Image.fromarray(noise[row]).resize((32, 32)))
            content = hashlib.sha256(b"%d" % row).digest()
            near = "near" if far[row] < 300 else f"{row}"
            fields = {"artist": f"{row % ARTISTS}", "near": near}
            items.append(NewItem(f"{row}", fields, codes[row].tobytes(), content, preview))
        index.add(items)
        with with_model(index) as made:
            yield made


def one(art: Collection) -> Query:
    code = art.index.codes([7])
    return Query(code, exclude=(7,), picture=art.opened.pictures.whole(art.item(7)))


def views(art: Collection) -> Query:
    return Query(art.index.codes([7, 8, 30]))


def taste(art: Collection) -> Taste:
    liked = art.index.codes([7, 30, 31])
    return Taste(liked, art.index.codes([90]), (7, 30, 31, 90))


def mix(art: Collection) -> Mix:
    return Mix(art.index.codes([7, 30, 90]), np.array([1.0, 2.0, -0.5]), (7, 30, 90))


def read(art: Collection, asked: Query | Taste | Mix, refine: Refine) -> list[int]:
    """What pages of 20 show, up to the end."""
    ids: list[int] = []
    while page := art.answer(asked, replace(refine, k=20, offset=len(ids))).hits:
        ids += [hit.id for hit in page]
    return ids


@pytest.mark.parametrize(
    ("asking", "refine"),
    [
        (one, Refine()),
        (one, Refine(tones=0.5)),
        (one, Refine(diversity=0)),
        (one, Refine(one_per="artist")),
        (views, Refine(diversity=0.8)),
        (taste, Refine()),
        (taste, Refine(one_per="artist")),
        (mix, Refine(fold=False, max_distance=28)),
    ],
)
def test_pages_are_parts_of_one_list(
    crowd: Collection, asking: Callable[[Collection], Query | Taste | Mix], refine: Refine
) -> None:
    asked = asking(crowd)
    ids = read(crowd, asked, refine)
    assert len(set(ids)) == len(ids) > 50
    for k in (3, 10, 24, 200):
        hits = crowd.answer(asked, replace(refine, k=k)).hits
        assert [hit.id for hit in hits] == ids[:k]
    if not refine.one_per and refine.fold:
        copies = {i for hit in crowd.answer(asked, replace(refine, k=WORKS)) for i in hit.copies}
        left = set(crowd.ids().tolist()).difference(
            asked.exclude if isinstance(asked, Query) else asked.known
        )
        assert copies
        assert {*ids, *copies} == left


def test_few_places_among_many_candidates_are_filled_from_further_down(crowd: Collection) -> None:
    """The three hundred nearest count as one: more than a first page is chosen among."""
    refine = Refine(one_per="near")
    assert [len(crowd.answer(one(crowd), replace(refine, k=k)).hits) for k in (5, 10)] == [5, 10]
    assert len(read(crowd, one(crowd), refine)) > 50
