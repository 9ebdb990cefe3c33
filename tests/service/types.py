"""The API's shapes as TypeScript, for the page's checks: `python -m tests.service.types`.

Only names and kinds: the words about them stand in `hashing/service/schemas.py`.
"""

from types import SimpleNamespace
from typing import Any, cast

from hashing.service.api import PAGE, create_app
from hashing.service.current import Current

FILE = PAGE / "shapes.d.ts"
HEAD = (
    "// Made from our OpenAPI description by `python -m tests.service.types`; not to be edited.\n"
)
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}


def kind_of(schema: dict[str, Any]) -> str:
    """One schema as a type."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(map(kind_of, schema["anyOf"])))
    match schema.get("type"):
        case "null":
            return "null"
        case "array" if "prefixItems" in schema:
            return f"[{', '.join(map(kind_of, schema['prefixItems']))}]"
        case "array":
            return f"Array<{kind_of(schema['items'])}>"
        case "object" if "properties" not in schema:
            further = schema.get("additionalProperties", {})
            return f"Record<string, {kind_of(further) if further else 'unknown'}>"
        case str() as kind if kind in PLAIN:
            return PLAIN[kind]
    raise ValueError(f"expected a schema that the API uses, found {schema}")


def render() -> str:
    """Every shape that the API answers with or takes as JSON."""
    nobody = cast("Current", SimpleNamespace(served_at=lambda prefix: None))
    description = create_app(nobody, page=False).openapi()
    parts = [HEAD]
    for name, schema in sorted(description["components"]["schemas"].items()):
        if name.startswith(("Body_", "HTTPValidation", "ValidationError")):
            continue
        needed = schema.get("required", [])
        # What the server fills in is always there in its answers.
        lines = [
            f"  {field}{'' if field in needed or 'default' in inner else '?'}: {kind_of(inner)};\n"
            for field, inner in schema["properties"].items()
        ]
        parts.append(f"export interface {name} {{\n{''.join(lines)}}}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
