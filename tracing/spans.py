"""Traces of what a response does, by OpenTelemetry's conventions for generative AI: a specialist's
step, a model's answer, a tool's call.

    begin("otlp", content=False)                         once, at the edge of the process
    with node_span("debugger", 4, "INC-…"):              invoke_agent debugger
        with model_span(ask, "gpt-x") as span:           chat gpt-x
            span.answered(answer)
        with tool_span("read_metrics") as span:          execute_tool read_metrics
            span.kept(result)

They are OpenTelemetry's own: its API's spans record nothing until `begin` names a provider, and
the SDK is not imported before. Names of attributes are the conventions' (gen_ai, server, error);
their own package comes with the SDK, which is an extra.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import NoOpTracer, Span, SpanKind, StatusCode, Tracer

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter


@dataclass
class _Tracing:
    tracer: Tracer
    content: bool = False
    provider: "TracerProvider | None" = None


_tracing = _Tracing(NoOpTracer())
_asked: ContextVar[str] = ContextVar("asked", default="")
_incident: ContextVar[str] = ContextVar("incident", default="")


def begin(kind: str, content: bool = False, exporter: "SpanExporter | None" = None) -> None:
    """Trace from now on, if so wanted; again: nothing changes.

    Args:
        kind: "console", "otlp", or empty: off.
        content: whether messages go along.
        exporter: takes the spans instead of the one that `kind` names.

    Raises:
        InputError: tracing is on, and the extra `tracing` is not installed.
    """
    if not kind or _tracing.provider:
        return
    from .export import provider

    made = provider(exporter, kind, _incident.get)
    _tracing.tracer, _tracing.content = made.get_tracer("warroom"), content
    _tracing.provider = made


def end() -> None:
    """Export what is left and stop; at the latest this happens when the process ends."""
    if _tracing.provider:
        _tracing.provider.shutdown()
    _tracing.tracer, _tracing.content, _tracing.provider = NoOpTracer(), False, None


@contextmanager
def asked_as(call_id: str) -> Iterator[None]:
    """Tools called inside answer this call of the model."""
    token = _asked.set(call_id)
    try:
        yield
    finally:
        _asked.reset(token)


def node_span(specialist: str, step: int, incident: str) -> AbstractContextManager["Traced"]:
    """A specialist works a step; all steps of an incident are one trace."""
    about = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": specialist,
        "gen_ai.conversation.id": incident,
        "warroom.incident": incident,
        "warroom.step": step,
    }
    return _in_trace_of(incident, f"invoke_agent {specialist}", about)


def model_span(
    ask: Any, model: str = "", provider: str = "openai", server: tuple[str, int] | None = None
) -> AbstractContextManager["Traced"]:
    """A model is asked.

    Args:
        ask: models.protocol.Ask.
        model: whose name it was asked by.
        provider: as the conventions name them: openai, azure.ai.openai, …
        server: host and port, where it is one.
    """
    about = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": model,
        "gen_ai.request.max_tokens": ask.max_tokens,
        "gen_ai.agent.name": ask.specialist,
        "gen_ai.conversation.id": ask.incident,
        "warroom.incident": ask.incident,
        "warroom.step": ask.step,
        "warroom.purpose": ask.purpose,
        "gen_ai.prompt.name": ask.prompt.partition("@")[0],
        "warroom.prompt": ask.prompt,
        **({"server.address": server[0], "server.port": server[1]} if server else {}),
    }
    if _tracing.content:
        about["gen_ai.input.messages"] = conversation(ask.messages)
    return _in_trace_of(ask.incident, f"chat {model}".rstrip(), about, SpanKind.CLIENT)


def tool_span(name: str) -> AbstractContextManager["Traced"]:
    """A tool is called, by a playbook or for a model. What it was asked and answered is evidence,
    whose id the span names: unmasked telemetry stays out of traces."""
    about = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": _asked.get(),
    }
    return _open(f"execute_tool {name}", about)


@contextmanager
def _in_trace_of(
    incident: str, name: str, about: dict[str, Any], kind: SpanKind = SpanKind.INTERNAL
) -> Iterator["Traced"]:
    token = _incident.set(incident)
    try:
        with _open(name, about, kind) as span:
            yield span
    finally:
        _incident.reset(token)


@contextmanager
def _open(
    name: str, about: dict[str, Any], kind: SpanKind = SpanKind.INTERNAL
) -> Iterator["Traced"]:
    with _tracing.tracer.start_as_current_span(
        name,
        kind=kind,
        attributes={key: value for key, value in about.items() if value != ""},
        record_exception=False,  # its text may be content; the class says what happened
        set_status_on_exception=False,
    ) as span:
        running = Traced(span, _tracing.content)
        try:
            yield running
        except BaseException as error:
            running.failed(type(error).__name__)
            running.used(getattr(error, "usage", None))
            raise


@dataclass(frozen=True)
class Traced:
    """A running span, told what came of it."""

    span: Span
    content: bool

    def answered(self, answer: Any) -> None:
        """A model's Answer."""
        finish = "tool_call" if answer.calls else answer.finish
        self.span.set_attribute("gen_ai.response.model", answer.model)
        self.span.set_attribute("gen_ai.response.finish_reasons", [finish])
        self.used(answer.usage)
        if answer.note:
            self.span.set_attribute("warroom.note", answer.note)
        if self.content:
            self.span.set_attribute("gen_ai.output.messages", reply(answer, finish))

    def used(self, usage: Any) -> None:
        """Tokens (models.protocol.Usage), also of an answer that cannot be used."""
        if usage is None:
            return
        self.span.set_attribute("gen_ai.usage.input_tokens", usage.input)
        self.span.set_attribute("gen_ai.usage.output_tokens", usage.output)
        self.span.set_attribute("warroom.usage.estimated", usage.estimated)
        self.span.set_attribute("warroom.requests", usage.requests)  # over HTTP, retries included

    def kept(self, result: Any) -> None:
        """A tool's Result, with the id of its evidence."""
        self.span.set_attribute("warroom.evidence", result.evidence)
        self.span.set_attribute("warroom.evidence.status", result.status.value)
        if result.status.value == "failed":
            self.failed("ToolError")

    def handed_in(self, report: Any) -> None:
        """A step's report, of the floor or a model."""
        self.span.set_attribute("warroom.source", report.source)
        self.span.set_attribute("warroom.conclusion", report.conclusion)

    def failed(self, kind: str) -> None:
        """The span ended in an error of this kind."""
        self.span.set_attribute("error.type", kind)
        self.span.set_status(StatusCode.ERROR)


def conversation(messages: Iterable[Any]) -> str:
    """Messages (models.protocol.Message) as the conventions want them in an attribute."""
    return _json([{"role": m.role, "parts": _parts(m)} for m in messages])


def reply(answer: Any, finish: str) -> str:
    """An answer (models.protocol.Answer) as the one message that it is."""
    parts = [_text(answer.text)] if answer.text else []
    parts += [_call(call) for call in answer.calls]
    return _json([{"role": "assistant", "parts": parts, "finish_reason": finish}])


def _parts(message: Any) -> list[dict[str, Any]]:
    if message.role == "tool":
        response = {"type": "tool_call_response", "response": message.content}
        return [{**response, "id": message.call_id}]
    text = [_text(message.content)] if message.content else []
    return text + [_call(call) for call in message.calls]


def _text(content: str) -> dict[str, Any]:
    return {"type": "text", "content": content}


def _call(call: Any) -> dict[str, Any]:
    return {"type": "tool_call", "id": call.id, "name": call.name, "arguments": call.arguments}


def _json(value: Any) -> str:
    """Any value as one line of JSON; what JSON does not know is written as text."""
    return json.dumps(value, ensure_ascii=False, default=str)
