"""Who calls whom and what objectives count, from a real Prometheus, beside a catalogue."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from warroom.telemetry.bundle import read_bundle, save
from warroom.telemetry.model import Catalogue, Counting, Objective, Service, Window
from warroom.telemetry.objectives import count_objectives
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.sources.cells import CALLERS, counting, uncounted
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.source import EVER
from warroom.telemetry.topology import disagreements, joined, measured_calls
from warroom.tests.support.bundles import START
from warroom.tests.support.prometheus_server import INSTALLED, openmetrics, prometheus

pytestmark = pytest.mark.skipif(not INSTALLED, reason="prometheus and promtool are not on PATH")
SECONDS, EVERY = 900, 15
WHOLE = Window(START, START + SECONDS)
ISTIO = {"source_canonical_service": "checkout", "destination_canonical_service": "payments"}
SHOP: dict[str, tuple[str, dict[str, str]]] = {
    "service graph of Tempo, of Grafana Alloy and of the OpenTelemetry Collector": (
        "traces_service_graph_request_total",
        {"client": "web", "server": "checkout"},
    ),
    "Istio": ("istio_requests_total", {"reporter": "source", **ISTIO}),
    "Linkerd": (
        "request_total",
        {"direction": "outbound", "deployment": "payments", "dst_deployment": "bank"},
    ),
    "Envoy clusters": (
        "envoy_cluster_upstream_rq_total",
        {"job": "bank", "envoy_cluster_name": "ledger"},
    ),
    "Cilium Hubble": (
        "hubble_http_requests_total",
        {"source": "ledger", "destination": "archive"},
    ),
    "Consul": (
        "envoy_cluster_upstream_rq_total",
        {"job": "sidecar", "local_cluster": "archive", "consul_destination_service": "tape"},
    ),
}
"""A chain of calls, each counted in the words of another mesh."""
NOBODY = {"client": "user", "server": "web"}
OTHERS = {"reporter": "destination", "source_app": "a", "destination_app": "b"}


def rows() -> Iterator[dict[str, Any]]:
    """Four calls a second along each edge; of ten orders a second one fails from the middle on."""
    every = [*SHOP.values(), ("traces_service_graph_request_total", NOBODY)]
    for second in range(0, SECONDS + 1, EVERY):
        known = {"ts": START + second, "service": ""}
        for name, labels in [*every, ("istio_requests_total", OTHERS)]:
            yield known | {"name": name, "labels": labels, "value": 4 * second}
        bad = max(0, second - SECONDS // 2)
        for code, value in (("200", 10 * second - bad), ("500", bad)):
            yield known | {"name": "orders_total", "labels": {"code": code}, "value": value}
        yield known | {"name": "orders_latency_ms", "labels": {}, "value": 100 if bad < 90 else 900}


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Iterator[Datasource]:
    root = tmp_path_factory.mktemp("prometheus")
    with prometheus(root, openmetrics(sorted(rows(), key=lambda row: row["name"]))) as url:
        yield Datasource(name="prom", type="prometheus", url=url)


def orders(**facts: Any) -> Catalogue:
    promised = Objective(
        name="orders", sli="availability", objective=0.99, counting=Counting(**facts)
    )
    return Catalogue(services=[Service(name="checkout", slos=[promised])])


def recorder(source: Datasource, known: Catalogue, ahead: float = SECONDS) -> Recorder:
    return Recorder(counting([source], known), lambda: known, clock=lambda: START + ahead)


def test_each_mesh_s_counters_show_the_ring_of_neighbours_and_then_the_next(source):
    made = recorder(source, Catalogue())
    made.focus("checkout", START)
    calls = measured_calls(made.advance(), EVER)
    assert calls.keys() == {("web", "checkout"), ("checkout", "payments")}
    assert calls["web", "checkout"] == pytest.approx(4 * SECONDS, rel=0.1)
    for _ in range(5):
        made.advance()
    seen = measured_calls(made.recording, EVER)
    chain = ["web", "checkout", "payments", "bank", "ledger", "archive", "tape"]
    assert seen.keys() == set(pairwise(chain))
    assert seen["web", "checkout"] == calls["web", "checkout"]
    known = {one.name: one for one in made.recording.catalogue().services}
    assert known["checkout"].depends_on == ["payments"]
    assert not known["checkout"].listed
    assert made.recording.gaps == ()
    assert made.recording.metric_names() == []


def test_calls_are_counted_once_however_often_they_are_asked_for(source):
    moment = [START + SECONDS / 2]
    made = Recorder(counting([source], Catalogue()), clock=lambda: moment[0])
    made.focus("", START)
    half = measured_calls(made.advance(), EVER)["web", "checkout"]
    moment[0] += SECONDS / 2
    whole = measured_calls(made.advance(), EVER)["web", "checkout"]
    assert half == pytest.approx(2 * SECONDS, rel=0.2)
    assert whole == pytest.approx(4 * SECONDS, rel=0.1)
    assert measured_calls(made.advance(), EVER)["web", "checkout"] == whole


@pytest.mark.parametrize("bad", [False, True])
def test_an_objective_s_own_queries_count_it(source, bad, tmp_path):
    part = f'sum(increase(orders_total{{code{"=" if bad else "!"}~"5.."}}[$step]))'
    known = orders(total="sum(increase(orders_total{}[$step]))", part=part, bad=bad)
    made = recorder(source, known)
    made.focus("checkout", START)
    for recording in (made.advance(), read_bundle(save(made.recording, tmp_path / "kept"))):
        healthy, ill = (
            count_objectives(recording, window)["checkout", "orders"]
            for window in (Window(START, START + 450), Window(START + 480, START + SECONDS))
        )
        assert healthy.good.sum() / healthy.total.sum() == pytest.approx(1, abs=0.001)
        assert ill.good.sum() / ill.total.sum() == pytest.approx(0.9, abs=0.01)
        assert healthy.total.sum() == pytest.approx(4200, rel=0.1)
        assert healthy.source == "queries"


def test_a_value_is_good_as_often_as_it_compares(source):
    made = recorder(source, orders(total="orders_latency_ms", op="lte", value=250))
    made.focus("checkout", START)
    counted = count_objectives(made.advance(), WHOLE)["checkout", "orders"]
    share = counted.good.sum() / counted.total.sum()
    assert share == pytest.approx(0.6, abs=0.05)


@pytest.mark.parametrize(
    ("total", "part"),
    [("rate(up)", "up"), ("sum(increase(orders_total[$step]))", "sum(increase(gone[$step]))")],
)
def test_a_query_that_fails_or_finds_nothing_good_is_said_and_counts_nothing(source, total, part):
    made = recorder(source, orders(total=total, part=part))
    made.focus("checkout", START)
    recording = made.advance()
    assert count_objectives(recording, WHOLE) == {}
    said = next(part.problem for part in recording.coverage() if part.modality == "metrics")
    assert "objective orders of checkout" in said


def test_a_datasource_that_is_not_there_is_said(source):
    known = orders(total="up", part="up", datasource="elsewhere")
    other = source.model_copy(update={"name": "other"})
    assert "prom is asked instead" in next(uncounted([source], known))
    assert "it is not counted" in next(uncounted([source, other], known))
    assert len(counting([source, other], known)) == 2
    assert "it is not counted" in next(uncounted([source, other], orders(total="up", part="up")))
    assert list(uncounted([source], orders(total="up", part="up"))) == []


def test_where_catalogue_and_measurement_differ_both_are_kept_and_said():
    known = Catalogue(
        services=[
            Service(name="web", depends_on=["checkout", "search"]),
            Service(name="checkout"),
            Service(name="idle", depends_on=["search"]),
        ]
    )
    measured = {("web", "checkout"): 8, ("web", "ads"): 3, ("web", "odd"): 2, ("ads", "bank"): 1}
    assert [one.words for one in disagreements(known, measured)] == [
        "the catalogue says that web depends on search: no call was seen",
        "web called ads (3 seen): no catalogue says so",
    ]
    both = joined(known, measured)
    web, ads = both.find("web"), both.find("ads")
    assert web
    assert ads
    assert (web.depends_on, web.declared) == (
        ["ads", "checkout", "odd", "search"],
        ["checkout", "search"],
    )
    assert (web.listed, ads.listed, ads.depends_on) == (True, False, ["bank"])
    assert list(disagreements(both, measured)) == list(disagreements(known, measured))


def test_every_row_of_the_table_was_tried():
    assert {one.name for one in CALLERS} == SHOP.keys()
