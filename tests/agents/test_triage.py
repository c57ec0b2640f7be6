"""What is noise, what is not confirmed, and how bad it is: by what is measured, and both ways."""

import pytest

from warroom.agents.health.assessment import claimed, level_of
from warroom.agents.runtime.waits import look_again
from warroom.agents.steps import DETECT
from warroom.agents.triage import detect
from warroom.graph import LOOKS, after_detect
from warroom.incident.classification import NOTHING, classify
from warroom.incident.document import Incident
from warroom.incident.filing import file_report
from warroom.incident.impact import Traffic, assess
from warroom.incident.report import Assessment, CustomerImpactReport
from warroom.incident.severity import Category, IncidentType, Severity
from warroom.incident.timeline import EventKind
from warroom.state import IncidentState
from warroom.tests.support import incidents
from warroom.tests.support.bundles import BundleWriter, counter
from warroom.tests.support.shop_bundle import Fault, write_shop
from warroom.tests.support.specialists import case_on

OBJECTIVE = {"name": "availability", "sli": "availability", "objective": 0.99}
SHOP = [
    {"name": "edge", "kind": "edge", "tier": 1, "slos": [OBJECTIVE]},
    {"name": "orders", "tier": 1},
    {"name": "tips", "tier": 3},
]
WINDOWS = {"baseline_s": 45, "detect_s": 5, "stabilise_s": 5, "verify_s": 5}


def case_of(tmp_path, codes, route="/orders", behind="orders", **alert):
    """A shop that answers these codes per second on one route, before and after second 60."""
    root = tmp_path / "bundle"
    with BundleWriter(root, {"services": SHOP, "windows": WINDOWS}) as bundle:
        for name in ("edge", behind):
            for code, (before, after) in codes.items():
                rates = [before] * 60 + [after] * 30
                counter(bundle, "http_requests_total", name, rates, code=code, route=route)
        for second in range(90):
            for number in range(4):
                ids = (f"{second:015x}{number}", f"{second:07x}{number}", "")
                at = bundle.start + second + number / 4
                bundle.span(at, "edge", "GET /pages", ids, http__route="/pages")
    return case_on(root, tmp_path / "home", step=DETECT, **alert)


def test_orders_that_fall_to_nothing_by_404s_are_an_outage_of_a_core_function(tmp_path):
    codes = {"200": (4.0, 0.0), "404": (0.0, 4.0)}
    report = detect(case_of(tmp_path, codes, name="OrdersDropped", service="orders"))
    assert not report.noise
    assert not report.unconfirmed
    assert report.severity is Severity.P1
    assert any("404" in finding.statement for finding in report.findings)
    assert report.impact is not None
    assert report.impact.lost_requests > 50


def test_a_missed_objective_behind_a_calm_edge_is_a_minor_degradation(tmp_path):
    """§1: the level also follows what was promised; §3: who leads is the service's team."""
    known = [SHOP[0], {"name": "stock", "tier": 2, "team": "supply", "slos": [OBJECTIVE]}]
    with BundleWriter(tmp_path / "bundle", {"services": known, "windows": WINDOWS}) as bundle:
        for name, code, late in (("edge", "200", 4.0), ("stock", "200", 3.0), ("stock", "500", 1)):
            early = 0.0 if code == "500" else 4.0
            rates = [early] * 60 + [late] * 30
            counter(bundle, "http_requests_total", name, rates, code=code, route="/stock")
    case = case_on(tmp_path / "bundle", tmp_path / "home", step=DETECT, name="X", service="stock")
    report = detect(case)
    assert (report.severity, report.rule) == (
        Severity.P2,
        "stock misses its objective availability",
    )
    assert report.command and report.command.technical_lead == "supply"


def test_a_convenience_that_is_lost_is_a_minor_degradation(tmp_path):
    codes = {"200": (4.0, 0.0), "404": (0.0, 4.0)}
    report = detect(case_of(tmp_path, codes, "/tips", "tips", name="Tips", service="tips"))
    assert report.severity is Severity.P2


