"""One look at a datasource, over fakes made from the published APIs."""

import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any, get_args

import pytest

from warroom.agents.steps import STEPS
from warroom.telemetry.signal_catalogue import CATALOGUE
from warroom.telemetry.sources.checkup import LOOKS, Checkup, checkup, checkups
from warroom.telemetry.sources.datasource import Datasource, Kind
from warroom.telemetry.sources.sight import NEEDS, sights
from warroom.telemetry.sources.source import MODALITIES
from warroom.tests.support.alertmanager_backend import AlertmanagerBackend
from warroom.tests.support.change_backends import GitBackend, GitHubBackend, GrafanaBackend
from warroom.tests.support.elasticsearch_backend import ElasticsearchBackend
from warroom.tests.support.http_backends import (
    FAILURES,
    HttpBackend,
    Question,
    Reply,
    serving,
)
from warroom.tests.support.journal_backend import JournalBackend
from warroom.tests.support.log_backends import LokiBackend, VictoriaLogsBackend
from warroom.tests.support.pods_backend import PodsBackend
from warroom.tests.support.prometheus_backend import PrometheusBackend
from warroom.tests.support.prometheus_server import INSTALLED, prometheus
from warroom.tests.support.trace_backends import JaegerBackend, TempoBackend

OVER_HTTP = {
    "prometheus": PrometheusBackend,
    "loki": LokiBackend,
    "victorialogs": VictoriaLogsBackend,
    "elasticsearch": ElasticsearchBackend,
    "journald": JournalBackend,
    "tempo": TempoBackend,
    "jaeger": JaegerBackend,
    "github": GitHubBackend,
    "grafana": GrafanaBackend,
    "alertmanager": AlertmanagerBackend,
}
SHOP: dict[str, Any] = {"github": {"repository": "shop/shop"}}


def datasource(kind: str, where: str, **more: Any) -> Datasource:
    known = {"name": kind, "type": kind, "url": where, "jsonData": SHOP.get(kind, {})}
    return Datasource.model_validate(known | more)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Iterator[HttpBackend]:
    with serving(OVER_HTTP[request.param]()) as made:
        yield made


def kinds(*names: str):
    """The test with a backend of each of these kinds, and the kind."""
    every = names or tuple(OVER_HTTP)
    return pytest.mark.parametrize(
        ("backend", "kind"), [(n, n) for n in every], indirect=["backend"]
    )


def sample(ago: float, name: str, service: str = "checkout") -> dict[str, Any]:
    return {"ts": time.time() - ago, "name": name, "service": service, "value": 1, "labels": {}}


@kinds("prometheus")
def test_metrics_say_signals_services_interval_and_how_far_back_they_reach(backend, kind):
    for ago in [*range(600, 0, -30), 3700, 86_500]:
        for service in ("checkout", "payments"):
            backend.write("metrics", sample(ago, "http_requests_total", service))
            backend.write("metrics", sample(ago, "unknown_to_us", service))
    found = checkup(datasource(kind, backend.where))
    assert (found.fault, found.version, found.label) == ("", "2.42.0", "service")
    assert found.services == ("checkout", "payments")
    assert (found.amount, found.unit, found.interval_s) == (2, "series", 30)
    assert found.reaches_s == 86_400
    assert {"metrics", "alerts", "request_rate", "error_rate"} <= found.sees
    assert "latency_p95" not in found.sees
    assert found.advice == ["it scrapes every 30 s: set jsonData.timeInterval to that"]
    known = datasource(kind, backend.where, jsonData={"timeInterval": "30s"})
    assert checkup(known).advice == []


@kinds("prometheus")
def test_metrics_that_no_signal_is_made_of_show_nothing(backend, kind):
    backend.write("metrics", sample(10, "unknown_to_us"))
    found = checkup(datasource(kind, backend.where))
    assert found.sees == {"alerts"}
    assert "no metric that a signal is made of" in found.advice[0]


@kinds("prometheus")
def test_metrics_without_a_label_for_the_service_say_where_to_name_one(backend, kind):
    backend.write("metrics", sample(10, "http_requests_total"))
    found = checkup(datasource(kind, backend.where, labels={"service": ["team"]}))
    assert found.services == ()
    assert any("name one in labels.service" in text for text in found.advice)


