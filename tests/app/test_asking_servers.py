"""A real Prometheus takes what people are shown to ask it by, and what a model may ask."""

import re
import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from warroom.agents.runtime.context import ResponseContext, StepBench
from warroom.evals.servers.scripted import Line
from warroom.incident.evidence import EvidenceStatus
from warroom.incident.timeline import from_ts
from warroom.models.protocol import Ask, ToolCall
from warroom.record.store import Store
from warroom.response import Response
from warroom.settings import Settings
from warroom.telemetry.bundle import CatalogueFile
from warroom.telemetry.model import Window
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.sources.checkup import checkup
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.links import backend_queries
from warroom.telemetry.sources.registry import connected, sources_of
from warroom.telemetry.sources.source import About
from warroom.tests.support.bundles import START
from warroom.tests.support.prometheus_server import INSTALLED, as_openmetrics, prometheus
from warroom.tests.support.real_servers import REAL
from warroom.tests.support.responses import NOW, ONSET, alert
from warroom.tests.support.shop_bundle import Fault, write_shop
from warroom.tests.support.thinkers import filled, think, told
from warroom.tests.support.ways import RUN
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


LOGQL = (
    ('{service_name="checkout"} |~ "took long"', 200),
    ('sum by (service_name) (count_over_time({service_name="checkout"} |= "long" [1m]))', 1),
    ('sum(rate({service_name="checkout"} | logfmt | ms > 300 [1m]))', 1),
    ('{service_name="checkout"} | level="error"', 9),
)
"""What a model may ask of lines, and how many rows that shows."""


@pytest.mark.conformance
@RUN
def test_loki_takes_what_a_model_and_doctor_ask(tmp_path):
    now = time.time()
    rows = (
        {"ts": now - 240 + number / 4, "service": "checkout", "level": level, "message": text}
        for number in range(450)
        for text in [f"order {number} took {'long' if number % 2 else 'short'} ms={number}"]
        for level in ["info" if number % 50 else "error"]
    )
    server = REAL["Loki"](tmp_path)
    try:
        server.write("logs", *rows)
        one = Datasource(name="loki", type="loki", url=server.where)
        seen = checkup(one)
        recorder = Recorder(connected([one]), clock=lambda: now)
        recorder.focus("checkout", now - 1200)
        frame = Frame(Window(now - 900, now - 300), Window(now - 240, now))
        bench = StepBench(recorder.advance(), frame, live=recorder.live())
        box = Toolbox(
            bench, "debugger", lambda evidence, _: evidence.model_copy(update={"id": "E"})
        )
        found = [len(box.by_name("logql", {"query": query}).rows) for query, _ in LOGQL]
        recorder.close()
    finally:
        server.close()
    assert found == [rows for _, rows in LOGQL]
    assert (seen.version, seen.services, seen.amount) == ("3.7.8", ("checkout",), 450)


def reading(ask: Ask) -> Line:
    """Asks one expression where the cause is looked for, then says what it read of checkout."""
    if ask.step != 4 or ask.purpose != "reason":
        return filled(ask)
    if len(ask.messages) == 2:
        return ToolCall("c1", "promql", {"query": SUM})
    shown = re.search(r"<<<(E\d+)\n\S+ promql.*?service=.{0,2}checkout[^\n]*", told(ask), re.S)
    assert shown, told(ask)[-3000:]
    value = re.findall(r"\d+\.\d+", shown[0])[-1]
    cites = [{"evidence": shown[1], "value": value}]
    statement = f"checkout served {value} requests a second"
    return filled(ask, claims=[{"statement": statement, "service": "checkout", "cites": cites}])


def test_what_a_model_asks_in_a_response_stays_with_its_query_and_link(tmp_path):
    bundle = write_shop(tmp_path / "bundle", Fault("errors", "checkout", at=ONSET))
    (tmp_path / "server").mkdir()
    settings = Settings(home=tmp_path / "home")
    with prometheus(tmp_path / "server", as_openmetrics(bundle)) as url:
        asked = connected([Datasource(name="prom", type="prometheus", url=url)])
        rest = [one for one in sources_of("files", str(bundle)) if one.modality != "metrics"]
        catalogue = CatalogueFile(bundle / "catalogue.json").catalogue
        recorder = Recorder([*asked, *rest], catalogue, clock=lambda: START + NOW)
        store = Store.open(settings.database)
        now = from_ts(START + NOW)
        context = ResponseContext(settings, store, recorder, clock=lambda: now, pace=0.0)
        think(context, reading)
        with Response(context) as response:
            incident, _ = response.take(alert())
            list(response.run(incident))
    document = store.load(incident)
    found = next(one for one in document.evidence if one.tool == "promql")
    assert (found.status, found.query) == (EvidenceStatus.ok, {"query": SUM})
    (query,) = found.backends
    assert (query.datasource, query.language, query.query) == ("prom", "promql", SUM)
    assert query.link.startswith(f"{url}/graph?")
    assert parse_qs(urlsplit(query.link).query)["g0.expr"] == [SUM]
    claimed = [one for one in document.findings if "requests a second" in one.statement]
    assert {quote.evidence for one in claimed for quote in one.quotes} == {found.id}
