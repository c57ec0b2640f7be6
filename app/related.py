"""Which other incidents may have to do with one: by time, services, change and cause (practice:
grouping), each with how strong that is and why. It suggests; a person links or merges.

Signs are taken as independent: of shares p and q both together are 1 - (1 - p)(1 - q).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

from pydantic import create_model
from sqlalchemy import and_, or_, select

from ..incident.document import Incident
from ..incident.finding import Hypothesis
from ..prompts.values import duration
from ..record.store import Store
from ..record.tables import INCIDENTS
from ..record.teams import Sight, seen

STRONG_S, MEDIUM_S = 300.0, 1800.0
"""Between the begins of two incidents that may be one, for sure and perhaps."""
LONG_S = 30 * 86400.0
"""So far back a cause, or an alert, is known again."""
MOST, LEAST = 40, 0.3
"""Others that are read, the newest first; the strength from which one is worth a word."""
SAME_CHANGE, SAME_CAUSE, SAME_ALERT = 0.8, 0.5, 0.4
SAME_SERVICE, CALLS, AT_ONCE, CLOSE = 0.3, 0.25, 0.3, 0.15
SURE = 0.5
"""Confidence from which a cause counts as one."""


@dataclass(frozen=True)
class Related:
    """Another incident, and what speaks for its having to do with this one."""

    id: str
    title: str
    state: str
    strength: float  # 0 to 1
    reasons: tuple[str, ...]
    linked: bool  # somebody, or grouping, said so already


def related(store: Store, document: Incident, sight: Sight = None) -> list[Related]:
    """The others, the strongest first; those that `sight` shows."""
    found = [_held(document, other) for other in _others(store, document, sight)]
    worth = [one for one in found if one.strength >= LEAST or one.linked]
    return sorted(worth, key=lambda one: (-one.strength, one.id))


def _others(store: Store, document: Incident, sight: Sight) -> list[Incident]:
    """Those of about the same time, and earlier ones of the same service or alert: the newest.
    Which ones, indexes alone tell: ten thousand documents are not walked over."""
    at, table = document.opened_at.timestamp(), INCIDENTS.c
    close = table.opened_at.between(at - MEDIUM_S, at + MEDIUM_S)
    earlier = table.opened_at.between(at - LONG_S, at + MEDIUM_S)
    services = {document.alert.service, *(service.name for service in document.services)}
    near = or_(close, and_(earlier, table.service.in_(services - {""})))
    alike = select(table.id).where(table.fingerprint == document.alert.fingerprint)
    again = and_(earlier, table.id.in_(alike))
    visible = () if sight is None else (table.id.in_(select(table.id).where(seen(sight))),)
    found = dict[str, float]()
    with store.reading.begin() as connection:
        for wanted in (near, again, table.id.in_(document.related)):
            query = select(table.id, table.opened_at).where(wanted, *visible)
            rows = connection.execute(query.order_by(table.opened_at.desc()).limit(MOST))
            found |= {row.id: row.opened_at for row in rows}
        found.pop(document.id, None)
        ids = sorted(found, key=found.__getitem__, reverse=True)[:MOST]
        texts = connection.execute(select(table.document).where(table.id.in_(ids))).scalars().all()
    parts = (vars(_PART.model_validate_json(text)) for text in texts)
    return [_BLANK.model_copy(update=part) for part in parts]


READ = ("id", "title", "state", "opened_at", "onset", "alert", "services", "hypotheses", "related")
_FIELDS: dict[str, Any] = {name: (Incident.model_fields[name].annotation, ...) for name in READ}
_PART, _BLANK = create_model("Part", **_FIELDS), Incident.model_construct()
"""What is looked at of another one: to check all of forty documents takes a second."""


def _held(one: Incident, other: Incident) -> Related:
    signs = list(_signs(one, other))
    strength = 1 - prod(1 - share for share, _why in signs)
    reasons = tuple(why for _share, why in sorted(signs, reverse=True))
    linked = other.id in one.related
    return Related(other.id, other.title, other.state.value, round(strength, 2), reasons, linked)


def _signs(one: Incident, other: Incident) -> Iterator[tuple[float, str]]:
    apart = abs((one.began.at - other.began.at).total_seconds())
    if apart <= MEDIUM_S:
        share = AT_ONCE if apart <= STRONG_S else CLOSE
        yield share, f"began {duration(apart)} apart" if apart >= 1 else "began at once"
    mine, theirs = one.alert.service, other.alert.service
    if mine and mine == theirs:
        yield SAME_SERVICE, f"the same service, {mine}"
    elif caller := _calls(one, mine, theirs) or _calls(other, theirs, mine):
        yield CALLS, caller
    if one.alert.fingerprint == other.alert.fingerprint:
        yield SAME_ALERT, "the same alert"
    yield from _causes(_cause(one), _cause(other))


def _causes(mine: Hypothesis | None, theirs: Hypothesis | None) -> Iterator[tuple[float, str]]:
    if mine is None or theirs is None:
        return
    if mine.change and mine.change == theirs.change:
        yield SAME_CHANGE, f"the same change, {mine.change}"
    elif (mine.service, mine.kind) == (theirs.service, theirs.kind):
        yield SAME_CAUSE, f"the same cause: {mine.kind} in {mine.service}"


def _cause(document: Incident) -> Hypothesis | None:
    leading = document.leading()
    return leading if leading and leading.confidence >= SURE else None


def _calls(document: Incident, caller: str, callee: str) -> str:
    """That one service calls the other, as an incident saw it; empty: it does not."""
    found = (s for s in document.services if s.name == caller and callee in s.depends_on)
    return f"{caller} calls {callee}" if callee and next(found, None) else ""
