"""A model on top of a playbook: brief, conversation, checked reply; the playbook where that fails.

brief -> converse (tools, bounded) -> applied (proven or dropped) -> skeptic -> report
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from pydantic import BaseModel

from ...errors import ModelError
from ...incident.document import Incident
from ...incident.events import ModelCalled, ModelWrites
from ...incident.evidence import EvidenceStatus
from ...incident.finding import Hypothesis
from ...incident.model_use import ModelCall
from ...incident.report import (
    AnyReport,
    CommunicationReport,
    InvestigationReport,
    PostmortemReport,
    VerificationReport,
)
from ...models.allowance import Effort, context_row
from ...models.assembly import describe, model_from, specialist_models
from ...models.budget import ModelBudget
from ...models.masking import Mask, Masked
from ...models.protocol import Ask, ChatMessage, Deadline, Model
from ...models.spending import Spending
from ...models.wrapping import Metered
from ...prompts.values import plain
from ...record.store import Store
from ...settings import Settings
from ...tools.base import REGISTRY, name_of
from ..causes.calibration import basis_of
from ..causes.observations import Observations
from ..runtime.case import Asked, Case, ModelLayer, PlaybookOnly
from .applied import applied
from .case_file import named
from .causes import Hearing
from .complaints import complaints
from .conversation import converse
from .desk import LOOK_UPS, ToolDesk
from .moves import reach
from .proof import Proof
from .question import Subject, sized
from .reliability import Reliability, own_table
from .replies import Reply, SkepticReply
from .skeptic import OTHER_VIEW, settled
from .writing import rewrite_messages, rewrite_postmortem

ModelFor = Callable[[str, Callable[[ModelCall], None]], Model]
"""The model of a specialist; every call it makes is told to the listener."""


@dataclass
class ModelOnTop:
    """Implements `ModelLayer`: a model on top of every playbook."""

    model_for: ModelFor
    settings: Settings
    note: str

    def improve(self, case: Case, floor: AnyReport) -> AnyReport:
        """The model's report, checked; the floor's own where the model has none."""
        session = Session(self, case, floor)
        try:
            return session.report()
        except ModelError as error:
            return floor.model_copy(update={"fallback": str(error)})


class Session:
    """One step of one incident with one model."""

    def __init__(self, thinking: ModelOnTop, case: Case, floor: AnyReport) -> None:
        self.case, self.floor, self.settings = case, floor, thinking.settings
        self.store = case.store
        self.thinking = thinking
        thought = sum(call.seconds for call in case.document.model_calls)
        left = thinking.settings.incident_s - thought
        self.deadline = Deadline.after(max(0.0, min(thinking.settings.specialist_s, left)))
        self.payload = self.store.payload
        self.proof = Proof({}, self.payload)

    def report(self) -> AnyReport:
        """The improved report of this step. Raises ModelError."""
        if isinstance(self.floor, PostmortemReport):
            return self._written(rewrite_postmortem)
        if isinstance(self.floor, CommunicationReport):
            return self._written(rewrite_messages)
        if isinstance(self.floor, VerificationReport) and self.floor.improving:
            return self.floor  # it is measured again in a moment
        asked = self.case.step.asked
        assert asked is not None, "a step without a question to a model writes texts"
        desk = self._desk(asked)
        reply = self._reason(asked, desk)
        self._know()
        hearing = self._hearing()
        report = applied(self.case, self.floor, reply, hearing)
        if isinstance(report, InvestigationReport):
            challenge = partial(self._challenge, report, desk)
            report = settled(report, self.floor, challenge, hearing, Observations(self.case))
        searched = [*report.searched, *(e for e in desk.looked if e not in report.searched)]
        return report.model_copy(update={"searched": searched, "unproven": self.proof.unproven})

    def _reason(self, asked: Asked, desk: ToolDesk) -> Reply:
        moves = "moves" in asked.reply.model_fields
        lines = tuple(reach(self.case.inventory)) if moves else ()
        subject = Subject(self._earlier(), self.floor, asked, self.case.step.prompt, reach=lines)
        found = self._asked(subject, self.case.step.specialist, desk)
        assert isinstance(found, Reply)
        return found

    def _asked(self, subject: Subject, who: str, desk: ToolDesk) -> BaseModel:
        """What a model says to a question, after look-ups and at most one correction."""
        bare = self._ask(who, subject.asked.reply)
        ask, limits = sized(subject, bare, desk.specs(), self.payload, self.settings)
        return converse(self._model(who), ask, desk.look, limits, self._complaints)

    def _complaints(self, reply: BaseModel) -> str:
        self._know()
        return complaints(reply, self.proof)

    def _hearing(self) -> Hearing:
        """What the model's causes are weighed with: what is proven, and how often both witnesses
        were right with the evidence at hand."""
        basis = basis_of(Observations(self.case))
        name = self._model(self.case.step.specialist).name
        reliability = Reliability(basis, name, own_table(self.settings.home))
        return Hearing(self.proof, reliability, self.case.document.hypotheses)

    def _challenge(
        self, report: InvestigationReport, desk: ToolDesk, leading: Hypothesis | None
    ) -> SkepticReply:
        """The skeptic's word on the cause that leads, or on that none does. Raises ModelError."""
        asked = self.case.step.asked
        assert asked is not None
        asked = replace(asked, reply=SkepticReply, effort=Effort.doubt)
        floor = report.model_copy(update={"hypotheses": _ahead(leading, report.hypotheses)})
        told = plain(named(leading), 400) if leading else ""
        subject = Subject(self._earlier(), floor, asked, "model/skeptic.md", told)
        reply = self._asked(subject, OTHER_VIEW, desk)
        assert isinstance(reply, SkepticReply)
        self._know()
        return reply

    def _written(self, write) -> AnyReport:
        specialist = self.case.tools.specialist

        def ask_model(
            messages: tuple[ChatMessage, ...], schema: type[BaseModel], prompt: str
        ) -> BaseModel:
            ask = replace(self._ask(specialist, schema), messages=messages, prompt=prompt)
            ask = replace(ask, purpose="write", max_tokens=2500)
            reply = self._model(specialist).ask(ask).reply
            assert reply is not None
            return reply

        return write(self.case, self.floor, ask_model, self.settings.language, self.payload)

    def _ask(self, specialist: str, schema: type[BaseModel]) -> Ask:
        """An ask of this step, without its words."""
        step, document = self.floor.step, self.case.document
        return Ask(
            messages=(),
            schema=schema,
            specialist=specialist,
            step=step,
            incident=document.id,
            severity=document.severity,
            purpose="skeptic" if schema is SkepticReply else "reason",
            deadline=self.deadline,  # each request has its own, sooner one: Wire
            listen=lambda text: self.case.tell(
                ModelWrites(specialist=specialist, step=step, text=text)
            ),
        )

    def _model(self, specialist: str) -> Model:
        return self.thinking.model_for(specialist, self._record)

    def _record(self, call: ModelCall) -> None:
        """Into the document at once: what was spent stays on record whatever happens next."""
        signed = call.model_copy(update={"attempt": self.case.attempt})
        self.store.update(self.case.document.id, lambda doc: doc.model_calls.append(signed))
        self.case.tell(ModelCalled(call=signed))

    def _document(self) -> Incident:
        return self.store.load(self.case.document.id)

    def _earlier(self) -> Incident:
        """The document without what the steps beside this one filed in this round."""
        document, this = self._document(), self.case.attempt
        beside = {r.step for r in document.reports if isinstance(r, self.case.step.beside)}
        theirs = lambda one: one.step in beside and one.attempt == this  # noqa: E731
        reports = [report for report in document.reports if not theirs(report)]
        findings = [finding for finding in document.findings if not theirs(finding)]
        return document.model_copy(update={"reports": reports, "findings": findings})

    def _know(self) -> None:
        """All evidence that there is by now, so that the reply's claims can be looked up."""
        document = self._document()
        held, onset = document.evidence, document.onset
        self.proof.onset = onset.timestamp() if onset else None
        self.proof.evidence = {e.id: e for e in held if e.status is not EvidenceStatus.failed}

    def _desk(self, asked: Asked) -> ToolDesk:
        """What a specialist of this step may look at."""
        own = (one.name for one in REGISTRY.values() if self.case.step.specialist in one.offered)
        tools = [*map(name_of, asked.tools), *own, *LOOK_UPS] if asked.tools else []
        answer = context_row(self.settings.context_tokens).answer
        return ToolDesk(tuple(tools), self.case.tools, self._document, self.payload, answer)


def _ahead(leading: Hypothesis | None, all: list[Hypothesis]) -> list[Hypothesis]:
    """The leading cause first: its evidence is shown first."""
    return [*([leading] if leading else []), *(h for h in all if h is not leading)]


def model_layer_of(settings: Settings, store: Store, model: Model | None = None) -> ModelLayer:
    """The model layer that the settings describe; the playbooks alone where they describe none.

    Args:
        settings: which model, its limits and prices.
        store: keeps what is spent, with the incidents.
        model: another one than the settings', for evaluations.
    """
    model = model or model_from(settings)
    if model is None:
        return PlaybookOnly()
    masks: dict[str, Mask] = {}
    masked = Masked(model, lambda incident: masks.setdefault(incident, Mask()))
    budget = ModelBudget(settings, Spending(store.engine, settings.cached_share))
    names = specialist_models(settings)

    def model_for(_specialist: str, listen: Callable[[ModelCall], None]) -> Model:
        return Metered(masked, budget, listen, names=names)

    return ModelOnTop(model_for, settings, _note(settings, model))


def _note(settings: Settings, model: Model) -> str:
    where = describe(settings) or model.name
    return f"{where} on top of the playbooks; where it has no answer, they do"
