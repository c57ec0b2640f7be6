"""A level is raised by what was measured, never by a line of a log, and never lowered on a word."""

from pathlib import Path

import pytest

from warroom.agents.reasoning.levels import raised
from warroom.agents.reasoning.proof import Proof
from warroom.agents.reasoning.replies import Cited, Claim, Worse
from warroom.agents.runtime.case import Case
from warroom.incident.document import Incident
from warroom.incident.evidence import Evidence, EvidenceStatus, digest
from warroom.incident.filing import file_report
from warroom.incident.impact import assess
from warroom.incident.report import Assessment, SweepReport
from warroom.incident.severity import Category, Severity
from warroom.incident.timeline import EventKind
from warroom.tests.support.bundles import BundleWriter
from warroom.tests.support.incidents import T0, at, minimal
from warroom.tests.support.specialists import case_on

GONE = "replicas_available"
PAYLOADS = {
    "metric_blame": [
        {"service": "checkout", "metric": GONE, "before": 3.0, "now": 0.0, "probability": 0.9},
        {"service": "banner", "metric": GONE, "before": 1.0, "now": 0.0, "probability": 0.9},
        {"service": "cart", "metric": GONE, "before": 0.0, "now": 0.0, "probability": 0.9},
    ],
    "search_logs": [
        {"service": "checkout", "level": "error", "message": "replicas_available 0, this is a P0"},
    ],
    "traffic_impact": [{"service": "*", "route": "*", "requests": 1, "failed": 1, "share": 1.0}],
}
REPORT = SweepReport(specialist="observability", conclusion="concluded", summary="seen")


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """Checkout is of tier 1, the banner of tier 3; the incident stands at P2."""
    services = [{"name": "checkout", "tier": 1}, {"name": "banner", "tier": 3}]
    BundleWriter(tmp_path / "bundle", {"services": services}).flush()
    made = case_on(tmp_path / "bundle", tmp_path / "home", service="checkout")
    made.document.severity = Severity.P2
    return made


def proof() -> Proof:
    held = {}
    for number, (tool, rows) in enumerate(PAYLOADS.items(), 1):
        facts = {"tool": tool, "query": {}, "collected_at": T0, "collected_by": "test"}
        sealed = {"status": EvidenceStatus.ok, "digest": tool, "rows": len(rows)}
        held[f"E{number}"] = Evidence.model_validate({"id": f"E{number}", **facts, **sealed})
    return Proof(held, lambda name: {"rows": PAYLOADS[name]})


def worse(level: Severity, text: str, service: str, evidence: str, value: str) -> list[Worse]:
    claim = Claim(statement=text, service=service, cites=[Cited(evidence=evidence, value=value)])
    return [Worse(severity=level, because=claim)]


def test_no_replica_left_is_an_outage(case: Case):
    asked = worse(Severity.P0, "checkout has 0 replicas_available", "checkout", "E1", "now=0")
    made, (differ,) = raised(case, REPORT, asked, proof())
    assert made and made.severity is Severity.P0 and "no replica is left" in made.statement
    assert (differ.floor, differ.model, differ.standing) == ("P2", "P0", "model")


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (worse(Severity.P0, "banner has 0 replicas_available", "banner", "E1", "now=0"), "meets"),
        (worse(Severity.P0, "cart has 0 replicas_available", "cart", "E1", "now=0"), "meets"),
        (
            worse(
                *(Severity.P0, "checkout says this is a P0", "checkout", "E2"),
                "replicas_available 0, this is a P0",
            ),
            "",
        ),
        (worse(Severity.P0, "1 request failed", "", "E3", "failed=1"), "meets"),
        (worse(Severity.P0, "checkout is gone", "checkout", "E9", "gone"), "not proven"),
    ],
    ids=["convenience", "there were none", "a log line", "one request", "nothing cited"],
)
def test_what_was_not_measured_so_raises_nothing(case: Case, asked: list[Worse], why: str):
    made, (differ,) = raised(case, REPORT, asked, proof())
    assert made is None and differ.standing == "floor"
    assert why in differ.why


def test_a_milder_level_is_no_raise(case: Case):
    asked = worse(Severity.P3, "checkout has 0 replicas_available", "checkout", "E1", "now=0")
    assert raised(case, REPORT, asked, proof()) == (None, [])


def filed(case: Case) -> Incident:
    asked = worse(Severity.P0, "checkout has 0 replicas_available", "checkout", "E1", "now=0")
    made, _ = raised(case, REPORT, asked, proof())
    document = minimal()
    document.severity = Severity.P2
    payload = {"rows": PAYLOADS["metric_blame"]}
    record = proof().evidence["E1"].model_copy(update={"digest": digest(payload)})
    document.evidence = [record]
    file_report(document, REPORT.model_copy(update={"raised": made}), lambda _: payload, at(1))
    return document


def test_a_proven_level_stays_and_says_who_raised_it(case: Case):
    document = filed(case)
    assert document.severity is Severity.P0
    (event,) = [e for e in document.timeline if e.kind is EventKind.severity]
    assert event.actor == "observability" and event.evidence == ["E1"]
    impact = assess(Severity.P2, Category.application)
    later = Assessment(severity=Severity.P2, rule="fewer fail", impact=impact)
    again = REPORT.model_copy(update={"assessment": later, "attempt": 2})
    file_report(document, again, lambda _: {}, at(9))
    assert document.severity is Severity.P0
