"""From a configuration to examples: read, split, decode, number the labels."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashing.config import Config, DataConfig
from hashing.data import (
    LazySquares,
    Looks,
    Split,
    Squares,
    beside,
    count_duplicates,
    decode_squares,
    digest_catalogue,
    fits_in_memory,
    load_dataset,
    look_at,
    look_through,
    make_split,
    number_labels,
    number_sets,
    validation_split,
)
from hashing.errors import InputError, UsageError, unknown
from hashing.sources import Catalogue, read_catalogue
from hashing.sources.roles import resolve_roles
from hashing.training.examples import Examples, Part, Rows
from hashing.training.fitted import check_to_fit
from hashing.training.runtime import Runtime
from hashing.training.teaching import find_teacher

LeftOut = Mapping[str, tuple[str, ...]]
"""By label field, the columns of which a query's own label is not searched."""

MOST_BROKEN = 0.01
"""Share of pictures that may be unreadable; above it something is wrong with the data set."""


def prepare(
    config: Config, runtime: Runtime, processes: int = 1, *, learning: bool = True
) -> Examples:
    """The examples that `config` asks for, decoded once where they fit in memory.

    Each of the `processes` of a run holds its own. A teacher is asked about what is learned from.
    learning: whether there have to be pictures enough for a validation part, which a model that is
    only measured does without.
    Raises UsageError for a label field that the data set lacks, InputError where too many of its
    pictures cannot be read, ArtefactError for a teacher that is no whole model; with a teacher
    what `check_to_fit` raises, before it is asked.
    """
    data, teacher = config.data, find_teacher(config, runtime)
    if runtime.opening:
        runtime.log(runtime.opening)
    catalogue = _load(data, runtime)
    fields = list(data.fields)
    if not fields:
        raise UsageError("expected at least one label field in data.fields, found none")
    for name in fields:
        if name not in catalogue.columns:
            raise UsageError(_no_field(name, catalogue))
    split = make_split(
        catalogue,
        data.protocol,
        field=fields[0],
        roles=data.roles,
        sets=data.sets,
        seed=data.seed,
    )
    validation = _validation(config, catalogue, split, learning)  # told before all is decoded
    left_out = _left_out(split, resolve_roles(data.roles, catalogue.columns))
    everything = _with_unlabelled(config, catalogue)
    squares, looks, broken = _squares(config, everything, runtime, processes)
    if len(broken):
        split = split.without(broken)
        validation = _validation(config, catalogue, split, learning)
    splits = (split,) if validation is None else (split, validation)
    contents, duplicates = looks.contents, asdict(count_duplicates(looks, split))
    columns = _columns(fields, left_out)
    numbered = {name: _numbered(everything, name, data) for name in columns}
    examples = Examples(
        squares=squares,
        labels={name: numbers for name, (numbers, _) in numbered.items()},
        classes={name: names for name, (_, names) in numbered.items()},
        fields=fields,
        contents=contents,
        splits=splits,
        test=_part(split, left_out),
        validation=None if validation is None else _part(validation, left_out),
        about=_about(config, catalogue, splits, broken) | {"duplicates": duplicates},
        unlabelled=_unlabelled(len(catalogue), contents, splits, broken),
    )
    if teacher is None:
        return examples
    check_to_fit(config, examples)  # asking the teacher takes long
    lesson = teacher.lesson(everything, squares, config.preprocessing, examples.trained, runtime)
    return replace(examples, lesson=lesson)


def _validation(config: Config, catalogue: Catalogue, split: Split, learning: bool) -> Split | None:
    """The validation split; none where nothing is held out."""
    if config.train.refit:
        return None
    data, field = config.data, next(iter(config.data.fields))
    try:
        return validation_split(catalogue, split, field=field, roles=data.roles, sets=data.sets)
    except InputError as error:
        if not learning:
            return None
        raise InputError(f"{error}: add pictures, or hold none out by --train.refit true") from None


def _numbered(
    catalogue: Catalogue, name: str, data: DataConfig
) -> tuple[Rows | NDArray[np.bool_], list[str]]:
    """A field's labels as numbers, or as columns where a picture carries several."""
    if name in data.sets:
        return number_sets(catalogue.labels(name), data.sets[name])
    return number_labels(catalogue.labels(name))


