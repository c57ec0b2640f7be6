"""Backends asked further by a model: bounded, kept with the query, and what is large reads on."""

import pytest

from warroom.agents.reasoning.desk import ToolDesk
from warroom.agents.runtime.context import StepBench
from warroom.incident.evidence import Evidence, EvidenceStatus, digest
from warroom.models.redaction import Redaction
from warroom.telemetry.model import Window
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.registry import connected
from warroom.tests.support.bundles import START
from warroom.tests.support.log_backends import LokiBackend
from warroom.tests.support.prometheus_backend import PrometheusBackend
from warroom.tests.support.trace_backends import TempoBackend
from warroom.tools.base import Frame
from warroom.tools.toolbox import Toolbox

NOW = START + 1200
FRAME = Frame(Window(START + 300, START + 900), Window(START + 960, NOW), service="checkout")


class Asked:
    """Three backends and a toolbox over them."""

    def __init__(self) -> None:
        self.prom, self.loki, self.tempo = PrometheusBackend(), LokiBackend(), TempoBackend()
        self.known: list[Evidence] = []
        for second in range(0, 1200, 10):
            row = {"ts": START + second, "name": "queue_depth", "service": "checkout"}
            value = 5 if second < 960 else 50
            self.prom.write("metrics", row | {"labels": {"queue": "mail"}, "value": value})
        for number in range(450):
            row = {"ts": START + 960 + number / 4, "service": "checkout"}
            self.loki.write("logs", row | {"message": f"order {number} took long"})
        span = {"trace_id": f"{7:032x}", "span_id": f"{7:016x}", "service": "checkout"}
        span |= {"start": START + 1000, "name": "POST /pay", "duration_ms": 900.0}
        self.tempo.write("traces", span | {"kind": "server", "status": "error"})
        kinds = {"prometheus": self.prom, "loki": self.loki, "tempo": self.tempo}
        self.recorder = Recorder(
            connected([Datasource(name=k, type=k, url=one.where) for k, one in kinds.items()]),  # pyright: ignore
            clock=lambda: NOW,
        )
        self.recorder.focus("checkout", START)
        self.box = self.opened(FRAME)

    def opened(self, frame: Frame) -> Toolbox:
        bench = StepBench(self.recorder.advance(), frame, live=self.recorder.live())
        return Toolbox(bench, "debugger", self.keep, redact=Redaction())

    def keep(self, evidence: Evidence, payload) -> Evidence:
        sealed = {"id": f"E{len(self.known) + 1}", "digest": digest(payload)}
        self.known.append(evidence.model_copy(update=sealed))
        return self.known[-1]

    def close(self) -> None:
        for one in (self.prom, self.loki, self.tempo):
            one.close()
        self.recorder.close()


@pytest.fixture(scope="module")
def asked():
    made = Asked()
    yield made
    made.close()


def test_an_expression_is_kept_with_its_query_and_its_link(asked):
    result = asked.box.by_name("promql", {"query": 'queue_depth{service="checkout"}'})
    (row,) = result.records()
    assert (row["baseline"], row["incident"], row["last"]) == (5.0, 50.0, 50.0)
    assert 'queue="mail"' in row["series"]
    (query,) = asked.known[-1].backends
    assert (query.datasource, query.language) == ("prometheus", "promql")
    assert query.query == 'queue_depth{service="checkout"}'
    assert query.link.startswith(f"{asked.prom.where}/graph?g0.expr=queue_depth%7B")
    assert asked.known[-1].query == {"query": query.query}


def test_a_large_answer_reads_on_and_asks_nobody_again(asked):
    query = {"query": '{service_name="checkout"} |~ "took long"'}
    first = asked.box.by_name("logql", query)
    assert len(first.rows) == 200
    assert "450 rows came back" in first.summary
    assert "first_row=201" in first.summary
    questions = len(asked.loki.asked)
    rest = asked.box.by_name("logql", query | {"first_row": 401})
    assert [row["message"] for row in rest.records()][-1] == "order 449 took long"
    some = asked.box.by_name("logql", query | {"having": "order 44[0-9]"})
    assert len(some.rows) == 10
    assert "10 of them match" in some.summary
    assert len(asked.loki.asked) == questions


def test_traces_are_found_with_their_spans(asked):
    query = '{ resource.service.name = "checkout" && status = error }'
    (row,) = asked.box.by_name("traceql", {"query": query}).records()
    assert (row["trace_id"], row["name"], row["duration_ms"]) == (f"{7:032x}", "POST /pay", 900.0)


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("promql", {"query": "queue_depth"}, "does not say whose"),
        ("promql", {"query": 'queue_depth{service="payments"}'}, "there are checkout"),
        ("promql", {"query": 'a{service="checkout"}', "start": START - 9}, "within"),
        ("promql", {"query": 'a{service="checkout"}', "end": NOW + 9}, "within"),
        ("promql", {"query": 'a{service="checkout"} offset 1d'}, "looks back"),
        ("logql", {"query": '{service_name="checkout"}', "having": "("}, "having"),
        ("logql", {"query": '{service_name="checkout"} | drop x'}, "LogQL"),
    ],
)
def test_what_is_not_allowed_is_refused_before_anybody_is_asked(asked, name, arguments, says):
    questions = len(asked.prom.asked) + len(asked.loki.asked)
    result = asked.box.by_name(name, arguments)
    assert result.status is EvidenceStatus.failed
    assert says in result.summary
    assert len(asked.prom.asked) + len(asked.loki.asked) == questions


def test_nothing_that_matches_is_said_as_that(asked):
    result = asked.box.by_name("logql", {"query": '{service_name="checkout"} |~ "unheard of"'})
    assert result.status is EvidenceStatus.empty
    assert "nothing that this query selects" in result.summary


def test_a_backend_that_is_down_is_a_failed_call():
    made = Asked()
    made.loki.close()
    result = made.box.by_name("logql", {"query": '{service_name="checkout"}'})
    assert result.status is EvidenceStatus.failed
    assert "cannot be reached" in result.summary
    made.close()


def offered(recorder: Recorder) -> set[str]:
    bench = StepBench(recorder.recording, FRAME, live=recorder.live())
    names = ("promql", "logql", "traceql", "search_logs")
    box = Toolbox(bench, "debugger", lambda evidence, _payload: evidence)
    desk = ToolDesk(names, box, document=lambda: None, payload=dict)  # pyright: ignore
    return {spec.name for spec in desk.specs()}


def test_they_are_offered_where_a_backend_answers(asked):
    assert offered(asked.recorder) == {"promql", "logql", "traceql", "search_logs"}
    one = Datasource(name="loki", type="loki", url=asked.loki.where)
    only = Recorder(connected([one]), clock=lambda: NOW)
    only.focus("checkout", START)
    assert offered(only) == {"logql", "search_logs"}
    assert offered(Recorder()) == {"search_logs"}
