"""Colours by an ICC profile (ISO 15076-1) to sRGB, by Little CMS."""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

SAME = 3
"""Greatest difference of an RGB value that a conversion may make and be left out."""

_SPACES = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK"}


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """An L, LA, RGB, RGBA, CMYK or LAB picture in sRGB: L, RGB or RGBA.

    A profile that is broken, of another space, or of sRGB itself changes nothing.
    """
    if image.mode in ("LA", "RGBA"):
        opaque = image.mode.removesuffix("A")
        if _transform(profile, opaque) is None:
            return image if image.mode == "RGBA" else image.convert("RGBA")
        colours = to_srgb(image.convert(opaque), profile)
        colours.putalpha(image.getchannel("A"))
        return colours
    transform = _transform(profile, image.mode)
    if transform is not None:
        return ImageCms.applyTransform(image, transform) or image
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """How colours of a mode become sRGB; None where they are left as they are."""
    if not profile and mode != "LAB":
        return None
    try:
        if mode == "LAB":
            source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        else:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if source.profile.xcolor_space != _SPACES[mode]:
                return None
        target = ImageCms.createProfile("sRGB")
        found = ImageCms.buildTransform(source, target, mode, "RGB")
        return None if mode in ("L", "RGB") and _changes_nothing(found, mode) else found
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """On a grid of colours."""
    if mode == "L":
        ramp = np.arange(256, dtype=np.uint8)[None]
        before, expected = Image.fromarray(ramp), np.repeat(ramp[..., None], 3, axis=2)
    else:
        steps = np.linspace(0, 255, 9).astype(np.uint8)
        expected = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
        before = Image.fromarray(expected)
    after = ImageCms.applyTransform(before, transform)
    return bool(np.abs(np.asarray(after, np.int16) - expected).max() <= SAME)
