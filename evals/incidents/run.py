"""Runs a method over a case, each time in a fresh home, and holds what it answered to the truth.

A run in which the model never had its say is unscored: it says nothing about the model, and is
neither right nor wrong. An answer of the floor under a model's name would be a lie.
"""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, Field

from ...agents.runtime.case import ModelLayer
from ...agents.runtime.context import ResponseContext
from ...app.opening import at_once, open_context, playbooks
from ...app.work import work
from ...errors import InputError, ModelError, StoreError
from ...incident.action import Verdict
from ...incident.alert import Alert
from ...incident.ledger import Request
from ...incident.store import Store
from ...response import Response
from ...settings import Settings
from ...telemetry.bundle import open_bundle
from ...telemetry.recorder import Recorder
from .answers import Answer, Use, answer_of, use_of
from .baselines import trivial
from .cases import Case
from .marks import marks

BY = "evaluation (automatic)"
SURE = 2.0
"""A confidence that nothing reaches: no short cut past the investigation."""
ModelLayers = Callable[[Settings, Store], ModelLayer]
"""What improves playbooks, by the settings of one run."""


@dataclass(frozen=True)
class Method:
    """Who answers. `model` is None for trivial and floor; empty: whatever is configured."""

    name: str
    model: str | None = None


TRIVIAL, FLOOR = Method("trivial"), Method("floor")


def of_model(name: str) -> Method:
    """The response with this model, and no other, on top of the playbooks."""
    return Method(f"model {name}", name)


def configured_models(settings: Settings) -> Method:
    """The response as it is configured, with every model that the settings name."""
    return Method(f"model {settings.model}".strip(), "")


class Run(BaseModel):
    """One method on one case, once."""

    case: str = Field(description="the case's name")
    method: str = Field(description="trivial, floor or 'model NAME'")
    repeat: int = Field(description="from 1")
    answer: Answer | None = Field(default=None, description="None: unscored")
    marks: dict[str, bool | None] = Field(default_factory=dict, description="None: does not apply")
    use: Use = Field(default_factory=Use, description="what it took")
    unscored: str = Field(default="", description="why it cannot be scored; empty: it is")


@dataclass(frozen=True)
class Runner:
    """How runs are made: with which settings, models and commander.

    `rehearse` approves actions that touch nothing, so that all thirteen steps are worked;
    otherwise every action is rejected. Texts are declined either way.
    """

    settings: Settings
    model_layers: ModelLayers
    rehearse: bool = False

    def run(self, case: Case, method: Method, repeat: int = 1) -> Run:
        """Answer the case and mark it. Raises InputError where no model is configured."""
        started = time.perf_counter()
        try:
            answer, use = self._answer(case, method)
        except (ModelError, StoreError, OSError) as error:
            use, answer = Use(seconds=time.perf_counter() - started), None
            unscored = str(error) or type(error).__name__
        else:
            unscored = never_asked(use) if method.model is not None else ""
        found = Run(case=case.name, method=method.name, repeat=repeat, use=use, unscored=unscored)
        if answer is None or unscored:
            return found
        return found.model_copy(update={"answer": answer, "marks": marks(answer, case.truth)})

    def _answer(self, case: Case, method: Method) -> tuple[Answer, Use]:
        started = time.perf_counter()
        if method == TRIVIAL:
            answer = trivial(case)
            return answer, Use(seconds=time.perf_counter() - started)
        with TemporaryDirectory() as home, closing(open_bundle(case.bundle)) as recorder:
            context = self._context(case, method, recorder, Path(home))
            incident = respond(case.alert, context)
            document, seconds = context.store.load(incident), time.perf_counter() - started
            return answer_of(document, context.store.payload), use_of(document.model_calls, seconds)

    def _context(
        self, case: Case, method: Method, recorder: Recorder, home: Path
    ) -> ResponseContext:
        settings = self._settings(method, home)
        return open_context(
            settings,
            recorder=recorder,
            model_layer=playbooks if method.model is None else self.model_layers,
            sleep=at_once,
            rehearse=self.rehearse,
        )

    def _settings(self, method: Method, home: Path) -> Settings:
        """Of a run. A named model answers alone: no second one speaks under its name."""
        changes: dict[str, object] = {"home": home}
        if method.model:
            alone = {"models": {}, "second_model": "", "second_base_url": ""}
            changes |= {"model": method.model, **alone}
        if self.rehearse:
            changes |= {"max_attempts": 1, "act_confidence": SURE}
        return self.settings.model_copy(update=changes)


def respond(alert: Alert, context: ResponseContext) -> str:
    """The whole response to an alert; the incident's id. Nothing leaves the house."""
    ledger = context.store.ledger

    def decide(request: Request) -> bool:
        approve = request.kind == "action" and context.operations is not None
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
