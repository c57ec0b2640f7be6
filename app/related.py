"""Which other incidents may have to do with one: of about the same time, open at the same place, or
of the past and like it by their signs (record/memories.py); how strong that is, and why. A person
links or merges. Of independent shares p and q both together are 1 - (1 - p)(1 - q).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from sqlalchemy import Row, select, true

from ..agents.reporting.wording import shown
from ..incident.document import Incident
from ..incident.lifecycle import OVER
from ..incident.memory import signs_of
from ..prompts.values import duration
from ..record.memories import Alike, like
from ..record.store import Store
from ..record.tables import INCIDENTS
from ..record.teams import Sight, seen

STRONG_S, MEDIUM_S = 300.0, 1800.0
"""Between the begins of two incidents that may be one, for sure and perhaps."""
MOST, LEAST = 40, 0.3
"""Others that are looked at, the newest first; the strength from which one is worth a word."""
SAME_CAUSE, SAME_ALERT, SAME_SERVICE, CALLS, AT_ONCE, CLOSE = 0.5, 0.4, 0.3, 0.25, 0.3, 0.15


HURT = ("alerting", "affected")
SHOWN = ("id", "title", "state", "service")


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
    alike = like(store.engine, sight, document.id, signs_of(document))
    past = {one.memory.id: one for one in alike}
    rows = _others(store, document, sight, [*past, *document.related])
    found = [_held(document, row, past.get(row.id)) for row in rows]
    worth = [one for one in found if one.strength >= LEAST or one.linked]
    return sorted(worth, key=lambda one: (-one.strength, one.id))


def _others(store: Store, document: Incident, sight: Sight, known: list[str]) -> list[Row]:
    """Those of about the same time, those that are open at the same place, those that are known.
    Columns alone tell: ten thousand documents are not walked over."""
    at, table = document.opened_at.timestamp(), INCIDENTS.c
    visible = true() if sight is None else table.id.in_(select(table.id).where(seen(sight)))
    running = table.state.not_in([state.value for state in OVER])
    services = {document.alert.service, *(service.name for service in document.services)} - {""}
    wanted = table.opened_at.between(at - MEDIUM_S, at + MEDIUM_S), table.id.in_(known)
    columns = [
        table[name] for name in ("id", "title", "state", "service", "opened_at", "fingerprint")
    ]
    found = dict[str, Row]()
    with store.reading.begin() as connection:
        for each in (*wanted, running & table.service.in_(services)):
            query = select(*columns).where(each, visible, table.id != document.id)
            rows = connection.execute(query.order_by(table.opened_at.desc()).limit(MOST))
            found |= {row.id: row for row in rows}
    return list(found.values())


def _held(one: Incident, other: Row, alike: Alike | None) -> Related:
    signs = list(_signs(one, other, alike))
    strength = 1 - prod(1 - share for share, _why in signs)
    reasons = tuple(why for _share, why in sorted(signs, reverse=True))
    linked = other.id in one.related
    return Related(other.id, other.title, other.state, round(strength, 2), reasons, linked)


def _signs(one: Incident, other: Row, alike: Alike | None) -> Iterator[tuple[float, str]]:
    apart, places = abs(one.opened_at.timestamp() - other.opened_at), list(_places(one, other))
    if apart <= MEDIUM_S:
        stranger = one.alert.service and other.service and not places
        share = AT_ONCE if apart <= STRONG_S and not stranger else CLOSE
        yield share, f"began {duration(apart)} apart" if apart >= 1 else "began at once"
    yield from places
    if alike is None and one.alert.fingerprint == other.fingerprint:
        yield SAME_ALERT, "the same alert"
    if alike:
        cause, past = one.leading(), alike.memory
        if cause and cause.sure and (cause.service, cause.kind) == (past.service, past.fault):
            yield SAME_CAUSE, f"the same cause: {past.fault} in {past.service}"
        yield alike.likeness, f"alike by {', '.join(alike.told)}"


def _places(one: Incident, other: Row) -> Iterator[tuple[float, str]]:
    """What the two share in place: the service, a call, what is hurt, what a change touches."""
    mine, theirs, cause = one.alert.service, other.service, one.leading()
    if not theirs:
        return
    if mine == theirs:
        yield SAME_SERVICE, f"the same service, {mine}"
    elif any(s.name == theirs and s.role in HURT for s in one.services):
        yield SAME_SERVICE, f"{theirs} is hurt here too"
    calls = {(s.name, callee) for s in one.services for callee in s.depends_on}
    for caller, callee in {(mine, theirs), (theirs, mine)} & calls:
        yield CALLS, f"{caller} calls {callee}"
    if cause and cause.sure and cause.change and mine != cause.service:
        touched = f"change {shown(cause.change)} touches {cause.service}"
        if theirs == cause.service:
            yield SAME_SERVICE, touched
        elif (theirs, cause.service) in calls:
            yield CALLS, f"{touched}, which {theirs} calls"
