"""What a collection holds: an index that is opened and listed, with its model."""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from hashing.collection.opened import Opened
from hashing.filters import Filter, parse
from hashing.search.features import half
from hashing.store import Index, IndexInfo, Page, Place, StoredItem, open_index
from hashing.store.fields import filterable
from hashing.store.page import PAGE

if TYPE_CHECKING:
    from hashing.collection.intake import Outcome
    from hashing.encoding import Model


class Holding:
    """An open index with the model that made it.

    served_at: the path before that of its pictures, where a server shows them below one.
    """

    def __init__(
        self, index: Index, model: "Model | Path | None" = None, device: str = "auto"
    ) -> None:
        self.opened = Opened.of(index)
        self.outcome: Outcome | None = None
        self._model, self._device = model, device
        self._checked = False
        self.served_at = ""
        self._loading = threading.Lock()

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

        Returns:
            The collection; close it, or use it as a context manager.

        Raises:
            ArtefactError: there is no index, or it is damaged.
            StorageError: it cannot be read.

        Example:
            >>> with ah.Collection.open("art.index") as again:
            ...     len(again)
            40
        """
        return cls(open_index(location), Path(model) if isinstance(model, str) else model, device)

    @property
    def index(self) -> Index:
        """The index itself.

        Example:
            >>> art.index.codes([3]).bits
            64
        """
        return self.opened.index

    @property
    def info(self) -> IndexInfo:
        """What the collection says of itself: counts, columns, code lengths, its model.

        Example:
            >>> art.info.lengths, art.info.columns["year"]
            ((16, 32, 64), <class 'int'>)
        """
        return self.opened.info

    @property
    def model(self) -> "Model":
        """The model that made the codes, loaded now if it was not.

        Raises:
            ArtefactError: it is gone, damaged, or another one.

        Example:
            >>> art.model.bits
            64
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
        """Leave the index; a closed one can be copied as it is.

        Example:
            >>> art.close()
        """
        self.index.close()

    def refresh(self) -> bool:
        """See what others have published since.

        Returns:
            Whether that changed anything.

        Raises:
            StorageError: the index is gone or was built anew.

        Example:
            >>> art.refresh()
            False
        """
        changed = self.index.refresh()
        if changed:
            self._look()
        return changed

    def ids(self, *, where: str | Filter | None = None, text: str = "") -> NDArray[np.int64]:
        """Ids of the items that pass a filter and match some words, best match first.

        Args:
            where: a filter such as `year > 1900 and colour = 'red'`.
            text: words of any column; without them ids ascend.

        Returns:
            int64 `[N]`.

        Raises:
            UsageError: the filter is none.

        Example:
            >>> art.ids(where="year >= 1928").tolist()
            [38, 39]
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

        Returns:
            `ids` of this part, and `total`, how many pass.

        Raises:
            UsageError: the filter is none.

        Example:
            >>> part = art.page(where="style = 'Red School'", limit=5)
            >>> len(part.ids), part.total
            (5, 20)
        """
        return self.index.page(self.filter(where), text, seed=seed, offset=offset, limit=limit)

    def items(self, ids: Iterable[int] | None = None) -> list[StoredItem]:
        """Some items, or all.

        Args:
            ids: which, in this order.

        Returns:
            Each with id, file and fields.

        Raises:
            InputError: one of them is not there.

        Example:
            >>> tuple(item.file for item in art.items([3, 1]))
            ('03.png', '01.png')
        """
        return self.index.items(self.index.ids() if ids is None else ids)

    def item(self, item_id: int) -> StoredItem:
        """One item.

        Args:
            item_id: as hits and items have it.

        Returns:
            Its id, file and fields.

        Raises:
            UnknownItemError: there is no such item.

        Example:
            >>> art.item(3).fields["title"]
            'Work 3'
        """
        return self.opened.item(item_id)

    def filter(self, where: str | Filter | None) -> Filter | None:
        """A filter written as text, checked against the columns there are.

        Args:
            where: a filter of either form, or none.

        Returns:
            The same as a tree.

        Raises:
            UsageError: it cannot be read, or names a column that is not there.

        Example:
            >>> len(art.ids(where=art.filter("year >= 1900") & ~art.filter("style = 'Red School'")))
            15
        """
        return parse(where, filterable(self.info.columns)) if isinstance(where, str) else where

    def _encoded(
        self, images: Sequence[Image]
    ) -> tuple[NDArray[np.float32], NDArray[np.float16] | None]:
        """Logits `[N, bits]` and, where the collection keeps them, features `[N, D]`."""
        if not self.info.features:
            return self.model.logits(images), None
        features = self.model.features(images)
        return self.model.logits_from(features), half(features)

    def _look(self) -> None:
        """Note what the index says of itself now."""
        self.opened = Opened(self.index, self.index.info, self.opened.pictures)
