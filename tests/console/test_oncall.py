"""`warroom ack` and `warroom oncall now`, as a person types them."""

import pytest

from warroom.record.escalations import Escalations
from warroom.record.store import Store
from warroom.settings import Settings
from warroom.tests.support.incidents import declared
from warroom.tests.support.serving import ran

FILE = """
oncall:
  schedules:
    - {name: primary, layers: [{participants: [ann], start: 2026-01-05T09:00}]}
    - name: nights
      layers: [{participants: [ben], start: 2026-01-05T09:00, hours: ["00:00-00:01"]}]
"""


@pytest.fixture
def home(tmp_path):
    made = tmp_path / "home"
    made.mkdir(mode=0o700)
    (made / "warroom.yaml").write_text(FILE)
    return made


def test_who_is_on_and_what_is_wrong_with_it(home):
    code, said = ran(home, "oncall", "now", WARROOM_CONFIG=str(home / "warroom.yaml"))
    assert code == 0
    assert "primary" in said and "ann until" in said
    assert "nobody is on from" in said


def test_an_export_becomes_the_section_and_what_stays_behind_is_said(home):
    file = home / "alertmanager.yml"
    file.write_text("route: {receiver: ops, routes: [{match: {team: web}, continue: true}]}")
    code, said = ran(home, "oncall", "import", "alertmanager", str(file))
    assert code == 0
    section = said[: said.index("  !")]
    (home / "warroom.yaml").write_text(section)
    assert ran(home, "--config", str(home / "warroom.yaml"), "config", "check")[0] == 0
    assert 'team="web"' in section and "goes on to the next route" in said


def test_an_incident_is_acknowledged_and_given_back(home):
    store = Store.open(Settings(home=home).database)
    store.create(declared())
    code, said = ran(home, "ack", "INC-1", "--by", "duty officer")
    assert (code, "yours" in said) == (0, True)
    assert ran(home, "ack", "INC-1", "--release")[0] == 0
    acts = [(step.act, step.person) for step in Escalations(store.engine).history("INC-1")]
    assert acts == [("acknowledged", "duty officer"), ("released", "on-call commander")]
