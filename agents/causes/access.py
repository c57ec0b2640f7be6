"""Somebody tries credentials that are not theirs."""

from collections.abc import Iterator

from ...incident.finding import FaultKind
from ..clues import Clues, cite, where
from .candidate import Candidate


def attacks(clues: Clues) -> Iterator[Candidate]:
    """Failed logins far above the usual, from sources that try many users."""
    sources = [row for row in clues.logins.rows if row["kind"] in ("concentrated", "distributed")]
    attacking = [row for row in sources if row["pattern"]] or sources[:1]
    if not attacking:
        return
    worst = attacking[0]
    service = _login_service(clues)
    names = ", ".join(row["value"] for row in attacking)
    statement = f"credentials are being tried against {service} from {len(attacking)} sources"
    candidate = Candidate(service, FaultKind.credential_attack, statement, resource=names)
    candidate.backed(
        3.0,
        worst["confidence"] or 0,
        f"{worst['failures']} failed logins from {worst['value']}",
        cite(clues.logins, worst, "value", "failures"),
    )
    candidate.backed(
        2.0,
        (worst["users"] or 0) / 10,
        f"one source tried {worst['users']} different users",
        cite(clues.logins, worst, "users"),
    )
    yield candidate


def _login_service(clues: Clues) -> str:
    """The service whose login signals moved; else one that counts logins at all."""
    rows = [r for r in clues.signals.rows if r["signal"].startswith("login")]
    moved = [row for row in rows if row["worse"]]
    if rows:
        return (moved or rows)[0]["service"]
    failing = where(clues.patterns, level="warning")
    return next((row["service"] for row in failing if "login" in row["template"].lower()), "login")
