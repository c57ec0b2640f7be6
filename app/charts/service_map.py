"""The services of an incident as a map: who calls whom from left to right, who is hurt, and the
path of blame from what is loudest to where it comes from."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from ...incident.impact import ServiceState
from .svg import ACCENT, INK, QUIET, SHADE, box, rule, text, wrapped

BOX_W, BOX_H, GAP_X, GAP_Y, EDGE = 116, 40, 44, 16, 8
LETTER, BOLD = 7.0, 8.0
"""Pixels that a letter of size 12 takes."""
ROLES = {"alerting": "!", "affected": "!", "suspect": "?"}
"""What stands before a name besides its colour."""
MOST = 16
Place = tuple[float, float]


def service_map(services: Sequence[ServiceState], blamed: Sequence[str], says: str = "") -> str:
    """The picture; empty of none. `blamed`: names, loudest first; else the way that it `says`."""
    shown = list(services)[:MOST]
    if not shown:
        return ""
    names = {service.name for service in shown}
    calls = {s.name: [d for d in s.depends_on if d in names and d != s.name] for s in shown}
    places = _places(calls)
    path = {frozenset(pair) for pair in pairwise(blamed)}
    parts = []
    for caller, callees in calls.items():
        for callee in callees:
            parts.append(_call(places[caller], places[callee], frozenset((caller, callee)) in path))
    last = blamed[-1] if blamed and not says else ""
    parts += [part for s in shown for part in _service(s, places[s.name], s.name == last)]
    width = max(x for x, _ in places.values()) + BOX_W + EDGE
    height = max(y for _, y in places.values()) + BOX_H + EDGE
    hurt = ", ".join(s.name for s in shown if s.role in ROLES) or "none"
    told = f"Service map. Hurt or suspect: {hurt}."
    told += f" Path of blame: {' to '.join(blamed)}." if len(blamed) > 1 else ""
    return wrapped(width, height, says or told, parts)


def _places(calls: Mapping[str, Sequence[str]]) -> dict[str, Place]:
    """Columns by the longest way from a caller; rows as given. A circle ends somewhere."""
    depth = dict.fromkeys(calls, 0)
    for _round in calls:
        for caller, callees in calls.items():
            for callee in callees:
                deeper = depth[caller] + 1
                if depth[callee] < deeper < len(calls):
                    depth[callee] = deeper
    rows: dict[int, int] = {}
    order = {at: number for number, at in enumerate(sorted(set(depth.values())))}
    found = {}
    for name, at in depth.items():
        column, row = order[at], rows.get(at, 0)
        rows[at] = row + 1
        found[name] = (EDGE + column * (BOX_W + GAP_X), EDGE + row * (BOX_H + GAP_Y))
    return found


def _call(start: Place, end: Place, blamed: bool) -> str:
    """From the right side of the caller to the left side of the callee."""
    stroke = {"stroke_width": "3"} if blamed else {"stroke_width": "1.5"}
    x1, y1 = start[0] + BOX_W, start[1] + BOX_H / 2
    x2, y2 = end[0], end[1] + BOX_H / 2
    if x2 <= start[0]:  # against the direction, or within a column
        x1, x2 = start[0] + BOX_W / 2, end[0] + BOX_W / 2
    return rule(x1, y1, x2, y2, ACCENT if blamed else QUIET, **stroke)


def _service(service: ServiceState, place: Place, guilty: bool) -> list[str]:
    x, y = place
    hurt = service.role in ROLES
    edge = {"stroke": ACCENT if guilty else INK if hurt else QUIET, "rx": "6"}
    frame = box(x, y, BOX_W, BOX_H, SHADE, stroke_width="3" if guilty else "1", **edge)
    most = int((BOX_W - 16) / (BOLD if hurt else LETTER))
    name = service.name if len(service.name) <= most else service.name[: most - 1] + "…"
    role = f"{ROLES.get(service.role, '')} {service.role}".strip()
    weight = {"font_weight": "bold"} if hurt else {}
    return [
        frame,
        text(x + 8, y + 17, name, size=12, **weight),
        text(x + 8, y + 32, "origin" if guilty else role, size=11, fill=QUIET),
    ]
