"""Credentials being tried: many users from one source, one user from many, or from everywhere."""

from collections.abc import Iterator

from ...incident.finding import Finding
from ...tools.base import Row
from ..causes.observations import cite
from .networks import named
from .observations import AccessObservations, risen
from .threat import Threat

SHOWN = 5
"""Sources and accounts that get a finding of their own."""
SPREAD = 0.6
"""Sureness of an attack without a single attacker: customers may be locked out by a fault too."""
MANY = 10
"""Failed tries from which one account counts as a target."""


def attacks(observations: AccessObservations) -> Iterator[Threat]:
    """Stuffing and brute force, with whether it succeeded."""
    attackers = observations.attackers()
    if attackers:
        yield _concentrated(observations, attackers)
    elif observations.logins.rows and observations.logins.rows[0]["kind"] == "distributed":
        yield _distributed(observations, observations.logins.rows[0])


def _concentrated(observations: AccessObservations, attackers: list[Row]) -> Threat:
    sources = [row["value"] for row in attackers]
    guessing = any(row["pattern"] == "brute force" for row in attackers[:3])
    what = "password guessing (brute force)" if guessing else "credential stuffing"
    kind = "networks" if all("/" in source for source in sources) else "sources"
    many = f"{len(sources)} {kind}" if len(sources) > 1 else sources[0]
    findings = [_source(observations, row) for row in attackers[:SHOWN]]
    return Threat(
        name=f"{what} from {many}{named(sources)}",
        sureness=attackers[0]["confidence"] or 0,
        findings=(*findings, *_targets(observations)),
        sources=tuple(sources),
        exposure=_exposure(observations, attackers),
    )


def _distributed(observations: AccessObservations, row: Row) -> Threat:
    finding = Finding(
        statement="failed logins rose from everywhere at once; no source stands out",
        kind="auth",
        quotes=cite(observations.logins, row, "kind", "failures"),
    )
    return Threat(
        name="credential attack spread over many sources",
        sureness=SPREAD,
        findings=(finding, *_targets(observations)),
        exposure="which logins of the attack succeeded cannot be told from those of customers",
    )


def _source(observations: AccessObservations, row: Row) -> Finding:
    before = row["baseline_failures"] or 0
    text = (
        f"{row['value']} failed to log in {row['failures']} times for {row['users']} accounts "
        f"({row['pattern']}); {before} failures in the healthy window"
    )
    return Finding(
        statement=text,
        kind="auth",
        quotes=cite(observations.logins, row, "value", "failures", "users", "pattern"),
    )


def _targets(observations: AccessObservations) -> Iterator[Finding]:
    """Accounts that are tried again and again."""
    for row in observations.users.rows[:SHOWN]:
        if risen(row) and row["failures"] >= MANY:
            yield Finding(
                statement=f"account {row['value']} was tried in vain {row['failures']} times",
                kind="auth",
                quotes=cite(observations.users, row, "value", "failures"),
            )


def _exposure(observations: AccessObservations, attackers: list[Row]) -> str:
    """Did they get in? Only telemetry that shows successes at all can say no."""
    entered = [row for row in attackers if row["attempts"] > row["failures"]]
    if entered:
        times = sum(row["attempts"] - row["failures"] for row in entered)
        return (
            f"{times} logins from {len(entered)} of the attacking sources succeeded: treat the "
            "accounts as taken over until their owners have set new passwords"
        )
    if observations.sources.ok:  # then successful logins would show at the edge
        return "no login from the attacking sources succeeded"
    return "unknown: successful logins are not recorded by source"
