"""Moves about what a service asks outside: another provider, another model, fewer calls, none."""

import math
from collections.abc import Iterator

from ...actions.base import Action, ActionDraft
from ...actions.configuration import SwitchProvider
from ...actions.inventory import ModelUse, Part
from ...actions.models import AnswerWithoutModel, CapCalls, CapTokens, SwitchModel
from ...incident.finding import Hypothesis
from .observations import Observations, where


def switch_provider(seen: Observations, cause: Hypothesis) -> Iterator[ActionDraft]:
    """The service that uses the blamed provider, or is at fault itself, to another one: never back
    to the blamed."""
    for user, part in _users(seen, cause).items():
        blamed = part.provider if cause.service == user else cause.service
        if not blamed.endswith(part.provider) or _done(seen, SwitchProvider, user):
            continue  # switched already
        for other in seen.case.inventory.providers:
            if part.provider and not blamed.endswith(other):
                yield ActionDraft(SwitchProvider, user, {"to": other})


def switch_model(seen: Observations, cause: Hypothesis) -> Iterator[ActionDraft]:
    """To the next smaller model: never back to a larger one."""
    for user, use in _asking(seen, cause).items():
        smaller = use.models[use.models.index(use.model) + 1 :] if use.model in use.models else []
        for other in smaller[:1]:
            yield ActionDraft(SwitchModel, user, {"to": other})


def without_model(seen: Observations, cause: Hypothesis) -> Iterator[ActionDraft]:
    """The answer that it has without one."""
    for user in _asking(seen, cause):
        yield ActionDraft(AnswerWithoutModel, user, {})


def cap_calls(seen: Observations, cause: Hypothesis) -> Iterator[ActionDraft]:
    """As often as it asked for one request while all was well, and once more."""
    for user in _asking(seen, cause):
        asked, answered = (_usual(seen, user, s) for s in ("ai_request_rate", "request_rate"))
        if asked and answered:
            yield ActionDraft(CapCalls, user, {"calls": math.ceil(asked / answered) + 1})


def cap_tokens(seen: Observations, cause: Hypothesis) -> Iterator[ActionDraft]:
    """Half as much again as it spent while all was well."""
    for user in _asking(seen, cause):
        if usual := _usual(seen, user, "ai_token_rate"):
            yield ActionDraft(CapTokens, user, {"tokens": math.ceil(usual * 60 * 1.5)})


def _usual(seen: Observations, service: str, signal: str) -> float:
    shift = seen.signal(service, signal)
    return (shift.baseline if shift else None) or 0.0


def _asking(seen: Observations, cause: Hypothesis) -> dict[str, ModelUse]:
    return {name: part.ai for name, part in _users(seen, cause).items() if part.ai}


def _users(seen: Observations, cause: Hypothesis) -> dict[str, Part]:
    """Services that use a provider or a model: what is blamed, or who calls it."""
    callers = (edge.caller for edge in where(seen.edges, callee=cause.service))
    parts = seen.case.inventory.services
    named = dict.fromkeys(n for n in (cause.resource, cause.service, *callers) if n in parts)
    return {name: parts[name] for name in named if parts[name].provider or parts[name].ai}


def _done(seen: Observations, action: type[Action], target: str) -> bool:
    """Whether this kind was carried out on the target."""
    document = seen.case.document
    plans = (document.plan(execution.plan) for execution in document.executions)
    return any(made and (made.kind, made.target) == (action.kind, target) for made in plans)
