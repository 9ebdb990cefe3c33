"""Which pictures are read, and how."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypeVar, cast

from hashing.collection.check import refuse_broken
from hashing.errors import UsageError
from hashing.sources import Catalogue, read_catalogue
from hashing.sources.partition import Shard

Given = TypeVar("Given")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Folders or archives of pictures, and what of them is taken; see `read_catalogue`.

    shard: only this part of the pictures; others do the rest. exif: see `camera.wanted`.
    """

    images: Sequence[Path]
    metadata: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False
    exclude: Sequence[str] = ()
    megapixels: float | None = None
    shard: Shard | None = None
    exif: Sequence[str] | None = None
    video: bool = False

    @classmethod
    def of(
        cls,
        images: str | Path | Sequence[str | Path],
        *,
        metadata: str | Path | None = None,
        columns: Mapping[str, str] = {},
        strict: bool = False,
        exclude: str | Sequence[str] = (),
        megapixels: float | None = None,
        shard: Shard | None = None,
        exif: str | Sequence[str] | None = None,
        video: bool = False,
    ) -> Self:
        """The same of what a person gives. Raises UsageError where they name no pictures."""
        sources: list[str | Path] = as_list(images)
        if not sources:
            raise UsageError("expected a folder or an archive of pictures, found none")
        return cls(
            images=[Path(each) for each in sources],
            metadata=optional_path(metadata),
            columns=columns,
            strict=strict,
            exclude=as_list(exclude),
            megapixels=megapixels,
            shard=shard,
            exif=None if exif is None else as_list(exif),
            video=video,
        )

    def catalogues(self) -> list[Catalogue]:
        """The pictures of each source. Raises InputError."""
        return [
            read_catalogue(
                images,
                self.metadata,
                columns=self.columns,
                strict=self.strict,
                exclude=self.exclude,
                megapixels=self.megapixels,
                shard=self.shard,
                video=self.video,
            )
            for images in self.images
        ]

    def refuse_broken(self, catalogues: Sequence[Catalogue], workers: int | None) -> None:
        """Where `strict`, decode all pictures and raise ImageError if one cannot be read."""
        if self.strict:
            for catalogue in catalogues:
                refuse_broken(catalogue, workers)

    @property
    def identity(self) -> str:
        """What makes one build the same as another; the parts of one are one."""
        sources = " ".join(str(images.absolute()) for images in self.images)
        return f"{sources} {self.metadata and self.metadata.absolute()}"


def columns_of(catalogues: Sequence[Catalogue]) -> dict[str, type]:
    """The columns of some sources, each of the widest type: text holds numbers, floats integers."""
    widths = (int, float, str)
    columns: dict[str, type] = {}
    for catalogue in catalogues:
        for name, kind in catalogue.columns.items():
            columns[name] = max(columns.get(name, kind), kind, key=widths.index)
    return columns


def as_list(given: Given | Iterable[Given]) -> list[Given]:
    """What a person gives where several may be given; a text or path is one, not its letters."""
    if isinstance(given, str | Path):
        return [cast(Given, given)]
    return list(cast(Iterable[Given], given))


def optional_path(path: str | Path | None) -> Path | None:
    """A path, where one is given."""
    return None if path is None else Path(path)
