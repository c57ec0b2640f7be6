"""Answers a model's tool calls: read tools that the step allows, and reading on in evidence.

Whatever a model may get wrong is answered with a correction in plain words. There is no tool here
that approves, acts, or reads outside of telemetry.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from ...incident.document import Incident
from ...models.protocol import ToolCall, ToolSpec
from ...tools.base import REGISTRY, Effect
from ...tools.toolbox import Toolbox
from ...tracing import asked_as
from . import evidence_reader
from .brief import Payload
from .digest import digest

ANSWER_CHARS = 1_800
"""Characters of one answer: about 500 tokens, whatever the tool returned."""


@dataclass
class ToolDesk:
    """The tools of one step at one specialist's hands."""

    allowed: tuple[str, ...]
    toolbox: Toolbox
    document: Callable[[], Incident]  # as it stands now: other steps add evidence meanwhile
    payload: Payload
    looked: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def specs(self) -> tuple[ToolSpec, ...]:
        """What the model may call, as it reads it."""
        reading = [spec for spec in evidence_reader.specs() if spec.name in self.allowed]
        return (*(_spec(name) for name in self._tools()), *reading)

    def look(self, call: ToolCall) -> str:
        """The answer to one call."""
        if call.name in {spec.name for spec in evidence_reader.specs()} & set(self.allowed):
            known = {record.id: record for record in self.document().evidence}
            return evidence_reader.read(call, known, self.payload, ANSWER_CHARS)
        if call.name not in self._tools():
            names = ", ".join(spec.name for spec in self.specs())
            return f"There is no tool {call.name[:40]!r} here. There are: {names}."
        with asked_as(call.id):
            result = self.toolbox.by_name(call.name, call.arguments)
        with self.lock:
            self.looked.append(result.evidence)
        return digest(result, ANSWER_CHARS, call.name)

    def _tools(self) -> list[str]:
        known = [REGISTRY[name] for name in self.allowed if name in REGISTRY]
        return [tool.name for tool in known if tool.effect is Effect.read]


def _spec(name: str) -> ToolSpec:
    tool = REGISTRY[name]
    return ToolSpec(name, tool.description, tool.schema())