@kinds("loki", "victorialogs", "elasticsearch")
def test_logs_say_their_label_how_many_and_how_far_back(backend, kind):
    for ago in (10, 20, 3700, 86_500):
        backend.write("logs", {"ts": time.time() - ago, "service": "checkout", "message": "served"})
    found = checkup(datasource(kind, backend.where))
    assert (found.fault, found.services, found.sees) == ("", ("checkout",), {"logs"})
    assert (found.amount, found.unit, found.reaches_s) == (2, "lines/h", 86_400)


@kinds("loki")
def test_lines_without_an_index_yet_are_counted(backend, kind):
    backend.indexed = False
    for ago in (10, 20, 3700):
        backend.write("logs", {"ts": time.time() - ago, "service": "checkout", "message": "served"})
    found = checkup(datasource(kind, backend.where))
    assert (found.amount, found.reaches_s) == (2, 3600)


@kinds("journald")
def test_a_store_that_counts_nothing_tells_no_amount(backend, kind):
    line = {"ts": time.time() - 10, "service": "checkout", "message": "served"}
    backend.write("logs", line)
    found = checkup(datasource(kind, backend.where))
    assert (found.fault, found.services, found.sees) == ("", ("checkout",), {"logs"})
    assert found.amount is None


def test_every_kind_can_be_looked_at():
    assert set(get_args(Kind)) == LOOKS.keys()


@kinds("loki", "victorialogs")
def test_logs_by_another_label_say_which_there_are(backend, kind):
    line = {"ts": time.time() - 10, "service": "", "message": "served", "labels": {"team": "a"}}
    backend.write("logs", line)
    found = checkup(datasource(kind, backend.where, labels={"service": ["unit"]}))
    assert (found.sees, len(found.advice)) == (frozenset(), 1)
    assert "team" in found.advice[0]


@kinds("tempo", "jaeger")
def test_traces_say_who_sent_them(backend, kind):
    assert "no service sent a span" in checkup(datasource(kind, backend.where)).advice[0]
    for number, ago in enumerate((10, 3700)):
        ids = {"trace_id": f"{number + 1:032x}", "span_id": "1" * 16}
        row = {"start": time.time() - ago, "name": "GET", "service": "checkout", "duration_ms": 1.0}
        backend.write("traces", row | ids)
    found = checkup(datasource(kind, backend.where))
    assert (found.services, found.sees, found.reaches_s) == (("checkout",), {"traces"}, 3600)


def test_changes_without_a_deploy_are_said(tmp_path):
    repository = GitBackend(tmp_path / "code")
    repository.commit({"a": "1"}, "first", time.time() - 50)
    found = checkup(datasource("git", repository.where))
    assert (found.amount, found.sees, found.skew_s) == (1, {"changes"}, None)
    assert "tag deploys" in found.advice[0]


@kinds("github")
def test_a_hub_is_asked_once(backend, kind):
    found = checkup(datasource(kind, backend.where))
    assert (found.sees, len(backend.asked)) == ({"changes"}, 1)
    assert "authorization" in found.advice[0]


class Cluster(PodsBackend):
    """One in which nothing was changed."""

    def _answer(self, question: Question) -> Reply:
        found = super()._answer(question)
        return Reply({"items": [], "metadata": {}}) if found.status == 404 else found


def test_of_a_cluster_changes_and_logs_of_pods_are_looked_at():
    line = {"ts": time.time() - 10, "service": "cart", "message": "served", "labels": {}}
    with serving(Cluster()) as cluster:
        source = datasource("kubernetes", cluster.where)
        assert "no line came" in checkup(source).advice[0]
        cluster.write("logs", line)  # pyright: ignore
        found = checkup(source)
        assert (found.services, found.sees, found.advice) == (("cart",), {"changes", "logs"}, [])
        cluster.refused["cart"] = Reply({"message": "pods/log is forbidden"}, 403)  # pyright: ignore
        found = checkup(source)
    assert found.sees == {"changes"}
    assert "get pods/log" in found.advice[0]


@kinds("alertmanager")
def test_what_fires_is_counted_and_a_missing_receiver_said(backend, kind):
    backend.fire("Slow", "cart", "warning", "2026-11-29T10:00:00Z")
    found = checkup(datasource(kind, backend.where))
    assert (found.version, found.amount, found.sees) == ("0.27.0", 1, {"alerts"})
    assert "no receiver warroom" in found.advice[0]
    backend.receivers.append("warroom")
    assert checkup(datasource(kind, backend.where)).advice == []


