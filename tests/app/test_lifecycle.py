"""What people change of an incident by hand, on both databases; and that a response heeds it."""

from pathlib import Path

import pytest

from warroom.app import lifecycle
from warroom.errors import InputError, NotFound
from warroom.incident.action import Verdict
from warroom.incident.events import PersonActed
from warroom.incident.impact import assess
from warroom.incident.levels import reassess
from warroom.incident.lifecycle import State
from warroom.incident.people import Duty
from warroom.incident.report import Assessment
from warroom.incident.severity import Category, Severity
from warroom.incident.timeline import utc_now
from warroom.record import audit
from warroom.record.claims import Does, Effect
from warroom.record.events import EventLog
from warroom.record.store import Store
from warroom.record.waking import OVER
from warroom.targets.stand_ins import Rehearsal
from warroom.tests.support.consoles import kept
from warroom.tests.support.incidents import declared
from warroom.tests.support.people import person
from warroom.tests.support.responses import begin, finish, inventory, room_over

ANN, BEN = person("ann"), person("ben")


@pytest.fixture
def store(place: Path | str) -> Store:
    return Store.open(place)


@pytest.fixture
def incident(store: Store) -> str:
    return kept(store, declared(Severity.P2, "checkout")).id


def acts(store: Store, incident: str) -> list[str]:
    found = [stored.event for stored in EventLog(store.engine).after(0, incident)]
    return [event.act for event in found if isinstance(event, PersonActed)]


def test_a_duty_is_taken_and_handed_over_with_a_note(store: Store, incident: str):
    lifecycle.assign(store, incident, Duty.commander, "ann", ANN)
    lifecycle.assign(store, incident, Duty.expert, "cat", ANN)
    lifecycle.assign(store, incident, Duty.expert, "dan", ANN)
    found = lifecycle.assign(store, incident, Duty.commander, "ben", ANN, "the rollback waits")
    assert [(p.name, p.duty) for p in found.participants] == [
        ("cat", Duty.expert),
        ("dan", Duty.expert),
        ("ben", Duty.commander),
    ]
    assert found.timeline[-1].text == "ben is commander now, from ann: the rollback waits"
    assert acts(store, incident) == ["assign"] * 4


def test_sent_again_it_stands_there_once(store: Store, incident: str):
    lifecycle.note(store, incident, "the provider\nconfirms it", ANN)
    found = lifecycle.note(store, incident, "the provider confirms  it", ANN)
    lines = [event.text for event in found.timeline if event.actor == "ann"]
    assert lines == ["the provider confirms it"]


def test_a_level_set_by_hand_stands_until_worse_is_measured(store: Store, incident: str):
    found = lifecycle.set_severity(store, incident, Severity.P3, "only the test shop", ANN)
    assert (found.severity, found.timeline[-1].text) == (
        Severity.P3,
        "severity lowered from P2 to P3: only the test shop",
    )
    impact = assess(Severity.P2, Category.application)
    for measured, stands in (("P2", "P3"), ("P3", "P3"), ("P1", "P1")):
        document = store.load(incident)
        now = Assessment(severity=Severity(measured), rule="as measured", impact=impact)
        reassess(document, now, "triage", utc_now())
        assert document.severity == stands, measured
    with pytest.raises(InputError, match="P3 already"):
        lifecycle.set_severity(store, incident, Severity.P3, "again", BEN)


def test_both_of_two_related_ones_say_so(store: Store, incident: str):
    other = declared(Severity.P2, "payments")
    other.id = "INC-OTHER"
    kept(store, other)
    lifecycle.relate(store, incident, other.id, "the same deploy", ANN)
    assert store.load(incident).related == [other.id]
    assert store.load(other.id).related == [incident]
    with pytest.raises(NotFound):
        lifecycle.relate(store, incident, "INC-NONE", "a guess", ANN)
    assert store.load(incident).related == [other.id]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "//evil.example", "https://", "https://a\nb", "ftp://a.b"]
)
def test_a_link_is_an_address(store: Store, incident: str, url: str):
    with pytest.raises(InputError, match="address"):
        lifecycle.link(store, incident, url, "board", ANN)
    assert store.load(incident).links == []


def test_it_is_resolved_reopened_and_closed_with_reasons_on_record(store: Store, incident: str):
    with pytest.raises(InputError, match="resolve it first"):
        lifecycle.close(store, incident, "done", ANN)
    assert lifecycle.resolve(store, incident, "the provider is back", ANN).ended_by == "ann"
    with pytest.raises(InputError, match="resolved already"):
        lifecycle.resolve(store, incident, "again", BEN)
    assert lifecycle.reopen(store, incident, "it fails again", BEN).state is State.investigating
    lifecycle.resolve(store, incident, "now it is", BEN)
    found = lifecycle.close(store, incident, "the postmortem is published", BEN)
    assert [(t.state, t.actor) for t in found.transitions[-4:]] == [
        (State.resolved, "ann"),
        (State.investigating, "ben"),
        (State.resolved, "ben"),
        (State.closed, "ben"),
    ]
    assert acts(store, incident) == ["resolve", "reopen", "resolve", "close"]
    assert audit.verify(store.engine).fault == ""


def test_nothing_is_resolved_while_an_action_is_under_way(store: Store, incident: str):
    effect = Effect(incident, Does.execute, "a" * 64, target="shop/checkout", approved=False)
    assert store.ledger.claim(effect) is None
    with pytest.raises(InputError, match="under way"):
        lifecycle.resolve(store, incident, "it is over", ANN)
    assert store.load(incident).state is not State.resolved


def test_a_response_that_waits_for_a_yes_tells_and_learns_instead(tmp_path: Path):
    """Nothing is begun any more, and what was said by a person stands whatever is measured."""
    context = room_over(tmp_path, hands=Rehearsal(inventory()))
    response, incident = begin(context)
    assert response.waiting(incident)
    lifecycle.resolve(context.store, incident, "rolled back by hand", ANN)
    assert not [one for one in response.waiting(incident) if one.kind == "action"]
    list(response.run(incident))
    finish(response, incident, Verdict.rejected)  # texts
    document = context.store.load(incident)
    assert document.executions == []
    assert document.state is State.post_incident
    assert any(report.step == 11 for report in document.reports)
    standing = context.store.work.standing(incident)
    assert standing and standing.status == OVER
