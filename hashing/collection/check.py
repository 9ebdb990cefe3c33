"""Reading pictures before or instead of encoding them."""

from concurrent.futures import ThreadPoolExecutor

from hashing.errors import ImageError
from hashing.images import FILES, decode
from hashing.progress import progress
from hashing.sources import Catalogue, Item


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

    def reason(item: Item) -> str | None:
        try:
            decode(catalogue.read(item), FILES)
        except ImageError as error:
            return str(error)
        return None

    broken = []
    with (
        ThreadPoolExecutor(workers) as pool,
        progress(len(catalogue), "reading", "pictures") as bar,
    ):
        for item, found in zip(catalogue.items, pool.map(reason, catalogue.items), strict=True):
            bar.advance()
            if found is not None:
                broken.append((item.path, found))
    return broken
