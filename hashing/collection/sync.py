"""A collection kept in step with its pictures: nothing encoded twice, no id given up in vain."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hashing.collection.camera import COLUMNS, columns_of, wanted
from hashing.collection.change import refuse_half
from hashing.collection.choices import Choices, remember_choices
from hashing.collection.intake import Outcome, new_items, used_columns
from hashing.collection.pictures import (
    is_same,
    known_sources,
    remember_sources,
    rename_source,
    source_name,
)
from hashing.collection.plan import Plan, make_plan
from hashing.collection.stored import Seen, Stored, read_contents, recall_stamps, remember_stamps
from hashing.encoding import Model
from hashing.errors import UsageError
from hashing.sources import Catalogue, Item
from hashing.store import Index, NewItem
from hashing.tables import Table

COPIES = 512
"""Copies that are published at once."""
LABEL = {"label"}
MOVED = 0.9
"""Share of an index's pictures that lie in another folder unchanged, from which the folder has
moved there: of fewer a part was copied, and the rest would seem deleted."""
NOTHING_SAID = Choices()


@dataclass
class Changes:
    """What a sync did, or with `dry_run` would do; files as the source names them.

    moved: (former file, file). broken: pictures that cannot be read, with the reason; an item
    that such a file had stays. kept: items whose folder could not be read. metadata_kept: whether
    fields were left as they are, because the source has no metadata now.
    """

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    moved: list[tuple[str, str]] = field(default_factory=list)
    copied: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    corrected: list[str] = field(default_factory=list)
    unchanged: int = 0
    kept: int = 0
    metadata_kept: bool = False
    outcome: Outcome = field(default_factory=Outcome)

    @property
    def broken(self) -> list[tuple[str, str]]:
        """Pictures that cannot be read or decoded, with the reason."""
        return self.outcome.broken

    def __bool__(self) -> bool:
        lists = (self.new, self.changed, self.moved, self.copied, self.deleted, self.corrected)
        return any(lists)

    def table(self) -> Table:
        """How many of each kind there were."""
        kinds = ("new", "changed", "moved", "copied", "deleted", "corrected", "broken")
        counts = {name: len(getattr(self, name)) for name in kinds}
        counts |= {"unchanged": self.unchanged, "kept, unread": self.kept}
        return Table.of_counts("", counts, always=("unchanged",))

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def sync(
    index: Index,
    model: Callable[[], Model],
    catalogue: Catalogue,
    *,
    choices: Choices = NOTHING_SAID,
    workers: int | None = None,
    keep_absent: bool = False,
    checksum: bool = False,
    dry_run: bool = False,
) -> Changes:
    """Make an index hold what a source holds; killed and called again it comes to the same end.

    model: called where something has to be encoded. choices: as the catalogue was read, kept for
    the next time. keep_absent: items whose picture is not in the source stay; of an index of
    several sources only what was seen in this one is moved, replaced or described. checksum: read
    every file, rather than those whose size or time differ.
    A source that is there no more has moved here if nine in ten of its pictures lie here unchanged.
    Raises UsageError where the index holds pictures of further sources, which would seem deleted.
    """
    refuse_half(index)
    known = known_sources(index)
    root = source_name(catalogue.root, known)
    others = [source for source in known if not is_same(source, root)]
    may_have_moved = len(others) == len(known) == 1 and not Path(others[0]).exists()
    if others and not keep_absent and not may_have_moved:
        raise _of_others(others)
    catalogue = catalogue.fitting(index.info.columns)
    stored = Stored.of(index)
    seen = recall_stamps(index, root)
    contents = read_contents(catalogue, stored, Seen.nothing() if checksum else seen, workers)
    there = np.count_nonzero(stored.same(contents.files, contents.keys) >= 0)
    moved = may_have_moved and there >= MOVED * len(stored.ids)
    if others and not keep_absent and not moved:
        raise _of_others(others)
    describes = catalogue.described or set(index.info.columns) <= {*LABEL, *COLUMNS}
    cameras = columns_of(wanted(choices.exif, catalogue, index.info.columns))
    ours = seen.among(stored) if others and not moved else stored.ids
    plan = make_plan(
        catalogue, stored, index.items, contents, ours, describes=describes, keeps=cameras
    )
    if keep_absent:
        deleted = {item.id for item in plan.deleted}
        plan.gone = [item for item in plan.gone if item not in deleted]
        plan.kept += deleted
        plan.deleted = []
    changes = _changes(plan, catalogue, describes=describes)
    if not dry_run:
        if moved:
            rename_source(index, others[0], root)
        remember_choices(index, choices)
        _carry_out(index, model, catalogue, plan, changes.outcome, workers, choices)
        if not contents.seen().equals(seen):
            failed = {file for file, _ in changes.outcome.broken}
            remember_stamps(index, root, contents.seen(failed))
        if index.info.unfinished is not None:
            index.finish()
    return changes


def _of_others(others: Sequence[str]) -> UsageError:
    return UsageError(
        f"expected the one folder whose pictures the index holds, found that it holds some of "
        f"{others[0]}, too, which would be deleted: with --keep-absent nothing is"
    )


def _changes(plan: Plan, catalogue: Catalogue, *, describes: bool) -> Changes:
    outcome = Outcome(broken=list(plan.unreadable), left_out=catalogue.left_out)
    names = {item.id: item.file for item in plan.described}
    return Changes(
        new=[item.path for item in plan.new],
        changed=[item.path for item in plan.changed],
        moved=[(former, names[i]) for i, former in plan.moved.items()],
        copied=[item.path for item, _ in plan.copied],
        deleted=[item.file for item in plan.deleted],
        corrected=[names[i] for i in plan.corrected],
        unchanged=plan.unchanged,
        kept=len(plan.kept),
        metadata_kept=not describes,
        outcome=outcome,
    )


def _carry_out(
    index: Index,
    model: Callable[[], Model],
    catalogue: Catalogue,
    plan: Plan,
    outcome: Outcome,
    workers: int | None,
    choices: Choices,
) -> None:
    """One publication after the other, each a step towards the same end."""
    remember_sources(index, [catalogue.root])
    if plan.described:
        index.change(
            plan.described, used_columns(catalogue, (item.fields for item in plan.described))
        )
    for start in range(0, len(plan.copied), COPIES):
        index.add(_copies(index, plan.copied[start : start + COPIES]), catalogue.columns)
    todo = sorted([*plan.new, *plan.changed], key=lambda item: item.path)
    if todo:
        portions = new_items(
            index,
            model(),
            catalogue,
            todo,
            outcome,
            workers=workers,
            previews=choices.preview_side,
            exif=choices.exif,
        )
        for portion in portions:
            index.add(portion.items, portion.columns)
            outcome.added += len(portion.items)
    broken = {file for file, _ in outcome.broken}
    replaced = {item.path for item in plan.changed} & broken
    gone = plan.gone
    if replaced:  # what cannot be decoded takes no item's place
        files = {item.id: item.file for item in index.items(gone)}
        gone = [item for item in gone if files[item] not in replaced]
    if gone:
        index.remove(gone)


def _copies(index: Index, pairs: Sequence[tuple[Item, int]]) -> Iterator[NewItem]:
    """Further files of a content: code, features and preview are those of the first."""
    ids = [item_id for _, item_id in pairs]
    parts = index.codes(ids).packed, index.features(ids), index.items(ids)
    for (item, item_id), code, numbers, old in zip(pairs, *parts, strict=True):
        features = numbers.tobytes() if index.info.features else None
        preview = index.preview(item_id)
        yield NewItem(item.path, item.fields, code.tobytes(), old.content, preview, features)


def source_of(index: Index) -> Path | None:
    """The one folder or archive that an index is made of; None where there are several."""
    known = known_sources(index)
    one = known and all(is_same(known[0], other) for other in known[1:])
    return Path(known[0]) if one else None
