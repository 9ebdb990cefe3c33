"""The very work that a photograph shows, and never another."""

import numpy as np
from PIL import Image

from hashing.collection import Collection
from hashing.collection.parts import Look
from hashing.images.part import project
from tests.gallery import art, draw, gallery

__all__ = ["art", "gallery"]

CORNERS = np.array([(120, 90), (380, 110), (372, 320), (112, 300)], float)


def photograph(work: Image.Image) -> Image.Image:
    wall = Image.new("RGB", (500, 400), (215, 210, 200))
    mask = project(Image.new("L", work.size, 255), CORNERS, wall.size)
    wall.paste(project(work, CORNERS, wall.size), (0, 0), mask)
    return wall


def picture(art: Collection, item_id: int) -> Image.Image:
    small = art.opened.pictures.small(item_id, 512)
    assert small is not None
    return small


def test_a_work_is_recognised_as_it_is_and_on_a_wall(art: Collection) -> None:
    for shown in (picture(art, 5), photograph(picture(art, 5))):
        seen = art.recognise(shown)
        assert seen is not None
        assert seen.id == 5
        assert seen.correlation > 0.9
    np.testing.assert_allclose(np.array(seen.corners) * (500, 400), CORNERS, atol=8)


def test_a_stranger_is_not_recognised(art: Collection) -> None:
    stranger = draw((50, 70, 180), 4711, (160, 120))  # as those of the Blue School
    for shown in (stranger, photograph(stranger), Image.new("RGB", (90, 60), "blue")):
        assert art.recognise(shown) is None
    assert art.recognise(picture(art, 5), where="title <> 'Study 5'") is None


def test_a_photograph_may_be_held_in_any_way(art: Collection) -> None:
    turned = photograph(picture(art, 7)).transpose(Image.Transpose.ROTATE_90)
    assert art.recognise(turned) is None
    seen = art.recognise(turned, Look(any_turn=True))
    assert seen is not None
    assert (seen.id, seen.turn) == (7, 3)


def test_what_is_asked_with_is_the_work_or_else_the_picture(art: Collection) -> None:
    seen, query = art.look_for(photograph(picture(art, 5)), Look())
    assert seen is not None
    assert query.exclude == (5,)
    assert query.code.hex() == art.opened.code(5).hex()
    seen, query = art.look_for(draw((50, 70, 180), 4711, (160, 120)), Look())
    assert seen is None
    assert len(query.code) == 1
    assert query.logits is not None
