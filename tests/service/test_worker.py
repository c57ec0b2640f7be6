"""The worker: what is due is worked, several at once; who stops or dies leaves nothing behind."""

import threading
from pathlib import Path

import pytest

from warroom.app.configuration import Sources
from warroom.app.configuration_file import NAMED
from warroom.app.work import respond
from warroom.record.store import Store
from warroom.record.waking import ENDED, WAITING
from warroom.service import worker as worker_module
from warroom.service.worker import Worker
from warroom.settings import Settings
from warroom.tests.support.databases import ONE_SLOWLY
from warroom.tests.support.failing_system import write_failing
from warroom.tests.support.log_backends import LokiBackend
from warroom.tests.support.prometheus_backend import PrometheusBackend
from warroom.tests.support.responses import alert
from warroom.tests.support.working import begun, reject_all, statuses, taken, until


def over(store: Store, incidents: list[str]) -> bool:
    """Whether all are, with every question turned down."""
    reject_all(store)
    return statuses(store, incidents) <= {*ENDED}


@pytest.mark.thorough
@ONE_SLOWLY
def test_what_is_due_is_worked_to_its_end(tmp_path: Path, place: Path | str) -> None:
    settings, sources, found = taken(tmp_path, place)
    worker = Worker(settings, sources, slots=3)
    store = worker.turns.store
    worker.start()
    assert worker.alive
    until(lambda: statuses(store, found) == {WAITING}, "all wait for a person")
    assert all(store.load(incident).reports for incident in found)
    until(lambda: over(store, found), "all are over")
    assert worker.stop()
    assert not worker.alive


@ONE_SLOWLY
def test_two_workers_never_work_one_incident_together(
    tmp_path: Path, place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, sources, found = taken(tmp_path, place)
    now: set[str] = set()
    twice: list[str] = []
    lock = threading.Lock()
    turn = worker_module.Response.turn

    def noted(self, held):
        with lock:
            twice.extend(now & {held.incident_id})
            now.add(held.incident_id)
        try:
            yield from turn(self, held)
        finally:
            with lock:
                now.discard(held.incident_id)

    monkeypatch.setattr(worker_module.Response, "turn", noted)
    workers = [Worker(settings, sources, slots=2) for _ in range(2)]
    for worker in workers:
        worker.start()
    store = workers[0].turns.store
    until(lambda: over(store, found), "all are over")
    assert [worker.stop() for worker in workers] == [True, True]
    assert twice == []
    assert all(len(store.load(incident).reports) >= 8 for incident in found)


@pytest.mark.thorough
@ONE_SLOWLY
def test_a_worker_that_stops_gives_back_what_it_holds(tmp_path: Path, place: Path | str) -> None:
    settings, sources, found = taken(tmp_path, place)
    worker = Worker(settings, sources, slots=2)
    store = worker.turns.store
    worker.start()
    until(lambda: begun(store), "a step begins")
    assert worker.stop()
    assert "held" not in statuses(store, found)
    second = Worker(settings, sources)
    second.start()
    until(lambda: over(store, found), "all are over")
    assert second.stop()


def test_an_incident_that_cannot_be_opened_harms_no_other(
    tmp_path: Path, place: Path | str
) -> None:
    settings, sources, found = taken(tmp_path, place)
    broken, *others = found
    folder = settings.files(broken)
    folder.mkdir(parents=True)
    kept = Sources(telemetry=tmp_path / "gone")
    (folder / "sources.json").write_text(kept.model_dump_json())
    worker = Worker(settings, sources, slots=2)
    store = worker.turns.store
    worker.start()
    until(lambda: over(store, others), "the others are over")
    standing = store.work.standing(broken)
    assert standing and standing.attempts >= 1
    assert "not a directory" in standing.why
    assert worker.stop()


def test_a_thread_that_goes_on_after_its_incident_was_given_back_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, sources, found = taken(tmp_path, tmp_path / "warroom.db", ("gateway",))
    begun, go_on = threading.Event(), threading.Event()
    case = worker_module.Response.turn.__globals__["replace"]

    def slow(context, **changes):
        held = case(context, **changes)
        begun.set()
        go_on.wait(60)
        return held

    monkeypatch.setitem(worker_module.Response.turn.__globals__, "replace", slow)
    worker = Worker(settings, sources)
    store = worker.turns.store
    worker.start()
    assert begun.wait(60)
    assert not worker.stop(grace_s=0.1)
    assert statuses(store, found) == {WAITING}
    before = store.load(found[0])
    go_on.set()
    until(lambda: not worker._running, "the thread has ended")
    assert store.load(found[0]) == before


def test_a_settings_home_without_an_incident_is_quiet(tmp_path: Path) -> None:
    worker = Worker(Settings(home=tmp_path))
    worker.start()
    assert worker.stop()


def test_the_next_turn_asks_backends_for_what_is_new_alone(tmp_path, monkeypatch) -> None:
    servers = {"prometheus": PrometheusBackend(), "loki": LokiBackend()}
    write_failing(*servers.values())
    lines = [f"- {{name: {kind}, type: {kind}, url: {it.where}}}" for kind, it in servers.items()]
    (tmp_path / "warroom.yaml").write_text("\n".join(["datasources:", *lines, ""]))
    monkeypatch.setenv(NAMED, str(tmp_path / "warroom.yaml"))
    settings = Settings(home=tmp_path / "home", database_url="")
    with respond(settings, Sources()) as response:
        now = alert("checkout", "f").model_copy(update={"starts_at": None})
        incident, _ = response.take(now)
    turns = worker_module.Turns(settings, Sources())
    oldest = []
    for _ in range(2):
        before = len(servers["loki"].asked)
        with turns._response(incident) as response:
            response.context.observe(turns.store.load(incident))
            response.context.recorder.advance()
        asked = [one for one in servers["loki"].asked[before:] if one.get("start")]
        oldest.append(min(int(one["start"]) for one in asked))
    assert oldest[1] - oldest[0] > 600e9  # the quarter of an hour was not asked for again
    turns.close()
    for server in servers.values():
        server.close()
