"""`warroom ack` and `warroom oncall`, as a person types them."""

import pytest

from warroom.record.escalations import Escalations
from warroom.tests.support.consoles import CommandLine
from warroom.tests.support.incidents import declared

FILE = """
oncall:
  external: [{provider: Bank, service: payments, contact: "+49 30 1234567"}]
  schedules:
    - {name: primary, layers: [{participants: [ann], start: 2026-01-05T09:00}]}
    - name: nights
      layers: [{participants: [ben], start: 2026-01-05T09:00, hours: ["00:00-00:01"]}]
"""


@pytest.fixture
def warroom(tmp_path, monkeypatch, capsys):
    file = tmp_path / "warroom.yaml"
    file.write_text(FILE)
    monkeypatch.setenv("WARROOM_CONFIG", str(file))
    return CommandLine(tmp_path / "home", monkeypatch, capsys)


def test_who_is_on_and_what_is_wrong_with_it(warroom):
    said = warroom("oncall", "now")
    assert said.code == 0
    assert "primary" in said.out and "ann until" in said.out
    assert "nobody is on from" in said.out
    assert "for payments: +49 30 1234567" in said.out


def test_an_export_becomes_the_section_and_what_stays_behind_is_said(warroom, tmp_path):
    file = tmp_path / "alertmanager.yml"
    file.write_text("route: {receiver: ops, routes: [{match: {team: web}, continue: true}]}")
    said = warroom("oncall", "import", "alertmanager", str(file))
    assert "goes on to the next route" in said.err
    (tmp_path / "warroom.yaml").write_text(said.out)
    assert warroom("config", "check").code == 0
    assert 'team="web"' in said.out
    assert warroom("oncall", "import", "opsgenie", str(file)).code == 2
    assert warroom("oncall", "import", "grafana", str(tmp_path / "none.json")).code == 2


def test_an_incident_is_acknowledged_and_given_back(warroom):
    assert warroom("ack", "INC-9").code == 3
    warroom.store.create(declared())
    said = warroom("ack", "INC-1", "--by", "duty officer")
    assert (said.code, "yours" in said.out) == (0, True)
    assert warroom("ack", "INC-1", "--release").code == 0
    history = Escalations(warroom.store.engine).history("INC-1")
    assert [(step.act, step.person) for step in history] == [
        ("acknowledged", "duty officer"),
        ("released", "on-call commander"),
    ]
