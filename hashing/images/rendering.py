"""A loaded picture of any mode in RGB: reduced, in sRGB, on paper."""

import numpy as np
from PIL import Image

from hashing.images.profiles import to_srgb

STRIP = 500_000
"""Pixels that are converted at a time: every thread's heap keeps some of what they took."""

LIGHT = 224
"""Least value of all three colours that is not seen on white paper."""
MOSTLY = 0.98
"""Share of what is drawn that has to be light for dark paper."""
PAPER_SIDE = 256

BARELY = 8
"""Greatest difference of values in a picture that shows nothing: a codec makes some."""


def render(image: Image.Image, reduction: int = 1, profile: bytes = b"") -> Image.Image:
    """The picture in RGB at 1 / `reduction` of its size, with nothing but its pixels.

    profile: the ICC profile of its colours, empty where they are sRGB. Transparent parts lie on
    white, or on black where all that is drawn is white. It is converted strip by strip, so that
    little memory is taken beside the picture's own.
    """
    width, height = image.size
    white = _white(image)
    if reduction == 1:
        return _on_paper(to_srgb(_plain(image, white), profile))
    rows = max(1, STRIP // width // reduction) * reduction
    whole = None
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(top + rows, height)))
        strip = to_srgb(_plain(strip, white), profile).reduce(reduction)
        if whole is None:
            whole = Image.new(strip.mode, (-(-width // reduction), -(-height // reduction)))
        whole.paste(strip, (0, top // reduction))
    return _on_paper(whole or image)


def shows_something(image: Image.Image) -> bool:
    """Whether an RGB picture has more than a single shade."""
    few = image.resize((16, 16), Image.Resampling.NEAREST)
    return any(_differ(pixels) for pixels in (few, image))


def _differ(image: Image.Image) -> bool:
    return any(high - low > BARELY for low, high in image.getextrema())  # type: ignore[misc]


def _white(image: Image.Image) -> float:
    """What the values of a grey picture of more than 8 bits reach up to.

    Those of 32 bits, whole numbers or not, do not say it: they are taken for shares, for values of
    8 or of 16 bits, or for such as end at their own greatest, whichever they fit first.
    """
    if image.mode not in ("I", "F"):
        return 65536
    values = np.asarray(image)
    most = float(values.max(initial=0, where=np.isfinite(values)))
    return 1 if most <= 1 else 256 if most < 256 else max(65536, most)


def _grey(image: Image.Image, white: float) -> Image.Image:
    """Grey of more than 8 bits in L, or in LA where one of its values is transparent."""
    values = np.asarray(image)
    scaled = values.astype(np.float32)
    np.nan_to_num(scaled, copy=False).clip(0, white, out=scaled)
    scaled *= 256 / white
    grey = Image.fromarray(scaled.clip(max=255, out=scaled).astype(np.uint8))
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        grey.putalpha(Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8)))
    return grey


def _plain(image: Image.Image, white: float) -> Image.Image:
    """The same colours in L, LA, RGB, RGBA, CMYK or LAB. white: of the whole picture, `_white`."""
    if image.mode[0] in "IF":  # Pillow's own conversion clips at 255
        return _grey(image, white)
    if image.has_transparency_data:
        return image.convert("LA" if image.mode in ("1", "L", "LA", "La") else "RGBA")
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _on_paper(image: Image.Image) -> Image.Image:
    if image.mode == "RGBA":
        paper = Image.new("RGB", image.size, _paper(image))
        paper.paste(image, mask=image)
        return paper
    plain = image.convert("RGB")
    plain.info = {}
    return plain


def _paper(image: Image.Image) -> str:
    """White, unless nothing that is drawn would be seen on it."""
    small = np.asarray(image.reduce(max(1, max(image.size) // PAPER_SIDE)))
    drawn = small[..., 3].astype(np.float64)
    light = drawn[small[..., :3].min(axis=2) >= LIGHT].sum()
    clear = drawn.size * 255 - drawn.sum()
    return "black" if clear and drawn.sum() and light >= MOSTLY * drawn.sum() else "white"
