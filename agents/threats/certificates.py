"""Certificates that have expired or are about to."""

from collections.abc import Iterator

from ...incident.finding import Finding
from ...tools.base import Row
from ..causes.observations import cite
from .observations import AccessObservations
from .threat import Threat

DAY = 86_400
SOON = 14 * DAY
"""Seconds before expiry from which a renewal is due."""


def expiring(observations: AccessObservations) -> Iterator[Threat]:
    """Expired certificates are a threat; those that expire soon a finding."""
    for row in observations.certificates.rows:
        left = row["seconds_left"]
        if left is None or left > SOON:
            continue
        name = f"certificate of {row['service']} has expired" if left <= 0 else "renewal due"
        yield Threat(name, 0.9 if left <= 0 else 0.2, (_finding(observations, row, left),))


def _finding(observations: AccessObservations, row: Row, left: float) -> Finding:
    when = (
        f"expired {-left / DAY:.1f} days ago" if left <= 0 else f"expires in {left / DAY:.1f} days"
    )
    return Finding(
        statement=f"the certificate {row['subject']} of {row['service']} {when}",
        service=row["service"] or "",
        kind="certificate",
        quotes=cite(observations.certificates, row, "subject", "not_after", "seconds_left"),
    )
