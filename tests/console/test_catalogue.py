"""A team's catalogue at the console: what was taken, where it differs from what a real Prometheus
shows, one that is inferred; and what an incident's document says of it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from warroom.app.configuration import elsewhere
from warroom.app.configuration_file import NAMED
from warroom.app.schemas import SCHEMAS, schema
from warroom.console.exits import Exit
from warroom.telemetry.catalogue.files import read_declared
from warroom.telemetry.catalogue.written import inferred, written
from warroom.telemetry.model import Catalogue, Service
from warroom.telemetry.sources.checkup import Checkup
from warroom.telemetry.sources.datasource import Datasource
from warroom.tests.support.consoles import CommandLine
from warroom.tests.support.prometheus_server import INSTALLED, openmetrics, prometheus

NEEDED = pytest.mark.skipif(not INSTALLED, reason="prometheus and promtool are not on PATH")
CALLS = "traces_service_graph_request_total"
EDGES = (("web", "checkout"), ("checkout", "payments"), ("checkout", "postgresql"))
CATALOG = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: checkout}
spec: {type: service, owner: orders, dependsOn: [component:payments, component:ledger]}
"""
SLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: answered}
spec:
  service: checkout
  timeWindow: [{duration: 4w, isRolling: true}]
  objectives: [{targetPercent: 99.9}]
  indicator:
    spec:
      ratioMetric:
        bad:
          metricSource:
            spec: {query: 'sum(rate(http_requests_total{service="checkout",code="500"}[5m]))'}
        total:
          metricSource:
            spec: {query: 'sum(rate(http_requests_total{service="checkout"}[5m]))'}
