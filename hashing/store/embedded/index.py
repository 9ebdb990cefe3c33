"""The embedded index: reads one snapshot, changes by publications."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.files import size_of
from hashing.filters import Filter
from hashing.search import RadiusRequest, RadiusResult, SearchRequest, SearchResult
from hashing.sources import Value
from hashing.store.contract import IndexInfo, NewItem, NoItemError, StoredItem
from hashing.store.embedded import changes, query, rows
from hashing.store.embedded.features import read_features
from hashing.store.embedded.generation import Generation
from hashing.store.embedded.previews import read_preview
from hashing.store.embedded.publication import Draft, publication
from hashing.store.embedded.reader import Reader, rebuilt
from hashing.store.embedded.schema import PREVIEWS, database_errors
from hashing.store.embedded.verify import verify
from hashing.store.fields import PYTHON_TYPES
from hashing.store.identifiers import as_ids, possible_ids
from hashing.store.location import FOLDER, Location
from hashing.store.page import PAGE, Page, page_of


class EmbeddedIndex:
    """An index in a folder; see `Index` for the methods."""

    def __init__(self, folder: Path) -> None:
        self.location = Location(FOLDER, str(folder))
        self._folder = folder
        self._reader = Reader(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the index; a closed one can be copied as it is."""
        self._reader.close()

    @property
    def info(self) -> IndexInfo:
        """What the index says of itself."""
        generation = self._generation
        return IndexInfo(
            location=str(self._folder),
            uuid=generation.uuid,
            bits=generation.bits,
            lengths=generation.lengths,
            fingerprint=generation.fingerprint,
            model=self._model(),
            columns={name: PYTHON_TYPES[kind] for name, kind in generation.columns.items()},
            roles=generation.role_columns,
            count=generation.count,
            removed=generation.removed,
            generation=generation.number,
            segments=len(generation.segments),
            bytes=size_of(self._folder),
            published=generation.published,
            unfinished=generation.unfinished,
            features=generation.features,
        )

    def search(self, request: SearchRequest) -> SearchResult:
        """The k nearest items."""
        with self._reader.guard:
            view = self._reader.view()
            plain = view.resolved(request)
        return view.engine.search(plain)

    def radius(self, request: RadiusRequest) -> RadiusResult:
        """All items not farther than a distance."""
        with self._reader.guard:
            view = self._reader.view()
            plain = view.resolved(request)
        return view.engine.radius(plain)

    def ids(self, where: Filter | None = None) -> NDArray[np.int64]:
        """Ids of all items, or of those that `where` keeps."""
        with self._reader.guard:
            return self._reader.view().ids(where)

    def page(
        self,
        where: Filter | None = None,
        text: str = "",
        *,
        seed: int | None = None,
        offset: int = 0,
        limit: int = PAGE,
    ) -> Page:
        """Part of the items that a filter and words keep."""
        return page_of(self, where, text, seed, offset, limit)

    def items(self, ids: Iterable[int]) -> list[StoredItem]:
        """The items of these ids, every row checked."""
        wanted = as_ids(ids)
        self._check_there(wanted)
        with self._reader.reading() as current:
            # a later change may have given one of them a column that the snapshot does not know
            found = rows.read_items(self._reader.db, wanted.tolist(), current)
        return [row.item for row in found]

    def codes(self, ids: Iterable[int]) -> Codes:
        """The codes of these ids, every row checked."""
        wanted = as_ids(ids)
        self._check_there(wanted)
        with self._reader.reading():
            return rows.read_codes_of(self._reader.db, wanted, self._generation.bits)

    def features(self, ids: Iterable[int]) -> NDArray[np.float16]:
        """The features of these ids, every row checked."""
        wanted, count = as_ids(ids), self._generation.features
        self._check_there(wanted)
        if not count:
            return np.empty((len(wanted), 0), np.float16)
        with self._reader.reading(), database_errors(self._folder / PREVIEWS):
            return read_features(self._reader.previews, wanted, count)

    def preview(self, item: int) -> bytes | None:
        """A small JPEG of the picture, None where none was kept."""
        self._check_there(as_ids([item]))
        with self._reader.reading() as current:
            (row,) = rows.read_items(self._reader.db, [item], current)
        reader = self._reader
        with reader.guard, reader.changing(), database_errors(self._folder / PREVIEWS):
            return read_preview(reader.previews, item, row.preview)

    def facets(self) -> dict[str, dict[Value, int]]:
        """The values of each column and their counts."""
        facets = self._reader.snapshot.facets
        if facets is None:
            with self._reader.counting() as (tables, snapshot):
                facets = snapshot.facets or query.select_facets(tables, snapshot.generation)
                snapshot.facets = facets
        return {field: dict(values) for field, values in facets.items()}

    def span(self, column: str) -> tuple[float, float] | None:
        """The least and the greatest value of a column of numbers."""
        spans = self._reader.snapshot.spans
        if spans is None:
            with self._reader.counting() as (tables, snapshot):
                spans = snapshot.spans or query.select_spans(tables, snapshot.generation)
                snapshot.spans = spans
        return spans.get(column)

    def text_search(self, text: str, *, where: Filter | None = None) -> NDArray[np.int64]:
        """Ids of the items that have all words, best first."""
        with self._reader.asking_words() as tables:
            found = query.select_words(tables, self._generation, text)
        return found if where is None else found[np.isin(found, self.ids(where))]

    def distinct_files(self) -> int:
        """How many different files the items have; fewer than items where some share one."""
        files = self._reader.snapshot.files
        if files is None:
            with self._reader.counting() as (tables, snapshot):
                files = snapshot.files = query.count_files(tables, snapshot.generation)
        return files

    def contents(self, files: Iterable[str]) -> list[dict[bytes, int]]:
        """For each file the SHA-256 digests of the items of that name, and the first id of each."""
        with self._reader.asking() as tables:
            return query.select_contents(tables, self._generation, files)

    def extra(self, name: str) -> bytes | None:
        """A named blob, None where absent."""
        with self._reader.reading() as current:
            # only its newest value is kept, which a later change may have put in
            digest = current.extras.get(name)
            return None if digest is None else rows.read_extra(self._reader.db, name, digest)

    def add(self, items: Iterable[NewItem], columns: Mapping[str, type] = {}) -> NDArray[np.int64]:
        """Publish new items as one segment; returns their ids."""
        with self._changing() as draft:
            changes.add_columns(draft, columns)
            return changes.add(draft, items)

    def change(self, items: Iterable[StoredItem], columns: Mapping[str, type] = {}) -> None:
        """Publish other files and fields of items."""
        with self._changing() as draft:
            changes.add_columns(draft, columns)
            changes.change(draft, items)

    def remove(self, ids: Iterable[int]) -> int:
        """Publish without these items; returns how many were there."""
        with self._changing() as draft:
            return changes.remove(draft, possible_ids(ids))

    def put_extra(self, name: str, value: bytes) -> None:
        """Publish a named blob."""
        with self._changing() as draft:
            changes.put_extra(draft, name, value)

    def compact(self) -> None:
        """Publish all in one segment and drop the rows of removed items."""
        with self._changing() as draft:
            changes.compact(draft)
        if self._generation.forgotten:
            with self._changing():
                pass  # a publication deletes the previews of what the one before it dropped

    def finish(self) -> None:
        """Publish that the build is complete."""
        with self._changing() as draft:
            changes.finish(draft)

    def verify(self) -> list[str]:
        """Check everything; returns what was repaired."""
        repaired = verify(self._folder)
        self.refresh()
        return repaired

    def refresh(self) -> bool:
        """Move to the newest generation; True where that changed anything."""
        return self._reader.refresh()

    @property
    def _generation(self) -> Generation:
        return self._reader.snapshot.generation

    def _check_there(self, ids: NDArray[np.int64]) -> None:
        there = self._reader.view().contains(ids)
        if not there.all():
            raise NoItemError(f"there is no item {ids[~there][0]} in {self._folder}")

    def _model(self) -> str:
        """Where the model was, or where it is as seen from the index if both have moved."""
        model, beside = self._generation.model, self._folder / self._generation.model_beside
        return str(beside.resolve()) if beside.exists() and not Path(model).exists() else model

    @contextmanager
    def _changing(self) -> Iterator[Draft]:
        """A publication, after which this reader moves to the new generation.

        Raises StorageError where another index lies in the place of the one that was opened.
        """
        with publication(self._folder) as draft:
            if draft.generation.uuid != self._generation.uuid:
                raise rebuilt(self._folder)
            yield draft
        self.refresh()