def test_only_what_is_shown_well_is_noise(tmp_path):
    codes = {"200": (4.0, 4.0)}
    facts: dict[str, str] = {"service": "edge", "summary": "edge fails 9% of requests"}
    report = detect(case_of(tmp_path, codes, name="HighErrorRate", **facts))
    assert report.noise
    assert report.follow_ups == []


def test_an_alert_whose_condition_nobody_knows_stays_open(tmp_path):
    report = detect(case_of(tmp_path, {"200": (4.0, 4.0)}, name="MoonPhase", service="edge"))
    assert not report.noise
    assert report.unconfirmed
    assert "could not be evaluated" in report.summary
    assert report.follow_ups[0].title == "Look again at whether edge is hurt"


def test_an_alert_without_telemetry_asks_and_declares_nothing(tmp_path):
    BundleWriter(tmp_path / "bundle")
    case = case_on(
        tmp_path / "bundle",
        tmp_path / "home",
        step=DETECT,
        name="SecurityBreach",
        service="login",
        summary="unauthorized breach, attack",
    )
    report = detect(case)
    assert report.unconfirmed
    assert not report.look_again  # nothing comes: a later look would see the same
    assert report.severity is Severity.P2
    assert report.impact is not None
    assert report.impact.revenue_per_hour is None


def test_real_trouble_is_never_noise(tmp_path):
    root = write_shop(tmp_path / "bundle", Fault("errors", "payments", at=60))
    report = detect(case_on(root, tmp_path / "home", step=DETECT, name="X", service="payments"))
    assert not (report.noise or report.unconfirmed)


def test_what_is_not_confirmed_is_looked_at_again_a_bounded_number_of_times():
    state = IncidentState(incident_id="INC-1", look_again=True)
    seen = []
    for looks in range(LOOKS + 1):
        seen.append(after_detect(state.model_copy(update={"looks": looks})))
    assert seen == [["look_again"]] * LOOKS + [["respond", "communicate"]]
    assert look_again.__doc__


def test_a_claim_that_nothing_measures_is_no_worse_than_p2():
    level = claimed(classify("complete outage: data loss", {"severity": "critical"}))
    assert (level.severity, level.live) == (Severity.P2, False)
    assert level_of(NOTHING, [], measured=True, attack=False).severity is Severity.P3


def now(severity: Severity, failed: int) -> CustomerImpactReport:
    figures = assess(severity, Category.application, Traffic(1000, failed))
    return CustomerImpactReport(
        specialist="comms",
        conclusion="concluded",
        summary="",
        assessment=Assessment(severity=severity, rule=f"{failed} fail", impact=figures),
    )


def regraded(document: Incident, report: CustomerImpactReport) -> list[str]:
    file_report(document, report, {}.__getitem__, incidents.at(60))
    levels = [event for event in document.timeline if event.kind is EventKind.severity]
    return [event.text for event in levels]


@pytest.mark.parametrize(
    ("known", "measured", "said"),
    [
        (Severity.P2, Severity.P1, "severity raised from P2 to P1: 300 fail"),
        (Severity.P1, Severity.P2, "severity lowered from P1 to P2: 300 fail"),
    ],
)
def test_the_level_follows_the_figures_in_both_directions(known, measured, said):
    document = incidents.declared(known)
    assert said in regraded(document, now(measured, 300))
    assert document.severity is measured
    assert document.impact is not None
    assert document.impact.failed_requests == 300


def test_what_an_action_healed_had_been_as_bad_as_it_was():
    document = incidents.running()
    before = document.severity
    regraded(document, now(Severity.P3, 0))
    assert document.severity is before


def test_the_type_leaves_security_once_security_sees_no_attack():
    document = incidents.security()
    document.type = IncidentType.security
    denied = incidents.security("none seen").reports[-1]
    document.hypotheses = []
    file_report(document, denied, {}.__getitem__, incidents.at(60))
    assert document.type is not IncidentType.security
