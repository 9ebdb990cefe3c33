"""Pictures into an index: read, encoded, and published a few seconds of work at a time."""

import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hashing.collection.check import refuse_broken
from hashing.collection.colours import Palette, keep_palettes
from hashing.collection.intake import Outcome, content_of, new_items, used_columns
from hashing.collection.map import draw_map
from hashing.collection.models import model_of
from hashing.collection.pictures import PREVIEW_SIDE, remember_source
from hashing.encoding import Model
from hashing.errors import InputError, UsageError
from hashing.progress import log
from hashing.search.scan import KERNEL, SMALL
from hashing.sources import Catalogue, Item, read_catalogue
from hashing.sources.roles import check_roles
from hashing.store import (
    Index,
    Location,
    Place,
    create_index,
    delete_index,
    is_index,
    open_index,
    read_location,
)
from hashing.store.location import FOLDER

MODEL = "model"


def check(
    images: Path,
    metadata: Path | None,
    location: Place,
    *,
    roles: Mapping[str, str] = {},
    columns: Mapping[str, str] = {},
    strict: bool = False,
    exclude: Sequence[str] = (),
    megapixels: float | None = None,
) -> Catalogue:
    """What a build would read. Raises UsageError where it may not be made, InputError."""
    if is_index(location):
        with open_index(location) as index:
            unfinished = index.info.unfinished
        if unfinished != _source(images, metadata):
            raise UsageError(
                f"{read_location(location)} exists already: "
                "use add to put more into it, or build another"
            )
    catalogue = read_catalogue(
        images,
        metadata,
        columns=columns,
        strict=strict,
        exclude=exclude,
        megapixels=megapixels,
    )
    check_roles(roles, catalogue.columns)
    return catalogue


def build(
    images: Path,
    model: Model | Path,
    location: Place,
    *,
    metadata: Path | None = None,
    roles: Mapping[str, str] = {},
    columns: Mapping[str, str] = {},
    device: str = "auto",
    workers: int | None = None,
    previews: int = PREVIEW_SIDE,
    strict: bool = False,
    exclude: Sequence[str] = (),
    megapixels: float | None = None,
    features: bool = False,
) -> tuple[Index, Model, Outcome]:
    """Make an index; the same call again goes on where an interrupted one stopped.

    roles: the columns of some roles. columns: new names of the metadata's columns. previews: longer
    side in pixels of the small pictures that are kept, 0 for none. strict: read all pictures first
    and fail at a broken one, or at a row, folder or name that would be left out. features: keep
    what the codes are made of, too, in half precision.
    Raises UsageError for an index that is there already, InputError where no picture can be read.
    """
    catalogue = check(
        images,
        metadata,
        location,
        roles=roles,
        columns=columns,
        strict=strict,
        exclude=exclude,
        megapixels=megapixels,
    )
    if strict:
        refuse_broken(catalogue, workers)
    source, place = _source(images, metadata), read_location(location)
    index, loaded = _open_or_create(
        catalogue, model, place, source, roles, device, features=features
    )
    try:
        palettes: dict[int, Palette] = {}
        outcome = fill(
            index, loaded, catalogue, workers=workers, previews=previews, palettes=palettes
        )
        if index.info.count:
            _complete(index, palettes)
            return index, loaded, outcome
    except BaseException:
        index.close()
        raise
    index.close()
    if loaded.folder == _within(place):
        shutil.rmtree(loaded.folder)
        loaded.folder = None
    delete_index(place)
    file, reason = outcome.broken[0]
    raise InputError(f"none of {len(catalogue)} pictures can be read; {file}: {reason}")


