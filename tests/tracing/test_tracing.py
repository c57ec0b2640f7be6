"""Traces: names and attributes of the conventions, one trace an incident, nothing unasked."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv.attributes import error_attributes, server_attributes
from opentelemetry.trace import SpanKind, StatusCode
from pydantic import BaseModel

from warroom.agents.runtime.case import Case
from warroom.errors import InputError, ModelError, ModelMuddled, ModelUnavailable
from warroom.incident.report import AnyReport
from warroom.models.assembly import TracedModel, provider_of, server_of
from warroom.models.protocol import Answer, Ask, ChatMessage, Model, ToolCall, Usage
from warroom.response import Response
from warroom.tests.support.benches import empty_bench
from warroom.tests.support.responses import alert, room_over
from warroom.tools.origin import call_edges
from warroom.tools.toolbox import Toolbox
from warroom.tracing.export import Once, trace_id
from warroom.tracing.spans import asked_as, begin, end, node_span

URL = "https://models.example.com:8443/v1"
SECRET = "the customer's own words"


class Reply(BaseModel):
    """What the test asks for."""

    text: str


@dataclass
class Fixed:
    """Says the same every time, or fails the same way."""

    answer: Answer | ModelError
    name: str = "asked-model"

    def ask(self, ask: Ask) -> Answer:
        if isinstance(self.answer, ModelError):
            raise self.answer
        return self.answer


ANSWER = Answer("answering-model", Reply(text=SECRET), text=SECRET, usage=Usage(1240, 210, True, 2))


class Asking:
    """A ceiling that asks a model once a step and calls the tool it names."""

    note = "a test's model answers"

    def __init__(self, model: Model) -> None:
        self.model = model

    def improve(self, case: Case, floor: AnyReport) -> AnyReport:
        self.model.ask(question(case.document.id))
        return floor


def question(incident: str = "INC-1") -> Ask:
    return Ask(
        messages=(
            ChatMessage("system", "You are the debugger."),
            ChatMessage("assistant", "", (ToolCall("c1", "read_logs", {"service": "cart"}),)),
            ChatMessage("tool", SECRET, call_id="c1"),
        ),
        schema=Reply,
        max_tokens=900,
        specialist="debugger",
        step=4,
        incident=incident,
        purpose="skeptic",
        prompt="debugger.md@0123456789ab",
    )


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """What is exported; begun by the test, ended here."""
    yield InMemorySpanExporter()
    end()


def only(exporter: InMemorySpanExporter, prefix: str = "") -> ReadableSpan:
    (span,) = (s for s in exporter.get_finished_spans() if s.name.startswith(prefix))
    return span


def facts(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


def test_every_name_is_one_of_the_conventions(spans, tmp_path):
    begin("console", True, spans)
    with node_span("debugger", 4, "INC-1"), asked_as("c1"):
        TracedModel(Fixed(ANSWER), URL).ask(question())
        toolbox(tmp_path / "bundle").call(call_edges)
    with pytest.raises(ModelError):
        TracedModel(Fixed(ModelError("gone")), URL).ask(question())
    parts = (gen_ai_attributes, error_attributes, server_attributes)
    known = {value for part in parts for value in vars(part).values() if isinstance(value, str)}
    ours = {name for span in spans.get_finished_spans() for name in facts(span)}
    assert {name for name in ours - known if not name.startswith("warroom.")} == set()
    assert len(ours & known) > 15


def test_a_model_call_says_who_was_asked_who_answered_and_what_it_took(spans):
    begin("console", exporter=spans)
    assert TracedModel(Fixed(ANSWER), URL).ask(question()) is ANSWER
    span = only(spans)
    assert (span.name, span.kind) == ("chat asked-model", SpanKind.CLIENT)
    assert facts(span) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "asked-model",
        "gen_ai.request.max_tokens": 900,
        "gen_ai.response.model": "answering-model",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 1240,
        "gen_ai.usage.output_tokens": 210,
        "gen_ai.agent.name": "debugger",
        "gen_ai.conversation.id": "INC-1",
        "gen_ai.prompt.name": "debugger.md",
        "server.address": "models.example.com",
        "server.port": 8443,
        "warroom.incident": "INC-1",
        "warroom.step": 4,
        "warroom.purpose": "skeptic",
        "warroom.prompt": "debugger.md@0123456789ab",
        "warroom.usage.estimated": True,
        "warroom.requests": 2,
    }


def test_content_goes_along_only_when_it_is_asked_for(spans):
    begin("console", True, spans)
    TracedModel(Fixed(ANSWER)).ask(question())
    told = facts(only(spans))
    system, call, result = json.loads(str(told["gen_ai.input.messages"]))
    assert system == {
        "role": "system",
        "parts": [{"type": "text", "content": "You are the debugger."}],
    }
    assert call["parts"] == [
        {"type": "tool_call", "id": "c1", "name": "read_logs", "arguments": {"service": "cart"}}
    ]
    assert result["parts"] == [{"type": "tool_call_response", "id": "c1", "response": SECRET}]
    (said,) = json.loads(str(told["gen_ai.output.messages"]))
    assert said["parts"] == [{"type": "text", "content": SECRET}]
    assert said["finish_reason"] == "stop"


@pytest.mark.parametrize("failure", [ModelUnavailable(SECRET), ModelMuddled(SECRET)])
def test_a_failed_call_names_the_error_and_never_its_words(spans, failure):
    begin("console", exporter=spans)
    failure.usage = Usage(300, 5)
    with pytest.raises(type(failure)):
        TracedModel(Fixed(failure), URL).ask(question())
    span = only(spans)
    assert span.status.status_code is StatusCode.ERROR
    told = facts(span)
    assert told["error.type"] == type(failure).__name__
    assert told["gen_ai.usage.input_tokens"] == 300
    assert "gen_ai.response.model" not in told
    assert SECRET not in span.to_json()


def test_a_call_for_tools_finishes_as_one(spans):
    begin("console", exporter=spans)
    calls = Answer("m", calls=(ToolCall("c2", "read_metrics", {}),))
    TracedModel(Fixed(calls)).ask(question())
    assert facts(only(spans))["gen_ai.response.finish_reasons"] == ("tool_call",)


def toolbox(folder: Path) -> Toolbox:
    keep = lambda evidence, _payload: evidence.model_copy(update={"id": "E7"})  # noqa: E731
    return Toolbox(empty_bench(folder), "tester", keep)


@pytest.mark.parametrize("content", [False, True])
def test_a_tool_call_names_its_evidence_and_the_call_it_answers(spans, tmp_path, content):
    begin("console", content, spans)
    with asked_as("c9"):
        result = toolbox(tmp_path / "bundle").call(call_edges)
    span = only(spans)
    assert (span.name, span.kind) == ("execute_tool call_edges", SpanKind.INTERNAL)
    told = facts(span)
    assert told["gen_ai.operation.name"] == "execute_tool"
    assert told["gen_ai.tool.name"] == "call_edges"
    assert told["gen_ai.tool.call.id"] == "c9"
    assert (told["warroom.evidence"], told["warroom.evidence.status"]) == ("E7", result.status)
    assert "gen_ai.tool.call.arguments" not in told  # telemetry, and not masked
    assert "gen_ai.tool.call.result" not in told


def test_a_failed_tool_call_is_an_error_and_one_nobody_named_has_no_call_id(spans, tmp_path):
    begin("console", exporter=spans)
    toolbox(tmp_path / "bundle").by_name("call_edges", {"nonsense": 1})
    span = only(spans)
    assert span.status.status_code is StatusCode.ERROR
    assert facts(span)["error.type"] == "ToolError"
    assert "gen_ai.tool.call.id" not in facts(span)


def test_a_response_is_one_trace_of_steps_with_their_calls_inside(spans, tmp_path):
    begin("console", exporter=spans)
    context = room_over(tmp_path)
    context.model_layer = Asking(TracedModel(Fixed(ANSWER), URL))
    with Response(context) as response:
        incident, _ = response.take(alert())
        list(response.run(incident))
    found = spans.get_finished_spans()
    assert {span.context.trace_id for span in found if span.context} == {trace_id(incident)}
    names = {span.context.span_id: span.name for span in found if span.context}
    above = {(span.name.split()[0], names.get(span.parent.span_id, "?").split()[0])
             for span in found if span.parent}  # fmt: skip
    assert above == {("chat", "invoke_agent"), ("execute_tool", "invoke_agent")}
    roots = [span for span in found if span.parent is None]
    assert {"invoke_agent triage", "invoke_agent debugger"} <= {span.name for span in roots}
    for span in roots:
        told = facts(span)
        assert span.name == f"invoke_agent {told['gen_ai.agent.name']}"
        assert (told["warroom.incident"], told["warroom.source"]) == (incident, "floor")
    steps = [facts(span)["warroom.step"] for span in roots]
    assert steps[0] == 1
    assert len([name for name in names.values() if name == "chat asked-model"]) == len(roots)


def test_a_call_on_another_thread_stays_in_the_incidents_trace(spans):
    begin("console", exporter=spans)
    thread = Thread(target=TracedModel(Fixed(ANSWER)).ask, args=[question("INC-7")])
    thread.start()
    thread.join()
    context = only(spans).context
    assert context is not None
    assert context.trace_id == trace_id("INC-7")


def test_nothing_is_made_when_tracing_is_off(spans, tmp_path):
    begin("", exporter=spans)
    with node_span("debugger", 4, "INC-1"):
        TracedModel(Fixed(ANSWER), URL).ask(question())
        toolbox(tmp_path / "bundle").call(call_edges)
    assert spans.get_finished_spans() == ()


def test_the_sdk_is_not_imported_when_tracing_is_off():
    script = (
        "import sys\n"
        "from warroom.tracing.spans import begin, node_span, tool_span\n"
        "begin('')\n"
        "with node_span('debugger', 4, 'INC-1'), tool_span('topology'):\n"
        "    pass\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_the_console_gets_one_line_of_json_a_span_on_stderr(capsys):
    begin("console")
    with node_span("debugger", 4, "INC-1"):
        pass
    end()
    written = capsys.readouterr()
    assert written.out == ""
    (line,) = written.err.splitlines()
    assert json.loads(line)["name"] == "invoke_agent debugger"


class Collector(BaseHTTPRequestHandler):
    """Takes what an OTLP exporter posts."""

    taken: ClassVar[list[ExportTraceServiceRequest]] = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format, *args):
        pass


def test_a_response_begins_what_its_settings_ask_for(capsys, spans, tmp_path):
    context = room_over(tmp_path)
    context.settings = context.settings.model_copy(update={"tracing": "console"})
    with Response(context), node_span("debugger", 4, "INC-1"):
        pass
    assert json.loads(capsys.readouterr().err)["name"] == "invoke_agent debugger"


def test_otlp_reaches_a_collector_with_what_is_left_at_the_end(monkeypatch):
    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        begin("otlp")
        with node_span("debugger", 4, "INC-1"):
            TracedModel(Fixed(ANSWER), URL).ask(question())
        end()
        server.shutdown()
    (resource,) = Collector.taken[0].resource_spans
    service = {a.key: a.value.string_value for a in resource.resource.attributes}["service.name"]
    names = [span.name for scope in resource.scope_spans for span in scope.spans]
    assert (service, names) == ("warroom", ["chat asked-model", "invoke_agent debugger"])


def test_spans_that_no_collector_takes_are_said_once():
    once = Once()
    levels = (logging.WARNING, logging.ERROR, logging.ERROR)
    records = [logging.makeLogRecord({"levelno": level}) for level in levels]
    assert [once.filter(record) for record in records] == [False, True, False]


def test_without_the_extra_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(InputError, match=r"pip install 'warroom\[tracing\]'"):
        begin("console")


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("https://api.example.com/v1", ("api.example.com", 443)),
        ("http://localhost/v1", ("localhost", 80)),
        ("http://[::1]:8000", ("::1", 8000)),
        ("", None),
    ],
)
def test_the_server_is_read_off_the_address(url, server):
    assert server_of(url) == server


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("ours.openai.azure.com", "azure.ai.openai"),
        ("api.mistral.ai", "mistral_ai"),
        ("europe-west1-aiplatform.googleapis.com", "gcp.vertex_ai"),
        ("localhost", "openai"),
        ("notapi.mistral.ai.example.com", "openai"),
    ],
)
def test_the_provider_is_read_off_the_host(host, provider):
    known = {value.value for value in gen_ai_attributes.GenAiProviderNameValues}
    assert provider_of(host) == provider
    assert provider in known
