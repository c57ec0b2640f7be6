"""The document as JSON, and its JSON Schema, versioned with it. Markdown is made by prompts/.

python -m warroom.incident.schema > docs/incident.schema.json
"""

import json
import re
import sys
from typing import Any

from .document import SCHEMA_VERSION, Incident

HIDDEN = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""C1 controls, bidirectional marks, what has no width, lone surrogates."""


def to_json(document: Incident) -> str:
    """The whole document, indented, keys in the model's order."""
    return escaped(document.model_dump_json(indent=2)) + "\n"


def escaped(text: str) -> str:
    """JSON whose strings hold no character that could steer a terminal: those are written as
    \\uXXXX, which says the same."""
    return HIDDEN.sub(lambda match: json.dumps(match.group())[1:-1], text)


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the document as `to_json` writes it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:warroom:incident:{SCHEMA_VERSION}",
        **Incident.model_json_schema(mode="serialization"),
    }


def text() -> str:
    """The schema as the file docs/incident.schema.json holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
