"""Lessons of faults that came from outside: providers, dependencies, the network, attackers."""

from ...incident.finding import FaultKind
from ...telemetry.signal_catalogue import SignalName
from .lessons_kinds import Item, Lesson

CAPACITY_OWNER = "vendor management"

_FALLBACK = (
    Item("Switch {service} to its fallback automatically when errors persist", 1, "hardening"),
    Item("Degrade without {service}: cached or default answers", 1, "hardening"),
    Item("Bound calls to {service} by a bulkhead and a circuit breaker", 2, "hardening"),
)

OUTSIDE: dict[FaultKind, Lesson] = {
    FaultKind.provider_quota: Lesson(
        question="what compares consumption with the quota of {service} before it is spent",
        prevention=(
            Item("Track consumption against the quota of {service}, with a forecast", 1),
            Item("Agree a higher quota or a burst with the provider", 2, "fix", CAPACITY_OWNER),
        ),
        hardening=(*_FALLBACK, Item("Cache answers of {service} by input", 2, "hardening")),
        signals=(SignalName.ai_error_share, SignalName.throttled_rate),
        runbook="switch from {service} to its fallback; verify quality and cost, then raise quota",
        chaos="answer 429 in place of {service} for five minutes",
        steady="the fallback serves within 30 s and the pages around it stay up",
        slo="share of provider calls answered, fallback counted apart",
    ),
    FaultKind.provider_outage: Lesson(
        question="why a failing {service} reached users before the fallback did",
        prevention=(Item("Probe {service} from outside and alert on its own failures", 1),),
        hardening=_FALLBACK,
        signals=(SignalName.ai_error_share, SignalName.error_rate, SignalName.latency_p95),
        runbook="confirm on the provider's status page, switch from {service} to its fallback",
        chaos="refuse all connections to {service} for five minutes",
        steady="the fallback serves within 30 s",
        slo="availability of {service} as we see it, held against its contract",
    ),
    FaultKind.dependency_outage: Lesson(
        question="why callers of {service} could not serve without it",
        prevention=(
            Item("Decide per caller whether {service} is required; make the rest optional", 1),
        ),
        hardening=_FALLBACK,
        signals=(SignalName.error_rate, SignalName.up, SignalName.latency_p95),
        runbook="restore {service} or reroute around it; check callers in order of tier",
        chaos="stop {service} for two minutes under load",
        steady="callers that do not require it stay inside their objectives",
        slo="availability of callers while {service} is away",
    ),
    FaultKind.node: Lesson(
        question="what kept {service} on one node when that node failed",
        prevention=(Item("Spread {service} over nodes and drain a node that reports errors", 1),),
        hardening=(
            Item("Move work of {service} off a node whose checks fail", 1, "hardening"),
            Item("Watch the clocks of nodes and refuse work beyond an offset", 2, "hardening"),
        ),
        signals=(SignalName.up, SignalName.error_rate, SignalName.latency_p95),
        runbook="drain the node under {service}, then look at its disk, clock and kernel log",
        chaos="take one node of {service} away under load",
        steady="requests move to the other nodes inside the objective",
        slo="share of the nodes under {service} that pass their checks",
    ),
    FaultKind.network: Lesson(
        question="which path to {service} has no second way",
        prevention=(Item("Give {service} a second path or resolver and test it", 1),),
        hardening=(
            Item("Retry idempotent calls to {service} with jitter and a budget", 1, "hardening"),
            Item("Cache name resolution for {service}", 2, "hardening"),
        ),
        signals=(SignalName.error_rate, SignalName.latency_p95, SignalName.up),
        runbook="check names, routes and ports to {service} from both ends",
        chaos="add 500 ms and 5% loss on the path to {service}",
        steady="calls complete within their deadline by retry",
        slo="connection errors per call to {service}",
    ),
    FaultKind.credential_attack: Lesson(
        question="what slows a source that tries many accounts before {service} is hurt",
        prevention=(
            Item("Limit failed logins by source and by account at the edge", 1, "fix", "security"),
            Item("Force new passwords for accounts reached in the attack", 1, "fix", "security"),
            Item("Keep the blocked sources under review; expire blocks", 2, "fix", "security"),
        ),
        hardening=(
            Item("Ask for a second factor after unusual logins", 1, "hardening", "security"),
            Item("Check passwords against known leaks in {service}", 2, "hardening", "security"),
            Item("Give logins of {service} capacity apart from attacks (bulkhead)", 2, "hardening"),
        ),
        signals=(SignalName.login_failure_share, SignalName.login_rate),
        runbook="block the sources at the edge, list accounts that succeeded, tell security",
        chaos="try 50 wrong passwords a second from one address against {service} in staging",
        steady="the source is limited within 60 s and other logins keep their latency",
        slo="share of genuine logins that succeed, suspected attacks counted apart",
    ),
}
