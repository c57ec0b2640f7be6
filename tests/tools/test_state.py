"""What changed of a system's state, and who waits for whom, read off a bundle."""

import json
from pathlib import Path
from typing import Any

import pytest

from warroom.actions.facts import COMMAND, FOLDER, kept
from warroom.tests.support.benches import ONSET, ReadBench, bench_over, empty_bench
from warroom.tests.support.bundles import START, BundleWriter

GRANT = "INSERT on table public.payments to payments"
LOOK = START + 1


class State:
    """Facts as a state log writes them; everything that is known from the first look on."""

    def __init__(self, root: Path) -> None:
        self.writer = BundleWriter(root)
        self.fact("grant", GRANT, "granted")
        self.fact("grant", "SELECT on table public.payments to payments", "granted")
        for name in ("web-1", "web-2"):
            self.process(name, "start", f"{START - 500:.2f} as 10")
            self.process(name, "state", "running")
            self.process(name, "TIMEOUT", "2.0", kind="environment")
            self.process(name, "open files", "1024 of at most 4096", kind="limit")

    def fact(self, kind: str, name: str, value: Any, at: float = LOOK, service: str = "db") -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        row = {"at": at, "service": service, "instance": "", "kind": kind, "object": name}
        self.writer.add("state.jsonl", row | {"value": text})

    def process(
        self, name: str, what: str, value: str, at: float = LOOK, kind: str = "process"
    ) -> None:
        row = {"at": at, "service": "web", "instance": name, "kind": kind, "object": what}
        self.writer.add("state.jsonl", row | {"value": value})

    def bench(self) -> ReadBench:
        self.writer.flush()
        return bench_over(self.writer.root)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path)


def summaries(bench: ReadBench) -> list[str]:
    return [row["summary"] for row in bench.rows("state_changes")]


def test_what_is_as_it_was_is_no_change(state: State) -> None:
    table = state.bench().call("state_changes")
    assert (len(table.rows), table.summary) == (0, "no state has changed")


def test_a_bundle_without_state_says_so(tmp_path: Path) -> None:
    bench = empty_bench(tmp_path)
    assert bench.call("state_changes").summary == "no state was recorded"
    assert not bench.rows("database_sessions")
    assert not bench.rows("database_connections")
    assert {row["modality"] for row in bench.rows("coverage")} == {
        "metrics",
        "logs",
        "traces",
        "changes",
    }


def test_a_grant_that_is_gone_and_a_policy_that_is_new(state: State) -> None:
    state.fact("policy", "few on public.stock", "FOR SELECT TO web USING (false)", ONSET - 3)
    state.fact("grant", GRANT, "", ONSET - 2)
    grant, policy = state.bench().rows("state_changes")
    assert grant["summary"] == "INSERT on table public.payments is no longer granted to payments"
    assert (grant["kind"], grant["role"], grant["seconds_before"]) == ("grant", "payments", 2.0)
    assert (grant["previous"], grant["value"], grant["lasts"]) == ("granted", "", True)
    assert policy["summary"].startswith("policy few on public.stock was added: FOR SELECT")
    assert policy["kind"] == "schema"


def test_what_came_and_went_does_not_last(state: State) -> None:
    state.fact("setting", "statement_timeout of role web", "5ms", ONSET)
    state.fact("setting", "statement_timeout of role web", "", ONSET + 9)
    first, back = state.bench().rows("state_changes")
    assert (first["value"], first["lasts"], first["role"]) == ("5ms", False, "web")
    assert (back["previous"], back["lasts"]) == ("5ms", True)


def test_an_environment_that_came_with_a_restart_of_both_processes(state: State) -> None:
    for name in ("web-1", "web-2"):
        state.process(name, "start", f"{ONSET - 1.5:.2f} as 77", ONSET)
        state.process(name, "TIMEOUT", "0.05", ONSET + 2, kind="environment")
    rows = state.bench().rows("state_changes")
    (turned,) = [row for row in rows if row["kind"] == "environment"]
    assert turned["summary"] == "environment TIMEOUT of web 2.0 → 0.05 since its restart"
    assert (turned["instances"], turned["with_restart"]) == ("web-1, web-2", True)
    assert turned["at"] == ONSET - 1.5
    restarts = [row for row in rows if row["kind"] == "restart"]
    assert [row["summary"] for row in restarts] == [
        "web-1 was started again",
        "web-2 was started again",
    ]


CLOSED = "AS PERMISSIVE FOR SELECT TO web USING (false)"