def fill(
    index: Index,
    model: Model,
    catalogue: Catalogue,
    *,
    workers: int | None = None,
    previews: int = PREVIEW_SIDE,
    palettes: dict[int, Palette] | None = None,
) -> Outcome:
    """Encode and publish what the index does not have yet.

    palettes: takes those of what is published, by id.
    """
    remember_source(index, catalogue.root)
    outcome = Outcome(left_out=catalogue.left_out)
    catalogue = catalogue.fitting(index.info.columns)
    todo = _missing_items(index, catalogue)
    outcome.already = len(catalogue) - len(todo)
    if outcome.already:
        log(f"{outcome.already:,} of {len(catalogue):,} pictures are there already")
        outcome.differing = _count_differing(index, catalogue, todo)
    columns = used_columns(catalogue, (item.fields for item in todo))
    started = time.monotonic()
    codes: list[NDArray[np.uint8]] = []
    for portion in new_items(
        model,
        catalogue,
        todo,
        outcome,
        workers=workers,
        previews=previews,
        features=index.info.features > 0,
    ):
        ids = index.add(portion.items, columns).tolist()
        if palettes is not None:
            palettes.update(zip(ids, portion.palettes, strict=True))
        outcome.added += len(portion.items)
        codes.append(np.frombuffer(b"".join(item.code for item in portion.items), np.uint8))
    outcome.seconds = time.monotonic() - started
    if codes:
        packed = np.concatenate(codes).reshape(outcome.added, -1)
        _, counts = np.unique(packed, axis=0, return_counts=True)
        outcome.sharing = int(counts[counts > 1].sum())
    return outcome


def _source(images: Path, metadata: Path | None) -> str:
    """What makes one build the same as another."""
    return f"{images.absolute()} {metadata and metadata.absolute()}"


def _open_or_create(
    catalogue: Catalogue,
    model: Model | Path,
    location: Location,
    source: str,
    roles: Mapping[str, str],
    device: str,
    *,
    features: bool,
) -> tuple[Index, Model]:
    if is_index(location):
        index = open_index(location)
        try:
            if bool(index.info.features) != features:
                began = "with" if index.info.features else "without"
                raise UsageError(
                    f"expected to go on {began} --features, as {location} was begun, found the "
                    "other: say the same, or build another"
                )
            loaded = model_of(index.info, model, device)
        except BaseException:
            index.close()
            raise
        _keep(loaded, location)
        return index, loaded
    loaded = Model.load(model, device) if isinstance(model, Path) else model
    index = create_index(
        location,
        bits=loaded.bits,
        lengths=loaded.lengths,
        fingerprint=loaded.fingerprint,
        columns=catalogue.columns,
        roles=roles,
        model=loaded.folder or _within(location),
        unfinished=source,
        features=loaded.width if features else 0,
    )
    _keep(loaded, location)
    return index, loaded


def _keep(model: Model, location: Location) -> None:
    """A model that only lies in memory is kept within the index."""
    if model.folder is None:
        model.save(_within(location))


def _within(location: Location) -> Path:
    if location.store != FOLDER:
        raise UsageError(f"expected a saved model beside {location}, found one in memory: save it")
    return location.folder / MODEL


def _complete(index: Index, palettes: Mapping[int, Palette]) -> None:
    """One segment, the map of all items, and the fast search compiled where it will be needed."""
    if index.info.segments > 1:
        index.compact()
    log("laying out the map")
    draw_map(index)
    keep_palettes(index, palettes)
    index.finish()
    if index.info.count > SMALL:
        KERNEL.wait()


def _count_differing(index: Index, catalogue: Catalogue, todo: Sequence[Item]) -> int:
    """How many pictures that are there already have other metadata in the index."""
    if not catalogue.described:
        return 0
    new = {item.path for item in todo}
    known = {item.file: item.fields for item in index.items(index.ids())}
    there = (item for item in catalogue.items if item.path not in new and item.path in known)
    return sum(dict(known[item.path]) != dict(item.fields) for item in there)


def _missing_items(index: Index, catalogue: Catalogue) -> list[Item]:
    """The items whose file and content are not both in the index."""
    contents = index.contents(item.path for item in catalogue.items)
    return [
        item
        for item, there in zip(catalogue.items, contents, strict=True)
        if not there or content_of(catalogue, item) not in there
    ]
