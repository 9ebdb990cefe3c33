import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hashing.collection import Collection
from hashing.collection.looks import glance, look
from hashing.collection.opened import Opened
from hashing.collection.pictures import Pictures, remember_sources
from hashing.collection.request import Query, Refine
from hashing.collection.search import search
from hashing.errors import InputError
from hashing.images import encode_jpeg
from hashing.recommend import are_copies
from hashing.store import Index, NewItem
from tests.gallery import with_model
from tests.images import hostile


def size(data: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(data)).size


def test_pictures_keep_their_shape_and_are_never_enlarged(art: Collection) -> None:
    item = art.item(1)
    assert size(art.opened.pictures.jpeg(item, 512)) == (160, 120) == art.opened.pictures.shape(1)
    assert size(art.opened.pictures.jpeg(item, 80)) == (80, 60)
    assert size(art.opened.pictures.jpeg(item, 1600)) == (160, 120)


def test_colours_are_those_of_the_picture(art: Collection) -> None:
    image = Image.open(io.BytesIO(art.opened.pictures.jpeg(art.item(1), 512)))
    first = np.frombuffer(bytes.fromhex(art.opened.pictures.colours(1)[0][1:]), np.uint8)
    median = np.median(np.asarray(image).reshape(-1, 3), axis=0)
    assert np.abs(first - median).max() < 25


