"""Which alerts become one incident, and what becomes of it when they end or come back."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from warroom.incident.document import Incident
from warroom.incident.lifecycle import State
from warroom.incident.severity import Severity
from warroom.intake.grouping import Batch, due_rows, group_due
from warroom.intake.scopes import MEDIUM_S, STRONG_S
from warroom.record.store import Store
from warroom.record.tables import ALERTS
from warroom.record.teams import Teams
from warroom.tests.support.alerts import NOW, due, end_work, fires, kept, later, over, put
from warroom.tests.support.databases import fresh

CALLS = {"checkout": frozenset({"payments"})}


@pytest.fixture
def store(place: Path | str) -> Store:
    return Store.open(place)


def group(store: Store, at: float = 0.0) -> list[Incident]:
    """The incidents that heard something."""
    return [store.load(one) for one in group_due(store, later(at), CALLS)]


def test_the_worst_alert_of_a_component_opens_it_and_the_others_join(store: Store) -> None:
    put(store, fires(name="Slow"), fires(name="Down", severity="critical"))
    (incident,) = group(store)
    assert incident.alert.name == "Down"
    assert [(j.alert.name, j.reason) for j in incident.joined] == [
        ("Slow", "cart again, within 5 minutes")
    ]
    assert any("joined: cart again" in event.text for event in incident.timeline)
    assert due(store) == 0


def test_two_that_draw_one_name_in_one_second_are_two(store: Store, monkeypatch) -> None:
    """In one batch, and in a later one: no alert is left without an incident."""
    drawn = iter(["aa", "aa", "bb", "bb", "aa", "cc"])
    monkeypatch.setattr("warroom.intake.telling.utc_now", lambda: NOW)
    monkeypatch.setattr("secrets.token_hex", lambda _bytes: next(drawn))
    put(store, fires("cart"), fires("login"))
    assert len(group(store)) == 2
    put(store, fires("search"), at=1)
    (third,) = group(store, 2)
    assert third.id.endswith("-cc")
    with store.engine.begin() as connection:
        found = connection.execute(select(ALERTS.c.component, ALERTS.c.incident_id)).all()
    names = {row.component: (row.incident_id or "")[-3:] for row in found}
    assert names == {"cart": "-aa", "login": "-bb", "search": "-cc"}


@pytest.mark.parametrize(
    ("labels", "other"),
    [
        ({"env": "staging"}, {"env": "production"}),
        ({"cluster": "a"}, {"cluster": "b"}),
        ({"namespace": "shop"}, {"namespace": "test"}),
        ({"system": "one"}, {"system": "two"}),
        ({}, {"env": "production"}),
    ],
)
def test_what_is_of_another_scope_never_joins(store: Store, labels, other) -> None:
    put(store, fires(**labels))
    put(store, fires(severity="critical", **other), at=1)
    assert len(group(store, 2)) == 2


@pytest.mark.parametrize(
    ("apart", "reason"),
    [
        (STRONG_S - 1, "cart again, within 5 minutes"),
        (MEDIUM_S - 1, "cart again, within 30 minutes"),
        (MEDIUM_S + 1, ""),
    ],
)
def test_the_same_component_joins_within_its_window(store: Store, apart, reason) -> None:
    put(store, fires(name="Slow"))
    (first,) = group(store)
    put(store, fires(name="Down", start=apart), at=apart)
    (second,) = group(store, apart)
    assert (second.id == first.id) is bool(reason)
    assert kept(store)[1].reason == reason
    if not reason:
        assert second.related == [first.id]


@pytest.mark.parametrize(("one", "other"), [("checkout", "payments"), ("payments", "checkout")])
def test_a_neighbour_joins_and_the_reason_says_so(store: Store, one, other) -> None:
    put(store, fires(one))
    (first,) = group(store)
    put(store, fires(other), at=60)
    (second,) = group(store, 60)
    assert second.id == first.id
    assert f"{one}, which alerts too" in kept(store)[1].reason


def test_the_same_error_or_source_address_joins(store: Store) -> None:
    put(store, fires("a", error_type="PoolTimeout", client_ip="10.0.0.9"))
    (first,) = group(store)
    put(store, fires("b", error_type="pooltimeout"), fires("c", client_ip="10.0.0.9"), at=60)
    (second,) = group(store, 60)
    assert second.id == first.id
    assert {e.reason for e in kept(store)} == {
        "",
        "the same error (pooltimeout) within 30 minutes",
        "the same source address (10.0.0.9) within 30 minutes",
    }
    put(store, fires("d"), at=61)
    assert group(store, 61)[0].id != first.id


def test_an_incident_that_ended_unresolved_takes_no_new_alert(store: Store) -> None:
    alert = fires()
    put(store, alert)
    (first,) = group(store)
    end_work(store, first.id)
    assert store.load(first.id).state is State.detected
    put(store, over(alert, 30), at=31)
    put(store, fires(start=60), at=60)
    (second,) = group(store, 60)
    assert second.id != first.id
    assert second.related == [first.id]


def test_the_same_alert_again_finds_its_incident_after_any_time(store: Store) -> None:
    alert = fires()
    put(store, alert)
    (first,) = group(store)
    put(store, over(alert, 30), at=31)
    (ended,) = group(store, 31)
    assert ended.state is State.monitoring
    assert "resolved at its source" in ended.transitions[-1].reason
    put(store, fires(start=5000), at=5000)
    (back,) = group(store, 5000)
    assert (back.id, back.state) == (first.id, State.investigating)
    assert back.transitions[-1].reason == "HighErrorRate fires again"


def test_it_is_watched_once_the_last_alert_has_ended(store: Store) -> None:
    one, two = fires(name="Slow"), fires(name="Down")
    put(store, one, two)
    group(store)
    put(store, over(one, 10), at=11)
    assert group(store, 11)[0].state is State.detected
    put(store, over(two, 20), at=21)
    assert group(store, 21)[0].state is State.monitoring


def test_an_end_that_was_never_told_of_holds_nothing_up(store: Store) -> None:
    """A later episode of the same alert says that the earlier one is over."""
    put(store, fires())
    put(store, fires(start=100), at=100)
    group(store, 100)
    put(store, over(fires(start=100), 150), at=151)
    assert group(store, 151)[0].state is State.monitoring


def test_what_joins_and_is_worse_raises_the_severity(store: Store) -> None:
    put(store, fires())
    (first,) = group(store)
    store.update(first.id, lambda doc: setattr(doc, "severity", Severity.P2))
    put(store, fires(name="Down", severity="critical"), at=10)
    (raised,) = group(store, 10)
    assert raised.severity is Severity.P0
    assert any("P2 is raised to P0" in event.text for event in raised.timeline)
    standing = store.work.standing(first.id)
    assert standing and standing.wake_at is not None


def test_a_word_that_nothing_maps_is_said(store: Store) -> None:
    put(store, fires(severity="purple"))
    (incident,) = group(store)
    assert any("“purple” of receiver am" in event.text for event in incident.timeline)
    assert incident.severity is None


def test_a_storm_ends_as_one_incident_a_component(store: Store) -> None:
    storm = [
        fires(f"service-{number % 50}", f"Alert{number}", severity="critical")
        for number in range(3000)
    ]
    put(store, *storm)
    incidents = group(store)
    assert len(incidents) == 50
    assert due(store) == 0
    assert all(len(incident.timeline) < 60 for incident in incidents)
    assert {e.incident_id for e in kept(store)} == {incident.id for incident in incidents}


def test_two_groupers_at_once_open_one_incident_each(store: Store) -> None:
    for number in range(40):
        put(store, fires(f"s{number % 5}", f"A{number}"), body=b"%d" % number)
    errors = []

    def work() -> None:
        try:
            group_due(store, NOW, CALLS)
        except Exception as error:  # noqa: BLE001 - whatever a thread dies of fails the test
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    group_due(store, NOW, CALLS)
    assert errors == []
    assert len(store.incidents()) == 5
    assert due(store) == 0


def test_one_that_is_killed_while_grouping_leaves_it_to_the_next(store: Store) -> None:
    put(store, fires())

    class Killed(Exception):
        pass

    class Doomed(Batch):
        def _wake(self) -> None:
            raise Killed

    with pytest.raises(Killed), store.durable.begin() as connection:
        Doomed(store, connection, NOW, {}).take(due_rows(connection, NOW.timestamp()))
    assert store.incidents() == []
    (incident,) = group(store)
    assert kept(store)[0].incident_id == incident.id


def test_an_alert_that_fires_while_its_incident_ends_is_taken_by_a_new_one(store: Store) -> None:
    put(store, fires())
    (first,) = group(store)
    put(store, fires(start=3600), at=3600)
    end_work(store, first.id)
    (second,) = group(store, 3600)
    assert second.id != first.id
    assert second.opened_at >= NOW + timedelta(seconds=3600)


def test_where_incidents_keep_ending_all_is_grouped_in_one_call(server: str) -> None:
    """On a server others write meanwhile: once a batch of many began anew until none ended."""
    store = Store.open(fresh(server))
    put(store, *(fires(f"s{number}") for number in range(100)))
    running = [incident.id for incident in group(store)]
    put(store, *(fires(f"s{number}", "Late") for number in range(100)), at=1)
    ends = running[:5]

    @event.listens_for(store.engine, "before_cursor_execute")
    def end_one(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if ends and statement.startswith("UPDATE alerts"):
            end_work(store, ends.pop())

    group(store, 1)
    assert (ends, due(store)) == ([], 0)


def test_what_came_after_the_last_look_is_worked_once_the_incident_ended(store: Store) -> None:
    """It stands on an incident whose response measured nothing after it came."""
    put(store, fires(name="Slow"), fires(name="Down"))
    (first,) = group(store)
    store.look(first.id)
    put(store, fires(name="Late"), over(fires(name="Gone"), 20), at=20)
    (joined,) = group(store, 20)
    assert joined.id == first.id
    assert group(store, 21) == []  # its response may still look
    end_work(store, first.id)
    (second,) = group(store, 22)
    assert (second.alert.name, second.related) == ("Late", [first.id])
    assert {e.alert.name for e in kept(store) if e.incident_id == second.id} == {"Late"}
    assert group(store, 23) == []


def test_what_was_looked_at_is_not_opened_again(store: Store) -> None:
    put(store, fires(name="Slow"))
    (first,) = group(store)
    put(store, fires(name="Down"), at=20)
    group(store, 20)
    store.look(first.id)
    end_work(store, first.id)
    assert group(store, 30) == []


def test_one_that_is_worse_than_before_is_news_too(store: Store) -> None:
    put(store, fires())
    (first,) = group(store)
    store.look(first.id)
    put(store, fires(severity="critical"), at=20)
    group(store, 20)
    end_work(store, first.id)
    (second,) = group(store, 21)
    assert (second.alert.severity, second.related) == ("critical", [first.id])


def test_an_incident_is_from_the_start_of_whoever_has_its_service(store: Store) -> None:
    teams = Teams(store.engine)
    put(store, fires())
    (incident,) = group_due(store, later(0), CALLS, {"cart": "payments"})
    assert teams.sees(frozenset({"payments"}), incident)
    assert not teams.sees(frozenset({"search"}), incident)
    assert teams.sees(None, incident)
