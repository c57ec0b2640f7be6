"""What lies open: certificates that have expired or are about to, secrets written to logs."""

from collections.abc import Iterator

from ...incident.finding import Finding
from ...tools.certificates import CertificateEnd
from ...tools.logs import search_logs
from ..causes.observations import finding
from .observations import AccessObservations, Threat

DAY = 86_400
SOON = 14 * DAY
"""Seconds before expiry from which a renewal is due."""


def expiring(observations: AccessObservations) -> Iterator[Threat]:
    """Expired certificates are a threat; those that expire soon a finding."""
    for row in observations.certificates.rows:
        left = row.seconds_left
        if left is None or left > SOON:
            continue
        name = f"certificate of {row.service} has expired" if left <= 0 else "renewal due"
        yield Threat(name, 0.9 if left <= 0 else 0.2, (_finding(observations, row, left),))


def _finding(observations: AccessObservations, row: CertificateEnd, left: float) -> Finding:
    when = (
        f"expired {-left / DAY:.1f} days ago" if left <= 0 else f"expires in {left / DAY:.1f} days"
    )
    text = f"the certificate {row.subject} of {row.service} {when}"
    proof = ("subject", "not_after", "seconds_left")
    return finding("certificate", text, observations.certificates, row, *proof)


# Only forms that can hardly be anything else, no longer than it takes to tell them: a search has
# a limit of states. RE2 and Python read it alike.
PATTERN = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY|A[KS]IA[0-9A-Z]{12}|Bearer [A-Za-z0-9._~+/-]{20}|"
    r"gh[pousr]_[A-Za-z0-9]{12}|xox[abprs]-[0-9A-Za-z-]{10}|[sr]k_live_[A-Za-z0-9]{10}|"
    r"AIza[A-Za-z0-9_-]{12}|glpat-[A-Za-z0-9_-]{12}|"
    r"eyJ[A-Za-z0-9_-]{8,}\.eyJ|[a-z0-9+]+://[^/\s:@]+:[^/\s:@]{3,}@[A-Za-z0-9]"
)


def secrets_in_logs(observations: AccessObservations) -> Iterator[Threat]:
    """Keys, tokens and passwords in log lines. The secret itself is never repeated here."""
    lines = observations.ask(search_logs, pattern=PATTERN, limit=20)
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
