"""What is nearest to any view of a picture is near."""

import io

import numpy as np
import pytest
from PIL import Image

from hashing.collection import Collection
from hashing.collection.parts import Look, read_box
from hashing.collection.request import Refine
from hashing.images.part import TURNS

PLAIN = Refine(5, diversity=0, fold=False)


def picture_of(art: Collection, item_id: int) -> Image.Image:
    return Image.open(io.BytesIO(art.opened.pictures.jpeg(art.item(item_id), 512))).convert("RGB")


def on_wall(work: Image.Image) -> Image.Image:
    wall = Image.new("RGB", (3 * work.width, 3 * work.height), (235, 230, 220))
    wall.paste(work, (work.width // 2, work.height))
    return wall


def test_a_work_on_a_wall_is_found_by_its_box(art: Collection) -> None:
    wall = on_wall(picture_of(art, 7))
    box = read_box(f"{1 / 6},{1 / 3},{1 / 2},{2 / 3}")
    whole, part = (art.answer(art.look(wall, look), PLAIN) for look in (Look(), Look(box)))
    assert (part[0].id, part[0].distance <= 2) == (7, True)
    assert whole[0].distance > part[0].distance
    assert art.search(part.code or "", k=1)[0].distance == part[0].distance


@pytest.mark.parametrize("frame", [0, 6, 14])
def test_a_framed_work_is_found_by_the_box_that_is_suggested(art: Collection, frame: int) -> None:
    """However wide its frame is: what is within the box is asked, too."""
    work = picture_of(art, 7)
    framed = Image.new("RGB", (work.width + 2 * frame, work.height + 2 * frame), (60, 40, 20))
    framed.paste(work, (frame, frame))
    wall = on_wall(framed)
    look = Look.of("suggest")
    assert len(look.views(wall)) == 3
    found = art.answer(art.look(wall, look), PLAIN)
    assert 7 in [hit.id for hit in found][:3]
    seen, query = art.look_for(wall, look)
    assert seen is not None or query.code.hex() == art.look(wall, look).code.hex()
    empty = Image.new("RGB", (200, 200), (235, 230, 220))
    assert [view.size for view in look.views(empty)] == [(200, 200)]


def test_a_turned_work_is_found_by_any_turn(art: Collection) -> None:
    for turn in TURNS[1:]:
        assert turn is not None
        turned = picture_of(art, 7).transpose(turn)
        found = art.answer(art.look(turned, Look(any_turn=True)), PLAIN)
        assert (found[0].id, found[0].distance <= 2) == (7, True)


def test_views_are_merged_as_the_least_of_their_distances(art: Collection) -> None:
    views = Look(any_turn=True, crops=True).views(picture_of(art, 4))
    codes = art.look(picture_of(art, 4), Look(any_turn=True, crops=True)).code
    assert len(codes) == len(views) > 8
    ids = art.ids()
    least = art.index.codes(ids).distances(codes).min(axis=1)
    found = art.answer(
        art.look(picture_of(art, 4), Look(any_turn=True, crops=True)),
        Refine(len(ids), diversity=0, fold=False),
    )
    order = np.lexsort((ids, least))
    assert [hit.id for hit in found] == ids[order].tolist()
    assert [hit.distance for hit in found] == least[order].tolist()
