"""What people did outside of the response, as its file has it or as they say it; and what that
tells of the causes, where what hurt ended right after it."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
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
) -> tuple[Deed | None, dict[str, Argument]]:
    """The last thing that people did before what hurt was seen to be well, and by the id of a cause
    what it says for that: what cures a cause before what cures none. None: nothing was done.

    since: when what is well began, at the earliest; spare: how much before that it may be done.
    """
    done = [deed for deed in deeds(document) if deed.at >= since - spare]
    for deed in reversed(done):
        text = f"{deed.by} did this by hand: {deed.told}; what hurt ended right after it"
        lifts = {cause.id: _lift(cause, deed) for cause in document.hypotheses}
        said = {
            name: Argument(text=text, weight=round(lift, 2), quotes=list(quotes))
            for name, lift in lifts.items()
            if lift > 0
        }
        if said:
            return deed, said
    return (done[-1] if done else None), {}


def _lift(cause: Hypothesis, deed: Deed) -> float:
    """Log-odds that this deed, and the end of what hurt, give this cause; 0: it cures it not."""
    named = not deed.places or {cause.service, cause.resource} & deed.places
    if not (named and cause.standing):
        return 0.0
    remedies = [[a.kind for a in MOVES[r].actions] for r in fault_of(cause.kind).remedies]
    places = [place for place, kinds in enumerate(remedies) if deed.kinds & {*kinds}]
    return math.log(CURES[min(places[0], len(CURES) - 1)] / CHANCE) if places else 0.0


def ranked_anew(document: Incident, said: Mapping[str, Argument]) -> list[Hypothesis]:
    """The causes once more, by what the end of what hurt says for or against each, by its id. By
    Bayes: what one gains all others lose alike, and the other way round. What counted once does
    not again."""
    new = {h.id: said[h.id] for h in document.hypotheses if h.id in said and not _heard(h, said)}
    odds = {
        h.id: h.confidence * math.exp(new[h.id].weight if h.id in new else 0.0)
        for h in document.hypotheses
        if h.standing
    }
    whole = 1 - sum(h.confidence for h in document.hypotheses if h.standing) + sum(odds.values())
    found = []
    for cause in document.hypotheses:
        changes = dict[str, object]()
        if share := odds.get(cause.id, 0.0):
            changes["confidence"] = round(share / max(whole, share), 3)
        if because := new.get(cause.id):
            side = "support" if because.weight > 0 else "contradiction"
            changes[side] = [*getattr(cause, side), because]
        found.append(cause.model_copy(update=changes))
    return sorted(found, key=lambda h: (bool(h.ruled_out), -h.confidence))


def _heard(cause: Hypothesis, said: Mapping[str, Argument]) -> bool:
    return any(a.text == said[cause.id].text for a in (*cause.support, *cause.contradiction))
