"""What an index does not have yet: encoded, and published a few seconds of work at a time."""

import time
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hashing.collection.camera import columns_of, wanted
from hashing.collection.colours import Palette
from hashing.collection.intake import Outcome, contents_of, new_items
from hashing.collection.opened import each_portion
from hashing.collection.pictures import PREVIEW_SIDE, remember_sources
from hashing.collection.plan import fields_now
from hashing.collection.shards import patiently
from hashing.encoding import Model
from hashing.progress import log
from hashing.sources import Catalogue, Item
from hashing.store import Index


def fill(
    index: Index,
    model: Model,
    catalogues: Sequence[Catalogue],
    *,
    workers: int | None = None,
    previews: int = PREVIEW_SIDE,
    part: bool = False,
    palettes: dict[int, Palette] | None = None,
    exif: Sequence[str] | None = None,
) -> Outcome:
    """Encode and publish what the index does not have yet.

    part: of what several processes do together; no other metadata of known pictures is looked for.
    palettes: takes those of what is published, by id. exif: see `camera.wanted`.
    """
    patiently(partial(remember_sources, index, [catalogue.root for catalogue in catalogues]))
    outcome = Outcome()
    codes: list[NDArray[np.uint8]] = []
    for catalogue in catalogues:
        outcome.left_out.add(catalogue.left_out)
        catalogue = catalogue.fitting(index.info.columns)
        todo = _missing_items(index, catalogue, workers)
        there = len(catalogue) - len(todo)
        if there:
            log(f"{there:,} of {len(catalogue):,} pictures are there already")
            keeps = columns_of(wanted(exif, catalogue, index.info.columns))
            outcome.differing += 0 if part else _count_differing(index, catalogue, todo, keeps)
        outcome.already += there
        started = time.monotonic()
        for portion in new_items(
            index,
            model,
            catalogue,
            todo,
            outcome,
            workers=workers,
            previews=previews,
            exif=exif,
        ):
            ids = patiently(partial(index.add, portion.items, portion.columns)).tolist()
            if palettes is not None:
                palettes.update(zip(ids, portion.palettes, strict=True))
            outcome.added += len(portion.items)
            codes.append(np.frombuffer(b"".join(item.code for item in portion.items), np.uint8))
        outcome.seconds += time.monotonic() - started
    if codes:
        packed = np.concatenate(codes).reshape(outcome.added, -1)
        _, counts = np.unique(packed, axis=0, return_counts=True)
        outcome.sharing = int(counts[counts > 1].sum())
    return outcome


def _count_differing(
    index: Index, catalogue: Catalogue, todo: Sequence[Item], keeps: Sequence[str]
) -> int:
    """How many pictures that are there already have other metadata, but for columns in `keeps`."""
    if not catalogue.described:
        return 0
    new = {item.path for item in todo}
    there = {item.path: item for item in catalogue.items if item.path not in new}
    differing: dict[str, bool] = {}
    for portion in each_portion(index, index.ids()):
        for old in portion:
            if (item := there.get(old.file)) is not None:
                differing[old.file] = dict(old.fields) != fields_now(old.fields, item, keeps)
    return sum(differing.values())


def _missing_items(index: Index, catalogue: Catalogue, workers: int | None) -> list[Item]:
    """The items whose file and content are not both in the index."""
    contents = index.contents(item.path for item in catalogue.items)
    known = [place for place, there in enumerate(contents) if there]

    read = contents_of(catalogue, known, workers)
    same = {place for place, content in read if content in contents[place]}
    return [item for place, item in enumerate(catalogue.items) if place not in same]
