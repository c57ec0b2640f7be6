"""The JSON Schema of the incident document, versioned with it.

python -m warroom.incident.schema > docs/incident.schema.json
"""

import json
import sys
from typing import Any

from .document import SCHEMA_VERSION, Incident


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
