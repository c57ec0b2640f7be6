"""State that is no number: what of it is otherwise than it was, and who waits for whom."""

import math
import operator
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from ..actions.facts import COMMAND, FOLDER, KINDS, FactKind, Telling, digest
from ..telemetry.model import Change, StateFact, Window
from .base import Bench, Effect, Row, Table, tool
from .reading import cut, number, table

LOOKBACK_S = 7 * 86_400.0
TOGETHER_S = 60.0
"""The same change in several processes within this long is one."""
RESTART_S = 5.0
"""What a process has new within this long of its start came with it: looks lie seconds apart."""
STATE_KINDS = frozenset(kind.told for kind in KINDS.values())
"""Kinds of change that state tells: there is no code in them to look for a fault in."""
AGAIN = ("restart", FactKind.process)
"""What a process does again and again."""
START = "start"


@dataclass(frozen=True, slots=True)
class StateChange(Row):
    """One fact that is otherwise; `at` in unix seconds, empty values are: not there."""

    id: str
    at: float
    seconds_before: float
    kind: str
    what: str
    service: str
    instances: str  # joined by ", "; empty: of a database
    object: str
    previous: str
    value: str
    role: str
    with_restart: bool
    lasts: bool
    summary: str

    @property
    def eases(self) -> bool:
        """Whether it only allows more than before: no reason to fail, and nothing to take back."""
        return allows_more(self.kind, self.object, self.previous, self.value)


@tool(Effect.read)
def state_changes(bench: Bench) -> Table[StateChange]:
    """Grants, schema, settings, environments, limits and process states that are no longer what
    they were while all was well, up to the end of the incident; the nearest to its begin first.

    `seconds_before` counts to the begin of the incident window, negative inside it.
    """
    window, begin = _lately(bench), bench.frame.incident.start
    rows = [replace(row, seconds_before=round(begin - row.at, 1) + 0.0) for row in changed(bench)]
    rows.sort(key=lambda row: abs(row.seconds_before))
    kinds = ", ".join(
        f"{sum(r.kind == k for r in rows)} {k}" for k in sorted({r.kind for r in rows})
    )
    gaps = unread(bench)
    recorded = bench.telemetry.state(window.end)
    nothing = "no state has changed" if recorded else "no state was recorded"
    return table(rows, f"{len(rows)} facts changed: {kinds}{gaps}", nothing + gaps, window)


def changed(bench: Bench) -> list[StateChange]:
    """Every change of state up to the end of the incident, oldest first; `seconds_before` is 0."""
    facts = bench.telemetry.state(bench.frame.incident.end)
    deploys = [c for c in bench.telemetry.changes(_lately(bench)) if c.kind == "deploy"]
    return _changes(facts, deploys)


def unread(bench: Bench) -> str:
    """What could not be looked at during the incident, in words; empty where all could."""
    window = bench.frame.incident
    unread = histories(bench.telemetry.state(window.end), FactKind.unread)
    held = [span for history in unread for span in spans(history, window.end)]
    late = [cut(fact.value, 200) for fact, end in held if fact.value and end > window.start]
    return "".join(f"; {text}" for text in dict.fromkeys(late))


def _lately(bench: Bench) -> Window:
    return Window(bench.frame.incident.start - LOOKBACK_S, bench.frame.incident.end)


def histories(facts: Iterable[StateFact], *kinds: FactKind) -> list[list[StateFact]]:
    """The values of each object of these kinds, oldest first."""
    found: dict[tuple[str, ...], list[StateFact]] = defaultdict(list)
    for fact in facts:
        if fact.kind in kinds:
            found[fact.service, fact.instance, fact.kind, fact.object].append(fact)
    return list(found.values())


def spans(history: list[StateFact], end: float) -> Iterator[tuple[StateFact, float]]:
    """Each value and until when it held."""
    ends = [*(fact.at for fact in history[1:]), end]
    yield from zip(history, ends, strict=True)


def _changes(facts: list[StateFact], deploys: list[Change]) -> list[StateChange]:
    begun: dict[tuple[str, str, bool], float] = {}
    for fact in facts:
        if fact.kind in KINDS:
            begun[_look(fact)] = min(fact.at, begun.get(_look(fact), fact.at))
    starts = _starts(facts)
    rows = []
    for history in histories(facts, *KINDS):
        first, began = history[0], begun[_look(history[0])]
        if first.at > began:  # it was not there when one began to look
            history.insert(0, replace(first, at=began, value=""))
        for before, now in pairwise(history):
            if before.value != now.value and not _told_otherwise(before, now, deploys):
                rows.append(_row(before, now, history[-1].value, starts))
    return _merged(sorted(rows, key=lambda row: row.at))


def _look(fact: StateFact) -> tuple[str, str, bool]:
    """What is looked at together: what one look has and an earlier one had not is new."""
    return fact.service, fact.instance, fact.kind == FactKind.process


def _starts(facts: list[StateFact]) -> dict[str, list[float]]:
    """When each process was started, by its name."""
    found: dict[str, list[float]] = defaultdict(list)
    for fact in facts:
        if (fact.kind, fact.object) == (FactKind.process, START) and fact.value:
            found[fact.instance].append(_started(fact))
    return found


