"""An index of pictures, made from the first to the map; the same call goes on after a death."""

import functools
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from hashing.collection import shards
from hashing.collection.change import refuse_half
from hashing.collection.choices import Choices, recall_choices, remember_choices
from hashing.collection.colours import Palette, keep_palettes, keep_part
from hashing.collection.fill import fill
from hashing.collection.intake import Outcome
from hashing.collection.map import draw_map
from hashing.collection.models import model_of
from hashing.collection.reading import Reading, columns_of
from hashing.encoding import Model
from hashing.errors import InputError, UsageError
from hashing.progress import log
from hashing.search.scan import KERNEL, SMALL
from hashing.sources import Catalogue
from hashing.sources.partition import Shard
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


def check(reading: Reading, location: Place, roles: Mapping[str, str] = {}) -> list[Catalogue]:
    """What a build would read. Raises UsageError where it may not be made, InputError."""
    if is_index(location):
        with open_index(location) as index:
            refuse_half(index)
            unfinished = index.info.unfinished
        if unfinished != reading.identity:
            raise UsageError(
                f"{read_location(location)} exists already: "
                "use add to put more into it, or build another"
            )
    catalogues = reading.catalogues()
    check_roles(roles, columns_of(catalogues))
    return catalogues


def build(
    reading: Reading,
    model: Model | Path,
    location: Place,
    *,
    roles: Mapping[str, str] = {},
    device: str = "auto",
    workers: int | None = None,
    previews: int | None = None,
    features: bool = False,
) -> tuple[Index, Model, Outcome]:
    """Make an index; the same call again goes on where an interrupted one stopped.

    Of a shard only its pictures are put in, and `finish` does what is left once all have ended.
    Arguments as for `Collection.build`. Raises UsageError for an index that is there already,
    InputError where no picture can be read.
    """
    catalogues = check(reading, location, roles)
    reading.refuse_broken(catalogues, workers)
    place = read_location(location)
    index, loaded = _open_or_create(
        catalogues, model, place, reading, roles, device, features=features
    )
    choices = _said(reading, previews)
    try:
        shards.patiently(functools.partial(remember_choices, index, choices))
        if reading.shard is not None:
            outcome = _fill_shard(index, loaded, reading.shard, catalogues, workers, choices)
            return index, loaded, outcome
        palettes: dict[int, Palette] = {}
        outcome = fill(
            index,
            loaded,
            catalogues,
            workers=workers,
            previews=choices.preview_side,
            palettes=palettes,
            exif=choices.exif,
        )
        if index.info.count:
            _complete(index, palettes)
            return index, loaded, outcome
    except BaseException:
        index.close()
        raise
    index.close()
    if place.store == FOLDER and loaded.folder == _within(place):
        shutil.rmtree(loaded.folder)
        loaded.folder = None
    delete_index(place)
    file, reason = outcome.broken[0]
    count = sum(map(len, catalogues))
    raise InputError(f"none of {count} pictures can be read; {file}: {reason}")


def add(
    index: Index,
    model: Model,
    reading: Reading,
    *,
    workers: int | None = None,
    previews: int | None = None,
) -> Outcome:
    """Put more pictures in, or a shard of them; those already there are skipped.

    Where nothing is said, cameras are asked and previews kept as when the index was made.
    """
    refuse_half(index)
    catalogues = reading.catalogues()
    reading.refuse_broken(catalogues, workers)
    choices = _said(reading, previews).over(recall_choices(index))
    if reading.shard is not None:
        return _fill_shard(index, model, reading.shard, catalogues, workers, choices)
    side, exif = choices.preview_side, choices.exif
    return fill(index, model, catalogues, workers=workers, previews=side, exif=exif)


def _said(reading: Reading, previews: int | None) -> Choices:
    return Choices(
        metadata=reading.metadata,
        columns=reading.columns,
        exclude=reading.exclude,
        exif=reading.exif,
        previews=previews,
    )


def _fill_shard(
    index: Index,
    model: Model,
    shard: Shard,
    catalogues: Sequence[Catalogue],
    workers: int | None,
    choices: Choices,
) -> Outcome:
    """Put one part of some pictures in, and note that it has ended."""
    shards.begin(index, shard)
    palettes: dict[int, Palette] = {}
    outcome = fill(
        index,
        model,
        catalogues,
        workers=workers,
        previews=choices.preview_side,
        part=True,
        palettes=palettes,
        exif=choices.exif,
    )
    shards.patiently(functools.partial(keep_part, index, shards.palettes_of(shard), palettes))
    shards.end(index, shard)
    return outcome


def finish(index: Index, *, partial: bool = False) -> None:
    """Do once what shards leave to be done: one segment, the map, palettes.

    partial: even where shards have not ended. Raises UsageError where they have not, InputError
    where there is nothing.
    """
    refuse_half(index)
    if not partial:
        shards.check_ended(index)
    if not index.info.count:
        raise InputError(f"expected pictures in {index.location}, found none: no shard put any in")
    _complete(index, {}, [shards.palettes_of(part) for part in shards.parts(index)])
    shards.forget_round(index)


def _open_or_create(
    catalogues: Sequence[Catalogue],
    model: Model | Path,
    location: Location,
    reading: Reading,
    roles: Mapping[str, str],
    device: str,
    *,
    features: bool,
) -> tuple[Index, Model]:
    if not is_index(location):
        loaded = Model.load(model, device) if isinstance(model, Path) else model
        try:
            index = create_index(
                location,
                bits=loaded.bits,
                lengths=loaded.lengths,
                fingerprint=loaded.fingerprint,
                columns=columns_of(catalogues),
                roles=roles,
                model=loaded.folder or _within(location),
                unfinished=reading.identity,
                features=loaded.width if features else 0,
            )
        except UsageError:
            if reading.shard is None or not is_index(location):
                raise
            model = loaded  # another shard was faster
        else:
            _keep(loaded, location)
            return index, loaded
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


def _keep(model: Model, location: Location) -> None:
    """A model that only lies in memory is kept within the index."""
    if model.folder is None:
        folder = _within(location)
        if folder.exists():  # by another shard, or before a death
            model.folder = folder
        else:
            model.save(folder)


def _within(location: Location) -> Path:
    if location.store != FOLDER:
        raise UsageError(f"expected a saved model beside {location}, found one in memory: save it")
    return location.folder / MODEL


def _complete(index: Index, palettes: Mapping[int, Palette], parts: Sequence[str] = ()) -> None:
    """One segment, the map of all items, and the fast search compiled where it will be needed."""
    if index.info.segments > 1:
        index.compact()
    log("laying out the map")
    draw_map(index)
    keep_palettes(index, palettes, parts)
    index.finish()
    if index.info.count > SMALL:
        KERNEL.wait()
