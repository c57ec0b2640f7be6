"""The thirteen steps of the practice, one record each. `graph.py` puts them in order."""

from dataclasses import replace
from typing import Any

from ..incident import report as reports
from ..incident.lifecycle import Phase, Specialist
from ..models.allowance import Effort
from ..plugins import brought
from ..tools.backend_queries import logql, promql, traceql
from ..tools.capacity import saturation
from ..tools.change_lookup import change_diff, changes_between, deploy_contents
from ..tools.coverage import query_telemetry
from ..tools.example import example_trace, trace
from ..tools.exemplars import exemplars
from ..tools.latency import slow_queries
from ..tools.load import instance_load
from ..tools.logs import log_patterns, search_logs
from ..tools.series import signal_series
from ..tools.sessions import database_sessions
from ..tools.span_search import search_spans
from ..tools.state import state_changes
from ..tools.traffic import access_patterns
from . import comms, debugger, observability, performance, postmortem, security, triage
from .reasoning import replies
from .runtime.case import Asked, Step

LOOK = (search_logs, signal_series, changes_between)
"""What every specialist that looks further may look at."""
DEBUG = (
    *(*LOOK, log_patterns, search_spans, trace, example_trace, slow_queries, query_telemetry),
    *(change_diff, deploy_contents, state_changes, database_sessions, instance_load),
    *(promql, logql, traceql, exemplars),
)

DETECT = Step(
    1,
    Phase.triage,
    Specialist("triage"),
    "classify, assess the impact",
    reports.DetectionReport,
    triage.detect,
    looks=True,
    asked=Asked(replies.DetectionReply, effort=Effort.choice),
)
SWEEP = Step(
    2,
    Phase.triage,
    Specialist("observability"),
    "sweep all signals",
    reports.SweepReport,
    observability.sweep,
    asked=Asked(replies.Reply, (*LOOK, log_patterns), sums_up=True),
)
MITIGATE = Step(
    3,
    Phase.triage,
    Specialist("triage"),
    "look for a first move",
    reports.MitigationReport,
    triage.mitigate,
    asked=Asked(replies.MitigationReply, (*LOOK, change_diff, instance_load), effort=Effort.choice),
)
INVESTIGATE = Step(
    4,
    Phase.investigate,
    Specialist("debugger"),
    "find the cause",
    reports.InvestigationReport,
    debugger.investigate,
    assesses=True,
    asked=Asked(replies.InvestigationReply, DEBUG, effort=Effort.most, tokens=2600),
)
ASSESS_SECURITY = Step(
    5,
    Phase.investigate,
    Specialist("security"),
    "check for an attack",
    reports.SecurityReport,
    security.assess,
    beside=(reports.PerformanceReport,),
    asked=Asked(
        replies.AssessmentReply, (access_patterns, search_logs, search_spans), sums_up=True
    ),
)
ANALYSE_PERFORMANCE = Step(
    6,
    Phase.investigate,
    Specialist("performance"),
    "analyse performance",
    reports.PerformanceReport,
    performance.analyse,
    beside=(reports.SecurityReport,),
    asked=Asked(
        replies.AdviceReply,
        (signal_series, saturation, instance_load, slow_queries),
        sums_up=True,
    ),
)
DESIGN_FIX = Step(
    7,
    Phase.recover,
    Specialist("debugger"),
    "design the fix",
    reports.FixReport,
    debugger.design_fix,
    asked=Asked(
        replies.FixReply, (*LOOK, change_diff, deploy_contents, state_changes), effort=Effort.choice
    ),
)
VERIFY = Step(
    8,
    Phase.recover,
    Specialist("observability"),
    "measure what the action did",
    reports.VerificationReport,
    observability.verify,
    assesses=True,
    looks=True,
    asked=Asked(replies.AssessmentReply, effort=Effort.least),
)
WATCH = replace(VERIFY, title="watch whether it ends by itself", playbook=observability.watch)
"""In place of a verification where no action is to be taken."""
ANNOUNCE = Step(
    9,
    Phase.communicate,
    Specialist("comms"),
    "draft the messages",
    reports.CommunicationReport,
    comms.announce,
)
CUSTOMER_IMPACT = Step(
    10,
    Phase.communicate,
    Specialist("comms"),
    "assess customer impact",
    reports.CustomerImpactReport,
    comms.assess_customers,
    assesses=True,
    asked=Asked(replies.AssessmentReply, sums_up=True, effort=Effort.least),
)
WRITE_POSTMORTEM = Step(
    11,
    Phase.learn,
    Specialist("postmortem"),
    "draft the postmortem",
    reports.PostmortemReport,
    postmortem.write_postmortem,
)
IMPROVE_MONITORING = Step(
    12,
    Phase.learn,
    Specialist("observability"),
    "improve the monitoring",
    reports.MonitoringReport,
    observability.improve_monitoring,
    beside=(reports.HardeningReport,),
    asked=Asked(replies.LearningReply, sums_up=True, effort=Effort.least),
)
HARDEN = Step(
    13,
    Phase.learn,
    Specialist("performance"),
    "harden",
    reports.HardeningReport,
    performance.harden,
    beside=(reports.MonitoringReport,),
    asked=Asked(replies.LearningReply, sums_up=True, effort=Effort.least),
)

STEPS = (
    DETECT,
    SWEEP,
    MITIGATE,
    INVESTIGATE,
    ASSESS_SECURITY,
    ANALYSE_PERFORMANCE,
    DESIGN_FIX,
    VERIFY,
    ANNOUNCE,
    CUSTOMER_IMPACT,
    WRITE_POSTMORTEM,
    IMPROVE_MONITORING,
    HARDEN,
    *(one for one in brought("specialists").values() if isinstance(one, Step)),
)


OURS = 13


def beside(graph: Any, after: str) -> list[str]:
    """Add the specialists that other packages bring to a StateGraph, after the cause was looked for
    or when it is over; their names."""
    from langgraph.graph import START  # it takes seconds to import

    from .runtime.node import specialist

    phase = Phase.learn if after == START else Phase.investigate
    found = [step for step in STEPS[OURS:] if step.phase is phase]
    for step in found:
        graph.add_node(step.specialist, specialist(step))
        graph.add_edge(after, step.specialist)
    return [step.specialist for step in found]


def step_of(number: int) -> Step:
    """The step of this number."""
    return next(step for step in STEPS if step.number == number)
