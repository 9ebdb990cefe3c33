"""The gallery as the use cases see it."""

from tests.gallery import art, gallery, new_gallery

__all__ = ["art", "gallery", "new_gallery"]
