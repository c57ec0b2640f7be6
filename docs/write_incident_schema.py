"""Writes docs/incident.schema.json: the JSON Schema of the incident document, versioned with it.

.venv/bin/python docs/write_incident_schema.py
"""

import json
from pathlib import Path

from warroom.incident.document import SCHEMA_VERSION, Incident

EXPORTED = Path(__file__).with_name("incident.schema.json")


def schema() -> str:
    """JSON Schema (2020-12) of the document as `to_json` writes it."""
    found = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:warroom:incident:{SCHEMA_VERSION}",
        **Incident.model_json_schema(mode="serialization"),
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    EXPORTED.write_text(schema(), encoding="utf-8")
