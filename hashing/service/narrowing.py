"""The description of the API, narrowed to what the collection that is served can be asked.

The application describes what any collection takes. Of one collection more is known: the lengths
of its codes, its columns and their types, what its answers can be near by. A program that is made
from this description asks nothing that would be refused for its shape.
"""

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from hashing.service.filters import ALIASES, FORMER, LONGEST, MOST_VALUES, PREFIX
from hashing.store import IndexInfo
from hashing.store.fields import filterable

Schema = dict[str, Any]
TEXT = r"^[^\x00]*$"
"""What an index can hold."""
PICTURES = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/tiff", "image/avif")
"""The kinds of file that are sent most; the decoder says which others there are."""
OF_FORMS = {"Body_search_api_v1_search_post": "oneOf", "Body_search_batch": "anyOf"}
"""Forms that want exactly one of their fields, or any of them, by how their names begin."""


def narrowed(description: Mapping[str, Any], info: IndexInfo) -> dict[str, Any]:
    """The application's description with what is known of the collection it serves."""
    found: dict[str, Any] = _simplified(deepcopy(dict(description)), info)
    for path in found["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _of_collection(
                    parameter["name"], _without_null(parameter["schema"]), info
                )
            _say_kinds(operation)
    for name, schema in found["components"]["schemas"].items():
        is_form = name.startswith("Body_")
        if is_form:
            schema["additionalProperties"] = False
        for field, inner in schema.get("properties", {}).items():
            told = _without_null(inner) if is_form else inner
            schema["properties"][field] = _of_collection(field, told, info)
        if schema.get("additionalProperties") is True:
            schema["additionalProperties"] = False
            schema["patternProperties"] = _filters(info, [*schema["properties"]])
        if name == "Described":
            schema["properties"]["fields"] = _fields(schema["properties"]["fields"], info)
        for start, rule in OF_FORMS.items():
            if name.startswith(start):
                schema[rule] = [{"required": [field]} for field in schema["properties"]]
    return found


def _simplified(value: Any, info: IndexInfo) -> Any:
    """Codes with their digits, whole bounds as whole numbers, tuples as older readers know them."""
    if isinstance(value, list):
        return [_simplified(one, info) for one in value]
    if not isinstance(value, dict):
        return value
    told: Schema = {name: _simplified(inner, info) for name, inner in value.items()}
    if told.get("format") == "code":
        del told["format"]
        told["pattern"] = f"^[0-9a-fA-F]{{{info.bits // 4}}}$"
    for bound in ("minimum", "maximum"):
        if isinstance(told.get(bound), float) and told[bound].is_integer():
            told[bound] = int(told[bound])
    if "prefixItems" in told:
        kinds: list[object] = []
        for kind in told.pop("prefixItems"):
            kinds += [] if kind in kinds else [kind]
        told["items"] = {"anyOf": kinds}
    return told


def _without_null(schema: Schema) -> Schema:
    """A schema for what has no way of saying null: parameters and fields of a form."""
    kinds = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    only: Schema = kinds[0]
    return {name: value for name, value in schema.items() if name != "anyOf"} | only


def _of_collection(name: str, schema: Schema, info: IndexInfo) -> Schema:
    """What a parameter or field of this name can be, where the collection decides."""
    known: dict[str, list[object]] = {
        "bits": list(info.lengths),
        "one_per": ["", *info.columns, *info.roles],
    }
    if name == "by" and not info.features:
        return schema | {"enum": ["hamming"]}
    if name not in known or "examples" in schema:  # an answer's, not a question's
        return schema
    kinds = [
        one | {"enum": known[name]} for one in schema.get("anyOf", ()) if one["type"] != "null"
    ]
    if kinds:
        return schema | {"anyOf": [*kinds, {"type": "null"}]}
    return schema | {"enum": known[name]}


def _say_kinds(operation: Schema) -> None:
    """Say of each picture of a form which kinds of file it may be."""
    form = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data")
    if form is not None:
        form["encoding"] = {
            field: {"contentType": ", ".join(PICTURES)} for field in ("picture", "pictures")
        }


def _filters(info: IndexInfo, others: list[str]) -> Schema:
    """Columns as they filter, by patterns of their names (see `service.filters`)."""
    columns = filterable(info.columns)
    aliases = {
        alias: columns[info.roles[role]] for alias, role in ALIASES.items() if role in info.roles
    }
    found: Schema = {}
    for kind, operators in ((str, "not|like|gt|gte|lt|lte"), (float, "not|gt|gte|lt|lte")):
        names = [name for name, of in columns.items() if (of is str) == (kind is str)]
        plain = [name for name in names if name not in others]
        one: Schema = (
            {"type": ["string", "number"], "maxLength": LONGEST, "pattern": TEXT}
            if kind is str
            else {"type": "number"}
        )
        several = {"type": "array", "items": one, "minItems": 1, "maxItems": MOST_VALUES}
        if names:
            pattern = f"^({_any(plain)}|{re.escape(PREFIX)}{_any(names)})(__({operators}))?$"
            found[pattern] = {"anyOf": [one, several]}
        short = [name for name, of in aliases.items() if (of is str) == (kind is str)]
        short += [former for former in FORMER if kind is str and "artist" in aliases]
        if short := [name for name in short if name not in columns]:
            found[f"^{_any(short)}$"] = {"anyOf": [one, several]}
    found[f"^{_any([name for name in columns if name not in others])}__null$"] = {"type": "boolean"}
    return found


def _any(names: list[str]) -> str:
    return f"({'|'.join(map(re.escape, names))})"


def _fields(schema: Schema, info: IndexInfo) -> Schema:
    """The columns of the collection with their types, as an item's fields take them."""
    kinds = {str: "string", int: "integer", float: "number"}
    properties = {
        name: {"type": [kinds[kind], "null"], **({"pattern": TEXT} if kind is str else {})}
        for name, kind in info.columns.items()
    }
    kept = {name: value for name, value in schema.items() if name != "additionalProperties"}
    return kept | {"properties": properties, "additionalProperties": False}
