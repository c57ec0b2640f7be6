"""JSON Schemas of what people write, for their editors and for checks (`warroom schema`).

Made of the models that read the files: what an editor marks, the reader refuses.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from ..actions.policy import Policy
from ..incident.private import write_private
from ..oncall.escalation import OnCall
from ..plans.runbook import Runbook
from ..telemetry.catalogue.backstage import Entity
from ..telemetry.model import Catalogue
from ..yaml_tables import Entry
from .configuration_file import Configuration

Written = tuple[type[BaseModel], str]
"""What reads it, and what it is."""
SCHEMAS: dict[str, Written] = {
    "configuration": (Configuration, "warroom.yaml"),
    "policy": (Policy, "the section `policy` of warroom.yaml"),
    "oncall": (OnCall, "the section `oncall` of warroom.yaml"),
    "runbook": (Runbook, "the front matter of a runbook"),
    "catalogue": (Entity, "catalog-info.yaml, as far as it is read"),
    "bundle-catalogue": (Catalogue, "catalogue.json of a bundle"),
}
BESIDE = "warroom.schema.json"
"""What a warroom.yaml that we begin has beside it; its first line names it to editors."""


class Known(GenerateJsonSchema):
    """Refuses keys that nobody knows, where the reader does."""

    def model_schema(self, schema: Any) -> dict[str, Any]:
        """As pydantic's own; an Entry has no other keys."""
        found = super().model_schema(schema)
        if issubclass(schema["cls"], Entry):
            found.setdefault("additionalProperties", False)
        return found

    def dict_schema(self, schema: Any) -> dict[str, Any]:
        """As pydantic's own; keys that are one of several words too."""
        found = super().dict_schema(schema)
        keys = self.generate_inner(schema.get("keys_schema", {"type": "str"}))
        return {"propertyNames": keys, **found} if "anyOf" in keys else found


def schema(written: Written) -> dict[str, Any]:
    """JSON Schema (2020-12) of it."""
    model, what = written
    made = model.model_json_schema(schema_generator=Known)
    return {"$schema": Known.schema_dialect, **made, "title": f"Warroom: {what}"}


def lay_beside(file: Path) -> None:
    """Put the schema of a warroom.yaml into its folder. Raises OSError."""
    text = json.dumps(schema(SCHEMAS["configuration"]), indent=1, ensure_ascii=False)
    write_private(file.with_name(BESIDE), f"{text}\n")
    file.with_name(BESIDE).chmod(0o644)
