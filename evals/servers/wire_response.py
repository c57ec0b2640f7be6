"""A whole response with a real model on top, over a recorded drill, within a small budget.

The tiny model's replies are mostly unusable: what counts is that every request and answer goes
through, that the budget ends it, and that the playbooks answer wherever the model did not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from ...agents.runtime.case import Case as Step
from ...agents.runtime.case import ModelLayer
from ...agents.runtime.context import ResponseContext
from ...app.configuration import Sources
from ...app.opening import open_context
from ...incident.document import Incident
from ...incident.report import AnyReport
from ...models.endpoint import KNOWN
from ...settings import Settings
from ..incidents.cases import IncidentCase, recorded
from ..incidents.run import respond
from .model_worker import HOST
from .wire_asks import PATIENCE_S, PORTS

DRILL = "bad-deploy"
KIND = "xllamacpp"
"""The server that holds replies to their schema."""
TOKENS = 1_700
"""Of each specialist: who asks little is heard, all others meet the budget. Specialists that work
side by side share none of it, so that a replay makes the same asks whoever is first."""
INCIDENT = 60_000
"""Of the incident: every step has its share, and the specialists' budgets decide."""
LOOKING = 24_000
"""Of a specialist that may look further."""
DEEP = (4, 6)
"""The investigation and its skeptic; a look with tools, which are few enough in step 6 for this
model's context. A postmortem's question holds the record in the order in which specialists that
work side by side were done: no tape has that twice."""
CALLING = "llama-cpp-python"
"""The server with native tool calls."""
AFTER = timedelta(minutes=10)
"""The response happens so long after its alert, whenever it is replayed."""


@dataclass(frozen=True)
class Some:
    """A model layer for some steps only: a tiny model on one core takes its time."""

    model_layer: ModelLayer
    steps: tuple[int, ...]

    @property
    def note(self) -> str:
        """The model layer's own."""
        return self.model_layer.note

    def improve(self, case: Step, floor: AnyReport) -> AnyReport:
        """The model layer's report in these steps, else the playbook's."""
        return self.model_layer.improve(case, floor) if floor.step in self.steps else floor


def settings(kind: str, home: Path, tokens: int) -> Settings:
    """One model at the recorded server; nothing of the surroundings counts."""
    return Settings(
        home=home,
        model_base_url=f"http://{HOST}:{PORTS[kind]}/v1",
        context_tokens=8000 if tokens > TOKENS else 4000,
        call_s=PATIENCE_S,
        specialist_s=10 * PATIENCE_S,
        incident_s=30 * PATIENCE_S,
        retries=1,
        tokens_per_specialist=tokens,
        tokens_per_incident=INCIDENT,
    )


@contextmanager
def opened(
    kind: str, tokens: int = TOKENS, steps: tuple[int, ...] = ()
) -> Iterator[tuple[IncidentCase, ResponseContext]]:
    """The recorded drill with a context that asks this server's model, in these steps or all."""
    KNOWN.clear()
    with TemporaryDirectory() as folder:
        case = recorded(Path(folder), [DRILL])[0]
        assert case.alert.starts_at, "a recorded alert says when it began"
        now = case.alert.starts_at + AFTER
        configured = settings(kind, Path(folder) / "home", tokens)
        configured.home.mkdir()
        context = open_context(
            configured, Sources(telemetry=case.bundle), clock=lambda: now, pace=0
        )
        if steps:
            context.model_layer = Some(context.model_layer, steps)
        yield case, context


def response(kind: str = KIND) -> Incident:
    """The document that the response leaves; every text and action was declined."""
    with opened(kind) as (case, context):
        return context.store.load(respond(case.alert, context))


def investigation(kind: str = CALLING) -> Incident:
    """The same with room to think, in the steps that look further and meet the skeptic."""
    with opened(kind, LOOKING, DEEP) as (case, context):
        return context.store.load(respond(case.alert, context))