@pytest.mark.parametrize(
    "kind,name,before,now,eases",
    [
        ("grant", "membership in staff to web", "", "granted", True),
        ("grant", "membership in staff to web", "granted", "", False),
        ("grant", "owner of table public.stock", "shop", "web", False),
        ("policy", "row security on public.stock", "enabled", "", True),
        ("policy", "row security on public.stock", "", "enabled", False),
        ("policy", "few on public.stock", "", CLOSED, True),
        ("policy", "few on public.stock", CLOSED, CLOSED.replace("false", "true"), False),
        ("policy", "few on public.stock", "", CLOSED.replace("PERMISS", "RESTRICT"), False),
        ("setting", "login of role web", "off", "on", True),
        ("setting", "login of role web", "on", "expired", False),
        ("setting", "connection limit of role web", "8", "-1", True),
        ("setting", "connection limit of role web", "-1", "8", False),
        ("setting", "statement_timeout", "5", "50", False),
        ("limit", "open files", "32 of at most 64", "64 of at most unlimited", True),
        ("limit", "open files", "64 of at most 64", "32 of at most 128", False),
        ("environment", "PORT", "80", "443", False),
    ],
)
def test_what_only_allows_more_is_known(
    state: State, kind: str, name: str, before: str, now: str, eases: bool
) -> None:
    state.fact(kind, name, before)
    state.fact(kind, name, now, ONSET - 2)
    bench = state.bench()
    [changed] = bench.call("state_changes").rows
    [listed] = bench.call("recent_changes").rows
    assert (changed.eases, listed.eases) == (eases, eases)


def test_a_limit_that_was_moved_while_the_process_ran(state: State) -> None:
    state.process("web-1", "open files", "32 of at most 4096", ONSET, kind="limit")
    state.process("web-1", "open files", "100% or more of 32", ONSET)
    assert summaries(state.bench()) == [
        "limit open files of web 1024 of at most 4096 → 32 of at most 4096",
        "web-1 uses 100% or more of 32 open files",
    ]


def test_a_process_that_stands_still_and_one_that_is_given_up(state: State) -> None:
    state.process("web-1", "state", "stopped by a signal", ONSET)
    state.process("web-2", "state", "fatal", ONSET + 1)
    assert summaries(state.bench()) == [
        "web-1: running → stopped by a signal",
        "web-2: running → fatal",
    ]


def test_a_process_that_ends_again_and_again_is_told_once(state: State) -> None:
    for at in range(4):
        state.process("web-1", "state", "backoff", ONSET + 3 * at)
        state.process(
            "web-1", "start", f"{ONSET + 3 * at + 1:.2f} as {at + 80}", ONSET + 3 * at + 1
        )
        state.process("web-1", "state", "running", ONSET + 3 * at + 1)
    state.process("web-1", "state", "backoff", ONSET + 13)
    rows = state.bench().rows("state_changes")
    assert [(row["summary"], row["lasts"]) for row in rows] == [
        ("web-1: running → backoff, 5 times", True),
        ("web-1 was started again, 4 times", True),
        ("web-1: backoff → running, 4 times", False),
    ]


def test_what_is_no_news_is_not_told(state: State) -> None:
    """Another look dates the same process anew; a spare is started; a release has its folder."""
    state.process("web-1", "start", f"{START - 500.2:.2f} as 10", ONSET)
    state.process("web-3", "start", f"{ONSET:.2f} as 12", ONSET + 1)
    state.process("web-3", "TIMEOUT", "2.0", ONSET + 1, kind="environment")
    state.process("web-1", FOLDER, "/srv/v1", kind="environment")
    state.process("web-1", FOLDER, "/srv/v2", ONSET - 8, kind="environment")
    state.process("web-1", COMMAND, "web --fast", kind="environment")
    state.writer.change(ONSET - 10, "deploy", "web", "v2")
    assert summaries(state.bench()) == []


def test_changes_of_state_stand_among_the_changes_once(state: State) -> None:
    state.fact("grant", GRANT, "", ONSET - 2)
    state.process("web-1", "start", f"{ONSET - 20:.2f} as 77", ONSET - 19)
    state.process("web-2", "start", f"{ONSET - 40:.2f} as 78", ONSET - 39)
    state.writer.change(ONSET - 20.4, "restart", "web", "web-1/77")
    state.writer.change(ONSET - 30, "deploy", "web", "v2")
    bench = state.bench()
    rows = bench.rows("recent_changes")
    assert [row["kind"] for row in rows] == ["grant", "restart", "deploy", "restart"]
    grant = rows[0]
    assert (grant["service"], grant["previous"], grant["version"]) == ("db", "granted", "")
    assert grant["files"] == GRANT
    assert grant["id"] in {row["id"] for row in bench.rows("state_changes")}
    assert [row["kind"] for row in bench.rows("change_history")] == [row["kind"] for row in rows]


