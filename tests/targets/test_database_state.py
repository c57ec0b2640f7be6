"""What a real PostgreSQL says of itself, and what is put back of it."""

import json
from collections.abc import Iterator

import psycopg
import pytest

from warroom.actions.facts import FactKind, Facts, differences
from warroom.actions.state import RestoreDatabase
from warroom.errors import ToolFailed
from warroom.targets.database_state import DatabaseState
from warroom.targets.operations import Operations
from warroom.tests.support.postgres import postgres, run

INSERT = (FactKind.grant, "INSERT on table public.stock to shop")
FUNCTION = (FactKind.function, "public.price(a integer)")


@pytest.fixture(scope="module")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("pg")) as found:
        yield found


@pytest.fixture
def database(dsn: str) -> Iterator[DatabaseState]:
    state = DatabaseState(dsn)
    yield state
    state.close()


def facts(database: DatabaseState) -> Facts:
    found: Facts = {}
    for reading in database.inspect():
        assert not reading.gap
        found |= reading.facts
    return {key: value for key, value in found.items() if key[0] is not FactKind.connections}


CHANGES = [
    ("REVOKE INSERT ON stock FROM shop", "GRANT INSERT ON stock TO shop", INSERT),
    (
        "GRANT SELECT (note) ON stock TO payments",
        "REVOKE SELECT (note) ON stock FROM payments",
        (FactKind.grant, "SELECT on table public.stock (note) to payments"),
    ),
    (
        "REVOKE shop FROM payments",
        "GRANT shop TO payments",
        (FactKind.grant, "membership in shop to payments"),
    ),
    (
        "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC",
        "GRANT CONNECT ON DATABASE postgres TO PUBLIC",
        (FactKind.grant, "CONNECT on database postgres to PUBLIC"),
    ),
    (
        "ALTER TABLE stock ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE stock DISABLE ROW LEVEL SECURITY",
        (FactKind.policy, "row security on public.stock"),
    ),
    (
        "CREATE POLICY few ON stock FOR SELECT TO payments USING (units > 3)",
        "DROP POLICY few ON stock",
        (FactKind.policy, "few on public.stock"),
    ),
    (
        "ALTER TABLE stock ADD CONSTRAINT small CHECK (units < 10)",
        "ALTER TABLE stock DROP CONSTRAINT small",
        (FactKind.constraint, "small on public.stock"),
    ),
    (
        "DROP INDEX by_note",
        "CREATE INDEX by_note ON stock (note)",
        (FactKind.index_, "by_note on public.stock"),
    ),
    (
        "CREATE OR REPLACE FUNCTION price(a int) RETURNS int LANGUAGE sql AS 'SELECT a / 0'",
        "CREATE OR REPLACE FUNCTION price(a int) RETURNS int LANGUAGE sql AS 'SELECT a'",
        FUNCTION,
    ),
    (
        "ALTER ROLE payments SET statement_timeout TO '5ms'",
        "ALTER ROLE payments RESET statement_timeout",
        (FactKind.setting, "statement_timeout of role payments"),
    ),
    (
        "ALTER ROLE payments SET work_mem TO '64kB'",
        "ALTER ROLE payments SET work_mem TO '8MB'",
        (FactKind.setting, "work_mem of role payments"),
    ),
    (
        "ALTER ROLE payments SET search_path TO nowhere, elsewhere",
        "ALTER ROLE payments RESET search_path",
        (FactKind.setting, "search_path of role payments"),
    ),
    (
        "ALTER DATABASE postgres SET default_transaction_read_only TO on",
        "ALTER DATABASE postgres RESET default_transaction_read_only",
        (FactKind.setting, "default_transaction_read_only of database postgres"),
    ),
    (
        "ALTER ROLE payments CONNECTION LIMIT 1",
        "ALTER ROLE payments CONNECTION LIMIT 8",
        (FactKind.setting, "connection limit of role payments"),
    ),
    (
        "ALTER ROLE payments NOLOGIN",
        "ALTER ROLE payments LOGIN VALID UNTIL 'infinity'",
        (FactKind.setting, "login of role payments"),
    ),
    (
        "ALTER SYSTEM SET statement_timeout TO '70ms'",
        "ALTER SYSTEM RESET statement_timeout",
        (FactKind.setting, "statement_timeout"),
    ),
]


