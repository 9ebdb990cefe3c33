"""Single items of a collection put in and described."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from hashing.codes import Codes
from hashing.collection.choices import Choices, recall_choices
from hashing.collection.holding import Holding
from hashing.errors import UsageError, unknown
from hashing.images import decode, encode_jpeg
from hashing.sources import Value
from hashing.store import NewItem


class Editing(Holding):
    """A collection whose items are changed one at a time."""

    def add_picture(
        self,
        picture: bytes,
        file: str,
        fields: Mapping[str, Value],
        previews: int | None = None,
    ) -> int:
        """Put one encoded picture in; what is there already under its name stays as it is.

        Args:
            picture: a JPEG, PNG, … of at most 20 MiB; the index keeps its preview alone.
            file: its path among the pictures, forward slashes.
            fields: by column, of those that the collection has.
            previews: as for `build`.

        Returns:
            Its id, even of an item that is hidden here.

        Raises:
            ImageError: it cannot be read.
            UsageError: the name is none of a file, or there is no such column.

        Example:
            >>> data = pathlib.Path("query.jpg").read_bytes()
            >>> new = art.add_picture(data, "new/query.jpg", {"style": "Red School"})
            >>> art.item(new).file
            'new/query.jpg'
        """
        content = hashlib.sha256(picture).digest()
        parts = file.split("/")
        if not file or any(part in ("", ".", "..") for part in parts) or "\\" in file:
            raise UsageError(f"expected a name such as a/1.jpg for a picture, found {file[:80]!r}")
        checked = self._typed(fields)
        image = decode(picture)
        there = self.index.contents([file])[0]
        if content in there:
            return there[content]
        logits, features = self._encoded([image])
        code = Codes.from_logits(logits).packed[0].tobytes()
        side = Choices(previews=previews).over(recall_choices(self.index)).preview_side
        preview = encode_jpeg(image, side) if side else None
        numbers = None if features is None else features[0].tobytes()
        added = self.index.add([NewItem(file, checked, code, content, preview, numbers)])
        self._look()
        return int(added[0])

    def describe(self, item_id: int, fields: Mapping[str, Value | None]) -> None:
        """Take over some fields of an item, None takes one away; the others stay.

        Args:
            item_id: the item.
            fields: by column, of those that the collection has.

        Raises:
            UnknownItemError: there is no such item.
            UsageError: there is no such column, or a value is not of its type.

        Example:
            >>> art.describe(3, {"title": "At the sea"})
            >>> art.item(3).fields["title"]
            'At the sea'
        """
        item = self.item(item_id)
        known = {name: value for name, value in fields.items() if value is not None}
        self._check_columns(fields)
        changed = {**item.fields, **self._typed(known)}
        kept = {n: value for n, value in changed.items() if fields.get(n, value) is not None}
        self.index.change([replace(item, fields=kept)])
        self._look()

    def _check_columns(self, names: Iterable[str]) -> None:
        """Raise UsageError for a column that is not there."""
        columns = self.info.columns
        for name in names:
            if name not in columns:
                raise UsageError(unknown("column", name, columns))

    def _typed(self, fields: Mapping[str, Value]) -> dict[str, Value]:
        """Fields in the types of their columns. Raises UsageError."""
        self._check_columns(fields)
        columns = self.info.columns
        for name, value in fields.items():
            text = columns[name] is str
            if text != isinstance(value, str):
                kind = "text" if text else "a number"
                raise UsageError(f"expected {kind} for {name}, found {value!r}")
        return dict(fields)
