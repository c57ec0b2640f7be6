"""What firewalls, audit trails and edges wrote down, counted; what the specialists make of it."""

import json

import pytest

from warroom.agents.performance import analyse
from warroom.agents.security import assess
from warroom.agents.steps import ANALYSE_PERFORMANCE
from warroom.telemetry.sources.datasource import SourceLabels
from warroom.telemetry.sources.log_lines import Line
from warroom.tests.support.benches import bench_over
from warroom.tests.support.bundles import START
from warroom.tests.support.edge_traffic import customers, edge_bundle
from warroom.tests.support.specialists import case_on, filed

DROP = "DROP IN=eth0 OUT= SRC={} DST=10.0.0.2 LEN=60 PROTO=TCP SPT=1 DPT={}"
LOGIN = "{} password for root from 203.0.113.9 port 5555 ssh2"


@pytest.fixture
def writer(tmp_path):
    """Ninety seconds of customers, and of a scanner at the door as there always is one."""
    bundle = edge_bundle(tmp_path / "bundle")
    customers(bundle, range(90))
    for second in range(15, 90, 5):
        said(bundle, second, DROP.format("198.51.100.4", second))
    return bundle


def said(bundle, second, text, service="guard"):
    """A line as a store of logs hands it over."""
    row = Line(1, {"service": service}, text).row(service, SourceLabels())
    bundle.log(START + second, service, row["message"], row["level"], **row["attributes"])


def called(bundle, second, who, verb, resource, code=200):
    """A line of a cluster's audit log."""
    user, about = {"username": who}, {"resource": resource, "name": "x"}
    event = {"auditID": "a", "requestURI": "/", "verb": verb, "user": user, "objectRef": about}
    said(bundle, second, json.dumps({**event, "responseStatus": {"code": code}}))


def assessed(writer, tmp_path):
    writer.flush()
    case = case_on(writer.root, tmp_path / "home")
    report = assess(case)
    assert not filed(case, report, tmp_path / "home").dropped
    return report, [finding.statement for finding in report.findings]


def test_refusals_are_counted_by_address_and_calls_by_user(writer):
    for second in range(60, 80):
        said(writer, second, DROP.format("10.0.0.7", 5432))
        called(writer, second, "ann", "delete", "secrets", 403 if second % 2 else 200)
    writer.flush()
    rows = {row["who"]: row for row in bench_over(writer.root).rows("guard_logs")}
    ours, scanner, ann = rows["10.0.0.7"], rows["198.51.100.4"], rows["ann"]
    assert (ours["what"], ours["refused"], ours["refused_before"]) == ("10.0.0.2:5432", 20, 0)
    assert (scanner["kinds"], scanner["refused"], scanner["refused_before"]) == (4, 4, 9)
    assert (ann["what"], ann["refused"], ann["passed"], ann["kinds"]) == (
        "delete secrets",
        10,
        10,
        1,
    )
    assert ours["score"] > 3 > scanner["score"]


def test_what_is_as_always_at_the_door_is_no_threat(writer, tmp_path):
    report, found = assessed(writer, tmp_path)
    assert (report.threat, found) == ("none seen", [])
    assert "firewall (WAF) and audit trail" not in [gap.what for gap in report.gaps]


def test_one_of_ours_that_a_firewall_shuts_out_is_told(writer, tmp_path):
    for second in range(60, 90):
        said(writer, second, DROP.format("10.0.0.7", 5432))
    report, found = assessed(writer, tmp_path)
    text = (
        "a firewall turned 10.0.0.7 away 30 times (0 before), at 10.0.0.2:5432: has a rule changed?"
    )
    assert (report.threat, found) == ("none seen", [text])


@pytest.mark.parametrize(("address", "named"), [("10.0.0.7", True), ("203.0.113.50", False)])
def test_who_looks_for_open_doors_is_a_threat_inside_and_the_weather_outside(
    writer, tmp_path, address, named
):
    for port in range(20, 50):
        said(writer, 60 + port / 2, DROP.format(address, port))
    report, found = assessed(writer, tmp_path)
    assert report.threat == (
        "10.0.0.7, an address of our own, looks for open doors" if named else "none seen"
    )
    assert report.sources == [address] * named
    assert found[0].startswith(f"{address} was refused at 30 ports and addresses, ")


def test_what_watches_is_switched_off(writer, tmp_path):
    event = {
        "eventSource": "cloudtrail.amazonaws.com",
        "awsRegion": "x",
        "userIdentity": {"userName": "ci"},
    }
    said(writer, 70, json.dumps({**event, "eventName": "StopLogging"}))
    report, found = assessed(writer, tmp_path)
    assert report.threat == "ci switched off what watches"
    assert found == ["ci made the call StopLogging cloudtrail.amazonaws.com 1 times, never before"]


def test_a_credential_that_tries_everything_is_a_threat_and_a_lost_right_is_told(writer, tmp_path):
    for number in range(12):
        called(writer, 60 + number, "leaked", "list", f"things{number}", 403)
        called(writer, 60 + number, "deployer", "patch", "deployments", 403)
        called(writer, 15 + number, "deployer", "patch", "deployments")
    report, found = assessed(writer, tmp_path)
    assert report.threat == "leaked tries 12 kinds of call that it may not make"
    assert "deployer was refused patch deployments 12 times, 0 before" in found


def test_an_ssh_login_after_many_failures_got_in(writer, tmp_path):
    for number in range(40):
        said(writer, 60 + number / 2, LOGIN.format("Failed"))
    said(writer, 85, LOGIN.format("Accepted"))
    report, _ = assessed(writer, tmp_path)
    assert report.threat == "password guessing (brute force) from 203.0.113.9"
    assert report.exposure.startswith("1 logins from 1 of the attacking sources succeeded")
    assert report.entered


@pytest.mark.parametrize(
    ("status", "behind", "whose"),
    [
        (502, "502", "because the servers behind it failed"),
        (520, "200", "though the servers behind it answered"),
        (504, "-", "without an answer from the servers behind it"),
    ],
)
def test_a_cdn_that_caches_less_and_fails_tells_whose_it_is(
    writer, tmp_path, status, behind, whose
):
    for second in range(15, 90):
        for number in range(10):
            ill = second >= 60
            cache = "MISS" if number >= (3 if ill else 9) else "HIT"
            bad = ill and number == 9
            facts = {
                "remote_addr": "10.0.0.1",
                "status": status if bad else 200,
                "upstream_cache_status": cache,
            }
            said(
                writer,
                second,
                json.dumps({**facts, "upstream_status": behind if bad else "200"}),
                "cdn",
            )
    writer.flush()
    case = case_on(writer.root, tmp_path / "home", step=ANALYSE_PERFORMANCE)
    report = analyse(case)
    assert not filed(case, report, tmp_path / "home").dropped
    caches, failed = (one.statement for one in report.findings if one.kind == "edge")
    assert caches.startswith("cdn: caches answer 30% of the requests, 90% before; 7")
    assert failed == f"cdn failed 30 of 300 requests: 30 {whose}"
    assert "CDN and load balancer" not in [gap.what for gap in report.gaps]
