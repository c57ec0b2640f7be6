"""When certificates end."""

from ..telemetry.model import Series
from .base import Bench, Effect, Row, Table, tool
from .reading import attempt, number, seconds, table, whole

METRICS = [
    "tls_certificate_not_after_seconds",
    "probe_ssl_earliest_cert_expiry",
    "x509_cert_not_after",
    "ssl_certificate_expiry_seconds",
]
"""Names in use; all give unix seconds of the end."""
SOON_S = 14 * 86400


@tool(Effect.read)
def certificates(bench: Bench) -> Table:
    """Seconds until each certificate that telemetry knows of ends; the first to end on top."""
    window = whole(bench)
    found = attempt(lambda: bench.telemetry.metrics(window, METRICS))
    rows = sorted((_row(item, window.end) for item in found), key=lambda row: row["seconds_left"])
    soon = [row for row in rows if row["seconds_left"] < SOON_S]
    summary = f"{len(soon)} of {len(rows)} certificates end within 14 days"
    nothing = (
        f"not available: no certificate metric ({METRICS[0]} or a probe's) "
        f"in {seconds(window)}; expiry cannot be judged"
    )
    return table(rows, summary, nothing, window)


def _row(item: Series, now: float) -> Row:
    labels = item.labels
    subject = labels.get("subject") or labels.get("host") or labels.get("target") or item.instance
    end = float(item.values[-1])
    return {
        "service": item.service,
        "subject": subject,
        "not_after": number(end),
        "seconds_left": round(end - now),
    }
