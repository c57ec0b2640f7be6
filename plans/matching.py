"""Which runbooks fit an incident: by their triggers, each with why; a team's own before ours."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..incident.document import Incident
from .runbook import Runbook

EXACT = 10.0
"""Score of a runbook whose fault is exactly what was asked for, or whose alert fired."""


@dataclass(frozen=True)
class Match:
    """A runbook, how well it fits, and why."""

    book: Runbook
    score: float = 0.0
    why: tuple[str, ...] = ()


def match(document: Incident, book: Runbook) -> Match:
    """How its triggers fit; the score is 0 where none does, or it is for other services."""
    alerts = [document.alert, *(joined.alert for joined in document.joined)]
    services = {s.name for s in document.services} | {alert.service for alert in alerts}
    told = " ".join(f"{a.name} {a.summary} {' '.join(a.labels.values())}" for a in alerts)
    triggers, labels = book.triggers, book.triggers.labels
    causes = [h for h in document.hypotheses if not h.ruled_out and h.kind.value in triggers.faults]
    cause = max(causes, key=lambda each: each.confidence, default=None)
    words = said(told, triggers.words)
    signs = [(f"the alert {a.name}", EXACT) for a in alerts if a.name in triggers.alerts][:1]
    if labels and any(labels.items() <= alert.labels.items() for alert in alerts):
        signs.append((f"the labels {', '.join(map('='.join, labels.items()))}", EXACT / 2))
    if cause and cause.sure:
        signs.append((f"the cause {cause.kind.value}", EXACT))
    elif cause:
        why = f"a cause that stands, {cause.kind.value} ({cause.confidence:.0%})"
        signs.append((why, 1 + cause.confidence))
    if words:  # alone less than anything else
        signs.append((f"the words {', '.join(words)}", weight(words) / (1 + weight(words))))
    if book.services and not services & set(book.services):
        signs = []
    return Match(book, sum(points for _, points in signs), tuple(why for why, _ in signs))


def score(book: Runbook, asked: str) -> float:
    """How well it fits what was asked for: its fault by name, else its words."""
    known = (*book.triggers.faults, *book.triggers.words)
    exact = asked.strip().lower() in (*map(str.lower, book.triggers.faults), book.name)
    return EXACT if exact else weight(said(asked, known))


def said(text: str, words: Iterable[str]) -> list[str]:
    """Which of these a text has, also in the plural."""
    lower = text.lower()
    return [word for word in words if re.search(rf"\b{re.escape(word.lower())}s?\b", lower)]


def weight(hits: Iterable[str]) -> float:
    """Longer ones count more."""
    return float(sum(len(word.split()) for word in hits))
