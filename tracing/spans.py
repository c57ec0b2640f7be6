"""The three spans: a specialist's step, a model's answer, a tool's call."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from . import attributes as names

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span, Tracer


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


class Traced:
    """A running span, told what came of it. This one is off: it takes everything and keeps none."""

    def answered(self, answer: Any) -> None:
        """A model's Answer."""

    def kept(self, result: Any) -> None:
        """A tool's Result, with the id of its evidence."""

    def handed_in(self, report: Any) -> None:
        """A step's report."""


OFF = Traced()


@dataclass(frozen=True)
class _Tracing:
    provider: "TracerProvider"
    tracer: "Tracer"
    content: bool


_now: list[_Tracing] = []  # none or one: what `begin` made
_call: ContextVar[str] = ContextVar("call", default="")


def begin(settings: Wanted, exporter: "SpanExporter | None" = None) -> None:
    """Trace from now on, if the settings say so; again: nothing changes.

    Args:
        settings: tracing and tracing_content.
        exporter: takes the spans instead of the one that the settings name.

    Raises:
        InputError: tracing is on, and the extra `tracing` is not installed.
    """
    if not settings.tracing or _now:
        return
    from .export import provider

    made = provider(exporter, settings.tracing)
    _now.append(_Tracing(made, made.get_tracer("warroom"), settings.tracing_content))


def end() -> None:
    """Export what is left and stop; at the latest this happens when the process ends."""
    while _now:
        _now.pop().provider.shutdown()


@contextmanager
def asked_as(call_id: str) -> Iterator[None]:
    """Tools called inside answer this call of the model."""
    token = _call.set(call_id)
    try:
        yield
    finally:
        _call.reset(token)


def node_span(specialist: str, step: int, incident: str) -> AbstractContextManager[Traced]:
    """A specialist works a step; all steps of an incident are one trace."""
    if not _now:
        return nullcontext(OFF)
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
) -> AbstractContextManager[Traced]:
    """A model is asked.

    Args:
        ask: models.protocol.Ask.
        model: whose name it was asked by.
        provider: as the conventions name them: openai, azure.ai.openai, …
        server: host and port, where it is one.
    """
    if not _now:
        return nullcontext(OFF)
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
    if _now[0].content:
        about[names.INPUT_MESSAGES] = names.conversation(ask.messages)
    return _in_trace_of(ask.incident, f"chat {model}".rstrip(), about, client=True)


def tool_span(name: str) -> AbstractContextManager[Traced]:
    """A tool is called, by a playbook or for a model. What it was asked and answered is evidence,
    whose id the span names: unmasked telemetry stays out of traces."""
    if not _now:
        return nullcontext(OFF)
    about = {
        names.OPERATION: "execute_tool",
        names.TOOL: name,
        names.TOOL_TYPE: "function",
        names.TOOL_CALL: _call.get(),
    }
    return _open(f"execute_tool {name}", about)


@contextmanager
def _in_trace_of(
    incident: str, name: str, about: dict[str, Any], client: bool = False
) -> Iterator[Traced]:
    from .export import incident as own

    token = own.set(incident)
    try:
        with _open(name, about, client) as span:
            yield span
    finally:
        own.reset(token)


@contextmanager
def _open(name: str, about: dict[str, Any], client: bool = False) -> Iterator[Traced]:
    from opentelemetry.trace import SpanKind

    tracing = _now[0]
    with tracing.tracer.start_as_current_span(
        name,
        kind=SpanKind.CLIENT if client else SpanKind.INTERNAL,
        attributes={key: value for key, value in about.items() if value != ""},
        record_exception=False,  # its text may be content; the class says what happened
        set_status_on_exception=False,
    ) as span:
        running = _Running(span, tracing.content)
        try:
            yield running
        except BaseException as error:
            running.failed(type(error).__name__)
            running.used(getattr(error, "usage", None))
            raise


class _Running(Traced):
    """A span that is exported when it ends."""

    def __init__(self, span: "Span", content: bool) -> None:
        self.span = span
        self.content = content

    def answered(self, answer: Any) -> None:
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
        self.span.set_attribute(names.EVIDENCE, result.evidence)
        self.span.set_attribute(names.STATUS, result.status.value)
        if result.status.value == "failed":
            self.failed("ToolError")

    def handed_in(self, report: Any) -> None:
        self.span.set_attribute(names.SOURCE, report.source)
        self.span.set_attribute(names.CONCLUSION, report.conclusion)

    def failed(self, kind: str) -> None:
        """The span ended in an error of this kind."""
        from opentelemetry.trace import StatusCode

        self.span.set_attribute(names.ERROR, kind)
        self.span.set_status(StatusCode.ERROR)
