"""A game day is scored by what a response owes: each criterion by an incident that meets it, and by
one that does not."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from warroom.app import lifecycle
from warroom.drills.game_day import (
    CARDS,
    FACILITATOR,
    KEPT,
    criteria,
    debrief,
    of_record,
    restored,
    told,
)
from warroom.drills.surprise.draw import draw
from warroom.incident.document import Alert, Incident, Joined
from warroom.incident.people import Duty
from warroom.incident.severity import Severity
from warroom.incident.timeline import Event, EventKind, utc_now
from warroom.record.store import Store
from warroom.settings import Settings
from warroom.tests.support.consoles import kept
from warroom.tests.support.incidents import declared
from warroom.tests.support.people import person

SEED = next(s for s in range(99) if Severity.P1 in draw(s, "queue").truth.level)
TRUTH = draw(SEED, "queue").truth
ANN = person("ann")


@pytest.fixture
def store(tmp_path):
    return Store.open(Settings(home=tmp_path, database_url="").database)


def opened(store):
    made = declared(Severity.P2, "labels")
    return kept(store, made.model_copy(update={"opened_at": utc_now(), "timeline": []})).id


def scored(store, incident, looks):
    return {one.name: one for one in criteria(store.load(incident), TRUTH, looks)}


def test_nobody_did_anything(store):
    now = utc_now().timestamp()
    found = scored(
        store, opened(store), [(now, True, ["labels"]), (now + 5, True, ["a", "labels"])]
    )
    assert not any(found[name].met for name in ("restored", "severity", "updates", "command"))
    assert (found["no cascade"].met, found["no cascade"].answer) == (False, "a")
    assert found["postmortem"].met is found["action items"].met is None


def test_people_who_do_all_of_it_meet_it_all(store):
    incident = opened(store)
    lifecycle.assign(store, incident, Duty.commander, "ann", ANN)
    lifecycle.set_severity(store, incident, Severity.P1, "labels stand still", ANN)
    lifecycle.note(store, incident, "We have rolled back", ANN)
    now = utc_now().timestamp()
    found = scored(store, incident, [(now, True, ["labels"]), (now + 5, False, [])])
    assert all(found[n].met for n in ("restored", "severity", "updates", "no cascade", "command"))


def test_what_warroom_measured_and_told_is_nothing_that_people_did(store):
    incident = opened(store)

    def change(document):
        now = document.opened_at
        for kind in (EventKind.severity, EventKind.message):
            document.record(Event(at=now, actor="comms", kind=kind, text="told"))

    store.update(incident, change)
    found = scored(store, incident, [])
    assert not found["severity"].met and found["severity"].answer == "set by nobody"
    assert not found["updates"].met
    lifecycle.assign(store, incident, Duty.commander, "ann", ANN)
    assert found["updates"].answer == scored(store, incident, [])["updates"].answer == "0"


def test_a_level_that_was_measured_is_met_once_somebody_confirms_it(store):
    incident = opened(store)
    store.update(incident, lambda document: setattr(document, "severity", Severity.P1))
    found = lifecycle.set_severity(store, incident, Severity.P1, "labels stand still", ANN)
    assert found.timeline[-1].text == "severity confirmed as P1: labels stand still"
    assert scored(store, incident, [])["severity"].met


def test_a_postmortem_counts_once_people_published_it(store):
    document = store.load(opened(store))
    text = "| action | owner | due |\n|---|---|---|\n| Check rows | labels | 2026-12-02 |\n"
    found = {one.name: one for one in criteria(document, TRUTH, [], text)}
    assert found["postmortem"].met and found["action items"].met
    assert found["action items"].answer == "1"


def test_the_facilitators_own_cards_are_no_update_of_the_people(store):
    incident = opened(store)
    lifecycle.note(store, incident, "Support asks", FACILITATOR)
    assert not scored(store, incident, [])["updates"].met


def test_it_is_restored_when_nothing_hurts_any_more_and_never_if_it_comes_back():
    looks = [(1.0, True, []), (2.0, False, []), (3.0, True, []), (4.0, False, []), (5.0, False, [])]
    assert restored(looks) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=4)
    assert restored(looks[:3]) is restored([]) is None


def test_cards_come_in_time_and_the_last_ones_are_hints_at_the_truth():
    assert [card.at for card in CARDS] == sorted(card.at for card in CARDS)
    said = [told(card, TRUTH) for card in CARDS]
    assert said[-1] == f"Hint: {TRUTH.cause}"
    assert not any("$" in text for text in said)


def test_the_debrief_is_written_again_from_what_was_kept(store, tmp_path):
    settings, incident = Settings(home=tmp_path, database_url=""), opened(store)
    facts = {"seed": SEED, "world": "queue", "silent": True, "looks": [[1.0, True, ["labels"]]]}
    settings.files(incident).mkdir(parents=True, exist_ok=True)
    (settings.files(incident) / KEPT).write_text(json.dumps(facts))
    early = utc_now() - timedelta(hours=1)
    line = Event(at=early, actor="ann", kind=EventKind.action, text="done by hand: x")
    lifecycle.note(store, incident, "We look", ANN)
    store.update(incident, lambda document: document.record(line))
    file, checks = debrief(settings, store.load(incident))
    text = file.read_text()
    assert text.index("done by hand: x (ann)") < text.index("We look (ann)")
    assert TRUTH.cause in text and "It was silent." in text
    assert all(f"| {one.name} |" in text for one in checks)


def joined(minutes: int, service: str, opened_at: datetime) -> Joined:
    alert = Alert(name="Slow", service=service, source="prometheus", fingerprint=service)
    return Joined(at=opened_at + timedelta(minutes=minutes), alert=alert, reason="it calls it")


def test_any_incident_is_scored_by_its_record(store, tmp_path):
    """§3: no cascade, clear command."""
    settings, incident = Settings(home=tmp_path, database_url=""), opened(store)
    found = {one.name: one for one in of_record(store.load(incident))}
    assert not any(found[name].met for name in ("restored", "updates", "command"))
    assert found["no cascade"].met
    lifecycle.assign(store, incident, Duty.commander, "ann", ANN)
    lifecycle.set_severity(store, incident, Severity.P1, "labels stand still", ANN)
    lifecycle.note(store, incident, "we have rolled back", ANN)
    lifecycle.resolve(store, incident, "rolled back", ANN)

    def spread(document: Incident) -> None:
        document.joined = [
            joined(at, name, document.opened_at) for at, name in ((2, "a"), (9, "b"))
        ]

    store.update(incident, spread)
    file, checks = debrief(settings, store.load(incident))
    found = {one.name: one for one in checks}
    assert all(found[n].met for n in ("restored", "severity", "updates", "command"))
    assert (found["no cascade"].met, found["no cascade"].answer) == (False, "b")
    assert f"# Debrief: {incident}" in file.read_text() and "Warroom" not in file.read_text()