def test_a_function_shows_what_is_otherwise_in_it(state: State) -> None:
    text = "CREATE FUNCTION price()\nRETURN {}\n"
    state.fact("function", "public.price()", text.format(1))
    state.fact("function", "public.price()", text.format(0), ONSET)
    (row,) = state.bench().rows("recent_changes")
    assert "-RETURN 1\n+RETURN 0" in row["diff"]


def test_what_could_not_be_looked_at_is_said(state: State) -> None:
    gap = "the database could not be inspected: connection refused"
    state.fact("unread", "the sessions of the database", gap, ONSET)
    bench = state.bench()
    for tool in ("state_changes", "database_sessions", "database_connections"):
        assert gap in bench.call(tool).summary
    (covered,) = [row for row in bench.rows("coverage") if row["modality"] == "state"]
    assert covered["problem"] == gap


WHO = {
    "waiting_role": "payments",
    "waiting_application": "payments-1",
    "relation": "stock",
    "mode": "RowExclusiveLock",
    "blocker": f"99/{ONSET - 30:.6f}",
    "blocker_role": "postgres",
    "blocker_application": "psql",
    "blocker_since": ONSET - 4.5,
}


def test_who_waits_for_whom_and_how_long(state: State) -> None:
    held = {"statement": "UPDATE stock", "blocker_state": "idle in transaction"}
    held["blocker_statement"] = "LOCK TABLE stock"
    for at, waiting in ((ONSET - 3, 1), (ONSET + 1, 6), (ONSET + 3, 4)):
        state.fact("wait", json.dumps(WHO), held | {"waiting": waiting}, at)
    state.fact("wait", json.dumps(WHO | {"blocker": "1/2"}), held | {"waiting": 1}, START + 2)
    state.fact("wait", json.dumps(WHO | {"blocker": "1/2"}), "", START + 4)
    bench = state.bench()
    (row,) = bench.rows("database_sessions")
    assert (row["waiting"], row["relation"], row["ended"]) == (6, "stock", False)
    assert (row["blocker"], row["blocker_application"]) == (WHO["blocker"], "psql")
    assert (row["blocker_state"], row["held_s"]) == ("idle in transaction", 24.5)
    summary = "6 sessions waited for what 1 held; 6 still wait"
    assert bench.call("database_sessions").summary == summary


def test_connections_of_a_role_against_its_limit_and_the_healthy_time(state: State) -> None:
    role = json.dumps({"role": "web"})
    state.fact("connections", role, {"used": 6, "limit": 8, "by": "web-1 6"})
    state.fact("connections", role, {"used": 8, "limit": 8, "by": "web-1 6, psql 2"}, ONSET + 2)
    state.fact("connections", json.dumps({"role": ""}), {"used": 20, "limit": 60})
    web, whole = state.bench().rows("database_connections")
    assert (web["role"], web["used"], web["limit"], web["share"]) == ("web", 8, 8, 1.0)
    assert (web["used_before"], web["by"]) == (6, "web-1 6, psql 2")
    assert (whole["role"], whole["share"]) == ("", 0.3333)


def test_rows_that_nobody_would_write_are_left_out(state: State) -> None:
    for value in ("[1]", "{", '{"waiting": "x"}', "9" * 400):
        state.fact("wait", value, value, ONSET)
        state.fact("connections", value, value, ONSET)
    state.process("web-1", "start", "yesterday", ONSET)
    assert not state.bench().rows("database_connections")
    assert state.bench().call("database_sessions").summary
    assert summaries(state.bench()) == ["web-1 was started again"]


@pytest.mark.parametrize(
    "name,value",
    [
        ("DB_PASSWORD", "hunter2"),
        ("API_TOKEN", "t0ken"),
        ("DATABASE_DSN", "host=db password=x"),
        ("aws_secret_access_key", "AKIA"),
        ("UPSTREAM", "https://user:pass@host/x"),
    ],
)
def test_a_secret_is_a_digest_that_tells_one_from_another(name: str, value: str) -> None:
    masked = kept(name, value, "key")
    assert value not in masked and masked.startswith("secret, digest ")
    assert masked == kept(name, value, "key") != kept(name, value + "2", "key")
    assert masked != kept(name, value, "another key")


@pytest.mark.parametrize("name", ["TIMEOUT", "KEYBOARD", "PRIMARY_KEYWORDS", "MONKEY", "COMPASS"])
def test_what_is_no_secret_is_kept(name: str) -> None:
    assert kept(name, "https://host/x", "key") == "https://host/x"
