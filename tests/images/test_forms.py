import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hashing.errors import ImageError
from hashing.images import open_picture

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


def test_every_form_is_the_same_picture(tmp_path: Path) -> None:
    image, path = Image.fromarray(PIXELS), tmp_path / "a.png"
    image.save(path)
    for form in (path, str(path), path.read_bytes(), image, PIXELS):
        found = open_picture(form)
        assert found.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(found), PIXELS)
    grey = open_picture(PIXELS[..., 0])
    np.testing.assert_array_equal(np.asarray(grey)[..., 2], PIXELS[..., 0])


def test_what_is_in_memory_is_turned_and_laid_on_white_like_a_file() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "PNG", exif=exif)
    turned = open_picture(Image.open(buffer))
    assert turned.size == (20, 30)
    np.testing.assert_array_equal(turned, open_picture(buffer.getvalue()))
    clear = open_picture(Image.new("RGBA", (20, 20), (9, 9, 9, 0)))
    assert clear.getpixel((3, 3)) == (255, 255, 255)


def test_what_breaks_while_pillow_reads_on_is_an_image_error() -> None:
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "JPEG")
    cut = Image.open(io.BytesIO(buffer.getvalue()[:-200]))
    with pytest.raises(ImageError, match="expected a complete JPEG picture, found a broken one"):
        open_picture(cut)


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    for form, message in (
        (str(tmp_path / "a.jpg"), "a.jpg"),
        (tmp_path / "none.jpg", "none.jpg"),
        (PIXELS.astype(np.float32), "uint8"),
        (PIXELS[None], "uint8"),
        (PIXELS[:3], "at least 16"),
        (b"", "an empty file"),
    ):
        with pytest.raises(ImageError, match=message):
            open_picture(form)
