"""Which facts of a report the graph needs to choose its way."""

from langgraph.runtime import Runtime

from ...incident.action import Outcome
from ...incident.report import AnyReport, DetectionReport, MitigationReport, VerificationReport
from ...state import IncidentState
from .context import ResponseContext


def is_noise(report: AnyReport) -> dict:
    """After step 1: noise ends the response."""
    noise = isinstance(report, DetectionReport) and report.noise
    return {"stop": "noise" if noise else ""}


def is_sure(report: AnyReport) -> dict:
    """After step 3: sure enough to ask the commander before debugging."""
    return {"act_now": isinstance(report, MitigationReport) and report.act_now}


def is_investigated(_report: AnyReport) -> dict:
    """After step 7: this round has been investigated to its end."""
    return {"investigated": True}


def outcome_of(report: AnyReport) -> dict:
    """After step 8: how the action ended, or that it is to be measured again."""
    if not isinstance(report, VerificationReport):
        return {"outcome": Outcome.unverified.value}
    return {"outcome": report.outcome.value, "improving": report.improving}


def next_round(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """An action did not help: back to investigation with what was learned, a bounded number of
    times."""
    spent = state.attempt >= runtime.context.settings.max_attempts
    return {
        "attempt": state.attempt + (not spent),
        "investigated": False,
        "outcome": "",
        "stop": "attempts spent" if spent else "",
    }