@pytest.mark.parametrize("change,back,fact", CHANGES, ids=lambda value: str(value)[:40])
def test_a_change_is_one_fact_and_is_put_back_and_taken_back(
    database: DatabaseState, change: str, back: str, fact: tuple[FactKind, str]
) -> None:
    before = facts(database)
    writes = "SET default_transaction_read_only TO off"
    run(database.dsn, writes, change)
    try:
        after = facts(database)
        assert list(differences(before, after)) == [fact]
        was, now = before.get(fact, ""), after.get(fact, "")
        system = Operations(DatabaseState(database.dsn))
        action = RestoreDatabase(target="database", what=fact[0], object=fact[1], now=now, to=was)
        receipt = system.perform(action)
        stored = receipt.model_dump(mode="json")
        assert (receipt.changed, stored["before"], stored["after"]) == (True, now, was)
        assert facts(database) == before
        assert not system.perform(action).changed
        assert system.undo(action, stored).changed
        assert facts(database) == after
        system.perform(action)
        assert facts(database) == before
    finally:
        if facts(database) != before:
            run(database.dsn, writes, back)


def test_sessions_that_began_with_the_setting_begin_anew(database: DatabaseState) -> None:
    run(database.dsn, "CREATE ROLE slow LOGIN", "ALTER ROLE slow SET work_mem TO '64kB'")
    try:
        began = [psycopg.connect(database.dsn, user="slow", autocommit=True) for _ in range(2)]
        began[1].autocommit = False
        assert began[1].execute("SHOW work_mem").fetchone() == ("64kB",)  # in a transaction now
        name = "work_mem of role slow"
        done = DatabaseState(database.dsn).put(
            "database", FactKind.setting, name, now="64kB", to=""
        )
        assert done.note == (
            "1 sessions that began with another value were ended; 1 are still at work with it"
        )
        with pytest.raises(psycopg.OperationalError):
            began[0].execute("SELECT 1")
        assert began[1].execute("SELECT 1").fetchone() == (1,)
        began[1].close()
    finally:
        run(database.dsn, "DROP ROLE slow")


def test_what_is_another_by_now_is_left_alone(database: DatabaseState) -> None:
    before = facts(database)
    with pytest.raises(ToolFailed, match=r"is 8MB by now, not 64kB: nothing was changed"):
        DatabaseState(database.dsn).put(
            "database", FactKind.setting, "work_mem of role payments", now="64kB", to="4MB"
        )
    assert facts(database) == before


HOSTILE = [
    (FUNCTION, "SELECT 1; DROP TABLE stock", "no such definition"),
    (FUNCTION, "CREATE OR REPLACE FUNCTION x() RETURNS int LANGUAGE sql AS 'SELECT 1'", "too"),
    (
        FUNCTION,
        "CREATE OR REPLACE FUNCTION price(a int) RETURNS int LANGUAGE sql AS ''; DROP TABLE stock",
        "multiple commands",
    ),
    ((FactKind.constraint, "c on public.stock"), "CHECK (true), DROP COLUMN note", "too"),
    ((FactKind.constraint, "c on public.stock"), "CHECK (true); DROP TABLE stock", "multiple"),
    ((FactKind.policy, "p on public.stock"), "USING (true); DROP TABLE stock", "multiple"),
    ((FactKind.grant, "INSERT on table stock to shop; DROP TABLE stock"), "granted", "by hand"),
    ((FactKind.grant, "owner of table public.stock"), "shop", "by hand"),
    ((FactKind.setting, "max_connections"), "500", "restart it"),
]


