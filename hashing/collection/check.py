"""Reading pictures before or instead of encoding them."""

from hashing.errors import ImageError
from hashing.progress import progress
from hashing.sources import Catalogue
from hashing.sources.decoding import decode_each


def refuse_broken(catalogue: Catalogue, workers: int | None = None) -> None:
    """Raise ImageError where any picture cannot be read."""
    broken = find_broken(catalogue, workers)
    if broken:
        file, reason = broken[0]
        raise ImageError(
            f"{len(broken)} of {len(catalogue)} pictures cannot be read, nothing was added; "
            f"the first is {file}: {reason}"
        )


def find_broken(catalogue: Catalogue, workers: int | None = None) -> list[tuple[str, str]]:
    """The files that cannot be decoded, each with the reason."""
    broken = []
    with progress(len(catalogue), "reading", "pictures") as bar:
        for items, found in decode_each(catalogue, lambda data, image: None, workers=workers):
            pairs = zip(items, found, strict=True)
            broken += [(item.path, str(error)) for item, error in pairs if error is not None]
            bar.advance(len(items))
    return broken
