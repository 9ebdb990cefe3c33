"""Items and catalogues: which pictures there are and what is known of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Value = str | int | float
"""One metadata value; a field that is blank in the source is absent from the mapping."""


@dataclass(frozen=True, slots=True)
class Item:
    """One picture.

    id: position in its catalogue, 0 … N−1 (an index gives items ids of its own).
    path: relative to the catalogue's root, with forward slashes; the member name in an archive.
    fields: metadata by column name (`artist`, `style`, `title`, `year`, `url`, `label`, …).
    """

    id: int
    path: str
    fields: Mapping[str, Value]


@dataclass(frozen=True)
class Catalogue:
    """Pictures of one source, a folder or a tar archive, in a fixed order.

    columns: each metadata column and its type (`str`, `int` or `float`).
    """

    root: Path
    items: Sequence[Item]
    columns: Mapping[str, type]

    def __len__(self) -> int:
        return len(self.items)

    def read(self, item: Item) -> bytes:
        """The encoded picture. Raises ImageError when it is missing or cannot be read."""
        raise NotImplementedError

    def labels(self, field: str) -> list[str | None]:
        """The value of `field` for every item, None where absent."""
        raise NotImplementedError


def read_catalogue(images: Path, metadata: Path | None = None) -> Catalogue:
    """Class folders, a folder with `metadata.csv`/`.jsonl`, or a tar archive of either."""
    raise NotImplementedError
