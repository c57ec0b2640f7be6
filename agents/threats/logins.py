"""Credentials being tried: many users from one source, one user from many, or from everywhere; and
refusals (401, 403) where no source stands out as an attacker.
"""

from collections.abc import Iterator

from ...actions.edge import BlockSource
from ...analysis.quantities import percent
from ...incident.finding import Finding
from ...telemetry.signal_catalogue import SignalName
from ...tools.logins import FailedLogins
from ..causes.access import mostly_in
from ..causes.observations import finding
from .observations import AccessObservations, Threat, risen

SHOWN = 5
"""Sources and accounts that get a finding of their own."""
SPREAD = 0.6
"""Sureness of an attack without a single attacker: customers may be locked out by a fault too."""
MANY = 10
"""Failed tries from which one account counts as a target."""
SHARE, CERTAIN, ENOUGH = 0.2, 6.0, 20
"""Refused share, score and number from which it is worth a line: mistyped passwords are not."""


def attacks(seen: AccessObservations) -> Iterator[Threat]:
    """Stuffing and brute force, with whether it succeeded."""
    attackers = seen.attackers()
    if attackers:
        yield _concentrated(seen, attackers)
    elif seen.logins.rows and seen.logins.rows[0].kind == "distributed":
        yield _distributed(seen, seen.logins.rows[0])


def _concentrated(seen: AccessObservations, attackers: list[FailedLogins]) -> Threat:
    sources = [row.value for row in attackers]
    guessing = any(row.pattern == "brute force" for row in attackers[:3])
    what = "password guessing (brute force)" if guessing else "credential stuffing"
    kind = "networks" if all("/" in source for source in sources) else "sources"
    many = f"{len(sources)} {kind}" if len(sources) > 1 else sources[0]
    findings = [_source(seen, row) for row in attackers[:SHOWN]]
    return Threat(
        name=f"{what} from {many}{mostly_in(sources)}",
        sureness=attackers[0].confidence,
        findings=(*findings, *_targets(seen)),
        sources=tuple(sources),
        exposure=_exposure(seen, attackers),
        entered=_entered(seen, attackers),
    )


def _distributed(seen: AccessObservations, row: FailedLogins) -> Threat:
    text = "failed logins rose from everywhere at once; no source stands out"
    proof = finding("auth", text, seen.logins, row, "kind", "failures")
    return Threat(
        name="credential attack spread over many sources",
        sureness=SPREAD,
        findings=(proof, *_targets(seen)),
        exposure="which logins of the attack succeeded cannot be told from those of customers",
    )


def _source(seen: AccessObservations, row: FailedLogins) -> Finding:
    text = (
        f"{row.value} failed to log in {row.failures} times for {row.users} accounts "
        f"({row.pattern}); {row.baseline_failures} failures in the healthy window"
    )
    return finding("auth", text, seen.logins, row, "value", "failures", "users", "pattern")


def _targets(seen: AccessObservations) -> Iterator[Finding]:
    """Accounts that are tried again and again."""
    for row in seen.users.rows[:SHOWN]:
        if risen(row) and row.failures >= MANY:
            text = f"account {row.value} was tried in vain {row.failures} times"
            yield finding("auth", text, seen.users, row, "value", "failures")


def _exposure(seen: AccessObservations, attackers: list[FailedLogins]) -> str:
    """Did they get in? Only telemetry that shows successes at all can say no."""
    entered = _successful(attackers)
    if entered:
        times = sum(row.attempts - row.failures for row in entered)
        return (
            f"{times} logins from {len(entered)} of the attacking sources succeeded: treat the "
            "accounts as taken over until their owners have set new passwords"
        )
    if seen.sources.ok:  # then successful logins would show at the edge
        return "no login from the attacking sources succeeded"
    return "unknown: successful logins are not recorded by source"


def _entered(seen: AccessObservations, attackers: list[FailedLogins]) -> bool | None:
    return bool(_successful(attackers)) if seen.sources.ok or _successful(attackers) else None


def _successful(attackers: list[FailedLogins]) -> list[FailedLogins]:
    return [row for row in attackers if row.attempts > row.failures]


def refusals(seen: AccessObservations) -> Iterator[Threat]:
    """A service that refuses many more than before, though nobody in particular is refused."""
    if seen.attackers() or _we_blocked(seen):
        return
    for row in seen.signals.rows:
        if row.signal != SignalName.unauthorised_share or not row.worse:
            continue
        refused = row.current or 0.0
        if refused < SHARE or row.score < CERTAIN:
            continue
        if _requests(seen, row.service) * refused < ENOUGH:
            continue
        text = (
            f"{row.service} refuses {refused:.0%} of its requests (401, 403), "
            f"{percent(row.baseline)} before, and no source stands out: a broken check or an "
            "expired credential is likelier than an attack"
        )
        proof = finding("auth", text, seen.signals, row, "service", "current", "baseline")
        yield Threat("refusals without an attacker", 0.3, (proof,))


def _requests(seen: AccessObservations, service: str) -> float:
    """Requests of the incident window, about."""
    rate = seen.signal(service, SignalName.request_rate)
    return ((rate.current or 0) if rate else 0) * seen.case.frame.incident.seconds


def _we_blocked(seen: AccessObservations) -> bool:
    """Whether refusals are what our own action asked for."""
    document = seen.case.document
    plans = [document.plan(execution.plan) for execution in document.executions]
    return any(plan and plan.kind == BlockSource.kind for plan in plans)
