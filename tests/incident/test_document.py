"""The exported schema is current, and the document survives JSON."""

import json
from runpy import run_path

import pytest

from warroom.incident.document import Incident, to_json
from warroom.tests.support.house import ROOT
from warroom.tests.support.incidents import full, minimal

SCHEMA = run_path(str(ROOT / "docs" / "write_incident_schema.py"))["schema"]()


def test_the_exported_schema_is_current():
    exported = (ROOT / "docs" / "incident.schema.json").read_text(encoding="utf-8")
    assert exported == SCHEMA, "run: .venv/bin/python docs/write_incident_schema.py"


def test_the_schema_names_its_version():
    assert json.loads(SCHEMA)["$id"] == "urn:warroom:incident:1"


@pytest.mark.parametrize("build", [minimal, full])
def test_the_document_survives_json(build):
    document = build()
    assert Incident.model_validate_json(to_json(document)) == document