def _with_unlabelled(config: Config, catalogue: Catalogue) -> Catalogue:
    """The data set and the unlabelled pictures beside it."""
    folder = config.distillation.unlabelled
    return catalogue if folder is None else beside(catalogue, read_catalogue(folder))


def _unlabelled(labelled: int, contents: Rows, splits: Sequence[Split], broken: Rows) -> Rows:
    """The rows beside `labelled` ones, less what cannot be read and what is a query itself."""
    rows = np.setdiff1d(np.arange(labelled, len(contents)), broken)
    queries = np.concatenate([split.query for split in splits])
    return rows[~np.isin(contents[rows], contents[queries])]


def _no_field(name: str, catalogue: Catalogue) -> str:
    if not catalogue.columns:
        return (
            f"expected a label field {name!r}, found pictures without any label: add a "
            "metadata.csv, sort them into class folders, or do without labels by `index.py fit`"
        )
    found = next(iter(catalogue.columns))
    hint = f"name yours, such as --data.fields '{{\"{found}\": 1.0}}'"
    return f"{unknown('label field', name, catalogue.columns)}; {hint}"


def _load(data: DataConfig, runtime: Runtime) -> Catalogue:
    """The data set, with progress while artworks are drawn."""
    if data.name != "generated":
        return load_dataset(data)
    with runtime.progress(data.count, "drawing artworks", "pictures") as bar:
        return load_dataset(data, bar.advance)


def _squares(
    config: Config, catalogue: Catalogue, runtime: Runtime, processes: int
) -> tuple[Squares, Looks, Rows]:
    """The pictures at the model's size, what they are compared by, and the rows without one."""
    size, fit = config.preprocessing.size, config.preprocessing.fit
    workers = runtime.workers
    squares: Squares
    looks: Looks
    with runtime.progress(len(catalogue), "reading", "pictures") as bar:
        if fits_in_memory(len(catalogue), size, processes):
            squares, failures = decode_squares(
                catalogue, size, fit, workers=workers, on_progress=bar.advance
            )
            looks = Looks.of(squares)
        else:
            squares = LazySquares(catalogue, size, fit, workers)
            seen, failures = look_through(
                catalogue, size, fit, look_at, workers=workers, on_progress=bar.advance
            )
            looks = Looks.of_each(seen)
    if len(failures) > MOST_BROKEN * len(catalogue):
        item, error = failures[0]
        raise InputError(
            f"{len(failures)} of {len(catalogue)} pictures cannot be read, the first is "
            f"{item.path}: {error}"
        )
    for item, error in failures:
        runtime.log(f"left out {item.path}: {error}")
    return squares, looks, np.array([item.id for item, _ in failures], np.int64)


def _columns(fields: list[str], left_out: LeftOut) -> list[str]:
    """The columns whose labels are needed."""
    others = (name for field in fields for name in left_out.get(field, ()))
    return list(dict.fromkeys([*fields, *others]))


def _left_out(split: Split, roles: Mapping[str, str]) -> LeftOut:
    """For the group, a query's own creator is left out, who would be recognised by their hand."""
    if split.protocol != "art-disjoint":
        return {}
    return {roles["group"]: (roles["creator"],)}


def _part(split: Split, left_out: LeftOut) -> Part:
    return Part(split.train, split.query, split.database, left_out)


def _about(
    config: Config, catalogue: Catalogue, splits: Sequence[Split], broken: Rows
) -> dict[str, Any]:
    """What the report says of data and split."""
    split, *others = splits
    held = sum(len(validation.query) for validation in others)
    return {
        "data": {
            "name": config.data.name,
            "pictures": len(catalogue),
            "unreadable": len(broken),
            "digest": digest_catalogue(catalogue),
        },
        "split": {
            "protocol": split.protocol,
            "seed": split.seed,
            "digest": split.digest,
            "train": len(split.train) - held,
            "validation": held,
            "query": len(split.query),
            "database": len(split.database),
        },
        "refit": config.train.refit,
    }
