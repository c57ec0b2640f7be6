"""What is frozen as a symptom when an incident is declared."""

import pytest

from warroom.agents.health.symptoms import declared
from warroom.incident.evidence import Quote
from warroom.incident.finding import Finding
from warroom.incident.report import SweepReport
from warroom.telemetry.model import Catalogue, Objective, Service
from warroom.tests.support import incidents

PROMISED = Objective(name="stock latency", sli="latency", objective=0.95, threshold_ms=100)


def frozen(*signals: str, slos: tuple[Objective, ...] = ()) -> list[str]:
    """Of a service in whose sweep these signals were off."""
    document = incidents.declared()
    swept = [
        Finding(
            statement=f"stock {signal} is off",
            service="stock",
            kind=f"anomaly:{signal}",
            step=SweepReport.number(),
            attempt=1,
            quotes=[Quote(evidence="E1", pointer="/rows/0/current", value=1.0)],
        )
        for signal in signals
    ]
    document.findings = swept
    catalogue = Catalogue(services=[Service(name="stock", kind="service", slos=list(slos))])
    return [name for name in declared(document, catalogue) if name.startswith("stock/")]


@pytest.mark.parametrize(
    ("signals", "expected"),
    [
        (("latency_p95",), []),
        (("latency_p95", "latency_p50"), ["stock/latency_p95"]),
        (("error_rate",), ["stock/error_rate"]),
    ],
)
def test_a_p95_alone_is_the_mix_of_what_is_asked(signals, expected) -> None:
    assert frozen(*signals) == expected


def test_a_p95_that_an_objective_holds_counts_alone() -> None:
    assert frozen("latency_p95", slos=(PROMISED,)) == ["stock/latency_p95"]
