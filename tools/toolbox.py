"""The specialist's toolbox: calls a tool and makes evidence of whatever comes back.

A playbook calls the function itself and gets rows of its type; a model names the tool.
"""

import inspect
import json
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from pydantic_core import to_jsonable_python

from ..errors import ApprovalRequired, ToolError, ToolFailed, ToolRetry
from ..incident.evidence import BackendQuery, Evidence, EvidenceStatus
from ..incident.timeline import from_ts, utc_now
from ..plans.runbook import Runbook
from ..targets.survey import Surveying
from ..telemetry.model import Window
from ..telemetry.recording import Recording
from ..telemetry.sources.further import Live
from ..telemetry.sources.source import About
from ..tracing.spans import tool_span
from .asked import about, windows_of
from .base import MAX_ROWS, REGISTRY, Bench, Effect, Frame, Result, Row, Table, Tool, name_of

LIMIT_S = 20.0
"""Longest a read tool may take, seconds; what takes longer is a failed call, and evidence."""

LATEST = 4_102_444_800
"""Unix seconds: the year 2100."""
Recorder = Callable[[Evidence, Any], Evidence]
"""Keeps a record and its payload; hands the record back with its number and digest."""
Backends = Callable[[Collection[str], About], list[BackendQuery]]
"""How to ask the backends of these modalities for what some evidence is about."""
Memory = dict[tuple[str, str, Frame], Result[Row]]
"""What was asked, of which windows, and the answer that is on record already."""

P = ParamSpec("P")
R = TypeVar("R", bound=Row)
T = TypeVar("T")


def within(seconds: float, call: Callable[[Event], T]) -> T:
    """What the call returns or raises. Raises ToolFailed when it takes longer.

    Python cannot end a running call from outside: a late one is told by the event, and its answer
    is thrown away.
    """
    late = Event()
    executor = ThreadPoolExecutor(1)
    try:
        return executor.submit(call, late).result(seconds)
    except TimeoutError:
        hint = "ask for fewer services or a shorter window"
        raise ToolFailed(f"gave up after {seconds:g} s; {hint}") from None
    finally:
        late.set()
        executor.shutdown(wait=False)


@dataclass(frozen=True)
class ToolBench:
    """A bench as one tool may use it, as long as somebody waits for what is worked at it."""

    bench: Bench
    tool: Tool
    late: Event = field(default_factory=Event)
    read: set[str] = field(default_factory=set)
    """Modalities that it looked at."""

    @property
    def telemetry(self) -> Recording:
        """What of it serves for what the tool does with it. Raises ToolFailed once nobody waits:
        every tool looks here, again and again."""
        if self.late.is_set():
            raise ToolFailed("given up: nobody waits for the answer")
        return self.bench.telemetry.needing(self.tool.counts, self.tool.shares)

    def answer(self, arguments: dict[str, Any]) -> Table[Row]:
        """What the tool says; its summary tells where it had a sample to work on, or not even
        that."""
        view = self.telemetry
        with view.tables.kept.noted() as reads:
            found = self.tool.function(self, **arguments)
        self.read.update(read[0] for read in reads if isinstance(read, tuple))
        words = [f"only a sample of {name} is here, and is not counted" for name in view.hidden]
        told = view.drawn | view.sampled.intersection(self.tool.examples)
        words += [f"counts are those of a sample of {name}" for name in told]
        return replace(found, summary="; ".join([found.summary, *sorted(words)]))

    @property
    def frame(self) -> Frame:
        """As it is."""
        return self.bench.frame

    @property
    def survey(self) -> Surveying | None:
        """As it is."""
        return self.bench.survey

    @property
    def live(self) -> Live | None:
        """As it is."""
        return self.bench.live

    @property
    def memory(self):
        """As it is."""
        return self.bench.memory

    @property
    def runbooks(self) -> Sequence[Runbook]:
        """As they are."""
        return self.bench.runbooks


