"""What there is of a scope in a datasource of metrics, and what of it signals are made of."""

import math
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from .computed import Computed
from .conventions import CONVENTIONS, NAME, Convention, LabelSet, Whose
from .datasource import Datasource
from .source import Scope

MOST_SERIES = 20_000
"""Of one scope; whole metrics are left out beyond, the ones that the table has last."""
MOST_COMPUTED = 20
PLANNED_S = 300.0
"""How long it holds which metrics there are."""


@dataclass(frozen=True)
class Selection:
    """What one query asks for."""

    order: int  # the convention's
    whose: Whose
    names: tuple[str, ...]  # theirs

    @property
    def convention(self) -> Convention:
        """How these are named."""
        return CONVENTIONS[self.order]


@dataclass(frozen=True)
class Plan:
    """What there is of a scope."""

    selections: tuple[Selection, ...] = ()
    chosen: dict[tuple[str, str], int] = field(default_factory=dict)
    """The convention that counts, by (service, our metric)."""
    series: int = 1
    computed: tuple[Computed, ...] = ()
    says: tuple[str, ...] = ()
    made: float = -math.inf  # monotonic seconds

    @property
    def holds(self) -> bool:
        """Whether it is new enough and has something."""
        return self.some and time.monotonic() - self.made < PLANNED_S

    @property
    def some(self) -> bool:
        """Whether there is anything."""
        return bool(self.selections or self.computed)


def planned(
    found: Sequence[LabelSet], scope: Scope, source: Datasource, computed: Sequence[Computed] = ()
) -> Plan:
    """A plan from the labels of what exists: for each service and metric the first convention."""
    kinds = Counter[tuple[int, Whose, str, str]]()
    for labels in found:
        for order, convention in enumerate(CONVENTIONS):
            if convention.holds(labels):
                whose, service = convention.owner(labels, scope, source.whose)
                if whose:
                    kinds[order, whose, labels[NAME], service] += 1
    chosen = dict[tuple[str, str], int]()
    for order, _by, name, service in sorted(kinds, key=lambda kind: kind[0]):
        chosen.setdefault((service, CONVENTIONS[order].named[name]), order)
    counted = Counter[tuple[int, Whose, str]]()
    for (order, whose, name, service), series in kinds.items():
        if chosen[service, CONVENTIONS[order].named[name]] == order:
            counted[order, whose, name] += series
    kept, says = _capped(counted)
    names = defaultdict[tuple[int, Whose], list[str]](list)
    for order, whose, name in kept:
        names[order, whose].append(name)
    selections = tuple(Selection(*key, tuple(found)) for key, found in names.items())
    if not computed:
        says += _told_by(selections, scope, source)
    own = tuple(computed[:MOST_COMPUTED])
    says += tuple(f"{one.signal} by {one.by}, where no samples of it are" for one in own)
    return Plan(selections, chosen, max(1, sum(kept.values())), own, says, time.monotonic())


def _capped(
    counted: Counter[tuple[int, Whose, str]],
) -> tuple[dict[tuple[int, Whose, str], int], tuple[str, ...]]:
    """The metrics that fit, in the table's order, and words about those that do not."""
    kept, room, dropped = dict[tuple[int, Whose, str], int](), MOST_SERIES, []
    for kind in sorted(counted, key=lambda kind: (kind[0], counted[kind])):
        if counted[kind] <= room:
            kept[kind], room = counted[kind], room - counted[kind]
        else:
            dropped.append(f"{kind[2]} ({counted[kind]} series)")
    if not dropped:
        return kept, ()
    return kept, (f"beyond {MOST_SERIES} series, left out: {', '.join(dropped[:5])}",)


def _told_by(selections: Sequence[Selection], scope: Scope, source: Datasource) -> tuple[str, ...]:
    """That nothing was found, or by the last label tried alone: it may name something else."""
    usual = source.whose.service
    if not selections:
        who = ", ".join(sorted(scope.services or ())[:3]) or "any service"
        tried = ", ".join(usual)
        return (f"no known metric of {who} by the labels {tried}: name another in labels.service",)
    own = {one.whose.label for one in selections if not one.convention.service}
    return (f"services are told by {usual[-1]} alone",) if own == {usual[-1]} else ()
