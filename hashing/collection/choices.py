"""How the pictures of an index are read: as was said when it was made, unless it is said anew."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, Self

from hashing.collection.pictures import LARGEST_SIDE, PREVIEW_SIDE
from hashing.collection.reading import as_list
from hashing.collection.remembered import recall
from hashing.registry import fits
from hashing.store import Index

READING = "reading"
"""Under which an index keeps them."""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What was said, as for `Collection.build`; None or nothing where it was not."""

    metadata: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    exclude: Sequence[str] = ()
    exif: Sequence[str] | None = None
    previews: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "exclude", as_list(self.exclude))

    def over(self, earlier: Self) -> Self:
        """What was said now, and for all else what was said earlier."""
        return type(self)(**{**earlier.said(), **self.said()})

    def said(self) -> dict[str, Any]:
        """By name, what was."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in found.items() if value or value == 0}

    @property
    def preview_side(self) -> int:
        """Longer side of previews in pixels, 0 for none."""
        return PREVIEW_SIDE if self.previews is None else self.previews


def remember_choices(index: Index, choices: Choices) -> None:
    """Keep them in the index."""
    text = json.dumps(told(choices))
    if json.loads(text) != (recall(index, READING) or {}):
        index.put_extra(READING, text.encode())


def recall_choices(index: Index) -> Choices:
    """Those that an index keeps."""
    return understood(recall(index, READING))


def told(choices: Choices) -> dict[str, Any]:
    """As JSON has them."""
    said = choices.said()
    if choices.metadata is not None:
        said["metadata"] = str(choices.metadata.absolute())
    return said


def understood(known: object) -> Choices:
    """From JSON; what a stranger wrote and makes no sense was not said."""
    values: dict[str, Any] = known if isinstance(known, dict) else {}
    sound = {n: values[n] for n in _KINDS if n in values and _is_sound(n, values[n])}
    if "metadata" in sound:
        sound["metadata"] = Path(sound["metadata"])
    return Choices(**sound)


_KINDS: Mapping[str, Any] = {
    "metadata": str,
    "columns": dict[str, str],
    "exclude": list[str],
    "exif": list[Literal["date", "place", "none"]],
    "previews": int,
}


def _is_sound(name: str, value: object) -> bool:
    return fits(value, _KINDS[name]) and (name != "previews" or 0 <= value <= LARGEST_SIDE)  # type: ignore[operator]
