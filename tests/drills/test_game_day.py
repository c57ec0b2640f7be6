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
from warroom.incident.timeline import utc_now
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
    file, checks = debrief(settings, store.load(incident))
    text = file.read_text()
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