def test_a_folder_shows_what_lies_in_it(tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.jsonl").write_text("")
    assert checkup(datasource("files", str(tmp_path))).sees == {"logs"}
    assert "is no folder" in checkup(datasource("files", str(tmp_path / "gone"))).fault


@pytest.mark.parametrize("failing", [*FAILURES, "slow", "down"])
@kinds()
def test_what_fails_says_why_and_shows_nothing(backend, kind, failing):
    if failing == "down":
        backend.close()
    else:
        backend.failing = failing
    found = checkup(datasource(kind, backend.where, timeout="200ms"))
    assert found.fault
    assert backend.where in found.fault
    assert sights([found]) == sights([])


@kinds("loki", "tempo", "jaeger", "alertmanager", "prometheus")
def test_a_wrong_clock_is_said(backend, kind):
    row = {"start": time.time(), "name": "GET", "service": "a", "duration_ms": 1.0}
    row |= {"span_id": "1" * 16}
    if isinstance(backend, JaegerBackend | TempoBackend):
        backend.write("traces", row | {"trace_id": "1" * 32})
    backend.extra = {"Date": formatdate(time.time() + 300, usegmt=True)}
    found = checkup(datasource(kind, backend.where))
    assert found.skew_s == pytest.approx(300, abs=5)
    assert any("ahead of ours" in text for text in found.advice)


@pytest.mark.parametrize(
    ("backend", "path", "told"),
    [
        ("loki", "/loki/api/v1/status/buildinfo", b'{"version":"3.7.8","revision":"ab"}'),
        ("tempo", "/api/status/buildinfo", b'{"status":"success","data":{"version":"v3.7.8"}}'),
        ("jaeger", "/", b'JAEGER_VERSION = {"gitCommit":"a","gitVersion":"v3.7.8"};'),
        ("victorialogs", "/metrics", b'vm_app_version{version="x",short_version="v3.7.8"} 1'),
        ("elasticsearch", "/", b'{"name" : "a", "version" : { "number" : "3.7.8" }}'),
    ],
    indirect=["backend"],
)
def test_the_version_is_found_where_a_kind_says_it(backend, path, told):
    backend.told[path] = told
    kind = next(name for name, made in OVER_HTTP.items() if isinstance(backend, made))
    assert checkup(datasource(kind, backend.where)).version == "3.7.8"
    backend.told[path] = b"a page that says none"
    assert checkup(datasource(kind, backend.where)).version == ""


@kinds("loki")
def test_one_server_by_two_addresses_is_said(backend, kind):
    backend.write("logs", {"ts": time.time() - 10, "service": "checkout", "message": "served"})
    door = datasource(kind, backend.where, name="grafana")
    first, second = checkups([datasource(kind, backend.where), door])
    assert first.advice == []
    assert second.advice == ["shows what loki shows: keep one, if it is one server"]


def test_needs_are_of_specialists_and_of_what_there_is():
    assert {need.specialist for need in NEEDS} == {str(step.specialist) for step in STEPS}
    known = {*MODALITIES, *map(str, CATALOGUE), "alerts"}
    assert all(known.issuperset(need.by) for need in NEEDS)


def test_a_specialist_sees_by_what_was_reached():
    seen = Checkup("loki", "loki", "http://a", sees=frozenset(["logs"]))
    down = Checkup("tempo", "tempo", "http://b", fault="is down", sees=frozenset(["traces"]))
    shown = {(one.specialist, one.sees): one.by for one in sights([seen, down])}
    assert shown["debugger", "what services themselves say is wrong"] == ("loki",)
    assert shown["debugger", "who calls whom, and which call fails"] == ()


def test_a_bundle_of_nothing_is_no_error(tmp_path: Path):
    assert checkup(datasource("files", str(tmp_path))).fault == ""


@pytest.mark.thorough
@pytest.mark.skipif(not INSTALLED, reason="prometheus is not installed")
def test_a_real_prometheus_answers_all_of_it(tmp_path):
    now = time.time()
    samples = [
        f'http_requests_total{{service="cart"}} 1 {now - ago:.0f}' for ago in range(7200, 0, -30)
    ]
    text = "\n".join(["# TYPE http_requests_total unknown", *samples, "# EOF\n"])
    with prometheus(tmp_path, text) as url:
        found = checkup(datasource("prometheus", url))
    assert (found.fault, found.label, found.services) == ("", "service", ("cart",))
    assert (found.amount, found.interval_s, found.reaches_s) == (1, 30, 3600)
    assert found.version
    assert {"metrics", "alerts", "error_rate"} <= found.sees
