"""Workers on PostgreSQL, as real processes: any number, whichever of them dies."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from warroom.app.configuration import Sources
from warroom.app.record import Record
from warroom.errors import InputError
from warroom.record.database import url_of
from warroom.record.store import Store
from warroom.record.waking import ENDED, WAITING
from warroom.service.queue import SCHEMA, set_up, work_on
from warroom.settings import Settings
from warroom.tests.support.databases import fresh
from warroom.tests.support.serving import working
from warroom.tests.support.working import begun, reject_all, statuses, taken, until


@contextmanager
def processes(settings: Settings, number: int) -> Iterator[list[subprocess.Popen[str]]]:
    telemetry = str(settings.home / "bundle")
    place = {"WARROOM_DATABASE_URL": settings.database_url}
    with ExitStack() as started:
        yield [
            started.enter_context(working(settings.home, "--telemetry", telemetry, **place))
            for _ in range(number)
        ]


def over(store: Store, incidents: list[str]) -> bool:
    reject_all(store)
    return statuses(store, incidents) <= {*ENDED}


def test_workers_need_a_server(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="WARROOM_DATABASE_URL"):
        work_on(Settings(home=tmp_path), Sources())


@pytest.mark.reliability
@pytest.mark.timeout(300)
def test_what_a_killed_worker_held_is_taken_up_and_one_that_is_told_to_stop_does(
    tmp_path: Path, server: str
) -> None:
    settings, _sources, found = taken(tmp_path, fresh(server))
    store = Record(settings).store
    with processes(settings, 2) as (first, second):
        until(lambda: begun(store), "a step begins")
        first.send_signal(signal.SIGKILL)
        first.wait()
        until(lambda: statuses(store, found) == {WAITING}, "all wait for a person")
        until(lambda: over(store, found), "all are over")
        second.send_signal(signal.SIGTERM)
        assert second.wait(60) == 0
    numbers = [[event.number for event in store.events.after(0, one, 10_000)] for one in found]
    assert all(each == list(range(1, len(each) + 1)) for each in numbers)


@pytest.mark.reliability
@pytest.mark.timeout(300)
def test_what_the_queue_loses_is_made_again(tmp_path: Path, server: str) -> None:
    """Our table is the truth: the queue may be emptied, or hold what is not due."""
    settings, _sources, found = taken(tmp_path, fresh(server), ("gateway",))
    store = Record(settings).store
    with processes(settings, 1):
        until(lambda: statuses(store, found) == {WAITING}, "it waits for a person")
        with psycopg.connect(settings.database_url, autocommit=True) as connection:
            connection.execute(f"TRUNCATE {SCHEMA}.procrastinate_jobs CASCADE".encode())
            # As whoever was stopped for long finds it: taken for dead and forgotten.
            connection.execute(f"DELETE FROM {SCHEMA}.procrastinate_workers".encode())
        until(lambda: over(store, found), "it is over")


@pytest.mark.reliability
@pytest.mark.timeout(300)
def test_a_worker_that_was_stopped_past_its_lease_leaves_it_to_the_others(
    tmp_path: Path, server: str
) -> None:
    settings, _sources, found = taken(tmp_path, fresh(server), ("gateway",))
    store = Record(settings).store
    with processes(settings, 1) as (first,):
        until(lambda: begun(store), "a step begins")
        os.kill(first.pid, signal.SIGSTOP)
        with processes(settings, 1):
            until(lambda: statuses(store, found) == {WAITING}, "the second has taken it up")
            before = store.load(found[0])
            os.kill(first.pid, signal.SIGCONT)
            first.send_signal(signal.SIGTERM)
            assert first.wait(60) == 0
            assert store.load(found[0]) == before


def test_tables_of_another_release_of_the_queue_are_left_alone(server: str) -> None:
    dsn = url_of(fresh(server)).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA procrastinate_older")
        connection.execute("CREATE TABLE procrastinate_older.procrastinate_jobs (id int)")
        for _ in range(2):  # by each process that starts
            set_up(dsn)
        query = (
            "SELECT table_schema, count(*) FROM information_schema.columns "
            "WHERE table_schema LIKE 'procrastinate%' GROUP BY 1"
        )
        columns = dict(connection.execute(query).fetchall())
    assert columns["procrastinate_older"] == 1
    assert columns[SCHEMA] > 20
