"""The exported schema is current, and the document survives JSON."""

import json
from pathlib import Path

import pytest

from warroom.incident import schema
from warroom.incident.document import Incident
from warroom.incident.schema import to_json
from warroom.tests.support.incidents import full, minimal

EXPORTED = Path(__file__).parents[2] / "docs" / "incident.schema.json"


def test_the_exported_schema_is_current():
    again = "python -m warroom.incident.schema > docs/incident.schema.json"
    assert EXPORTED.read_text(encoding="utf-8") == schema.text(), f"run: {again}"


def test_the_schema_names_its_version():
    assert json.loads(schema.text())["$id"] == "urn:warroom:incident:1"


@pytest.mark.parametrize("build", [minimal, full])
def test_the_document_survives_json(build):
    document = build()
    assert Incident.model_validate_json(to_json(document)) == document
