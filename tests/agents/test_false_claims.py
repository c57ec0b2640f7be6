"""Claims that once passed as proven: none does. Each quotes a value that really stands there."""

import pytest

from warroom.agents.reasoning.proof import Proof
from warroom.agents.reasoning.replies import Cited, Claim
from warroom.incident.evidence import Evidence, EvidenceStatus
from warroom.tests.support.incidents import T0

ROWS = {
    "E1": (
        "compare_signals",
        [
            {
                **{"service": "checkout", "signal": "error_rate", "unit": "share"},
                **{"baseline": 0.0, "current": 0.24, "direction": 1, "score": 31, "worse": True},
            },
            {
                **{"service": "inventory", "signal": "error_rate", "unit": "share"},
                **{"baseline": 0.0, "current": 0.0, "direction": 0, "score": 0, "worse": False},
            },
        ],
    ),
    "E2": ("traffic_impact", [{"service": "gateway", "route": "*", "requests": 40, "failed": 1}]),
    "E3": ("example_trace", [{"service": "checkout", "operation": "pay", "duration_ms": 250}]),
    "E4": ("search_logs", [{"service": "checkout", "message": "check done, no errors found"}]),
}
LOST = "thousands of customers lost their orders for good, half of them twice"


def proof() -> Proof:
    """Evidence as tools leave it."""
    held = {
        id: Evidence(
            id=id,
            tool=tool,
            query={},
            collected_at=T0,
            collected_by="test",
            status=EvidenceStatus.ok,
            digest=id,
        )
        for id, (tool, _) in ROWS.items()
    }
    return Proof(held, lambda id: {"rows": ROWS[id][1]})


def said(statement: str, service: str, evidence: str, value: str) -> Claim:
    return Claim(
        statement=statement, service=service, cites=[Cited(evidence=evidence, value=value)]
    )


@pytest.mark.parametrize(
    "claim",
    [
        said("inventory fails 24%", "inventory", "E1", "0.24"),  # another service's row
        said("100% of requests fail", "gateway", "E2", "failed=1"),  # a count is no share
        said("a payment takes 250 s", "checkout", "E3", "250"),  # a unit
        said("errors of checkout fell by 24%", "checkout", "E1", "0.24"),  # a direction
        said("errors found by checkout", "checkout", "E4", "errors found"),  # a negation
        said(LOST, "checkout", "E1", "0.24"),  # amounts in words
        said("checkout's database was deleted", "checkout", "E1", "0.24"),  # a harm
        said("inventory fails", "inventory", "E1", "worse=false"),  # a healthy row
    ],
    ids=lambda claim: claim.statement[:28],
)
def test_what_its_rows_do_not_say_is_not_proven(claim: Claim) -> None:
    checked = proof()
    assert checked.finding(claim) is None
    assert len(checked.unproven) == 1


@pytest.mark.parametrize(
    "claim",
    [
        said("checkout fails 24%", "checkout", "E1", "0.24"),
        said("1 of 40 requests fails", "gateway", "E2", "failed=1"),
        said("a payment takes 250 ms", "checkout", "E3", "250"),
        said("errors of checkout rose by 24%", "checkout", "E1", "0.24"),
        said("checkout found no errors", "checkout", "E4", "no errors found"),
    ],
    ids=lambda claim: claim.statement[:28],
)
def test_what_they_say_is(claim: Claim) -> None:
    assert proof().finding(claim) is not None


def test_a_healthy_row_convicts_nobody() -> None:
    checked = proof()
    finding = checked.finding(said("inventory is as usual", "inventory", "E1", "worse=false"))
    assert finding is not None
    assert checked.deviation(finding.quotes[0]) == 0.0
