"""A real Prometheus takes what people are shown to ask it by, and what a model may ask."""

import httpx
import pytest

from warroom.agents.runtime.context import StepBench
from warroom.telemetry.model import Window
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.links import backend_queries
from warroom.telemetry.sources.registry import connected
from warroom.telemetry.sources.source import About
from warroom.tests.support.bundles import START
from warroom.tests.support.prometheus_server import INSTALLED, as_openmetrics, prometheus
from warroom.tests.support.shop_bundle import Fault, write_shop
from warroom.tools.base import Frame
from warroom.tools.toolbox import Toolbox

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(not INSTALLED, reason="prometheus and promtool are not on PATH"),
]
SUM = 'sum by (service) (rate(http_requests_total{service=~"checkout|payments"}[20s]))'
ESCAPED = 'http_requests_total{service="checkout",code!~"4\\\\d\\\\d"} >= 1e1'


def test_prometheus_takes_what_is_shown_and_what_is_asked(tmp_path):
    bundle = write_shop(tmp_path / "bundle", Fault("errors", "checkout"))
    (tmp_path / "server").mkdir()
    with prometheus(tmp_path / "server", as_openmetrics(bundle)) as url:
        one = Datasource(name="prom", type="prometheus", url=url)
        recorder = Recorder(connected([one]), clock=lambda: START + 85)
        recorder.focus("checkout", START, ["payments"])
        recording, window = recorder.advance(), Window(START + 1, START + 85)

        about = About(window, frozenset(["checkout"]), frozenset(["http_requests_total"]))
        shown = backend_queries(recorder.sources, {"metrics"}, about)
        assert shown
        for query in shown:
            asked = {"match[]": query.query, "start": str(START), "end": str(window.end)}
            assert httpx.get(f"{url}/api/v1/series", params=asked).json()["data"]
            assert httpx.get(query.link, follow_redirects=True).status_code == httpx.codes.OK

        frame = Frame(Window(START, START + 55), Window(START + 60, window.end))
        bench = StepBench(recording, frame, live=recorder.live())
        box = Toolbox(
            bench, "debugger", lambda evidence, _: evidence.model_copy(update={"id": "E"})
        )
        found = box.by_name("promql", {"query": SUM})
        assert {row["series"] for row in found.records()} == {
            '{service="checkout"}',
            '{service="payments"}',
        }
        assert box.by_name("promql", {"query": ESCAPED}).ok
        recorder.close()
