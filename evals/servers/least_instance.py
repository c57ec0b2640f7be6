"""The smallest value that fits a JSON Schema, as far as schemas of replies and tools go."""

from typing import Any

EMPTY = {
    "string": "",
    "integer": 0,
    "number": 0,
    "boolean": False,
    "null": None,
    "array": [],
    "object": {},
}


def least_instance(schema: dict[str, Any], root: dict[str, Any] | None = None) -> Any:
    """Objects get their required properties, lists their fewest items, texts their fewest letters.

    Of several branches the last is taken: it is the report where tools come first, and null where
    a value may be left out. Patterns are not read.
    """
    root = schema if root is None else root
    if "$ref" in schema:
        return least_instance(_referred(schema["$ref"], root), root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for branches in ("anyOf", "oneOf", "allOf"):
        if schema.get(branches):
            return least_instance(schema[branches][-1], root)
    return _of_type(schema, root)


def _of_type(schema: dict[str, Any], root: dict[str, Any]) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "null")
    kind = kind[-1] if isinstance(kind, list) else kind
    if kind == "object":
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        return {name: least_instance(properties.get(name, {}), root) for name in required}
    if kind == "array":
        return [least_instance(schema.get("items", {}), root)] * schema.get("minItems", 0)
    if kind == "string":
        return "-" * schema.get("minLength", 0)
    if kind in ("integer", "number"):
        return schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
    return EMPTY[kind]


def _referred(reference: str, root: dict[str, Any]) -> dict[str, Any]:
    """The schema under a reference such as #/$defs/Cause."""
    found: Any = root
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found
