"""Five whys, built only from what is in evidence; where the record ends, it says so."""

from ...incident.finding import FaultKind, Hypothesis
from ...incident.report import Sentence
from ..reporting.change_words import change_name, when
from ..reporting.wording import place
from .observations import Observations, first

SYSTEMIC = {
    FaultKind.bad_deploy: "the record shows no stage between the release and all of the traffic",
    FaultKind.slow_release: "the record shows no load test or canary between release and traffic",
    FaultKind.bad_flag: "the flag reached every request at once; no gradual roll-out is recorded",
    FaultKind.application: "no check noticed that the service behaves otherwise than it did",
    FaultKind.hung_process: "nothing replaced a process that was alive but answered nobody",
    FaultKind.node: "nothing moved the work away from the node that failed",
    FaultKind.traffic_surge: "capacity did not follow the arrivals by itself",
    FaultKind.memory_leak: "nothing bounded the growth or restarted the process before its limit",
    FaultKind.pool_exhaustion: "nothing took back connections that were never returned",
    FaultKind.credential_attack: "nothing limited failed logins per source",
    FaultKind.data_corruption: "nothing checked the rows before requests met them",
    FaultKind.provider_quota: "no fallback took over when the provider refused",
    FaultKind.provider_outage: "no fallback took over when the provider failed",
}


def five_whys(observations: Observations, cause: Hypothesis) -> list[Sentence]:
    """Question and answer, from the alert down to the system's own weakness."""
    alert = observations.case.document.alert
    hurt = alert.service or "the edge"
    systemic = SYSTEMIC.get(cause.kind, "the record does not say")
    return [
        Sentence(text=f"Why did {alert.name} fire? {alert.summary or alert.name}"),
        _path(observations, hurt, cause),
        _error(observations, cause),
        _change(observations, cause),
        Sentence(text=f"Why could it reach users? {systemic}", evidence=_proof(cause)),
    ]


def _path(observations: Observations, hurt: str, cause: Hypothesis) -> Sentence:
    row = first(observations.origin, service=cause.service)
    if row is None or hurt == cause.service:
        text = f"Why is {hurt} hurt? it begins there: no service that it calls explains it"
    else:
        steps = row["path"].replace(" > ", " calls ")
        text = f"Why is {hurt} hurt? {steps}; the degradation begins in {cause.service}"
    return Sentence(text=text, evidence=[observations.origin.evidence])


def _error(observations: Observations, cause: Hypothesis) -> Sentence:
    question = f"Why does {cause.service} degrade?"
    for row in observations.errors.rows:
        if row["new"] and cause.service in row["services"].split(", "):
            text = f"{question} {row['exception']} at {place(row['location'])}"
            return Sentence(text=text, evidence=[observations.errors.evidence])
    answer = cause.support[0].text if cause.support else cause.statement
    return Sentence(text=f"{question} {answer}", evidence=_proof(cause))


def _change(observations: Observations, cause: Hypothesis) -> Sentence:
    row = first(observations.changes, id=cause.change) if cause.change else None
    if row is None:
        text = "Why now? no change just before the onset explains it"
    else:
        text = f"Why now? {change_name(row)}, {when(row)}: {row['summary']}"
    return Sentence(text=text, evidence=[observations.changes.evidence])


def _proof(cause: Hypothesis) -> list[str]:
    quoted = [quote.evidence for argument in cause.support[:2] for quote in argument.quotes[:1]]
    return list(dict.fromkeys(quoted))