@dataclass(frozen=True)
class Toolbox:
    """Read tools only: what writes goes through the gate, not through here."""

    bench: Bench
    specialist: str
    record: Recorder
    memory: Memory = field(default_factory=dict)
    redact: Callable[[Any], Any] = lambda content: content
    """Takes out of JSON what is not to be kept, before anybody sees it."""
    backends: Backends = lambda _modalities, _about: []

    def call(
        self,
        tool: Callable[Concatenate[Bench, P], Table[R]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Result[R]:
        """Run a tool and record the call, like `by_name`."""
        arguments = inspect.signature(tool).bind(self.bench, *args, **kwargs).arguments
        named = to_jsonable_python(dict(list(arguments.items())[1:]))
        return cast(Result[R], self.by_name(name_of(tool), named))

    def by_name(self, name: str, arguments: dict[str, Any]) -> Result[Row]:
        """Run a tool and record the call. A retry or failure comes back as a failed result.

        The same question about the same windows has one answer and one piece of evidence.
        Raises ApprovalRequired for a tool that writes.
        """
        key = (name, json.dumps(arguments, sort_keys=True), self.bench.frame)
        known = self.memory.get(key)
        if known is None or known.status is EvidenceStatus.failed:
            with tool_span(name) as span:
                known = self.memory[key] = self._call(name, arguments)
                span.kept(known)
        return known

    def _call(self, name: str, arguments: dict[str, Any]) -> Result[Row]:
        tool = REGISTRY[name]
        if tool.effect is not Effect.read:
            raise ApprovalRequired(f"{name} acts on the system; propose it as a plan instead")
        read = set[str]()
        bench = partial(ToolBench, self.bench, tool, read=read)
        try:
            checked = tool.parse(arguments)
            table = within(LIMIT_S, lambda late: bench(late=late).answer(checked))
            _dated(table.window)
        except ToolError as error:
            return self.keep(name, arguments, Table([], str(error)), EvidenceStatus.failed, read)
        status = EvidenceStatus.ok if table.rows else EvidenceStatus.empty
        return self.keep(name, arguments, table, status, read)

    def keep(
        self,
        name: str,
        arguments: dict[str, Any],
        table: Table[Row],
        status: EvidenceStatus,
        read: set[str],
    ) -> Result[Row]:
        """Put on record what was looked at, and what came back."""
        window = table.window or self.bench.frame.incident
        summary = table.summary
        if len(table.rows) > MAX_ROWS:
            summary += f" (the first {MAX_ROWS} of {len(table.rows)} rows kept)"
        found = [row.record() for row in table.rows[:MAX_ROWS]]
        clean = self.redact({"rows": found, "summary": summary, "query": arguments})
        rows = [type(row).of(each) for row, each in zip(table.rows, clean["rows"], strict=False)]
        summary = clean["summary"]
        meant = about(clean["rows"], clean["query"], self.bench.frame, window)
        record = Evidence(
            id="",
            tool=name,
            query=clean["query"],
            start=from_ts(window.start),
            end=from_ts(window.end),
            collected_at=utc_now(),
            collected_by=self.specialist,
            status=status,
            rows=len(rows),
            summary=summary,
            digest="",
            backends=[self._clean(one) for one in table.backends or self.backends(read, meant)],
            windows=windows_of(self.bench.frame),
        )
        kept = self.record(record, {"rows": clean["rows"], "summary": summary})
        return Result(evidence=kept.id, status=status, rows=rows, summary=summary)

    def _clean(self, asked: BackendQuery) -> BackendQuery:
        """As it may be kept; one that holds a secret opens nothing."""
        clean = self.redact({"query": asked.query})["query"]
        hidden = {"query": clean, "link": ""} if clean != asked.query else {}
        return asked.model_copy(update=hidden)


def _dated(window: Window | None) -> None:
    """Raise ToolRetry for times that no calendar has: milliseconds, most likely."""
    for moment in (window.start, window.end) if window else ():
        if not 0 <= moment <= LATEST:
            raise ToolRetry(f"{moment:g} is no time in unix seconds; the incident's are near 1.8e9")