def large(path: Path, source: bytes, side: int) -> None:
    Image.open(io.BytesIO(source)).resize((side, side * 4 // 3)).save(path)


def test_the_large_picture_is_the_original_while_it_is_there(
    new_gallery: Index, tmp_path: Path
) -> None:
    pictures = Pictures(new_gallery)
    item = new_gallery.items([0])[0]
    preview = new_gallery.preview(0)
    assert preview is not None
    assert pictures.jpeg(item, 1600) == preview
    remember_sources(new_gallery, [tmp_path / "moved away"])
    remember_sources(new_gallery, [tmp_path])
    large(tmp_path / item.file, preview, 1500)
    assert size(pictures.jpeg(item, 1600)) == (1200, 1600)
    assert size(pictures.jpeg(item, 512)) == (120, 160)
    # Another picture in its place is not shown for it.
    other = new_gallery.preview(2)
    assert other is not None
    large(tmp_path / item.file, other, 1500)
    assert pictures.jpeg(item, 1600) == preview


def test_without_a_preview_the_original_is_all_there_is(new_gallery: Index, tmp_path: Path) -> None:
    code = new_gallery.codes([0]).packed[0].tobytes()
    original = hostile.encoded(Image.new("RGB", (300, 200)), "PNG")
    content = hashlib.sha256(original).digest()
    (added,) = new_gallery.add([NewItem("late.png", {}, code, content)])
    item, pictures = new_gallery.items([added])[0], Pictures(new_gallery)
    assert pictures.colours(item.id) == []
    with pytest.raises(InputError, match="no preview"):
        pictures.jpeg(item, 512)
    remember_sources(new_gallery, [tmp_path])
    (tmp_path / "late.png").write_bytes(original)
    assert size(pictures.jpeg(item, 512)) == (300, 200)
    Image.new("RGB", (300, 200), "red").save(tmp_path / "late.png")
    with pytest.raises(InputError, match="no preview"):  # another lies there
        pictures.jpeg(item, 512)


def letter(seed: int) -> Image.Image:
    """A white sheet of lines of words: at 8 x 8 pixels all such sheets are alike."""
    rng = np.random.default_rng(seed)
    sheet = np.full((420, 300, 3), 255, np.uint8)
    for top in range(60, 360, 14):
        left = 40
        while left < 260:
            length = int(rng.integers(8, 40))
            sheet[top : top + 7, left : min(left + length, 260)] = 20
            left += length + 6
    return Image.fromarray(sheet)


def kept(index: Index, images: Sequence[Image.Image]) -> list[int]:
    """Ids of new works with these pictures, all of one code."""
    code = index.codes([0]).packed[0].tobytes()
    items = [
        NewItem(f"{row}.png", {}, code, bytes([row]) * 32, encode_jpeg(image, 512))
        for row, image in enumerate(images)
    ]
    return [int(item) for item in index.add(items)]


def test_different_pages_of_one_look_are_no_copies(new_gallery: Index) -> None:
    letters = [letter(seed) for seed in range(16)]
    pictures = Pictures(new_gallery)
    ids = kept(new_gallery, letters)
    glances = np.stack([glance(encode_jpeg(image, 512))[1] for image in letters])
    assert np.triu(are_copies(glances, glances), 1).any()
    assert not pictures.copies(ids).any()
    for row in (3, 7):
        assert pictures.copied(letters[row], ids).tolist() == [row]


def test_a_page_of_fine_lines_is_a_copy_of_its_preview() -> None:
    """Lines as far apart as a thumbnail's pixels stay where they are at every size."""
    rng, page = np.random.default_rng(5), np.full((1200, 900), 238, np.uint8)
    for top in range(60, 1140, 34):
        for left in range(100, 790, 30):
            page[top : top + 18, left : left + int(rng.integers(8, 29))] = 50
    image = Image.fromarray(page).convert("RGB")
    preview = Image.open(io.BytesIO(encode_jpeg(image, 512)))
    for side in (8, 32):
        wholes = [look(each, side)[0].astype(float) for each in (image, preview)]
        assert np.corrcoef(*wholes)[0, 1] > 0.985


def test_changed_copies_are_told_at_both_sizes(new_gallery: Index) -> None:
    image = Image.open(io.BytesIO(new_gallery.preview(2) or b"")).convert("RGB")
    width, height = image.size
    copies = [image, image.resize((width // 2, height // 2)), image.point(lambda v: v * 0.9)]
    for share in (0.01, 0.02, 0.03, 0.04, 0.05):
        x, y = round(share * width), round(share * height)
        copies.append(image.crop((x, y, width - x, height - y)))
    copies.append(image.crop((round(0.01 * width), round(0.01 * height), width, height)))
    ids = kept(new_gallery, copies)
    found = Pictures(new_gallery).copies([2, *ids, 5])
    assert found[0].tolist() == [False, *[True] * len(copies), False]
    assert np.array_equal(found, found.T)


def test_what_was_asked_for_is_not_folded_into_its_copy(new_gallery: Index) -> None:
    first = letter(0)
    paler = first.point(lambda value: 40 + value * 0.8)
    ids = kept(new_gallery, [first, paler, letter(1)])
    opened = Opened.of(new_gallery)
    code = new_gallery.codes(ids[:1])
    for asked, leader in ((first, 0), (paler, 1)):
        query = Query(code, picture=asked)
        hits = search(opened, query, Refine(k=30, diversity=0)).hits
        shown = {hit.id: hit.copies for hit in hits}
        assert shown[ids[leader]] == (ids[1 - leader],)
        assert shown[ids[2]] == ()
        assert ids[1 - leader] not in shown


def test_originals_with_swapped_names_are_not_shown_for_each_other(
    new_gallery: Index, tmp_path: Path
) -> None:
    letters = [letter(seed).resize((1200, 1680)) for seed in range(2)]
    ids = kept(new_gallery, letters)
    remember_sources(new_gallery, [tmp_path])
    for row, image in enumerate(letters):
        image.save(tmp_path / f"{1 - row}.png")
    pictures = Pictures(new_gallery)
    for item in new_gallery.items(ids):
        assert max(size(pictures.jpeg(item, 1600))) == 512
        Path(tmp_path / item.file).unlink()
    letters[0].save(tmp_path / "0.png")
    assert max(size(pictures.jpeg(new_gallery.items(ids)[0], 1600))) == 1600


def test_a_scroll_is_shown_and_explained_by_its_preview(new_gallery: Index) -> None:
    scroll = encode_jpeg(Image.new("RGB", (6400, 64), (20, 120, 60)), 512)
    assert size(scroll) == (512, 5)
    content = hashlib.sha256(scroll).digest()
    (new,) = new_gallery.add([NewItem("scroll.jpg", {}, bytes(8), content, scroll)])
    with with_model(new_gallery) as art:
        item, pictures = art.item(int(new)), art.opened.pictures
        assert size(pictures.jpeg(item, 128)) == (128, 1)
        assert pictures.kept(item).size == (512, 5)
        assert len(pictures.colours(item.id)) == 1
        assert art.explain(item.id, 0).work_regions is not None
