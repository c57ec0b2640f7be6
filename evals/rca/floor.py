"""The response over a root-cause case written as a bundle: with no model, or with one on top.

A service's score is the sum of the confidences of the hypotheses about it, which exclude each
other. The commit is the change that the leading hypothesis blames, where that is a commit of the
case.
"""

from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from ...app.opening import MakeModelLayer, open_context, playbooks
from ...errors import ModelUnavailable
from ...incident.document import Incident
from ...incident.finding import FaultKind, Hypothesis
from ...settings import Settings
from ...telemetry.alerts import read_alerts
from ...telemetry.bundle import open_bundle
from ..framework.runs import Method
from ..incidents.answers import Use, use_of
from ..incidents.run import model_layer_for, never_asked, respond
from .answers import NO_COMMIT, ModelWord, Payload, RcaAnswer, RcaMethod, blamed
from .bundle import shipped_json, write
from .cases import RcaCase
from .documents import commits_of

T = TypeVar("T")
HURT = ("alerting", "affected")
"""Roles of services that triage saw hurt; the others are only called by them."""

NO_WORD = (FaultKind.unknown, FaultKind.application)
"""Kinds that do not say whether a change is behind it."""


def floor_of(settings: Settings) -> RcaMethod:
    """The response with no model under these settings, whatever model they name."""
    note = "the response with no model, over everything"
    return Method(
        "floor", lambda case: [responded(case, settings, partial(floor_answer, case))], note
    )


def model_of(settings: Settings, layer: MakeModelLayer = model_layer_for) -> RcaMethod:
    """The response with the configured model on top, which `layer` makes."""
    note = "the response with the configured model on top of the playbooks"
    return Method("model", lambda case: [_with_model(case, settings, layer)], note)


def _with_model(case: RcaCase, settings: Settings, layer: MakeModelLayer) -> RcaAnswer:
    """The final answer, and what the model itself said. Raises ModelUnavailable where it never had
    its say: then the answer says nothing about it."""

    def read(document: Incident, payload: Payload) -> RcaAnswer:
        use = use_of(document.model_calls)
        if silent := never_asked(use):
            raise ModelUnavailable(silent)
        answer = floor_answer(case, document, payload)
        return answer.model_copy(update={"heard": _heard(case, document, use)})

    return responded(case, settings, read, layer)


def _heard(case: RcaCase, document: Incident, use: Use) -> ModelWord:
    said = [[word for word in report.testimony if word.first] for report in document.reports]
    last = next((words[0] for words in reversed(said) if words), None)
    return ModelWord(
        model=document.model_calls[-1].model,
        basis=last.basis if last else "",
        service=last.service if last else "",
        commit=_named(case, last.change if last else "", last.kind if last else None),
        tokens=use.tokens,
        money=use.money,
        calls=use.calls,
    )


def respond_to(case: RcaCase, settings: Settings) -> Incident:
    """The document that a whole response leaves, each time in a fresh home."""
    return responded(case, settings, lambda document, _payload: document)


def responded(
    case: RcaCase,
    settings: Settings,
    read: Callable[[Incident, Payload], T],
    model_layer: MakeModelLayer = playbooks,
) -> T:
    """What `read` makes of the document, while the evidence that it quotes can still be fetched."""
    with TemporaryDirectory() as folder:
        home, bundle = Path(folder) / "home", Path(folder) / "bundle"
        home.mkdir()
        own = settings.model_copy(update={"home": home})
        with closing(open_bundle(write(case, bundle))) as recorder:
            context = open_context(own, recorder=recorder, model_layer=model_layer, pace=0)
            (alert,) = read_alerts((bundle / "alert.json").read_bytes())
            return read(context.store.load(respond(alert, context)), context.store.payload)


def floor_answer(case: RcaCase, document: Incident, payload: Payload = lambda _: {}) -> RcaAnswer:
    """What a document says about the case: its hypotheses, and the change that it blames."""
    scores = scores_of(document.hypotheses)
    leading = document.leading()
    return RcaAnswer(
        scores=scores,
        probability=max(scores.values(), default=None),
        kind=leading.kind.value if leading else "",
        commit=_commit(case, leading),
        affected=[one.name for one in document.services if one.role in HURT],
        remedy=document.proposals[0].kind if document.proposals else "",
        blamed=blamed(document, payload),
    )


def scores_of(hypotheses: Iterable[Hypothesis]) -> dict[str, float]:
    """The sum of each service's confidences; a hypothesis that names none counts for nobody."""
    scores: dict[str, float] = {}
    for found in hypotheses:
        before = scores.get(found.service, 0.0)
        scores[found.service] = round(found.confidence + before, 3)
    scores.pop("", None)
    return scores


def _commit(case: RcaCase, leading: Hypothesis | None) -> str | None:
    return _named(case, leading.change if leading else "", leading.kind if leading else None)


def _named(case: RcaCase, change: str, kind: FaultKind | None) -> str | None:
    """The sha, 'none' where another kind of fault is blamed, None where there are no commits.

    Who blames nobody, or a place and no kind of fault, has not said that no commit is guilty:
    empty, which is never right.
    """
    known = commits_of(shipped_json(case, "changes.json") or {})
    if not known:
        return None
    if kind is None or (not change and kind in NO_WORD):
        return ""
    return change if change in known else NO_COMMIT
