"""Do the sources agree on what time it is? Traces tie log lines and services together."""

import duckdb

TOLERANCE_S = 2.0
"""A difference below this is network, queueing and rounding."""

LOGS_AGAINST_SPANS = """
SELECT count(*), median(l.ts - t.start - t.length / 2), max(t.length)
FROM logs l JOIN (
    SELECT trace_id, min(start) AS start, max(start + duration_ms / 1000) - min(start) AS length
    FROM traces GROUP BY trace_id
) t USING (trace_id) WHERE l.trace_id <> ''
"""
SERVICE_AGAINST_CALLER = """
SELECT callee.service, median(callee.start - caller.start), count(*)
FROM traces callee JOIN traces caller
  ON callee.parent_id = caller.span_id AND callee.trace_id = caller.trace_id
WHERE callee.service <> caller.service
GROUP BY callee.service
HAVING count(*) >= 5 AND (median(callee.start - caller.start) < -$t
    OR median(callee.start - caller.start - caller.duration_ms / 1000) > $t)
""".replace("$t", str(TOLERANCE_S))


def clock_problems(db: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """What clocks disagree about, in words, by the modality where it shows."""
    problems: dict[str, list[str]] = {}
    count, offset, longest = db.execute(LOGS_AGAINST_SPANS).fetchall()[0]
    if count >= 5 and abs(offset) > TOLERANCE_S + longest:
        text = f"clock is {_words(offset)} that of the traces it belongs to"
        problems.setdefault("logs", []).append(text)
    for service, offset, _ in db.execute(SERVICE_AGAINST_CALLER).fetchall():
        text = f"clock of {service} is {_words(offset)} its callers'"
        problems.setdefault("traces", []).append(text)
    return problems


def _words(offset: float) -> str:
    return f"{abs(offset):.1f} s {'ahead of' if offset > 0 else 'behind'}"