def _started(fact: StateFact) -> float:
    """Unix seconds; of "1793988611.52 as 4711"."""
    try:
        return min(number(float(fact.value.partition(" ")[0])) or fact.at, fact.at)
    except ValueError:
        return fact.at


def _told_otherwise(before: StateFact, now: StateFact, deploys: list[Change]) -> bool:
    """Whether it is no news: a folder of another release, a process on its way up or down, the
    same process dated anew by another look."""
    if now.object in (FOLDER, COMMAND):
        return any(d.service == now.service and abs(d.at - now.at) < 4 * RESTART_S for d in deploys)
    if (now.kind, now.object) == (FactKind.process, START):
        return not now.value or before.value.partition(" ")[2] == now.value.partition(" ")[2]
    return now.kind == FactKind.process and not before.value and now.value == "running"


def _row(
    before: StateFact, now: StateFact, last: str, starts: dict[str, list[float]]
) -> StateChange:
    restart = (now.kind, now.object) == (FactKind.process, START)
    own = [at for at in starts.get(now.instance, ()) if -1 <= now.at - at <= 2 * RESTART_S]
    came = bool(own) and now.kind in (FactKind.environment, FactKind.limit)
    at = _started(now) if restart else own[-1] if came else now.at
    row = StateChange(
        id=f"state-{digest(f'{now.service} {now.instance} {now.kind} {now.object} {now.at}')}",
        at=number(at) or 0.0,
        seconds_before=0.0,
        kind="restart" if restart else KINDS[FactKind(now.kind)].told,
        what="restart" if restart else now.kind,
        service=now.service,
        instances=now.instance,
        object="process" if restart else now.object,
        previous=before.value,
        value=now.value,
        role=_role(now),
        with_restart=came or restart,
        lasts=now.value == last,
        summary="",
    )
    return replace(row, summary=_words(row))


def _role(fact: StateFact) -> str:
    for sign in (" of role ", " to "):
        if fact.kind in (FactKind.grant, FactKind.setting) and sign in fact.object:
            return fact.object.rpartition(sign)[2].partition(" of database ")[0].strip('"')
    return ""


GIVEN, WIDER, NARROWER = "granted", "AS PERMISSIVE", "AS RESTRICTIVE"
BOUND = re.compile(r"-?\d+|unlimited")


def allows_more(kind: str, name: str, before: str, now: str) -> bool:
    """Whether a fact, by its values ("" is: not there), only allows more than it did: a grant that
    was given, a login or a policy that was opened, a bound that was raised."""
    if name.startswith("row security on "):
        return not now
    if name.startswith("login of "):
        return now == "on"
    if kind == FactKind.limit or name.startswith("connection limit of "):
        old, new = ([_bound(part) for part in BOUND.findall(value)] for value in (before, now))
        if not old:
            return math.inf in new
        return old != new and len(old) == len(new) and all(map(operator.le, old, new))
    if before and now:
        return False
    given = kind == FactKind.grant and now == GIVEN
    return given or now.startswith(WIDER) or before.startswith(NARROWER)


def _bound(text: str) -> float:
    return math.inf if text in ("-1", "unlimited") else float(text)


def _words(row: StateChange) -> str:
    whose = row.instances or row.service
    before, now = (cut(" ".join(text.split()), 120) for text in (row.previous, row.value))
    if row.what == "restart":
        return f"{whose} was started again"
    if (row.what, row.object) == (FactKind.process, "state"):
        return f"{whose}: {before or 'running'} → {now or 'not running'}"
    privilege, given, role = row.object.rpartition(" to ")
    owned = row.what == FactKind.grant and not given
    words = Telling() if owned else KINDS[FactKind(row.what)].words
    form = words.turned if before and now else words.added if now else words.gone
    return form.format(
        **{"what": row.what, "object": row.object, "service": row.service, "whose": whose},
        **{"before": before, "now": now, "privilege": privilege, "role": role},
        since=" since its restart" if row.with_restart else "",
    )


def _merged(rows: list[StateChange]) -> list[StateChange]:
    """What is the same in several processes of a service, or again and again in one, as one row."""
    groups: list[list[StateChange]] = []
    latest: dict[tuple[str, ...], list[StateChange]] = {}
    for row in rows:
        group = latest.get(_same(row))
        if group is None or row.at - group[-1].at > TOGETHER_S:
            group = latest[_same(row)] = []
            groups.append(group)
        group.append(row)
    return [_one(group) for group in groups]


def _same(row: StateChange) -> tuple[str, ...]:
    if row.what in (FactKind.environment, FactKind.limit):
        return row.service, row.what, row.object, row.previous, row.value
    return (row.instances, row.summary) if row.what in AGAIN else (row.id,)


def _one(group: list[StateChange]) -> StateChange:
    first = group[0]
    names = ", ".join(dict.fromkeys(row.instances for row in group))
    often = f", {len(group)} times" if len(group) > 1 and first.what in AGAIN else ""
    lasts = any(row.lasts for row in group)
    return replace(first, instances=names, summary=first.summary + often, lasts=lasts)
