"""The gallery as the use cases see it."""

from tests.gallery import gallery, new_gallery, searcher

__all__ = ["gallery", "new_gallery", "searcher"]
