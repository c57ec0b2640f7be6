"""Somebody tries credentials that are not theirs."""

from collections.abc import Iterator

from ...incident.finding import FaultKind
from ...telemetry.signal_catalogue import SignalName
from ...tools.base import Row
from .candidate import Candidate
from .observations import Observations, cite

ATTACK = ("concentrated", "distributed")
FAILURES = SignalName.login_failure_share


def attackers(observations: Observations) -> list[Row]:
    """Sources that only fail, failed hardly before, and fail beyond chance now."""
    return [
        row
        for row in observations.logins.rows
        if row["kind"] in ATTACK
        and row["failures"] == row["attempts"]
        and (row["pattern"] or (row["score"] or 0) >= 2)
    ]


def attacks(observations: Observations) -> Iterator[Candidate]:
    """Failed logins far above the usual, from sources that try many users."""
    found = attackers(observations)
    if not found:
        return
    worst = found[0]
    service = _login_service(observations)
    failures = sum(row["failures"] for row in found)
    users = sum(row["users"] or 0 for row in found)
    statement = f"credentials are being tried against {service} from {len(found)} sources"
    names = ", ".join(row["value"] for row in found)
    candidate = Candidate(service, FaultKind.credential_attack, statement, resource=names)
    candidate.backed(
        3.0,
        failures / 20,
        f"{failures} failed logins from {len(found)} sources that failed hardly before",
        [q for row in found[:3] for q in cite(observations.logins, row, "value", "failures")],
    )
    candidate.backed(
        1.5, users / 20, f"they try {users} users", cite(observations.logins, worst, "users")
    )
    row = observations.signal(service, FAILURES)
    share = (row["current"] or 0.0) if row else 0.0
    candidate.backed(
        1.0,
        share,
        f"{share:.0%} of all logins fail",
        cite(observations.signals, row, "current", "baseline"),
    )
    yield candidate


def _login_service(observations: Observations) -> str:
    """The service whose login signals moved; else one that counts logins at all."""
    rows = [r for r in observations.signals.rows if r["signal"].startswith("login")]
    moved = [row for row in rows if row["worse"]]
    if rows:
        return (moved or rows)[0]["service"]
    lines = (r for r in observations.patterns.rows if "login" in r["template"].lower())
    return next((row["service"] for row in lines), observations.case.document.alert.service)
