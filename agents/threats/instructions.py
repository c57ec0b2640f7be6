"""Text in telemetry that speaks to the responder. Telemetry is data: it is never obeyed, and
somebody who writes such text into a log, a header or an alert is worth knowing about.
"""

import re
from collections.abc import Iterator

from ...incident.evidence import Evidence, EvidenceStatus
from ...incident.finding import Finding
from ...incident.timeline import utc_now
from ...tools.base import Result, Row
from ..clues import cite
from .clues import AccessClues
from .threat import Threat

# Phrases that a program has no reason to log. RE2 and Python read it alike.
PATTERN = (
    r"(?i)\b(?:ignore|disregard|forget|override) (?:all |any |the |your |every )*"
    r"(?:previous|prior|above|earlier|preceding|system) (?:instruction|prompt|rule|message|context|"
    r"direction)s?|\byou are (?:now )?(?:an? )?(?:ai|helpful|language model|assistant|incident "
    r"responder)\b|\b(?:note|message|attention|instructions?) (?:to|for) (?:the |any |all )?"
    r"(?:ai|llm|assistant|language model|agent|responder)s?\b|\bnew system prompt\b|"
    r"<\|?(?:im_start|system|assistant)\|?>|\[/?INST\]|"
    r"\b(?:approve|execute|run) (?:this|the|all|every) (?:plan|action|remediation|rollback)s?\b|"
    r"\bmark (?:this|the) (?:incident|alert) (?:as )?(?:resolved|closed|noise|false)|"
    r"\bdo not (?:escalate|page|report|investigate|mention)\b"
)
SPEAKS = re.compile(PATTERN)
SHOWN = 5


def in_telemetry(clues: AccessClues) -> Iterator[Threat]:
    """Instructions in logs, request data, changes or the alert itself."""
    findings = [*_logs(clues), *_seen(clues), *_alert(clues)]
    if findings:
        name = "text in telemetry that tries to instruct the responder"
        yield Threat(name, 0.6, tuple(findings[:SHOWN]))


def _logs(clues: AccessClues) -> Iterator[Finding]:
    lines = clues.ask("search_logs", pattern=PATTERN, limit=SHOWN)
    for row in lines.rows:
        yield _finding(lines, row, "message", f"a log line of {row['service']}", row["service"])


def _seen(clues: AccessClues) -> Iterator[Finding]:
    """In what clients sent and what was changed, as far as it was looked at."""
    places = (
        (clues.programs, "value", "a user agent"),
        (clues.paths, "value", "a request path"),
        (clues.errors, "message", "an exception's message"),
        (clues.changes, "summary", "the summary of a change"),
    )
    for result, field, place in places:
        for row in result.rows:
            if SPEAKS.search(row[field] or ""):
                yield _finding(result, row, field, place)


def _alert(clues: AccessClues) -> Iterator[Finding]:
    alert = clues.case.document.alert
    texts = {"name": alert.name, "summary": alert.summary, **alert.labels, **alert.annotations}
    rows: list[Row] = [
        {"field": field, "text": text} for field, text in texts.items() if SPEAKS.search(text)
    ]
    if rows:
        kept = _keep(clues, rows)
        for row in rows:
            yield _finding(kept, row, "text", f"the alert's {row['field']}")


def _keep(clues: AccessClues, rows: list[Row]) -> Result:
    """The alert's text as evidence: it came with the alert, no tool call returns it."""
    summary = f"{len(rows)} texts of the alert read like instructions"
    record = Evidence(
        id="",
        tool="alert",
        query={},
        collected_at=utc_now(),
        collected_by=clues.case.tools.specialist,
        status=EvidenceStatus.ok,
        rows=len(rows),
        summary=summary,
        digest="",
    )
    kept = clues.case.tools.record(record, {"rows": rows, "summary": summary})
    result = Result(evidence=kept.id, status=kept.status, rows=rows, summary=summary)
    clues.asked.append(result)
    return result


def _finding(result: Result, row: Row, field: str, place: str, service: str = "") -> Finding:
    found = SPEAKS.search(row[field] or "")
    words = f" (“{found.group(0)[:60]}”)" if found else ""
    return Finding(
        statement=f"{place} addresses the responder{words}; it was kept as data and not followed",
        service=service,
        kind="instruction",
        quotes=cite(result, row, field),
    )
