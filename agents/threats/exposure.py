"""What lies open: certificates that have expired or are about to, secrets written to logs. And text
in telemetry that speaks to the responder: telemetry is data, it is never obeyed, and somebody who
writes such text into a log, a header or an alert is worth knowing about.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ...incident.evidence import Evidence, EvidenceStatus
from ...incident.finding import Finding
from ...incident.timeline import utc_now
from ...text_safety.injection import speaks
from ...tools.base import Result, Row
from ...tools.certificates import CertificateEnd
from ...tools.hostile import HostileText, hostile_texts
from ...tools.logs import search_logs
from ..causes.observations import finding
from .observations import AccessObservations, Threat, words

DAY = 86_400
SOON = 14 * DAY
"""Seconds before expiry from which a renewal is due."""


def expiring(seen: AccessObservations) -> Iterator[Threat]:
    """Expired certificates are a threat; those that expire soon a finding."""
    for row in seen.certificates.rows:
        left = row.seconds_left
        if left is None or left > SOON:
            continue
        name = f"certificate of {row.service} has expired" if left <= 0 else "renewal due"
        yield Threat(name, 0.9 if left <= 0 else 0.2, (_finding(seen, row, left),))


def _finding(seen: AccessObservations, row: CertificateEnd, left: float) -> Finding:
    when = (
        f"expired {-left / DAY:.1f} days ago" if left <= 0 else f"expires in {left / DAY:.1f} days"
    )
    text = f"the certificate {row.subject} of {row.service} {when}"
    proof = ("subject", "not_after", "seconds_left")
    return finding("certificate", text, seen.certificates, row, *proof)


def secrets_in_logs(seen: AccessObservations) -> Iterator[Threat]:
    """Keys, tokens and passwords in log lines. The secret itself is never repeated here."""
    lines = seen.ask(search_logs, pattern=words().secrets, limit=20)
    services = list(dict.fromkeys(row.service for row in lines.rows))
    if not services:
        return
    findings = []
    for service in services:
        row = next(row for row in lines.rows if row.service == service)
        text = f"{service} writes a key, token or password to its log"
        findings.append(finding("exposure", text, lines, row, "service", "ts", "level"))
    exposure = f"secrets lie in the logs of {', '.join(services)}: replace them and mask the output"
    yield Threat("secrets in logs", 0.5, tuple(findings), exposure=exposure)


SHOWN = 5


@dataclass(frozen=True, slots=True)
class AlertText(Row):
    """A text of the alert that reads like an instruction."""

    field: str
    text: str
    phrase: str


def instructions(seen: AccessObservations) -> Iterator[Threat]:
    """Instructions in logs, spans, labels, request data, changes or the alert itself."""
    findings = [*_alert(seen), *_written(seen)]
    if findings:
        name = "text in telemetry that tries to instruct the responder"
        yield Threat(name, 0.6, tuple(findings[:SHOWN]))


def _written(seen: AccessObservations) -> Iterator[Finding]:
    """What others wrote into telemetry."""
    found = seen.ask(hostile_texts)
    for row in found.rows:
        of = f" of {row.service}" if row.service else ""
        yield _addressed(found, row, f"a text of others ({row.place}{of})")


def _alert(seen: AccessObservations) -> Iterator[Finding]:
    alert = seen.case.document.alert
    texts = {"name": alert.name, "summary": alert.summary, **alert.labels, **alert.annotations}
    rows = [
        AlertText(field, text, phrases[0])
        for field, text in texts.items()
        if (phrases := speaks(text))
    ]
    if rows:
        kept = _keep(seen, rows)
        for row in rows:
            yield _addressed(kept, row, f"the alert's {row.field}")


def _keep(seen: AccessObservations, rows: list[AlertText]) -> Result[AlertText]:
    """The alert's text as evidence: it came with the alert, no tool call returns it."""
    summary = f"{len(rows)} texts of the alert read like instructions"
    record = Evidence(
        id="",
        tool="alert",
        query={},
        collected_at=utc_now(),
        collected_by=seen.case.tools.specialist,
        status=EvidenceStatus.ok,
        rows=len(rows),
        summary=summary,
        digest="",
    )
    kept = seen.case.tools.record(
        record, {"rows": [row.record() for row in rows], "summary": summary}
    )
    result = Result(evidence=kept.id, status=kept.status, rows=rows, summary=summary)
    seen.asked.append(result)
    return result


def _addressed(result: Result[Row], row: HostileText | AlertText, place: str) -> Finding:
    words = f"“{row.phrase[:60]}”"
    text = f"{place} addresses the responder ({words}); it was kept as data, not followed"
    return finding("instruction", text, result, row, "text")
