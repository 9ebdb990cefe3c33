"""What is alike from afar comes first among what is near by codes."""

import numpy as np
import pytest
from PIL import Image

from hashing.collection import Collection
from hashing.collection.beside import TONES
from hashing.collection.colours import to_oklab
from hashing.collection.looks import GLANCE, look
from hashing.collection.parts import Look
from hashing.collection.request import Refine
from hashing.collection.tones import apart
from hashing.errors import UsageError


def test_pictures_are_apart_by_places_and_by_colours() -> None:
    rng = np.random.default_rng(0)
    shades = to_oklab(rng.integers(0, 256, (5, 64, 3)).astype(np.uint8))
    found = apart(shades, shades[2])
    for one, value in zip(shades, found, strict=True):
        steps = sum(float(np.sqrt(sum((a - b) ** 2))) for a, b in zip(one, shades[2], strict=True))
        axes = [
            sum(abs(a - b) for a, b in zip(sorted(x), sorted(y), strict=True)) / 64
            for x, y in zip(one.T.tolist(), shades[2].T.tolist(), strict=True)
        ]
        assert value == pytest.approx(steps / 64 + float(np.hypot(np.hypot(*axes[:2]), axes[2])))
    assert found[2] == 0
    mirrored = shades[2].reshape(8, 8, 3)[:, ::-1].reshape(64, 3)
    placed = np.linalg.norm(mirrored - shades[2], axis=-1).mean()
    assert apart(mirrored[None], shades[2])[0] == pytest.approx(placed)  # the same colours


def test_an_answer_goes_by_code_and_tones(art: Collection) -> None:
    code, both = (
        art.answer(art.stored(4), Refine(30, diversity=0, fold=False, tones=tones))
        for tones in (0.0, 1.0)
    )
    assert [hit.id for hit in code.hits] != [hit.id for hit in both.hits]
    small = {
        hit.id: to_oklab(np.asarray(art.opened.pictures.thumbnail(hit.id)).reshape(1, 64, 3))
        for hit in both.hits
    }
    asked = to_oklab(np.asarray(art.opened.pictures.thumbnail(4)).reshape(64, 3))
    costs = [
        2 * hit.distance / art.info.bits + TONES * float(apart(small[hit.id], asked)[0])
        for hit in both.hits
    ]
    assert costs == sorted(costs)
    assert [hit.distance for hit in both.hits] != sorted(hit.distance for hit in both.hits)


def test_a_picture_from_outside_has_tones_and_a_code_alone_has_none(art: Collection) -> None:
    sheet = Image.new("RGB", (64, 64), (60, 150, 80))
    query = art.query(sheet)
    plain, toned = (art.answer(query, Refine(30, diversity=0, tones=t)).hits for t in (0.0, 1.0))
    assert [hit.id for hit in plain] != [hit.id for hit in toned]
    alone = art.query(query.code)
    plain, toned = (art.answer(alone, Refine(30, diversity=0, tones=t)).hits for t in (0.0, 1.0))
    assert [hit.id for hit in plain] == [hit.id for hit in toned]
    with pytest.raises(UsageError, match="between 0 and 1"):
        Refine(tones=1.5)


def test_of_several_views_the_nearest_counts(art: Collection) -> None:
    picture = art.opened.pictures.small(4, 512)
    assert picture is not None
    wall = Image.new("RGB", (600, 500), (200, 190, 180))
    wall.paste(picture.resize((240, 200)), (180, 150))
    query = art.look(wall, Look(crops=True))
    assert len(query.views) == len(query.code) > 1
    found = art.answer(query, Refine(10, diversity=0, fold=False, tones=1.0)).hits
    looks = [to_oklab(look(view, GLANCE)[0].reshape(64, 3)) for view in query.views]

    def cost(item_id: int) -> float:
        small = to_oklab(np.asarray(art.opened.pictures.thumbnail(item_id)).reshape(1, 64, 3))
        code = art.opened.code(item_id)
        each = [
            2 * int(code.distances(query.code[v : v + 1])[0, 0]) / art.info.bits
            + TONES * float(apart(small, looks[v])[0])
            for v in range(len(looks))
        ]
        return min(each)

    costs = [cost(hit.id) for hit in found]
    assert costs == sorted(costs)
    assert found[0].id == 4
