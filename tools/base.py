"""What a tool is: one typed function. Its docstring is what the model reads, its effect is what
the gate keys off, and every call of it becomes evidence.

Three ways to end besides a result, by type: ToolRetry (arguments are off), ToolFailed (tried and
failed), ApprovalRequired (it writes and carries no approval). The first two are recorded.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Generic, Protocol, Self, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError, create_model
from pydantic.json_schema import GenerateJsonSchema

from ..analysis.tuning import STANDARD, Tuning
from ..errors import ToolRetry
from ..incident.evidence import BackendQuery, EvidenceStatus, Quote
from ..plans.runbook import Runbook
from ..record.memories import Alike
from ..targets.survey import Surveying
from ..telemetry.model import Window
from ..telemetry.recording import Recording
from ..telemetry.sources.further import Live

MAX_ROWS = 200
"""Rows that a tool may return: what is more is counted in the note, never silently cut."""

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table. Each tool has its own kind beside it: a frozen dataclass of scalars. Its
    field names are what evidence holds and quotes point to."""

    def record(self) -> dict[str, Scalar]:
        """As evidence holds it: every field by name, in their order."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """A row as evidence holds it; what an older one did not have yet is None."""
        return cls(**{field.name: record.get(field.name) for field in fields(cls)})


RowT_co = TypeVar("RowT_co", bound=Row, covariant=True)


class Effect(StrEnum):
    """What a call does to the world."""

    read = "read"
    write = "write"


@dataclass(frozen=True)
class Frame:
    """What the incident looks at: the healthy window, the incident window, whose alert."""

    baseline: Window
    incident: Window
    service: str = ""
    metric: str = ""
    """What the alert complains of, where it names a metric."""
    alerted: float | None = None
    """When the alert fired, unix seconds; None where there is none."""
    onset: float | None = None
    """The first symptom, unix seconds; None: not known."""
    between: Window | None = None
    """The moments that the onset lies between; None: not measured."""
    first: tuple[Window, Window] | None = None
    """Both windows by the alert's time alone, before anybody read an onset; None: the same."""
    tuning: Tuning = STANDARD

    @property
    def whole(self) -> Window:
        """From the begin of the baseline to the end of the incident window."""
        return self.baseline.to(self.incident)

    @property
    def began(self) -> float:
        """The one moment that everything counts from: the onset; not known, when the alert told of
        it, which is the latest that it was."""
        known = (self.onset, self.alerted, self.incident.start)
        return next(at for at in known if at is not None)

    @property
    def unsure_s(self) -> float:
        """How much later than `began` it may have begun, seconds."""
        return max(0.0, self.between.end - self.began) if self.between else 0.0

    @property
    def by_alert(self) -> tuple[Window, Window]:
        """Healthy and incident window as the alert alone gives them: an onset read off noise
        moves them not."""
        return self.first or (self.baseline, self.incident)

    @property
    def looked_at(self) -> Window:
        """The incident and three times its healthy time: people call late, and then what looks like
        health is ill already."""
        healthy = self.by_alert[0]
        start = min(self.baseline.start, healthy.start - 2 * healthy.seconds)
        return Window(start, self.incident.end)


class Bench(Protocol):
    """What a tool may reach."""

    @property
    def telemetry(self) -> Recording:
        """Where metrics, logs, traces and changes come from."""
        ...

    @property
    def frame(self) -> Frame:
        """Baseline and incident window."""
        ...

    @property
    def survey(self) -> Surveying | None:
        """Looks up what there is to act on; None: telemetry is all there is."""
        ...

    @property
    def live(self) -> Live | None:
        """The backends themselves; None: there is only what was recorded."""
        ...

    @property
    def memory(self) -> Callable[[Sequence[str]], list[Alike]] | None:
        """Earlier incidents that have these signs; None: nobody may look."""
        ...

    @property
    def runbooks(self) -> Sequence[Runbook]:
        """The team's and ours."""
        ...


@dataclass(frozen=True)
class Table(Generic[RowT_co]):
    """What a tool hands back: its rows, a one-line summary, the range it covers."""

    rows: Sequence[RowT_co]
    summary: str
    window: Window | None = None
    backends: Sequence[BackendQuery] = ()
    """Where it asked a backend itself; else what it read of the recording says how."""


