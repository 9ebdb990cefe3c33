"""Metadata as JSON: one object a line, a list of objects, or an object that holds one."""

import json
from collections.abc import Iterator

from hashing.errors import InputError
from hashing.sources.header import looks_like_picture
from hashing.sources.left_out import LeftOut
from hashing.sources.text import decode_text

Record = tuple[str, dict[str, str]]
"""Where a row stands (`line 7`) and its cells by column."""


class NoRowsError(InputError):
    """JSON that is sound, but holds no list of objects."""


def jsonl_records(data: bytes, source: str, left_out: LeftOut) -> Iterator[Record]:
    """One object a line."""
    # Not splitlines: JSON text may hold U+2028 and its kin unescaped.
    for number, line in enumerate(decode_text(data, source, left_out).split("\n"), 1):
        if line.strip():
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                record = None
            yield from json_row(record, f"line {number}", source, left_out)


def json_records(data: bytes, source: str, left_out: LeftOut) -> Iterator[Record]:
    """A list of objects, or an object that holds the rows."""
    try:
        rows = json.loads(decode_text(data, source, left_out))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{source}: broken JSON, {error}") from None
    if isinstance(rows, dict):
        rows = _json_list(rows, source, left_out)
    if not isinstance(rows, list):
        raise NoRowsError(f"{source}: expected a list of objects, found {type(rows).__name__}")
    for number, record in enumerate(rows, 1):
        yield from json_row(record, f"object {number}", source, left_out)


def _json_list(whole: dict[str, object], source: str, left_out: LeftOut) -> object:
    """The rows of an object: its values by the file that each is of, or its one list of objects.

    Of several lists (as COCO has them) the one called `images` counts; each image gets the names
    of its annotations' categories, and its first caption.
    """
    if whole and all(isinstance(value, dict) for value in whole.values()):
        return [{"file": key} | value for key, value in whole.items() if isinstance(value, dict)]
    lists: dict[str, list[dict[str, object]]] = {
        key: value
        for key, value in whole.items()
        if isinstance(value, list) and value and all(isinstance(each, dict) for each in value)
    }
    if len(lists) > 1 and "images" in lists:
        used = {"images", "annotations", "categories"}
        others = [f"{key} in {source}" for key in lists if key not in used]
        if others:
            left_out.note("list of a JSON file that was not used", *others)
        return _with_annotations(lists)
    return next(iter(lists.values())) if len(lists) == 1 else whole


def _with_annotations(lists: dict[str, list[dict[str, object]]]) -> list[dict[str, object]]:
    """COCO's images, with what their annotations say of the whole picture."""
    names = {str(each.get("id")): each.get("name") for each in lists.get("categories", [])}
    categories: dict[str, dict[object, None]] = {}
    captions: dict[str, object] = {}
    for noted in lists.get("annotations", []):
        image = str(noted.get("image_id"))
        name = names.get(str(noted.get("category_id")))
        if name is not None:
            categories.setdefault(image, {})[name] = None
        if "caption" in noted:
            captions.setdefault(image, noted["caption"])
    rows = []
    for row in lists["images"]:
        key = str(row.get("id"))
        more = {"categories": list(categories.get(key, ())), "caption": captions.get(key)}
        rows.append(row | {name: value for name, value in more.items() if value})
    return rows


def json_row(record: object, where: str, source: str, left_out: LeftOut) -> Iterator[Record]:
    """An object as a row: what no cell could hold is left out."""
    if not isinstance(record, dict):
        left_out.note("row that is no JSON object", f"{where} of {source}", fault=True)
        return
    row: dict[str, str] = {}
    for key, value in record.items():
        text = as_cell(value)
        if text is None:
            left_out.note("nested value", f"{key!r} in {where} of {source}")
            row |= dict(_pictures_within(value, key))
        else:
            row[key] = text
    yield where, row


def _pictures_within(value: object, key: str) -> Iterator[tuple[str, str]]:
    """Names of pictures in nested objects, by the way to them: `images.web.url`."""
    if isinstance(value, str) and looks_like_picture(value):
        yield key, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _pictures_within(inner, f"{key}.{name}")


def as_cell(value: object) -> str | None:
    """A value as a CSV cell would hold it, a list of scalars joined; None for nested ones."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        parts = [as_cell(part) for part in value]
        whole = [part for part in parts if part is not None]
        flat = len(whole) == len(parts) and not any(isinstance(part, list) for part in value)
        return ", ".join(filter(None, whole)) if flat else None
    if isinstance(value, dict | bytes):
        return None
    return str(value)


def needs_extra(source: str, package: str, instead: str = "") -> InputError:
    """The error of a file whose reader is not installed; instead: what else would do."""
    return InputError(
        f"{source} is read by {package}, which is not installed: pip install {package}{instead}"
    )
