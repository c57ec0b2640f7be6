"""What people did outside of the response, as its file has it or as they say it; and what that
tells of the cause, where what hurt ended right after it."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from ...faults import fault_of
from ...incident.document import Incident
from ...incident.evidence import Quote
from ...incident.finding import Argument, Hypothesis
from ...incident.identity import AUTOMATIC
from ...incident.timeline import EventKind
from ...yaml_tables import AnyCase, read_table
from ..reporting.incident_status import DENIED
from .learning import CURES
from .moves import MOVES

CHANCE = 0.05
"""How likely what hurts ends right after something that has nothing to do with it: people do
several things at once, and say some of them."""

NOT_YET = re.compile(r"\b(?:should|must|could|would|will|may|if|to|please|let us)\b[^,.;]*", re.I)
"""What is asked for, or thought of."""


@dataclass(frozen=True)
class Deed:
    """One thing that somebody did, or says that they did."""

    at: datetime
    by: str
    kinds: frozenset[str]  # of actions
    places: frozenset[str]  # that it names; empty: none
    told: str


@cache
def sayings() -> dict[str, re.Pattern[str]]:
    """By kind of action, how people say it."""
    return read_table("agents/causes/deeds.yaml", dict[str, AnyCase])


def deeds(document: Incident) -> list[Deed]:
    """Oldest first; what failed or was taken back is none."""
    return sorted([*_on_file(document), *_as_said(document)], key=lambda deed: deed.at)


def _on_file(document: Incident) -> Iterator[Deed]:
    back = {act.number for act in document.by_hand if act.undo and not act.error}
    for act in document.by_hand:
        if act.kind and not (act.error or act.undo or act.number in back):
            kinds, places = frozenset([act.kind]), frozenset([act.target])
            yield Deed(act.at, act.by, kinds, places, act.title)


def _as_said(document: Incident) -> Iterator[Deed]:
    lines = [
        e for e in document.timeline if e.kind is EventKind.person and AUTOMATIC not in e.actor
    ]
    said = [(line.at, line.actor, line.text) for line in lines]
    over = document.called_over
    said += [(over.at, over.actor, over.reason)] if over else []
    known = {s.name for s in document.services}
    known |= {name for h in document.hypotheses for name in (h.service, h.resource) if name}
    for at, by, text in said:
        done = NOT_YET.sub("", DENIED.sub("", text))
        kinds = frozenset(kind for kind, word in sayings().items() if word.search(done))
        places = frozenset(name for name in known if re.search(rf"\b{re.escape(name)}\b", done))
        if kinds:
            yield Deed(at, by, kinds, places, f"“{text}”")


def credited(
    document: Incident, since: datetime, spare: timedelta, quotes: Sequence[Quote]
) -> tuple[Deed | None, list[Hypothesis]]:
    """The last thing that people did before what hurt was seen to be well, and the causes ranked
    anew by it; None, and none, where nothing was done then, or it cures none of them.

    since: when what is well began, at the earliest; spare: how much before that it may be done.
    """
    for deed in reversed([deed for deed in deeds(document) if deed.at >= since - spare]):
        lifts = [_lift(cause, deed) for cause in document.hypotheses]
        if max(lifts, default=0.0) > 0:
            return deed, _ranked(document, deed, lifts, quotes)
    return None, []


def _lift(cause: Hypothesis, deed: Deed) -> float:
    """Log-odds that this deed, and the end of what hurt, give this cause; 0: it cures it not."""
    named = not deed.places or {cause.service, cause.resource} & deed.places
    if not (named and cause.standing):
        return 0.0
    remedies = [[a.kind for a in MOVES[r].actions] for r in fault_of(cause.kind).remedies]
    places = [place for place, kinds in enumerate(remedies) if deed.kinds & {*kinds}]
    return math.log(CURES[min(places[0], len(CURES) - 1)] / CHANCE) if places else 0.0


def _ranked(
    document: Incident, deed: Deed, lifts: Sequence[float], quotes: Sequence[Quote]
) -> list[Hypothesis]:
    """By Bayes: what one gains all others lose alike. What counted once does not again."""
    text = f"{deed.by} did this by hand: {deed.told}; what hurt ended right after it"
    told = any(a.text == text for h in document.hypotheses for a in h.support)
    pairs = list(zip(document.hypotheses, [0.0 if told else lift for lift in lifts], strict=True))
    odds = [h.confidence * math.exp(lift) if h.standing else 0.0 for h, lift in pairs]
    whole = 1 - sum(h.confidence for h in document.hypotheses if h.standing) + sum(odds)
    found = []
    for (cause, lift), share in zip(pairs, odds, strict=True):
        because = [Argument(text=text, weight=round(lift, 2), quotes=list(quotes))] if lift else []
        sure = round(share / max(whole, share), 3) if cause.standing and share else cause.confidence
        changes = {"confidence": sure, "support": [*cause.support, *because]}
        found.append(cause.model_copy(update=changes))
    return sorted(found, key=lambda h: (bool(h.ruled_out), -h.confidence))