ToolFunction = Callable[..., Table[Row]]
"""Takes the bench, then its arguments."""
FunctionT = TypeVar("FunctionT", bound=ToolFunction)


@dataclass(frozen=True)
class Tool:
    """A function with what is declared about it."""

    name: str
    effect: Effect
    description: str
    function: ToolFunction
    arguments: type[Any]  # a pydantic model of the parameters
    counts: tuple[str, ...] = ()
    """Modalities whose rows it counts, or of which it says that there are none: of a sample of them
    it sees nothing."""
    shares: tuple[str, ...] = ()
    """Those of which it compares shares or durations: what was sought out is no part of those."""
    examples: tuple[str, ...] = ()
    """Those of whose rows each stands for itself: it sees all, though a sample tells not how many
    there are."""
    language: str = ""
    """In which it asks a backend: it is offered where one answers that."""
    offered: tuple[str, ...] = ()
    """Specialists whose model may ask it, beside those whose records name it."""

    def parse(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Checked arguments. Raises ToolRetry with what to correct."""
        try:
            checked = self.arguments.model_validate(raw)
        except ValidationError as error:
            raise ToolRetry(f"{self.name}: {_correction(error)}") from error
        return {name: getattr(checked, name) for name in self.arguments.model_fields}

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments, for a model that chooses tools."""
        return short_schema(self.arguments)


class Untitled(GenerateJsonSchema):
    """JSON Schema without titles: they repeat the names, and every request pays for them."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never."""
        return False


def short_schema(arguments: type[Any]) -> dict[str, Any]:
    """JSON Schema of a pydantic model, as short as it gets."""
    schema = TypeAdapter(arguments).json_schema(schema_generator=Untitled)
    return {key: value for key, value in schema.items() if key != "title"}


REGISTRY: dict[str, Tool] = {}
"""Every tool by name; a tool module registers its functions when it is imported."""


def tool(
    effect: Effect,
    counts: tuple[str, ...] = (),
    shares: tuple[str, ...] = (),
    examples: tuple[str, ...] = (),
    language: str = "",
    offered: tuple[str, ...] = (),
) -> Callable[[FunctionT], FunctionT]:
    """Declare a function as a tool, and what it makes of modalities that may be a sample. Its first
    parameter is the bench; the rest are arguments."""

    def declare(function: FunctionT) -> FunctionT:
        name = name_of(function)
        REGISTRY[name] = Tool(
            name=name,
            effect=effect,
            description=inspect.getdoc(function) or "",
            function=function,
            arguments=_arguments(function),
            counts=counts,
            shares=shares,
            examples=examples,
            language=language,
            offered=offered,
        )
        return function

    return declare


def name_of(function: Callable[..., Any]) -> str:
    """A tool's name: that of its function."""
    return function.__name__


def _arguments(function: ToolFunction) -> type[Any]:
    """A pydantic model of the function's parameters after the bench; unknown ones are refused."""
    signature = inspect.signature(function, eval_str=True)
    fields: dict[str, Any] = {
        name: (p.annotation, ... if p.default is inspect.Parameter.empty else p.default)
        for name, p in list(signature.parameters.items())[1:]
    }
    config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, allow_inf_nan=False)
    return create_model(f"{name_of(function)}_arguments", __config__=config, **fields)


def _correction(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, item['loc'])) or 'arguments'}: {item['msg']}"
        for item in error.errors()
    )


@dataclass(frozen=True)
class Result(Generic[RowT_co]):
    """A finished call as the specialist sees it: the rows, and the evidence that holds them."""

    evidence: str
    status: EvidenceStatus
    rows: Sequence[RowT_co] = ()
    summary: str = ""

    @property
    def ok(self) -> bool:
        """Whether there are rows to reason on."""
        return self.status is EvidenceStatus.ok

    def records(self) -> list[dict[str, Scalar]]:
        """The rows as the evidence holds them."""
        return [row.record() for row in self.rows]

    def cite(self, row: Row, name: str) -> Quote:
        """A quote of one field of one of this result's rows; AttributeError for another field."""
        index = next(i for i, candidate in enumerate(self.rows) if candidate is row)
        value = getattr(row, name)
        return Quote(evidence=self.evidence, pointer=f"/rows/{index}/{name}", value=value)
