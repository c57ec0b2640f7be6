"""The trivial baseline: what somebody says who has read nothing but the alert."""

from ...actions.restart import Restart
from ...incident.finding import FaultKind
from ...incident.severity import parse_severity
from .answers import Answer
from .cases import Case

UNSURE = 0.5
"""It knows nothing about its chances: a Brier score of 0.25, whatever the cases."""


def trivial(case: Case) -> Answer:
    """Blames the service that the alert names for a bad deploy, and would restart it."""
    service = case.alert.service
    return Answer(
        service=service,
        kind=FaultKind.bad_deploy,
        confidence=UNSURE,
        severity=parse_severity(case.alert.severity),
        actions=[(Restart.kind, service)] if service else [],
    )
