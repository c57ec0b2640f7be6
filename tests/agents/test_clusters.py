"""What the cluster shows, beside everything else: who suffers from it decides."""

from pathlib import Path
from typing import Any

import pytest

from warroom.agents.causes.observations import Observations
from warroom.agents.debugger import investigate
from warroom.agents.runtime.case import Case
from warroom.agents.steps import DETECT, INVESTIGATE
from warroom.agents.triage import detect
from warroom.incident.finding import Hypothesis
from warroom.incident.severity import Severity
from warroom.tests.support.bundles import BundleWriter
from warroom.tests.support.clusters import dump, node, pending, service, workload
from warroom.tests.support.shop_bundle import Fault, write_shop
from warroom.tests.support.specialists import case_on

CORDONED = node("n1", unschedulable=True)


def only_cluster(tmp_path: Path, *objects, step=DETECT, **alert) -> Case:
    """Nothing but a cluster."""
    with BundleWriter(tmp_path / "bundle"):
        dump(tmp_path / "bundle" / "kubernetes", *objects)
    return case_on(tmp_path / "bundle", tmp_path / "home", step=step, **alert)


def leading(case: Case) -> Hypothesis:
    report = investigate(case)
    return next(h for h in report.hypotheses if h.id == report.root_cause)


def test_the_object_the_field_and_what_would_show_it_wrong_are_told(tmp_path: Path) -> None:
    case = only_cluster(tmp_path, CORDONED, pending(workload("cart")), step=INVESTIGATE)
    cause = leading(case)
    assert cause.resource == "Node n1"
    quotes = {quote.value for reason in cause.support for quote in reason.quotes}
    assert {"Node n1", "spec.unschedulable", "True"} <= quotes
    assert cause.support[0].text.endswith("wrong if spec.unschedulable of the node is not set")


@pytest.mark.parametrize(
    ("objects", "level"),
    [
        ([CORDONED, *(pending(workload(f"w{n}")) for n in range(3))], Severity.P0),
        ([CORDONED, pending(workload("cart")), workload("web")], Severity.P1),
    ],
)
def test_the_level_follows_who_is_ready(tmp_path: Path, objects, level: Severity) -> None:
    for one in (one for some in objects if isinstance(some, list) for one in some):
        running = one["kind"] == "Deployment" and one["metadata"]["name"] == "web"
        one.setdefault("status", {"readyReplicas": 1} if running else {})
    report = detect(only_cluster(tmp_path, *objects, service="cart"))
    assert (report.severity, report.unconfirmed, report.noise) == (level, False, False)


def test_a_cluster_that_is_well_backs_nothing_and_was_searched(tmp_path: Path) -> None:
    ports = [{"containerPort": 8080}]
    well = (node("n1"), workload("cart", ports=ports), service("cart"))
    case = only_cluster(tmp_path, *well, service="cart")
    report, seen = detect(case), Observations(case)
    assert report.unconfirmed and report.severity.rank >= Severity.P2.rank
    assert seen.cluster is not None and seen.cluster.evidence in report.searched
    assert "nothing is wrong that shows; 5 objects of 5 kinds" in seen.cluster.summary


def test_a_trouble_of_somebody_else_does_not_lead(tmp_path: Path) -> None:
    root = write_shop(tmp_path / "bundle", Fault("errors", "checkout", at=60))
    alert: Any = {"name": "HighErrorRate", "service": "checkout"}
    plain = leading(case_on(root, tmp_path / "a", step=INVESTIGATE, **alert))
    dump(root / "kubernetes", CORDONED, pending(workload("report")))
    beside = investigate(case_on(root, tmp_path / "b", step=INVESTIGATE, **alert))
    assert beside.hypotheses[0].statement == plain.statement
    dump(root / "kubernetes", CORDONED, pending(workload("checkout")))
    mine = investigate(case_on(root, tmp_path / "c", step=INVESTIGATE, **alert))
    told = {h.resource: h.confidence for h in mine.hypotheses}
    elsewhere = {h.resource: h.confidence for h in beside.hypotheses}
    assert told["Node n1"] > elsewhere.get("Node n1", 0.0)
