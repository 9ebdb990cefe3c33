"""A picture in whatever form a caller has it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from hashing.errors import ImageError
from hashing.images.decoder import decode
from hashing.images.limits import FILES
from hashing.images.rendering import render
from hashing.images.still import check_size, complete

Picture = str | Path | bytes | Image.Image | NDArray[np.uint8]
"""A path, an encoded picture, a decoded one, or uint8 `[H, W, 3]` or `[H, W]`."""


def open_picture(picture: Picture) -> Image.Image:
    """An upright RGB picture. Raises ImageError.

    Paths are decoded within the limits of one's own files, bytes within those of uploads; what is
    in memory already is only turned into RGB, by the same rules.
    """
    if isinstance(picture, bytes):
        return decode(picture)
    if isinstance(picture, str | Path):
        try:
            return decode(Path(picture), FILES)
        except ImageError as error:
            named = str(error) if str(picture) in str(error) else f"{picture}: {error}"
            raise ImageError(named) from error.__cause__
    image = picture if isinstance(picture, Image.Image) else _from_array(picture)
    check_size(*image.size, FILES)
    with complete(image.format or image.mode):  # Pillow reads most of a file only now
        turned = ImageOps.exif_transpose(image)
        return render(turned, profile=image.info.get("icc_profile") or b"")


def _from_array(picture: NDArray[np.uint8]) -> Image.Image:
    array = np.asarray(picture)
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or array.shape[2:] not in ((), (3,)):
        raise ImageError(
            "expected a picture as uint8 [H, W, 3] or [H, W], "
            f"found {array.dtype} {list(array.shape)}"
        )
    return Image.fromarray(array)
