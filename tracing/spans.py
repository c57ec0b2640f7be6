"""The three spans: a specialist's step, a model's answer, a tool's call.

They are OpenTelemetry's own: its API's spans record nothing until `begin` names a provider.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from opentelemetry.trace import NoOpTracer, Span, SpanKind, StatusCode, Tracer

from . import attributes as names

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter


class Wanted(Protocol):
    """What of the settings decides about tracing."""

    @property
    def tracing(self) -> str:
        """ "console", "otlp", or empty: off."""
        ...

    @property
    def tracing_content(self) -> bool:
        """Whether messages, arguments and results go along."""
        ...


@dataclass
class _Tracing:
    tracer: Tracer
    content: bool = False
    provider: "TracerProvider | None" = None


_tracing = _Tracing(NoOpTracer())
_call: ContextVar[str] = ContextVar("call", default="")
_incident: ContextVar[str] = ContextVar("incident", default="")


def begin(settings: Wanted, exporter: "SpanExporter | None" = None) -> None:
    """Trace from now on, if the settings say so; again: nothing changes.

    Args:
        settings: tracing and tracing_content.
        exporter: takes the spans instead of the one that the settings name.

    Raises:
        InputError: tracing is on, and the extra `tracing` is not installed.
    """
    if not settings.tracing or _tracing.provider:
        return
    from .export import provider

    made = provider(exporter, settings.tracing, _incident.get)
    _tracing.tracer, _tracing.content = made.get_tracer("warroom"), settings.tracing_content
    _tracing.provider = made


def end() -> None:
    """Export what is left and stop; at the latest this happens when the process ends."""
    if _tracing.provider:
        _tracing.provider.shutdown()
    _tracing.tracer, _tracing.content, _tracing.provider = NoOpTracer(), False, None


@contextmanager
def asked_as(call_id: str) -> Iterator[None]:
    """Tools called inside answer this call of the model."""
    token = _call.set(call_id)
    try:
        yield
    finally:
        _call.reset(token)


def node_span(specialist: str, step: int, incident: str) -> AbstractContextManager["Traced"]:
    """A specialist works a step; all steps of an incident are one trace."""
    about = {
        names.OPERATION: "invoke_agent",
        names.AGENT: specialist,
        names.CONVERSATION: incident,
        names.INCIDENT: incident,
        names.STEP: step,
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
        names.OPERATION: "chat",
        names.PROVIDER: provider,
        names.REQUEST_MODEL: model,
        names.MAX_TOKENS: ask.max_tokens,
        names.AGENT: ask.specialist,
        names.CONVERSATION: ask.incident,
        names.INCIDENT: ask.incident,
        names.STEP: ask.step,
        names.PURPOSE: ask.purpose,
        names.PROMPT: ask.prompt.partition("@")[0],
        names.STAMP: ask.prompt,
        **({names.SERVER: server[0], names.PORT: server[1]} if server else {}),
    }
    if _tracing.content:
        about[names.INPUT_MESSAGES] = names.conversation(ask.messages)
    return _in_trace_of(ask.incident, f"chat {model}".rstrip(), about, SpanKind.CLIENT)


def tool_span(name: str) -> AbstractContextManager["Traced"]:
    """A tool is called, by a playbook or for a model. What it was asked and answered is evidence,
    whose id the span names: unmasked telemetry stays out of traces."""
    about = {
        names.OPERATION: "execute_tool",
        names.TOOL: name,
        names.TOOL_TYPE: "function",
        names.TOOL_CALL: _call.get(),
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
        self.span.set_attribute(names.RESPONSE_MODEL, answer.model)
        self.span.set_attribute(names.FINISH_REASONS, [finish])
        self.used(answer.usage)
        if answer.note:
            self.span.set_attribute(names.NOTE, answer.note)
        if self.content:
            self.span.set_attribute(names.OUTPUT_MESSAGES, names.reply(answer, finish))

    def used(self, usage: Any) -> None:
        """Tokens (models.protocol.Usage), also of an answer that cannot be used."""
        if usage is None:
            return
        self.span.set_attribute(names.INPUT_TOKENS, usage.input)
        self.span.set_attribute(names.OUTPUT_TOKENS, usage.output)
        self.span.set_attribute(names.ESTIMATED, usage.estimated)
        self.span.set_attribute(names.REQUESTS, usage.requests)

    def kept(self, result: Any) -> None:
        """A tool's Result, with the id of its evidence."""
        self.span.set_attribute(names.EVIDENCE, result.evidence)
        self.span.set_attribute(names.STATUS, result.status.value)
        if result.status.value == "failed":
            self.failed("ToolError")

    def handed_in(self, report: Any) -> None:
        """A step's report."""
        self.span.set_attribute(names.SOURCE, report.source)
        self.span.set_attribute(names.CONCLUSION, report.conclusion)

    def failed(self, kind: str) -> None:
        """The span ended in an error of this kind."""
        self.span.set_attribute(names.ERROR, kind)
        self.span.set_status(StatusCode.ERROR)
