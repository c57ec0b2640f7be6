"""Whole responses on both databases: what is kept of them while they wait, and a server that goes
away under them."""

import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from warroom.agents.runtime.case import Case, PlaybookOnly
from warroom.incident.action import Verdict
from warroom.incident.events import PlaybookAnswered, ResponseEvent
from warroom.incident.report import AnyReport
from warroom.record.checkpoints import open_checkpointer
from warroom.record.database import url_of
from warroom.record.store import Store
from warroom.response import Response
from warroom.targets.stand_ins import Rehearsal
from warroom.tests.support.crashing import writes
from warroom.tests.support.databases import fresh
from warroom.tests.support.postgres import postgres, restart
from warroom.tests.support.responses import alert, begin, decide, finish, inventory, room_over

CHECKPOINTS = {
    "sqlite": ("checkpoints", "writes"),
    "postgresql": ("checkpoints", "checkpoint_writes", "checkpoint_blobs"),
}
MOST_BYTES = 1_000_000
MOST_COMMITS = 75
"""Of a response that writes, evidence and all; it was 217 when each piece was written by itself."""
LONG_S = 60.0


def kept(context, place: Path | str) -> dict[str, list]:
    """The rows of LangGraph's tables."""
    sqlite = isinstance(place, Path)
    engine = sa.create_engine(url_of(context.settings.checkpoints if sqlite else place))
    with engine.connect() as connection:
        names = CHECKPOINTS[engine.dialect.name]
        return {n: list(connection.execute(sa.text(f"SELECT * FROM {n}"))) for n in names}


def test_a_response_waits_goes_on_elsewhere_and_ends(tmp_path: Path, place: Path | str) -> None:
    hands = Rehearsal(inventory())
    first, incident = begin(room_over(tmp_path, hands=hands, place=place))
    assert first.waiting(incident) and not hands.acted
    second = Response(room_over(tmp_path, hands=hands, place=place))
    finish(second, incident, Verdict.approved)
    assert len(hands.acted) >= 1
    assert len(hands.acted) == len(set(map(str, hands.acted)))
    assert second.context.store.load(incident).reports


def test_what_waits_takes_little_room(tmp_path: Path, place: Path | str) -> None:
    context = room_over(tmp_path, hands=Rehearsal(inventory()), place=place)
    _response, incident = begin(context)
    rows = kept(context, place)
    size = sum(len(str(row)) for table in rows.values() for row in table)
    assert 0 < size < MOST_BYTES
    graphs = [row[:2] for row in rows["checkpoints"]]
    assert len(graphs) == len(set(graphs)), "more than the newest of a graph is kept"
    with open_checkpointer(context.settings) as saver:
        saver.delete_thread(incident)
    assert not any(kept(context, place).values())


def test_a_clock_that_is_set_back_starts_nothing_again(
    tmp_path: Path, place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LangGraph orders checkpoints by an id that is made of the time."""
    hands = Rehearsal(inventory())
    response, incident = begin(room_over(tmp_path, hands=hands, place=place))
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() - 3_600_000_000_000)
    monkeypatch.setattr("langgraph.checkpoint.base.id._last_v6_timestamp", None)
    finish(response, incident, Verdict.approved)
    assert len(hands.acted) == len(set(map(str, hands.acted)))


def test_its_events_are_kept_as_they_were_told(tmp_path: Path, place: Path | str) -> None:
    context = room_over(tmp_path, hands=Rehearsal(inventory()), place=place)
    response = Response(context)
    incident, _ = response.take(alert())
    told: list[ResponseEvent] = list(response.run(incident))
    stored = context.store.events.after(incident_id=incident, limit=10_000)
    by_itself = ("alert_taken", "asked", "state_changed", "message_sent")
    assert [s.event for s in stored if s.event.event not in by_itself] == told
    assert {s.event.event for s in stored} >= {"step_done", "evidence_kept", *by_itself}
    assert [s.number for s in stored] == list(range(1, len(stored) + 1))


class Followed(PlaybookOnly):
    """Thinks until somebody who follows has seen what the playbook said."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.seen: dict[int, bool] = {}

    def improve(self, case: Case, floor: AnyReport) -> AnyReport:
        until, said = time.monotonic() + LONG_S, PlaybookAnswered(report=floor)
        while not (seen := self._stored(case.document.id, said)) and time.monotonic() < until:
            time.sleep(0.02)
        self.seen[case.step.number] = seen
        return floor

    def _stored(self, incident: str, said: PlaybookAnswered) -> bool:
        return any(s.event == said for s in self.store.events.after(incident_id=incident))


def test_who_follows_sees_a_step_while_it_is_worked(tmp_path: Path, place: Path | str) -> None:
    context = room_over(tmp_path, hands=Rehearsal(inventory()), place=place)
    layer = context.model_layer = Followed(context.store)
    begin(context)
    assert len(layer.seen) >= 3 and all(layer.seen.values())


def test_it_writes_seldom(
    tmp_path: Path, place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slow this machine is: a step is one transaction, a message two, an effect three."""
    monkeypatch.setattr("warroom.record.evidence.MOMENT_S", 1e6)
    context = room_over(tmp_path, hands=Rehearsal(inventory()), place=place, max_attempts=1)
    commits: list[None] = []

    def count(connection: sa.Connection) -> None:
        if writes(connection):
            commits.append(None)

    event.listen(context.store.engine, "commit", count)
    response, incident = begin(context)
    finish(response, incident, Verdict.approved)
    assert context.store.load(incident).reports
    assert 40 < len(commits) <= MOST_COMMITS


@pytest.mark.thorough
def test_a_server_that_crashes_under_a_response_changes_nothing(tmp_path: Path) -> None:
    with postgres(tmp_path, ()) as server:
        hands = Rehearsal(inventory())
        context = room_over(tmp_path, hands=hands, place=fresh(server))
        response, incident = begin(context)
        restart(tmp_path)
        decide(context, incident, Verdict.approved)
        restart(tmp_path)
        finish(response, incident, Verdict.approved)
        assert len(hands.acted) == len(set(map(str, hands.acted))) >= 1
        assert response.over(incident)
        context.store.engine.dispose()
        response.__exit__()


def test_two_processes_may_set_the_tables_up_at_once(tmp_path: Path, server: str) -> None:
    import threading

    settings = room_over(tmp_path, place=fresh(server)).settings
    failed: list[BaseException] = []

    def open_once() -> None:
        try:
            with open_checkpointer(settings) as saver:
                assert saver.get_tuple({"configurable": {"thread_id": "none"}}) is None
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=open_once) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
