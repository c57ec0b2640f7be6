"""SQL for a model: what is asked of telemetry is answered, everything else is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warroom.errors import ToolFailed, ToolRetry
from warroom.telemetry.bundle import no_telemetry, open_bundle
from warroom.telemetry.model import Window
from warroom.telemetry.queries import LONGEST_CELL, LONGEST_SQL, QueryAnswer, select
from warroom.telemetry.recording import Recording
from warroom.tests.support.benches import ONSET, ReadBench, bench_over
from warroom.tests.support.bundles import START, BundleWriter
from warroom.tools.base import MAX_ROWS, Frame


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> ReadBench:
    """300 lines of one minute, a tenth of them errors, one very long; a span; a change."""
    root = tmp_path_factory.mktemp("sql") / "bundle"
    with BundleWriter(root) as bundle:
        for n in range(300):
            level = "error" if n % 10 == 0 else "info"
            text = "x" * 2000 if n == 299 else f"line {n}; it's read_csv('/etc/passwd')"
            bundle.log(START + n / 5, "cart", text, level, http__route="/pay")
        bundle.span(ONSET, "cart", "POST /pay", ("t1", "s1", ""), ms=250)
        bundle.change(ONSET, "deploy", "cart", "c1")
        bundle.metric(ONSET, "up", "cart", 1)
    return bench_over(root)


def rows(bench: ReadBench, sql: str) -> list[dict[str, Any]]:
    return bench.rows("query_telemetry", sql=sql)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT level, count(*) AS n FROM logs GROUP BY level ORDER BY n DESC",
         [{"level": "info", "n": 270}, {"level": "error", "n": 30}]),
        ("select attributes->>'$.\"http.route\"' as route, count(*) n from logs group by all;",
         [{"route": "/pay", "n": 300}]),
        ("WITH bad AS (SELECT * FROM logs WHERE level = 'error') SELECT count(*) n FROM bad",
         [{"n": 30}]),
        ("/* how many */ SELECT 1 AS one; -- done; really", [{"one": 1}]),
        ("SELECT message FROM logs WHERE message ILIKE '%read_csv(%' ORDER BY ts LIMIT 1",
         [{"message": "line 0; it's read_csv('/etc/passwd')"}]),
        ("SELECT 'nan'::DOUBLE a, 'inf'::FLOAT b, 1.5 c, 7::HUGEINT d, {'k': 1} e, true f, null g",
         [{"a": None, "b": None, "c": 1.5, "d": 7, "e": "{'k': 1}", "f": True, "g": None}]),
        ("SELECT duration_ms FROM traces t JOIN changes c ON c.at = t.start",
         [{"duration_ms": 250.0}]),
        ("SELECT strftime(to_timestamp(ts)::TIMESTAMP, '%Y') AS year FROM metrics",
         [{"year": "2023"}]),
        ("FROM metrics SELECT count(*) AS n", [{"n": 1}]),
        ("SELECT ts - 1 AS t, id FROM changes ORDER BY ts", [{"t": ONSET - 1, "id": "c1"}]),
        ("SELECT duration_ms FROM traces WHERE ts > 0", [{"duration_ms": 250.0}]),
        ("SELECT split_part(upper(message), ';', 1) AS m FROM logs ORDER BY ts LIMIT 1",
         [{"m": "LINE 0"}]),
        ("SELECT replace(regexp_extract(message, 'line [0-9]+'), 'line', 'row') AS m FROM logs"
         " ORDER BY ts LIMIT 1", [{"m": "row 0"}]),
        ("SELECT strftime(to_timestamp(ts) AT TIME ZONE 'UTC', '%H:%M') AS t FROM metrics",
         [{"t": "22:14"}]),
        ("SELECT ts, ts FROM metrics", [{"ts": ONSET, "ts_1": ONSET}]),
    ],
)  # fmt: skip
def test_a_select_over_telemetry_is_answered(
    bench: ReadBench, sql: str, expected: list[dict[str, Any]]
) -> None:
    assert rows(bench, sql) == expected


Guard = Callable[[str], object]


@pytest.fixture(scope="module")
def guard(bench: ReadBench) -> Guard:
    """What the sandbox does, without its process."""
    assert isinstance(bench.telemetry, Recording)
    tables, held = bench.telemetry.tables, bench.telemetry.held
    with tables.lock:
        parts = tables.copies.bring_up(tables.db, held)
    folder = str(tables.copies.folder)
    return lambda sql: select(folder, folder, parts, sql, 10)[0]


REFUSED = [
    "COPY logs TO 'out.csv'",
    "COPY (SELECT * FROM logs) TO 'out.parquet'",
    "ATTACH 'other.db' AS o",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET threads = 8",
    "SET enable_external_access = true",
    "RESET memory_limit",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('*')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM '/etc/passwd'",
    'SELECT * FROM "changes.jsonl"',
    "SELECT (SELECT content FROM read_text('/etc/passwd'))",
    "WITH a AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM a",
    "CREATE TABLE t (i INT)",
    "CREATE MACRO f() AS 1",
    "INSERT INTO logs (ts, message) VALUES (1, 'x')",
    "WITH x AS (INSERT INTO logs (ts, message) VALUES (1, 'x') RETURNING 1) SELECT * FROM x",
    "DELETE FROM logs",
    "UPDATE logs SET message = ''",
    "DROP TABLE logs",
    "EXPORT DATABASE 'x'",
    "CALL pragma_version()",
    "BEGIN",
    "PREPARE p AS SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE logs",
    "/* SELECT */ DROP TABLE logs",
    "SELECT 1 -- \n; DELETE FROM logs",
    "-- SELECT 1\nDELETE FROM logs",
    "SELECT 1) AS a; DELETE FROM logs; SELECT * FROM (SELECT 1",
    "SELECT getenv('HOME')",
    "SELECT current_setting('temp_directory')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('logs')",
    "SELECT * FROM pragma_table_info('logs')",
    "SELECT length(repeat('x', 1000000000))",
    "SELECT replace(message, 'a', 'aaaaaaaa') FROM logs",
    "SELECT replace(message, 'a', level) FROM logs",
    "SELECT replace(message, '', 'a') FROM logs",
    "SELECT regexp_matches(message, '(a?){500}(a?){500}b') FROM logs",
    f"SELECT regexp_matches(message, '{'a?' * 150}') FROM logs",
    "SELECT regexp_extract(message, level) FROM logs",
    "SELECT printf('%1000000000d', 1)",
    "SELECT max(levenshtein(a.message, b.message)) FROM logs a, logs b",
    "SELECT strftime(to_timestamp(1), string_agg(message, '%c')) FROM logs",
    f"SELECT strftime(to_timestamp(1), '{'%c' * 50}')",
    "WITH duckdb_settings AS (SELECT 1) SELECT * FROM duckdb_settings",
    "SELECT len(range(1000000000))",
    f"SELECT {' || '.join(['message'] * 20)} FROM logs",
    "SELECT $1",
    "SELECT nothing FROM logs",
    "SELEC 1",
    "SELECT '\ud800' FROM nowhere",
    "SELECT '\0' FROM nowhere",
    "",
    " ; -- nothing",
    f"SELECT {'abs(' * 500}1{')' * 500}",
    f"SELECT 1 -- {'x' * LONGEST_SQL}",
    f"SELECT {', '.join(f'{n} AS c{n}' for n in range(50))}",
]


@pytest.mark.parametrize("sql", REFUSED, ids=map(ascii, range(len(REFUSED))))
def test_everything_else_is_refused_with_what_to_do(guard: Guard, sql: str) -> None:
    with pytest.raises(ToolRetry) as refusal:
        guard(sql)
    advice = ("give exactly one", "rewrite", "the tables are", "at most", "use ", "name those")
    assert any(words in str(refusal.value) for words in (*advice, "simpler"))
    assert len(str(refusal.value)) < 800


@pytest.mark.parametrize(
    ("sql", "instead"),
    [
        ("SELECT at, id FROM changes", "the time of every table is `ts`"),
        ("SELECT at - 5 AS t FROM changes", "the time of every table is `ts`"),
        ("SELECT servce FROM logs", "write service"),
        ("SELECT durations FROM traces", "write duration_ms"),
        ("SELECT uppercase(message) FROM logs", "use upper"),
        ("SELECT * FROM log", "the tables are metrics(ts, "),
    ],
)
def test_a_refusal_says_what_to_write_instead(guard: Guard, sql: str, instead: str) -> None:
    with pytest.raises(ToolRetry) as refusal:
        guard(sql)
    assert instead in str(refusal.value)


def test_a_refusal_reaches_who_asked(bench: ReadBench) -> None:
    with pytest.raises(ToolRetry, match="rewrite it as one SELECT"):
        rows(bench, "DROP TABLE logs")
    assert rows(bench, "SELECT count(*) AS n FROM logs") == [{"n": 300}]


def test_no_more_rows_come_back_than_may(bench: ReadBench) -> None:
    table = bench.call("query_telemetry", sql="SELECT ts FROM logs ORDER BY ts DESC")
    assert len(table.rows) == MAX_ROWS
    assert "there are more" in table.summary
    times = [row.record()["ts"] for row in table.rows]
    assert times == sorted(times, reverse=True)


def test_a_long_cell_is_cut(bench: ReadBench) -> None:
    found = rows(
        bench, "SELECT message, list(message) AS l FROM logs WHERE ts > 1700000059.7 GROUP BY 1"
    )
    assert [len(value) for value in found[0].values()] == [LONGEST_CELL] * 2


def query(bench: ReadBench, sql: str, seconds: float) -> QueryAnswer:
    assert isinstance(bench.telemetry, Recording)
    return bench.telemetry.query(sql, 10, seconds)


PRODUCT = "logs a, logs b, logs c, logs d, logs e"


def test_a_product_of_everything_is_killed_and_the_next_question_answered(bench: ReadBench) -> None:
    with pytest.raises(ToolFailed, match=r"stopped after 0.3 s; narrow ts"):
        query(bench, f"SELECT count(*) FROM {PRODUCT} WHERE a.ts < b.ts + c.ts", 0.3)
    assert query(bench, "SELECT 1 AS n", 5).rows == [{"n": 1}]


def test_a_query_that_wants_too_much_memory_fails_alone(bench: ReadBench) -> None:
    with pytest.raises(ToolFailed, match="more memory than it may take"):
        query(bench, f"SELECT length(string_agg(a.message, '')) FROM {PRODUCT}", 30)
    assert query(bench, "SELECT count(*) AS n FROM logs", 5).rows == [{"n": 300}]


def test_what_was_appended_is_seen(tmp_path: Path) -> None:
    with BundleWriter(tmp_path / "b") as bundle:
        bundle.log(START, "cart", "one")
        bundle.flush()
        recorder = open_bundle(tmp_path / "b")
        one = recorder.recording.query("SELECT count(*) AS n FROM logs", 1)
        assert one.rows == [{"n": 1}]
        bundle.log(START, "cart", "two")
        bundle.flush()
        two = recorder.advance().query("SELECT count(*) AS n FROM logs", 1)
        assert two.rows == [{"n": 2}]


def test_without_telemetry_there_is_an_answer_with_the_reason() -> None:
    frame = Frame(Window(0, 10), Window(10, 20))
    table = ReadBench(no_telemetry().recording, frame).call("query_telemetry", sql="SELECT 1")
    assert table.rows == []
    assert "takes no SQL: no telemetry was given" in table.summary


words = st.sampled_from(
    ["SELECT", "FROM", "logs", "(", ")", "*", ",", ";", "--", "/*", "*/", "'", '"', "1", "UNION",
     "WITH", "a", "AS", "DELETE", "read_text('/etc/passwd')", "WHERE", "\n", "$$", "COPY", "TO"]
)  # fmt: skip


@pytest.mark.thorough
@settings(deadline=None)
@given(st.lists(words, max_size=12).map(" ".join) | st.text(max_size=40))
def test_no_text_does_anything_but_answer_or_be_refused(guard: Guard, sql: str) -> None:
    try:
        found = guard(sql)
    except (ToolRetry, ToolFailed):
        found = []
    assert "root:" not in json.dumps(found)
