"""What a collection holds: an index that is built, opened, changed and listed."""

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from hashing.collection.change import compact
from hashing.collection.opened import Opened
from hashing.collection.pictures import PREVIEW_SIDE
from hashing.filters import Filter, parse
from hashing.sources import read_catalogue
from hashing.store import Index, IndexInfo, Page, Place, StoredItem, open_index
from hashing.store.page import PAGE

if TYPE_CHECKING:
    from hashing.collection.build import Outcome
    from hashing.encoding import Model


class Holding:
    """An open index with the model that made it; `Collection` is one that answers, too."""

    def __init__(
        self, index: Index, model: "Model | Path | None" = None, device: str = "auto"
    ) -> None:
        self.opened = Opened.of(index)
        self.outcome: Outcome | None = None
        self._model, self._device = model, device
        self._checked = False
        self._loading = threading.Lock()

    @classmethod
    def build(
        cls,
        images: str | Path,
        model: "Model | str | Path",
        out: Place,
        *,
        metadata: str | Path | None = None,
        roles: Mapping[str, str] = {},
        columns: Mapping[str, str] = {},
        device: str = "auto",
        workers: int | None = None,
        previews: int = PREVIEW_SIDE,
        strict: bool = False,
    ) -> Self:
        """Make a new collection of pictures.

        The same call after an interruption goes on where it stopped. Pictures that cannot be read
        are skipped and listed in `outcome`.

        Args:
            images: a folder or a tar archive.
            model: the model, or its folder. A model that was never saved is kept in the index.
            out: the index to make, a folder or a URL (`postgresql://…#name`).
            metadata: a table (CSV, JSONL, Excel, Parquet, …) with a column that names the
                pictures; by default every `metadata.csv`, `.jsonl`, … within `images`.
            roles: the columns that play the roles title, creator, group, year and link, where
                their names do not say it: `{"group": "category", "creator": "brand"}`.
            columns: new names of the table's columns: `{"file": "Image file"}`.
            device: where the network runs if `model` is a folder.
            workers: threads that decode, by default one per core.
            previews: longer side in pixels of the small pictures kept; 0 keeps none.
            strict: fail at a broken picture, or at a row, folder or name that cannot be used, and
                add none.

        Returns:
            The collection, open.

        Raises:
            UsageError: there is something at `out` already.
            InputError: pictures or metadata cannot be used.
            ArtefactError: the model is damaged.
        """
        from hashing.collection.build import build

        index, loaded, outcome = build(
            Path(images),
            Path(model) if isinstance(model, str) else model,
            out,
            metadata=optional_path(metadata),
            roles=roles,
            columns=columns,
            device=device,
            workers=workers,
            previews=previews,
            strict=strict,
        )
        collection = cls(index, loaded)
        collection.outcome = outcome
        return collection

    @classmethod
    def open(
        cls,
        location: Place,
        *,
        model: "Model | str | Path | None" = None,
        device: str = "auto",
    ) -> Self:
        """Open a collection at its newest state.

        Args:
            location: the folder of an index, or its URL.
            model: its model or the model's folder, if it has moved.
            device: where the network runs, `auto`, `cpu`, `cuda`, …

        Raises:
            ArtefactError: there is no index, or it is damaged.
            StorageError: it cannot be read.
        """
        return cls(open_index(location), Path(model) if isinstance(model, str) else model, device)

    @property
    def index(self) -> Index:
        """The index itself."""
        return self.opened.index

    @property
    def info(self) -> IndexInfo:
        """What the collection says of itself: counts, columns, code lengths, its model."""
        return self.opened.info

    @property
    def model(self) -> "Model":
        """The model that made the codes, loaded now if it was not.

        Raises:
            ArtefactError: it is gone, damaged, or another one.
        """
        from hashing.collection.models import model_of

        with self._loading:
            if not self._checked:
                self._model = model_of(self.info, self._model, self._device)
                self._checked = True
        return self._model  # type: ignore[return-value]  # a model, from here on

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return self.info.count

    def __repr__(self) -> str:
        info = self.info
        return f"{type(self).__name__}({info.location!r}, {info.count:,} items, {info.bits} bits)"

    def close(self) -> None:
        """Leave the index; a closed one can be copied as it is."""
        self.index.close()

    def refresh(self) -> bool:
        """See what others have published since; True where that changed anything.

        Raises:
            StorageError: the index is gone or was built anew.
        """
        changed = self.index.refresh()
        if changed:
            self._look()
        return changed

    def add(
        self,
        images: str | Path,
        *,
        metadata: str | Path | None = None,
        columns: Mapping[str, str] = {},
        workers: int | None = None,
        previews: int = PREVIEW_SIDE,
        strict: bool = False,
    ) -> "Outcome":
        """Put more pictures in; those already there are skipped. Arguments as for `build`."""
        from hashing.collection.build import fill
        from hashing.collection.check import refuse_broken

        catalogue = read_catalogue(
            Path(images), optional_path(metadata), columns=columns, strict=strict
        )
        if strict:
            refuse_broken(catalogue, workers)
        self.outcome = fill(self.index, self.model, catalogue, workers=workers, previews=previews)
        self._look()
        return self.outcome

    def remove(self, ids: Iterable[int] = (), *, where: str | Filter | None = None) -> int:
        """Take items out, by id or by filter; their ids are never used again.

        Returns:
            How many were there.
        """
        chosen = {*ids, *(self.ids(where=where).tolist() if where is not None else ())}
        removed = self.index.remove(sorted(chosen))
        self._look()
        return removed

    def compact(self) -> None:
        """Merge segments, drop removed items for good, and draw the map anew if it is old."""
        compact(self.index)
        self._look()

    def ids(self, *, where: str | Filter | None = None, text: str = "") -> NDArray[np.int64]:
        """Ids of the items that pass a filter and match some words, best match first.

        Args:
            where: a filter such as `year > 1900 and colour = 'red'`.
            text: words of any column; without them ids ascend.

        Returns:
            int64 `[N]`.
        """
        if text.strip():
            return self.index.text_search(text, where=self.filter(where))
        return self.index.ids(self.filter(where))

    def page(
        self,
        *,
        where: str | Filter | None = None,
        text: str = "",
        seed: int | None = None,
        offset: int = 0,
        limit: int = PAGE,
    ) -> Page:
        """Part of the items that pass a filter and match some words, and how many do.

        Args:
            where: a filter such as `year > 1900 and style = 'Cubism'`.
            text: words of a title or a name; the best match comes first.
            seed: shuffle them, the same way for every page.
            offset: items to leave out at the beginning.
            limit: items at most.
        """
        return self.index.page(self.filter(where), text, seed=seed, offset=offset, limit=limit)

    def items(self, ids: Iterable[int] | None = None) -> list[StoredItem]:
        """Some items in this order, or all: each with id, file and fields."""
        return self.index.items(self.index.ids() if ids is None else ids)

    def item(self, item_id: int) -> StoredItem:
        """One item. Raises UnknownItemError."""
        return self.opened.item(item_id)

    def filter(self, where: str | Filter | None) -> Filter | None:
        """A filter written as text, checked against the columns there are. Raises UsageError."""
        return parse(where, self.info.columns) if isinstance(where, str) else where

    def _look(self) -> None:
        """Note what the index says of itself now."""
        self.opened = Opened(self.index, self.index.info, self.opened.pictures)


def optional_path(path: str | Path | None) -> Path | None:
    """A path, where one is given."""
    return None if path is None else Path(path)
