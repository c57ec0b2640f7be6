"""Who answers recorded incidents, each time in a fresh home, and what one answer is worth.

A run in which a model never had its say is unscored: it says nothing about the model.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from pydantic import Field

from ...agents.runtime.case import ModelLayer
from ...agents.runtime.context import ResponseContext
from ...app.opening import open_context, playbooks
from ...app.work import work
from ...errors import InputError
from ...incident.action import Verdict
from ...incident.document import Alert
from ...incident.identity import automatic
from ...record.ledger import Request
from ...record.store import Store
from ...response import Response
from ...settings import Settings
from ...telemetry.bundle import open_bundle
from ...telemetry.recorder import Recorder
from ..framework.runs import Method, MethodRun, attempt
from .answers import CaseAnswer, Use, answer_of, trivial, use_of
from .cases import IncidentCase
from .marks import marks

BY = automatic("evaluation")
SURE = 2.0
"""A confidence that nothing reaches: no short cut past the investigation."""
ModelLayers = Callable[[Settings, Store], ModelLayer]
"""What improves playbooks, by the settings of one run."""


class Answered(NamedTuple):
    """An answer, what it took, and why it says nothing about the method (empty: it does)."""

    answer: CaseAnswer
    use: Use
    silent: str = ""


Answering = Method[IncidentCase, Answered]
TRIVIAL: Answering = Method("trivial", lambda case: Answered(trivial(case), Use()))


class IncidentRun(MethodRun[CaseAnswer, dict[str, bool | None]]):
    """One method on one case, once; a mark of None does not apply."""

    case: str = Field(description="the case's name")
    repeat: int = Field(description="from 1")
    use: Use = Field(default_factory=Use, description="what it took")

    @property
    def group(self) -> str:
        """The case."""
        return self.case


def run(case: IncidentCase, method: Answering, repeat: int = 1) -> IncidentRun:
    """Answer the case and mark it. Raises InputError where no model is configured."""
    tried = attempt(method, case)
    answered = tried.answer or Answered(CaseAnswer(), Use(), tried.unscored)
    found = IncidentRun(
        case=case.name,
        method=method.name,
        repeat=repeat,
        use=answered.use.model_copy(update={"seconds": tried.seconds}),
        unscored=answered.silent,
    )
    if answered.silent:
        return found
    scored = {"answer": answered.answer, "marks": marks(answered.answer, case.truth)}
    return found.model_copy(update=scored)


@dataclass(frozen=True)
class Responder:
    """The response as a method: with which settings, models and commander.

    `rehearse` approves actions that touch nothing, so that all thirteen steps are worked;
    otherwise every action is rejected. Texts are declined either way.
    """

    settings: Settings
    model_layers: ModelLayers
    rehearse: bool = False

    def floor(self) -> Answering:
        """The playbooks alone."""
        return Method("floor", partial(self._answer, None))

    def of_model(self, name: str) -> Answering:
        """The response with this model, and no other, on top of the playbooks."""
        return Method(f"model {name}", partial(self._answer, name))

    def configured(self) -> Answering:
        """The response as it is configured, with every model that the settings name."""
        return Method(f"model {self.settings.model}".strip(), partial(self._answer, ""))

    def _answer(self, model: str | None, case: IncidentCase) -> Answered:
        """`model`: None for the floor, empty for whatever is configured."""
        with TemporaryDirectory() as home, closing(open_bundle(case.bundle)) as recorder:
            context = self._context(model, recorder, Path(home))
            document = context.store.load(respond(case.alert, context))
            answer, use = answer_of(document, context.store.payload), use_of(document.model_calls)
        return Answered(answer, use, "" if model is None else never_asked(use))

    def _context(self, model: str | None, recorder: Recorder, home: Path) -> ResponseContext:
        return open_context(
            self._settings(model, home),
            recorder=recorder,
            model_layer=playbooks if model is None else self.model_layers,
            pace=0,
            rehearse=self.rehearse,
        )

    def _settings(self, model: str | None, home: Path) -> Settings:
        """Of a run. A named model answers alone: no second one speaks under its name."""
        changes: dict[str, object] = {"home": home}
        if model:
            alone = {"models": {}, "second_model": "", "second_base_url": ""}
            changes |= {"model": model, **alone}
        if self.rehearse:
            changes |= {"max_attempts": 1, "act_confidence": SURE}
        return self.settings.model_copy(update=changes)


def respond(alert: Alert, context: ResponseContext, act: bool = True) -> str:
    """The whole response to an alert; the incident's id. Nothing leaves the house.

    `act`: approve actions where there is something to act on.
    """
    ledger = context.store.ledger

    def decide(request: Request) -> bool:
        approve = act and request.kind == "action" and context.operations is not None
        verdict = Verdict.approved if approve else Verdict.rejected
        ledger.decide(request.incident_id, request.subject, verdict, BY, "an evaluation")
        return True

    with Response(context) as response:
        incident, _new = response.take(alert)
        work(response, incident, lambda _event: None, decide)
    return incident


def never_asked(use: Use) -> str:
    """Why a run with a model says nothing about it; empty where it had its say."""
    if use.answered:
        return ""
    return f"none of {use.calls} model calls was answered" if use.calls else "no model was asked"


def model_layer_for(settings: Settings, store: Store) -> ModelLayer:
    """The configured model's. Raises InputError where there is none."""
    need_model(settings)
    from ...agents.reasoning.layer import model_layer_of

    return model_layer_of(settings, store)


def need_model(settings: Settings) -> None:
    """Raise InputError where nothing says which model to ask."""
    if not settings.model_configured:
        raise InputError("no model is configured: set OPENAI_BASE_URL or WARROOM_MODEL")
