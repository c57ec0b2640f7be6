"""All that a decision rests on, as its page tells it; and the form of an edit, bounded by what the
action's parameters may be."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ...actions.catalogue import CATALOGUE, Change, changes, sentence_of, told
from ...actions.policy import Policy
from ...app.decisions import MEASURED
from ...incident.action import ActionPlan, Decision, Level, Verdict
from ...incident.document import Incident
from ...incident.evidence import short
from ...incident.severity import Severity
from ...incident.timeline import utc_now
from ...record.store import Store
from .forms import Form
from .incident_view import Question, question_of


@dataclass(frozen=True)
class Field:
    """One parameter in the form of an edit."""

    name: str
    about: str
    kind: str  # number, text, list
    value: str
    choices: Sequence[str] = ()  # of a list: what may be left out
    least: str = ""
    most: str = ""


@dataclass(frozen=True)
class ApprovalView:
    """A question, what is known about it, and where it stands."""

    question: Question
    title: str
    severity: Severity | None
    decision: Decision | None  # None: it is open
    given: Sequence[str]  # who approved already, where it takes two
    changes: Sequence[Change]
    others: Sequence[tuple[str, str]]  # other plans, and what became of them
    fields: Sequence[Field]
    frozen: datetime | None  # until when nothing may be changed
    wrong: str = ""
    edited: ActionPlan | None = None
    edits: Sequence[str] = ()
    draft: tuple[str, str] | None = None  # a text's subject and body, as somebody would have them

    @property
    def text(self) -> tuple[str, str]:
        """What stands in the fields of a text."""
        message = self.question.message
        return self.draft or ((message.subject, message.body) if message else ("", ""))

    @property
    def subject(self) -> str:
        """The whole hash."""
        return self.question.request.subject

    @property
    def typed(self) -> str:
        """What has to be typed to approve it; empty: nothing."""
        plan = self.question.plan
        return plan.target if plan and plan.risk is Level.high else ""

    @property
    def says(self) -> str:
        """What is approved, in one sentence: the edited plan where there is one."""
        return sentence_of(self.edited) if self.edited else self.question.says

    @property
    def differences(self) -> Sequence[Change]:
        """What the edit makes otherwise."""
        old, new = self.question.plan, self.edited
        if old is None or new is None:
            return ()
        names = dict.fromkeys([*old.parameters, *new.parameters])
        pairs = ((name, old.parameters.get(name), new.parameters.get(name)) for name in names)
        found = [Change(n, told(a), told(b)) for n, a, b in pairs if a != b]
        return [*found, Change("plan", short(old.hash), short(new.hash))]

    def with_wrong(self, wrong: str) -> "ApprovalView":
        """The same, with what was wrong with an answer."""
        return replace(self, wrong=wrong)

    def with_edit(self, plan: ActionPlan, edits: Sequence[str]) -> "ApprovalView":
        """The same, with what an edit would make of it."""
        return replace(self, edited=plan, edits=edits)


def view_of(store: Store, policy: Policy, incident_id: str, subject: str) -> ApprovalView:
    """Raises NotFound where nothing is asked under this hash."""
    request = store.ledger.request(incident_id, subject)
    doc = store.load(incident_id)
    question = question_of(doc, request)
    return ApprovalView(
        question=question,
        title=doc.title,
        severity=doc.severity,
        decision=store.ledger.decision(incident_id, subject),
        given=store.ledger.consents(incident_id, subject),
        changes=list(changes(question.plan)) if question.plan else (),
        others=list(_others(doc, subject)) if question.plan else (),
        fields=list(_fields(question.plan)) if question.plan else (),
        frozen=policy.frozen_until(utc_now()) if question.plan else None,
    )


def _others(doc: Incident, subject: str) -> Iterator[tuple[str, str]]:
    """The other plans of this response, and why it is not them."""
    answers = {d.subject: d for d in doc.decisions}
    for plan in doc.proposals:
        if plan.hash == subject:
            continue
        done, answer = doc.tried(plan), answers.get(plan.hash)
        why = f"risk {plan.risk.value}, next in line"
        if done:
            why = f"tried: {done.outcome.value}"
        elif answer:
            why = f"{answer.verdict.value} by {answer.by}"
            why += f": {answer.reason}" if answer.verdict is Verdict.rejected else ""
        yield sentence_of(plan), why


def _fields(plan: ActionPlan) -> Iterator[Field]:
    """What its action says of each parameter that people may set."""
    action = CATALOGUE.get(plan.kind)
    if action is None:
        return
    known: dict[str, Any] = action.model_json_schema()["properties"]
    for name, value in plan.parameters.items():
        schema = known.get(name, {})
        if name in MEASURED:
            continue
        about = str(schema.get("description", ""))
        if isinstance(value, list):
            yield Field(name, about, "list", "", tuple(map(str, value)))
        elif schema.get("type") in ("integer", "number"):
            least = schema.get("minimum", schema.get("exclusiveMinimum", ""))
            bounds = (str(least), str(schema.get("maximum", "")))
            yield Field(name, about, "number", str(value), (), *bounds)
        else:
            yield Field(name, about, "text", str(value))


def edits_of(view: ApprovalView, sent: Form) -> list[str]:
    """The fields that were set otherwise, as `--edit` has them: key=value, the value as JSON."""
    found = []
    for field in view.fields:
        texts = sent.get(f"p_{field.name}", [])
        if field.kind == "list":
            if tuple(texts) != field.choices:
                found.append(f"{field.name}={json.dumps(texts)}")
        elif texts and texts[0] != field.value:
            text = texts[0].strip()
            found.append(f"{field.name}={text if field.kind == 'number' else json.dumps(text)}")
    return found
