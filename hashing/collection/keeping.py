"""How a collection comes to be and changes: built, added to, brought up to date, taken from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from hashing.collection.change import compact
from hashing.collection.choices import Choices, recall_choices
from hashing.collection.holding import Holding
from hashing.collection.reading import Reading, optional_path
from hashing.errors import UsageError
from hashing.filters import Filter
from hashing.progress import log
from hashing.sources import read_catalogue
from hashing.sources.films import COLUMNS
from hashing.sources.partition import Shard
from hashing.store import Place

if TYPE_CHECKING:
    from hashing.collection.intake import Outcome
    from hashing.collection.sync import Changes
    from hashing.encoding import Model


class Keeping(Holding):
    """A collection that is built and kept in step with its pictures."""

    @classmethod
    def build(
        cls,
        images: str | Path | Sequence[str | Path],
        model: "Model | str | Path",
        out: Place,
        *,
        metadata: str | Path | None = None,
        roles: Mapping[str, str] = {},
        columns: Mapping[str, str] = {},
        device: str = "auto",
        workers: int | None = None,
        previews: int | None = None,
        strict: bool = False,
        exclude: str | Sequence[str] = (),
        megapixels: float | None = None,
        features: bool = False,
        shard: Shard | None = None,
        exif: str | Sequence[str] | None = None,
        video: bool = False,
    ) -> Self:
        """Make a new collection of pictures.

        The same call after an interruption goes on where it stopped. Pictures that cannot be read
        are skipped and listed in `outcome`.

        Args:
            images: a folder, a zip or tar archive, or several of them.
            model: the model, or its folder. A model that was never saved is kept in the index.
            out: the index to make, a folder or a URL (`postgresql://…#name`).
            metadata: a table (CSV, JSONL, Excel, Parquet, …) with a column that names the
                pictures; by default every `metadata.csv`, `.jsonl`, … within `images`.
            roles: the columns that play the roles title, creator, group, year, link, licence and
                hidden, where their names do not say it: `{"group": "category"}`.
            columns: new names of the table's columns: `{"file": "Image file"}`.
            device: where the network runs if `model` is a folder.
            workers: threads that decode, by default one per core.
            previews: longer side in pixels of the small pictures kept (512); 0 keeps none.
            strict: fail at a broken picture, row, folder or name, and add none.
            exclude: a pattern of files and folders to pass over, or several, such as `*_thumb.jpg`.
            megapixels: the largest picture that is decoded, 256 by default.
            features: keep what the codes are made of, too, for cosine, Euclidean, … distance.
            shard: put only this part of the pictures in, as other processes do the others; then
                `finish` is called once.
            exif: what cameras noted: `date`, `place` or `none`; dates where there is no metadata.
            video: take films, too, the frames where the picture changes, each with its second.

        Returns:
            The collection, open.

        Raises:
            UsageError: there is something at `out` already.
            InputError: pictures or metadata cannot be used.
            ArtefactError: the model is damaged.

        Example:
            >>> shop = ah.Collection.build("pictures/", model, "shop.index", metadata="works.csv")
            >>> len(shop), shop.info.roles["creator"]
            (40, 'artist')
        """
        from hashing.collection.build import build

        reading = Reading.of(
            images,
            metadata=metadata,
            columns=columns,
            strict=strict,
            exclude=exclude,
            megapixels=megapixels,
            shard=shard,
            exif=exif,
            video=video,
        )
        index, loaded, outcome = build(
            reading,
            Path(model) if isinstance(model, str) else model,
            out,
            roles=roles,
            device=device,
            workers=workers,
            previews=previews,
            features=features,
        )
        collection = cls(index, loaded)
        collection.outcome = outcome
        return collection

    def add(
        self,
        images: str | Path | Sequence[str | Path],
        *,
        metadata: str | Path | None = None,
        columns: Mapping[str, str] = {},
        workers: int | None = None,
        previews: int | None = None,
        strict: bool = False,
        exclude: str | Sequence[str] = (),
        megapixels: float | None = None,
        shard: Shard | None = None,
        exif: str | Sequence[str] | None = None,
        video: bool = False,
    ) -> "Outcome":
        """Put more pictures in; those already there are skipped.

        Args:
            images: a folder or an archive.
            metadata: as for `build`.
            columns: as for `build`.
            workers: threads that decode.
            previews: as for `build`.
            strict: as for `build`.
            exclude: as for `build`.
            megapixels: as for `build`.
            shard: as for `build`.
            exif: as for `build`.
            video: as for `build`.

        Returns:
            How many were added, were there, or could not be read; also `outcome`.

        Raises:
            InputError: pictures or metadata cannot be used.

        Example:
            >>> art.add("pictures/").already == len(art)
            True
        """
        from hashing.collection.build import add

        reading = Reading.of(
            images,
            metadata=metadata,
            columns=columns,
            strict=strict,
            exclude=exclude,
            megapixels=megapixels,
            shard=shard,
            exif=exif,
            video=video,
        )
        self.outcome = add(self.index, self.model, reading, workers=workers, previews=previews)
        self._look()
        return self.outcome

    def finish(self, *, partial: bool = False) -> None:
        """Do once what shards leave to be done: the map, and what is told of the whole.

        Args:
            partial: even where some shards have not ended.

        Raises:
            UsageError: some have not, and that is not allowed.

        Example:
            >>> art.finish()
        """
        from hashing.collection.build import finish

        finish(self.index, partial=partial)
        self._look()

    def sync(
        self,
        images: str | Path | None = None,
        *,
        metadata: str | Path | None = None,
        columns: Mapping[str, str] = {},
        exclude: str | Sequence[str] = (),
        megapixels: float | None = None,
        video: bool = False,
        workers: int | None = None,
        previews: int | None = None,
        keep_absent: bool = False,
        checksum: bool = False,
        dry_run: bool = False,
    ) -> "Changes":
        """Make the collection hold what its pictures and their metadata are now.

        New and changed pictures are encoded, moved ones keep their ids, deleted ones go, corrected
        metadata is taken over. The same call after an interruption goes on where it stopped.
        What was said of metadata, columns, exclude, exif and previews to `build`, or to an earlier
        `sync`, holds again where nothing is said.

        Args:
            images: the folder or archive where it is now; by default the one it was made of.
            metadata: as for `build`; where there is none now, the fields stay as they are.
            columns: as for `build`.
            exclude: as for `build`; what it names counts as deleted.
            megapixels: as for `build`.
            video: as for `build`; always where the collection has frames of films.
            workers: threads that read and decode.
            previews: as for `build`.
            keep_absent: keep items whose picture is not there any more.
            checksum: read every file, rather than those whose size or time of change differ.
            dry_run: change nothing, only tell.

        Returns:
            What was done, or would be.

        Raises:
            UsageError: the collection was made of several folders.
            InputError: pictures or metadata cannot be used.

        Example:
            >>> art.sync(metadata="works.csv", dry_run=True).unchanged
            40
        """
        from hashing.collection.sync import source_of, sync

        self.refresh()  # what others removed or dropped meanwhile cannot be changed
        source = source_of(self.index) if images is None else Path(images)
        if source is None:
            raise UsageError("expected the folder of the pictures: the index has several, or none")
        said = Choices(
            metadata=optional_path(metadata), columns=columns, exclude=exclude, previews=previews
        )
        choices = said.over(recall_choices(self.index))
        gone = metadata is None and choices.metadata is not None and not choices.metadata.exists()
        catalogue = read_catalogue(
            source,
            None if gone else choices.metadata,
            columns=choices.columns,
            exclude=choices.exclude,
            megapixels=megapixels,
            video=video or COLUMNS.keys() <= self.info.columns.keys(),
        )
        if gone:
            log(f"{choices.metadata} is not there any more: fields stay as they are")
            catalogue = replace(catalogue, described=False)
        changes = sync(
            self.index,
            lambda: self.model,
            catalogue,
            choices=choices,
            workers=workers,
            keep_absent=keep_absent,
            checksum=checksum,
            dry_run=dry_run,
        )
        self._look()
        return changes

    def remove(self, ids: Iterable[int] = (), *, where: str | Filter | None = None) -> int:
        """Take items out, by id or by filter; their ids are never used again.

        Args:
            ids: of items; those that are not there are passed over.
            where: also all that this filter keeps.

        Returns:
            How many were there.

        Raises:
            UsageError: the filter is none.

        Example:
            >>> art.remove([3, 4], where="year < 1892")
            4
        """
        chosen = {*ids, *(self.ids(where=where).tolist() if where is not None else ())}
        removed = self.index.remove(sorted(chosen))
        self._look()
        return removed

    def compact(self) -> None:
        """Merge segments, drop removed items for good, and draw the map anew if it is old.

        Example:
            >>> art.compact()
        """
        compact(self.index)
        self._look()