@pytest.mark.parametrize("fact,to,says", HOSTILE, ids=lambda value: str(value)[-40:])
def test_nothing_but_the_approved_fact_changes(
    database: DatabaseState, fact: tuple[FactKind, str], to: str, says: str
) -> None:
    before = facts(database)
    with pytest.raises(ToolFailed, match=says):
        DatabaseState(database.dsn).put("database", *fact, now=before.get(fact, ""), to=to)
    assert facts(database) == before


def waits(database: DatabaseState) -> list[tuple[dict, dict]]:
    readings = {reading.part: reading.facts for reading in database.inspect()}
    rows = readings["the sessions of the database"].items()
    return [
        (json.loads(thing), json.loads(value))
        for (kind, thing), value in rows
        if kind is FactKind.wait
    ]


def test_who_waits_for_whom_and_the_one_who_holds_is_ended(database: DatabaseState) -> None:
    holds = psycopg.connect(database.dsn, application_name="nightly")
    holds.execute("LOCK TABLE stock IN ACCESS EXCLUSIVE MODE")
    waiting = psycopg.connect(database.dsn, application_name="payments-1")
    waiting.pgconn.send_query(b"SELECT count(*) FROM stock")
    while not (found := waits(database)):
        pass
    [(who, how)] = found
    assert (who["waiting_application"], who["blocker_application"]) == ("payments-1", "nightly")
    assert (who["relation"], who["mode"], how["waiting"]) == ("stock", "AccessShareLock", 1)
    assert how["blocker_state"] == "idle in transaction"
    changes = DatabaseState(database.dsn)
    assert changes.end(who["blocker"], "another").note == "it is gone already"
    ended = changes.end(who["blocker"], "nightly")
    assert (ended.changed, ended.released) == (True, 1)
    answer = waiting.pgconn.get_result()
    assert answer is not None and answer.get_value(0, 0) == b"9"
    assert not changes.end(who["blocker"], "nightly").changed
    assert not waits(database)
    with pytest.raises(psycopg.OperationalError):
        holds.execute("SELECT 1")
    waiting.close()


def test_a_session_that_holds_nobody_up_is_left_alone(database: DatabaseState) -> None:
    with psycopg.connect(database.dsn, application_name="quiet") as quiet:
        query = (
            "SELECT format('%s/%s', pid, extract(epoch FROM backend_start)) FROM pg_stat_activity"
        )
        row = quiet.execute(f"{query} WHERE pid = pg_backend_pid()".encode()).fetchone()
        assert row
        left = DatabaseState(database.dsn).end(row[0], "quiet")
        assert (left.changed, left.note) == (False, "nobody waits for it any more")
        assert quiet.execute("SELECT 1").fetchone() == (1,)


def test_catalogues_that_are_locked_are_a_gap_and_sessions_still_tell(
    database: DatabaseState,
) -> None:
    with psycopg.connect(database.dsn, application_name="migration") as other:
        other.execute("LOCK TABLE pg_catalog.pg_class IN ACCESS EXCLUSIVE MODE")
        gaps = [reading.gap for reading in database.inspect()]
    assert any("the database could not be inspected" in gap for gap in gaps)
    assert not any(reading.gap for reading in database.inspect())


def test_a_database_that_is_away_is_a_gap() -> None:
    readings = list(DatabaseState("postgresql://127.0.0.1:9/none").inspect())
    assert len(readings) == 3
    assert all("could not be inspected: connection failed" in one.gap for one in readings)


def test_a_full_database_is_still_looked_at(dsn: str) -> None:
    """The connection is kept, so one that came first stays."""
    state = DatabaseState(dsn)
    facts(state)
    run(dsn, "ALTER DATABASE postgres CONNECTION LIMIT 0")
    assert facts(state)[FactKind.setting, "connection limit of database postgres"] == "0"
    run(dsn, "ALTER DATABASE postgres CONNECTION LIMIT -1")
    state.close()
