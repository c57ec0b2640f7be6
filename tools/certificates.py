"""When certificates end."""

from dataclasses import dataclass

import numpy as np

from ..telemetry.model import Series
from .base import Bench, Effect, Row, Table, tool
from .reading import cut, number, seconds, table

METRICS = [
    "tls_certificate_not_after_seconds",
    "probe_ssl_earliest_cert_expiry",  # blackbox exporter
    "ssl_cert_not_after",  # ssl exporter
    "x509_cert_not_after",  # x509 certificate exporter
    "certmanager_certificate_expiration_timestamp_seconds",  # cert-manager
    "nginx_ingress_controller_ssl_expire_time_seconds",  # ingress-nginx
]
"""Names in use; all give the end in unix seconds."""
SUBJECTS = ("subject", "subject_CN", "cn", "dnsnames", "name", "host", "target")
"""Labels that say whose certificate it is, the best first."""
SOON_S = 14 * 86400


@dataclass(frozen=True, slots=True)
class CertificateEnd(Row):
    """When one certificate ends, unix seconds."""

    service: str
    subject: str
    not_after: float | None
    seconds_left: int


@tool(Effect.read)
def certificates(bench: Bench) -> Table[CertificateEnd]:
    """Seconds until each certificate that telemetry knows of ends; the first to end on top."""
    window = bench.frame.whole
    found = bench.telemetry.metrics(window, METRICS)
    first: dict[tuple[str, str], float] = {}
    for item in found:  # every instance tells of the same certificate: the one that ends first
        end = _end(item)
        if end is not None:
            key = item.service, _subject(item)
            first[key] = min(end, first.get(key, end))
    ordered = sorted(first.items(), key=lambda entry: (entry[1], entry[0]))
    rows = [_row(service, subject, end, window.end) for (service, subject), end in ordered]
    soon = [row for row in rows if row.seconds_left < SOON_S]
    summary = f"{len(soon)} of {len(rows)} certificates end within 14 days"
    nothing = (
        f"not available: no certificate metric ({METRICS[0]} or a probe's) "
        f"in {seconds(window)}; expiry cannot be judged"
    )
    return table(rows, summary, nothing, window)


def _end(item: Series) -> float | None:
    """The last value that is a time: exporters write 0 where they could not read one."""
    known = item.values[np.isfinite(item.values) & (item.values > 0)]
    return float(known[-1]) if known.size else None


def _subject(item: Series) -> str:
    labels = item.labels
    return next((labels[name] for name in SUBJECTS if labels.get(name)), item.instance)


def _row(service: str, subject: str, end: float, now: float) -> CertificateEnd:
    return CertificateEnd(
        service=service,
        subject=cut(subject, 200),
        not_after=number(end),
        seconds_left=round(end - now),
    )
