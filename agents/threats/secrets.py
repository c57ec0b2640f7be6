"""Secrets written to logs: whoever reads the logs can use them."""

from collections.abc import Iterator

from ...incident.finding import Finding
from ...tools.logs import search_logs
from ..causes.observations import cite
from .observations import AccessObservations
from .threat import Threat

# Only forms that can hardly be anything else. RE2 and Python read it alike.
PATTERN = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY|A[KS]IA[0-9A-Z]{16}|Bearer [A-Za-z0-9._~+/-]{20,}|"
    r"gh[pousr]_[A-Za-z0-9]{30}|xox[abprs]-[0-9A-Za-z-]{10}|[sr]k_live_[A-Za-z0-9]{10}|"
    r"AIza[A-Za-z0-9_-]{35}|glpat-[A-Za-z0-9_-]{20}|"
    r"eyJ[A-Za-z0-9_-]{10,}\.eyJ|[a-z0-9+]+://[^/\s:@]+:[^/\s:@]{3,}@[A-Za-z0-9]"
)


def in_logs(observations: AccessObservations) -> Iterator[Threat]:
    """Keys, tokens and passwords in log lines. The secret itself is never repeated here."""
    lines = observations.ask(search_logs, pattern=PATTERN, limit=20)
    services = list(dict.fromkeys(row["service"] for row in lines.rows))
    if not services:
        return
    findings = []
    for service in services:
        row = next(row for row in lines.rows if row["service"] == service)
        text = f"{service} writes a key, token or password to its log"
        quotes = cite(lines, row, "service", "ts", "level")
        findings.append(Finding(statement=text, service=service, kind="exposure", quotes=quotes))
    exposure = f"secrets lie in the logs of {', '.join(services)}: replace them and mask the output"
    yield Threat("secrets in logs", 0.5, tuple(findings), exposure=exposure)
