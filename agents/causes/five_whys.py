"""Five whys, built only from what is in evidence; where the record ends, it says so."""

from ...faults import fault_of
from ...incident.finding import Hypothesis
from ...incident.report import Sentence
from ..reporting.wording import change_name, place, when
from .observations import Observations, first


def five_whys(observations: Observations, cause: Hypothesis) -> list[Sentence]:
    """Question and answer, from the alert down to the system's own weakness."""
    alert = observations.case.document.alert
    hurt = alert.service or "the edge"
    return [
        Sentence(text=f"Why did {alert.name} fire? {alert.summary or alert.name}"),
        _path(observations, hurt, cause),
        _error(observations, cause),
        _change(observations, cause),
        Sentence(
            text=f"Why could it reach users? {fault_of(cause.kind).systemic}",
            evidence=_proof(cause),
        ),
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
