"""What somebody says who has read nothing but the alert: it is the service that alerts."""

from .answer import RcaAnswer
from .cases import RcaCase
from .metrics import measured


def symptom_answers(case: RcaCase) -> list[RcaAnswer]:
    """1 for the service of the symptom, 0 for the others; no answer where no symptom is given."""
    if case.symptom is None:
        return []
    others = dict.fromkeys(measured(case).services(), 0.0)
    return [RcaAnswer(scores=others | {case.symptom.service: 1.0})]
