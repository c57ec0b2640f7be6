"""Which causes compete for one whole, and which are true side by side.

One fault is looked for, so every cause takes from every other. Where requests of different routes
begin to fail in different places, each beyond chance, there are several: then each competes only
with what could explain the same requests.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from ...incident.finding import Hypothesis
from .observations import Observations

ENOUGH = 5
"""Failing requests of one route that begin in one place, from which it is no accident."""
EACH, ALL = 0.2, 0.7
"""The least that the causes of one part have together, and of all parts: below it nobody knows
enough to say that there are several."""
SHOWN = 4
"""Routes that are named."""

Key = TypeVar("Key", bound=Hashable)


def side_by_side(seen: Observations, hypotheses: list[Hypothesis]) -> list[Hypothesis]:
    """The hypotheses, most likely first, with the routes that each explains; where they are several
    faults, each with its probability among those that could explain the same."""
    routes = _routes(seen)
    named = [h.model_copy(update={"explains": routes.get(h.service, [])}) for h in hypotheses]
    found = parts(named)
    weights = [sum(h.confidence for h in part) for part in found]
    if len(found) < 2 or min(weights) < EACH or sum(weights) < ALL:
        return hypotheses
    shares = split({h.id: h.confidence for h in named}, [[h.id for h in part] for part in found])
    again = [h.model_copy(update={"confidence": round(shares[h.id], 3)}) for h in named]
    return sorted(again, key=lambda h: (bool(h.ruled_out), -h.confidence))


def parts(hypotheses: Iterable[Hypothesis]) -> list[list[Hypothesis]]:
    """Hypotheses that say what they explain, those together that share some of it."""
    found: list[list[Hypothesis]] = []
    for hypothesis in hypotheses:
        if not hypothesis.explains or not hypothesis.standing:
            continue
        own = set(hypothesis.explains)
        touching = [part for part in found if any(own & set(other.explains) for other in part)]
        found = [part for part in found if part not in touching]
        found.append([one for part in touching for one in part] + [hypothesis])
    return found


def split(shares: Mapping[Key, float], found: Sequence[Sequence[Key]]) -> dict[Key, float]:
    """Shares of one whole as shares of each part's own: what the other parts have is not missing
    here. Who belongs to no part competes with all of them, as before."""
    after = dict(shares)
    for part in found:
        elsewhere = sum(shares[key] for other in found if other is not part for key in other)
        for key in part:
            after[key] = shares[key] / max(shares[key], 1.0 - elsewhere)
    return after


def _routes(seen: Observations) -> dict[str, list[str]]:
    """By service the routes whose failures begin there, beyond what failed before."""
    found: dict[str, dict[str, None]] = {}
    for row in seen.failures.rows:
        if row.count >= ENOUGH and row.count > 2 * row.before:
            found.setdefault(row.service, {}).update(dict.fromkeys(row.routes.split(", ")))
    return {service: [r for r in routes if r][:SHOWN] for service, routes in found.items()}
