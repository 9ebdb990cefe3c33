import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hashing.collection import Collection
from hashing.collection.pictures import Pictures, glance, remember_source
from hashing.errors import InputError
from hashing.recommend import are_copies
from hashing.store import Index, NewItem


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
    remember_source(new_gallery, tmp_path / "moved away")
    remember_source(new_gallery, tmp_path)
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
    (added,) = new_gallery.add([NewItem("late.png", {}, code, bytes(32))])
    item, pictures = new_gallery.items([added])[0], Pictures(new_gallery)
    assert pictures.colours(item.id) == []
    with pytest.raises(InputError, match="no preview"):
        pictures.jpeg(item, 512)
    remember_source(new_gallery, tmp_path)
    Image.new("RGB", (300, 200)).save(tmp_path / "late.png")
    assert size(pictures.jpeg(item, 512)) == (300, 200)


def test_a_picture_that_lost_its_edges_is_a_copy(art: Collection) -> None:
    def thumbnails(image: Image.Image) -> np.ndarray:
        data = io.BytesIO()
        image.save(data, "JPEG", quality=85)
        return glance(data.getvalue())[1][None]

    image, other = (
        Image.open(io.BytesIO(art.opened.pictures.jpeg(art.item(i), 512))) for i in (2, 5)
    )
    for share in (0.01, 0.02, 0.03, 0.04, 0.05):
        x, y = round(share * image.width), round(share * image.height)
        cropped = image.crop((x, y, image.width - x, image.height - y))
        assert are_copies(thumbnails(cropped), thumbnails(image)).all()
        assert not are_copies(thumbnails(cropped), thumbnails(other)).any()
