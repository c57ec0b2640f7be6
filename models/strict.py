"""JSON Schema as strict endpoints want it: closed objects, every property required, no defaults.

The rules are those of OpenAI's structured outputs; other servers take such a schema as well.
"""

from typing import Any

from pydantic import BaseModel

UNWANTED = ("default", "title", "examples")
"""Keywords that say nothing about the reply's shape, or that strict endpoints refuse."""
NAMED = ("properties", "$defs")
"""Here the keys are names of the author's, not keywords."""
PLAIN = ("enum", "const", "required")
"""Here the values are no schemas."""


def strict_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The strict schema of a pydantic model. A property with a default becomes required too:
    the model then says what it would have left out."""
    return strict(model.model_json_schema())


def strict(schema: Any) -> Any:
    """The same schema, strict on every level."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:  # strict endpoints take no keyword beside a reference
        return {"$ref": schema["$ref"]}
    kept = {name: _inside(name, part) for name, part in schema.items() if name not in UNWANTED}
    if "properties" in kept:
        kept |= {"additionalProperties": False, "required": list(kept["properties"])}
    return kept


def _inside(keyword: str, part: Any) -> Any:
    if keyword in PLAIN:
        return part
    if keyword in NAMED and isinstance(part, dict):
        return {name: strict(schema) for name, schema in part.items()}
    return strict(part)


def closed(schema: Any) -> bool:
    """Whether a strict endpoint can take it: no object in it has names of the model's choice."""
    if isinstance(schema, list):
        return all(map(closed, schema))
    if not isinstance(schema, dict):
        return True
    free = schema.get("type") == "object" and schema.get("additionalProperties") is not False
    return not free and all(map(closed, schema.values()))