"""


def rows() -> Iterator[dict[str, Any]]:
    """A quarter of an hour up to now; checkout fails since ten minutes, longer than is told of it:
    whatever the minute that is looked at, it lies in the failure."""
    now = time.time()
    for ago in range(900, -1, -15):
        known = {"ts": now - ago, "service": ""}
        for client, server in EDGES:
            labels = {"client": client, "server": server}
            yield known | {"name": CALLS, "labels": labels, "value": 4 * (900 - ago)}
        for service in ("web", "checkout"):
            bad = 90 * max(0, 600 - ago) if service == "checkout" else 0
            for code, value in (("200", 100 * (900 - ago) - bad), ("500", bad)):
                labels = {"code": code}
                row = known | {"name": "http_requests_total", "labels": labels, "value": value}
                yield row | {"service": service}


@pytest.fixture(scope="module")
def url(tmp_path_factory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("prometheus")
    with prometheus(root, openmetrics(sorted(rows(), key=lambda row: row["name"]))) as url:
        yield url


@pytest.fixture
def warroom(url, tmp_path, monkeypatch, capsys) -> CommandLine:
    monkeypatch.setenv(NAMED, str(tmp_path / "warroom.yaml"))
    made = CommandLine(tmp_path / "home", monkeypatch, capsys)
    assert made("connect", "prometheus", url).code == Exit.done
    return made


def name(folder: Path, text: str, **more: str) -> None:
    """Put a catalogue beside warroom.yaml, and its name into it."""
    (folder / "catalog-info.yaml").write_text(text)
    with (folder / "warroom.yaml").open("a") as file:
        file.write("catalog: [catalog-info.yaml]\n")


def told(said: Any) -> str:
    return " ".join(said.out.split())


@NEEDED
def test_doctor_says_what_it_took_and_where_it_differs(warroom, tmp_path):
    assert "CATALOGUE" not in warroom("doctor").out
    name(tmp_path, CATALOG)
    said = warroom("doctor")
    assert said.code == Exit.done
    assert "1 services, 2 dependencies, 0 objectives of 1 files" in told(said)
    assert "checkout depends on ledger: no call was seen" in told(said)
    assert "checkout called postgresql (" in told(said)
    assert "which no file describes" in told(said)
    assert "says" in warroom("doctor", "--json").json["catalogue"]


@NEEDED
def test_what_was_measured_is_written_down_and_reads_back_as_the_same(warroom, tmp_path):
    file = tmp_path / "catalog-info.yaml"
    said = warroom("catalog", "write", str(file))
    assert said.code == Exit.done
    text = file.read_text()
    assert "# known from prometheus by service" in text
    assert "component:default/checkout  # 3" in text
    assert "# nobody says: name the team" in text
    found = read_declared([file], [])
    assert (found.faults, found.says) == ((), ())
    known = {one.name: (one.kind, one.depends_on) for one in found.catalogue.services}
    assert known == {
        "web": ("service", ["checkout"]),
        "checkout": ("service", ["payments", "postgresql"]),
        "payments": ("external", []),
        "postgresql": ("database", []),
    }
    assert warroom("catalog", "write", str(file)).code == Exit.bad_input
    assert file.read_text() == text
    name(tmp_path, text)
    lines = warroom("doctor", "--json").json["catalogue"]["says"]
    assert lines == []


@NEEDED
def test_a_catalogue_is_written_again_with_what_was_measured(warroom, tmp_path):
    name(tmp_path, CATALOG)
    assert warroom("catalog", "write", str(tmp_path / "new.yaml")).code == Exit.done
    text = (tmp_path / "new.yaml").read_text()
    assert "# known from a catalogue, prometheus by service" in text
    assert "resource:default/ledger  # declared; no call was seen" in text
    assert " calls were seen; no catalogue said so" in text
    found = read_declared([tmp_path / "new.yaml"], [])
    (checkout,) = (one for one in found.catalogue.services if one.name == "checkout")
    assert (checkout.team, len(checkout.depends_on)) == ("orders", 3)


@NEEDED
def test_check_says_line_and_cure_of_a_catalogue_too(warroom, tmp_path):
    name(tmp_path, CATALOG.replace("component:ledger", "a b"))
    said = warroom("config", "check")
    assert said.code == Exit.bad_input
    assert "catalog-info.yaml:4: spec.dependsOn.1: no entity is called so: write" in said.err
    assert warroom("doctor").code == Exit.failed
    assert {"catalog", "slos"} <= schema(SCHEMAS["configuration"])["properties"].keys()


@NEEDED
def test_the_document_shows_what_matters_to_the_incident_with_evidence(warroom, url, tmp_path):
    name(tmp_path, CATALOG)
    said = warroom("triage", "checkout is failing since 5 minutes", "--json")
    document = warroom.store.load(said.json[0]["incident"])
    found = [one for one in document.findings if one.kind == "topology"]
    assert any("depends on ledger: no call was seen" in one.statement for one in found)
    assert any("called postgresql (" in one.statement for one in found)
    proof = {record.id: record for record in document.evidence}[found[0].quotes[0].evidence]
    (asked,) = proof.backends
    assert (proof.tool, asked.datasource) == ("declared_calls", "prometheus")
    assert f"increase({CALLS}{{client=~" in asked.query
    assert asked.link.startswith(f"{url}/graph?g0.expr=sum")
    checkout = next(one for one in document.services if one.name == "checkout")
    assert checkout.depends_on == ["payments", "postgresql", "ledger"]
    assert checkout.team == "orders"
    web = [one for one in document.services if one.name == "payments"]
    assert [one.tier for one in web] == [None]


@NEEDED
def test_an_objective_of_the_team_s_is_held_against_the_incident(warroom, tmp_path):
    (tmp_path / "slo.yaml").write_text(SLO)
    with (tmp_path / "warroom.yaml").open("a") as file:
        file.write("slos: [slo.yaml]\n")
    said = warroom("triage", "checkout is failing since 5 minutes", "--json")
    document = warroom.store.load(said.json[0]["incident"])
    (state,) = document.slo
    assert (state.service, state.name, state.objective) == ("checkout", "answered", 0.999)
    assert state.breached
    assert state.current == pytest.approx(0.1, abs=0.02)
    proof = {record.id: record for record in document.evidence}[state.evidence]
    assert [one.query for one in proof.backends] == [
        'sum(sum(increase(http_requests_total{service="checkout",code="500"}[60s])))',
        'sum(sum(increase(http_requests_total{service="checkout"}[60s])))',
    ]


@NEEDED
def test_a_broken_catalogue_is_a_gap_and_costs_no_incident(warroom, tmp_path):
    name(tmp_path, "kind: [")
    said = warroom("triage", "checkout is failing since 5 minutes", "--json")
    document = warroom.store.load(said.json[0]["incident"])
    gap = next(one for one in document.gaps if one.what == "service catalogue")
    assert "catalog-info.yaml:2: not YAML" in gap.why
    assert not [one for one in document.findings if one.kind == "topology"]


def test_odd_names_are_written_so_that_they_read_back(tmp_path):
    names = ["yes", "Cart", "cart", "a b/c\n#:", "ünï", "10.0.0.1:80", "x" * 90, '"; rm']
    known = Catalogue(
        services=[
            Service(name=one, team="on", tier=1, description="d: #\n x", depends_on=names[:2])
            for one in names
        ]
    )
    seen = {("lone", "redis"): 3, ("yes", "Cart"): 2}
    found = [Checkup("prom", "prometheus", "", services=("lone",), label="app")]
    made = inferred(known, seen, found)
    text = written(made, seen, found)
    assert len(list(yaml.safe_load_all(text))) == len(names) + 2
    (tmp_path / "a.yaml").write_text(text)
    back = read_declared([tmp_path / "a.yaml"], [])
    assert (back.faults, back.says) == ((), ())
    for one, other in zip(made.services, back.catalogue.services, strict=True):
        assert (one.name, one.kind, one.team) == (other.name, other.kind, other.team)
        assert set(one.depends_on) - {one.name} == set(other.depends_on)
        assert other.tier == (1 if one.listed else 2)


def test_what_a_service_is_called_elsewhere_tells_whose_changes_are(tmp_path):
    more = "  annotations: {argocd/app-name: shop-cart, github.com/project-slug: shop/cart}\n"
    text = CATALOG.replace("metadata: {name: checkout}\n", f"metadata:\n  name: cart\n{more}")
    (tmp_path / "a.yaml").write_text(text)
    known = read_declared([tmp_path / "a.yaml"], [])
    hub = {"name": "hub", "type": "github", "url": "https://api.github.com"}
    argo = {"name": "argo", "type": "argocd", "url": "https://argo.example.org"}
    for given, wanted in (
        ({**hub, "jsonData": {"repository": "shop/cart"}}, {"service": "cart"}),
        ({**hub, "jsonData": {"repository": "shop/other"}}, {"service": ""}),
        ({**hub, "jsonData": {"repository": "shop/cart", "service": "own"}}, {"service": "own"}),
        (argo, {"folders": {"cart": "shop-cart"}}),
    ):
        found = elsewhere(Datasource.model_validate(given), known)
        assert wanted.items() <= found.jsonData.model_dump().items()
