"""An incident without secrets: what leaves the store for a file or a screen of text."""

from typing import Any

from ..incident.document import Incident
from ..models.masking import Mask


def masked(incident: Incident) -> Incident:
    """The document with every secret masked as before a model; people and addresses stay, since
    those who respond have to find them."""
    mask = Mask()
    content = incident.model_dump(mode="json")
    mask.learn(_texts(content))
    known: dict[tuple[str, str], str] = {}

    def one(value: str, name: str) -> str:
        if (value, name) not in known:
            known[value, name] = mask.reveal(mask.mask_value(value, name))
        return known[value, name]

    clean = Incident.model_validate(_walked(content, "", one))
    _follow(incident, clean)
    return clean


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []


def _walked(value: Any, name: str, one) -> Any:
    """Strings only: a number that looks like one of a card stays a number."""
    if isinstance(value, dict):
        return {key: _walked(each, key, one) for key, each in value.items()}
    if isinstance(value, list):
        return [_walked(each, name, one) for each in value]
    return one(value, name) if isinstance(value, str) else value


def _follow(incident: Incident, clean: Incident) -> None:
    """A plan or text that held a secret has another hash now: what refers to it follows."""
    pairs = [
        *zip(incident.proposals, clean.proposals, strict=True),
        *zip(incident.communications, clean.communications, strict=True),
    ]
    now = {old.hash: new.hash for old, new in pairs}
    for decision in clean.decisions:
        decision.subject = now.get(decision.subject, decision.subject)
    for execution in clean.executions:
        execution.plan = now.get(execution.plan, execution.plan)
