"""What a query's answer proves: what was recorded, never what the query says."""

import pytest

from warroom.telemetry.provenance import provenance


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT service, value FROM metrics", {"service": "service", "value": "value"}),
        ("SELECT * FROM changes WHERE kind = 'deploy' LIMIT 3", None),
        ("SELECT service s, max(value) v FROM metrics GROUP BY 1", {"s": "service", "v": "value"}),
        ("SELECT level, count(*) FROM logs GROUP BY ALL", {"level": "level", "count_star()": ""}),
        ("SELECT sum(value) / count(*) AS mean FROM metrics", {"mean": ""}),
        ("SELECT duration_ms / 1000 AS d FROM traces", {"d": ""}),
        ("SELECT floor(ts / 60) * 60 AS t FROM metrics", {"t": "ts"}),
        ("SELECT strftime(to_timestamp(ts), '%H:%M:%S') t FROM logs", {"t": "ts"}),
        ("SELECT attributes->>'$.sku' AS sku FROM logs", {"sku": "attributes"}),
        ("WITH bad AS (SELECT * FROM logs WHERE level = 'error') SELECT max(ts) FROM bad",
         {"max(ts)": "ts"}),
        ("SELECT max(n) AS most FROM (SELECT service, count(*) n FROM logs GROUP BY 1)",
         {"most": ""}),
        ("SELECT count(*) FILTER (WHERE level = 'error') AS errors FROM logs", {"errors": ""}),
    ],
)  # fmt: skip
def test_what_is_recorded_proves(sql: str, columns: dict[str, str] | None) -> None:
    found = {name: made.column for name, made in provenance(sql).columns.items()}
    assert found == columns if columns else found["diff"] == "diff"


PROVES_NOTHING = [
    "SELECT 99 AS lost",
    "SELECT 99 AS lost FROM logs",
    "SELECT 'down' AS state FROM logs",
    "SELECT CASE WHEN level = 'error' THEN 'down' ELSE level END AS state FROM logs",
    "SELECT if(true, 'down', level) AS state FROM logs",
    "SELECT coalesce(NULL, 99) AS lost, nullif(value, value) AS x FROM metrics",
    "SELECT * FROM (VALUES (99)) AS v(lost)",
    "SELECT n FROM range(99) AS r(n)",
    "SELECT count(*) AS lost FROM logs a, logs b",
    "SELECT a.service, b.value FROM metrics a JOIN metrics b ON true",
    "SELECT count(*) FROM (SELECT ts FROM logs UNION ALL SELECT ts FROM logs)",
    "SELECT count(*) FROM (SELECT unnest([1, 2, 3]) FROM logs)",
    "SELECT value * 0 + 99 AS lost FROM metrics",
    "SELECT value * 37 AS lost FROM metrics",
    "SELECT value - value AS none, value / value AS one FROM metrics",
    "SELECT ts - 1700000000 AS late FROM logs",
    "SELECT ts / 17000000 AS late, floor(ts / 9e8) * 9e8 AS t FROM logs",
    "SELECT message || ' and lost' AS m FROM logs",
    "SELECT replace(message, 'no errors', 'errors') AS m FROM logs",
    "SELECT substr(message, 4) AS m FROM logs",
    "SELECT regexp_extract(message, 'errors found') AS m FROM logs",
    "SELECT strftime(to_timestamp(ts), '99 lost') AS m FROM logs",
    "SELECT string_agg(level, ' lost 99 ') AS m FROM logs",
    "SELECT max(service) AS service FROM metrics",
    "SELECT (SELECT max(value) FROM metrics) AS v FROM logs",
    "SELECT lag(value) OVER (ORDER BY service) AS v FROM metrics",
    "SELECT row_number() OVER () AS lost FROM logs",
    "SELECT value > 5 AS high FROM metrics",
    "WITH v AS (SELECT 99 AS lost FROM logs) SELECT lost FROM v",
    "WITH metrics AS (SELECT 99 AS value) SELECT value FROM metrics",
    "SELECT x FROM logs AS l(x)",
    "SELECT COLUMNS('.*') FROM logs",
    "SELECT * REPLACE (99 AS ts) FROM (SELECT ts FROM logs)",
    "DROP TABLE logs",
    "not SQL",
    "",
]


@pytest.mark.parametrize("sql", PROVES_NOTHING)
def test_what_the_query_says_itself_proves_nothing(sql: str) -> None:
    assert provenance(sql).columns == {}


def test_a_column_that_proves_nothing_takes_no_other_with_it() -> None:
    assert set(provenance("SELECT 99 AS lost, service FROM logs").columns) == {"service"}


@pytest.mark.parametrize(
    ("where", "equals"),
    [
        ("service = 'cart'", {"service": {"cart"}}),
        ("service = 'cart' AND name = 'up'", {"service": {"cart"}, "name": {"up"}}),
        ("service IN ('a', 'b')", {"service": {"a", "b"}}),
        ("service = 'cart' OR true", {}),
        ("NOT service = 'cart'", {}),
        ("lower(service) = name", {}),
    ],
)
def test_what_a_filter_leaves_is_known(where: str, equals: dict[str, set[str]]) -> None:
    found = provenance(f"SELECT value FROM metrics WHERE {where}").equals
    assert {name: set(texts) for name, texts in found.items()} == equals
