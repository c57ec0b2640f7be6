"""Credentials being tried: many users from one source, one user from many, or from everywhere; and
refusals (401, 403) where no source stands out as an attacker.
"""

from collections.abc import Iterator

from ...actions.block_source import BlockSource
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


def attacks(observations: AccessObservations) -> Iterator[Threat]:
    """Stuffing and brute force, with whether it succeeded."""
    attackers = observations.attackers()
    if attackers:
        yield _concentrated(observations, attackers)
    elif observations.logins.rows and observations.logins.rows[0].kind == "distributed":
        yield _distributed(observations, observations.logins.rows[0])


def _concentrated(observations: AccessObservations, attackers: list[FailedLogins]) -> Threat:
    sources = [row.value for row in attackers]
    guessing = any(row.pattern == "brute force" for row in attackers[:3])
    what = "password guessing (brute force)" if guessing else "credential stuffing"
    kind = "networks" if all("/" in source for source in sources) else "sources"
    many = f"{len(sources)} {kind}" if len(sources) > 1 else sources[0]
    findings = [_source(observations, row) for row in attackers[:SHOWN]]
    return Threat(
        name=f"{what} from {many}{mostly_in(sources)}",
        sureness=attackers[0].confidence,
        findings=(*findings, *_targets(observations)),
        sources=tuple(sources),
        exposure=_exposure(observations, attackers),
    )


def _distributed(observations: AccessObservations, row: FailedLogins) -> Threat:
    text = "failed logins rose from everywhere at once; no source stands out"
    proof = finding("auth", text, observations.logins, row, "kind", "failures")
    return Threat(
        name="credential attack spread over many sources",
        sureness=SPREAD,
        findings=(proof, *_targets(observations)),
        exposure="which logins of the attack succeeded cannot be told from those of customers",
    )


def _source(observations: AccessObservations, row: FailedLogins) -> Finding:
    text = (
        f"{row.value} failed to log in {row.failures} times for {row.users} accounts "
        f"({row.pattern}); {row.baseline_failures} failures in the healthy window"
    )
    return finding("auth", text, observations.logins, row, "value", "failures", "users", "pattern")


def _targets(observations: AccessObservations) -> Iterator[Finding]:
    """Accounts that are tried again and again."""
    for row in observations.users.rows[:SHOWN]:
        if risen(row) and row.failures >= MANY:
            text = f"account {row.value} was tried in vain {row.failures} times"
            yield finding("auth", text, observations.users, row, "value", "failures")


def _exposure(observations: AccessObservations, attackers: list[FailedLogins]) -> str:
    """Did they get in? Only telemetry that shows successes at all can say no."""
    entered = [row for row in attackers if row.attempts > row.failures]
    if entered:
        times = sum(row.attempts - row.failures for row in entered)
        return (
            f"{times} logins from {len(entered)} of the attacking sources succeeded: treat the "
            "accounts as taken over until their owners have set new passwords"
        )
    if observations.sources.ok:  # then successful logins would show at the edge
        return "no login from the attacking sources succeeded"
    return "unknown: successful logins are not recorded by source"


def refusals(observations: AccessObservations) -> Iterator[Threat]:
    """A service that refuses many more than before, though nobody in particular is refused."""
    if observations.attackers() or _we_blocked(observations):
        return
    for row in observations.signals.rows:
        if row.signal != SignalName.unauthorised_share or not row.worse:
            continue
        refused = row.current or 0.0
        if refused < SHARE or row.score < CERTAIN:
            continue
        if _requests(observations, row.service) * refused < ENOUGH:
            continue
        text = (
            f"{row.service} refuses {refused:.0%} of its requests (401, 403), "
            f"{row.baseline or 0:.0%} before, and no source stands out: a broken check or an "
            "expired credential is likelier than an attack"
        )
        proof = finding("auth", text, observations.signals, row, "service", "current", "baseline")
        yield Threat("refusals without an attacker", 0.3, (proof,))


def _requests(observations: AccessObservations, service: str) -> float:
    """Requests of the incident window, about."""
    rate = observations.signal(service, SignalName.request_rate)
    return ((rate.current or 0) if rate else 0) * observations.case.frame.incident.seconds


def _we_blocked(observations: AccessObservations) -> bool:
    """Whether refusals are what our own action asked for."""
    document = observations.case.document
    plans = [document.plan(execution.plan) for execution in document.executions]
    return any(plan and plan.kind == BlockSource.kind for plan in plans)
