"""A layered layout: which row a node stands in, which lane a group takes.

Rows follow the longest way from the start; an edge to a node that was declared earlier leads back
and is left out of it. A group of nodes takes the first lane whose rows are free.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ..app.charts.svg import ACCENT, QUIET

Edge = tuple[str, str]


def without(nodes: Sequence[str], edges: Sequence[Edge], dropped: Collection[str]) -> list[Edge]:
    """The edges with each dropped node replaced by direct edges past it."""
    found = list(dict.fromkeys(edges))
    for node in (node for node in nodes if node in dropped):
        into = [start for start, end in found if end == node]
        out = [end for start, end in found if start == node]
        past = [(start, end) for start in into for end in out]
        found = [edge for edge in found if node not in edge] + past
    return list(dict.fromkeys(found))


def forward(nodes: Sequence[str], edges: Sequence[Edge]) -> list[Edge]:
    """The edges that lead on in the order of declaration."""
    place = {node: index for index, node in enumerate(nodes)}
    return [(start, end) for start, end in edges if place[start] < place[end]]


def depths(nodes: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """Row of each node, from 0; `edges` lead forward only."""
    depth = dict.fromkeys(nodes, 0)
    for node in nodes:  # in the order of declaration every row above is known already
        above = [depth[start] + 1 for start, end in edges if end == node]
        depth[node] = max(above, default=0)
    return depth


def lanes(groups: Mapping[str, Collection[str]], depth: Mapping[str, int]) -> dict[str, int]:
    """Lane of each group, from 0: the first in which no other group has the same rows."""
    taken: dict[int, list[tuple[int, int]]] = {}
    chosen = {}
    for name, members in groups.items():
        first, last = min(depth[n] for n in members), max(depth[n] for n in members)
        lane = 0
        while any(first <= b and a <= last for a, b in taken.get(lane, [])):
            lane += 1
        taken.setdefault(lane, []).append((first, last))
        chosen[name] = lane
    return chosen


ROW, LANE, WIDE, HIGH = 60, 600, 166, 38
BACK = "#9aa5b1"
Point = tuple[float, float]


@dataclass(frozen=True)
class Node:
    """One box: where its middle is, what stands in it."""

    name: str
    x: float
    y: float
    label: str = ""
    caption: str = ""


def edge_path(start: Node, end: Node, leads_on: bool) -> str:
    """A line to the next row, a curve around what lies between, a dashed one that leads back."""
    rows = abs(end.y - start.y) / ROW
    same_lane = abs(start.x - end.x) < LANE / 2
    if leads_on and not same_lane:
        return _across(start, end)
    if leads_on and rows < 1.9:
        return _down((start.x, start.y + HIGH / 2), (end.x, end.y - HIGH / 2))
    side = -1 if leads_on else 1
    bow = side * min(40 + 12 * rows, LANE / 2 - WIDE / 2 - 14)
    x1, x2 = start.x + side * WIDE / 2, end.x + side * WIDE / 2
    out = (min if side < 0 else max)(x1, x2) + bow
    curve = f"C{out:.0f},{start.y:.0f} {out:.0f},{end.y:.0f} {x2:.0f},{end.y:.0f}"
    colour = ACCENT if leads_on else BACK
    return _path(f"M{x1:.0f},{start.y:.0f} {curve}", colour, dashed=not leads_on)


def _down(start: Point, end: Point) -> str:
    (x1, y1), (x2, y2) = start, end
    middle = (y1 + y2) / 2
    curve = f"C{x1:.0f},{middle:.0f} {x2:.0f},{middle:.0f} {x2:.0f},{y2:.0f}"
    return _path(f"M{x1:.0f},{y1:.0f} {curve}", ACCENT)


def _across(start: Node, end: Node) -> str:
    """Out of the side, down between the lanes, into the top of a node of another lane."""
    side = 1 if end.x > start.x else -1
    x1, y1, y2 = start.x + side * WIDE / 2, start.y, end.y - HIGH / 2
    between = start.x + side * LANE / 2
    turn = min(24.0, max((y2 - y1) / 2, 1.0))
    path = (
        f"M{x1:.0f},{y1:.0f} L{between - side * 24:.0f},{y1:.0f} "
        f"Q{between:.0f},{y1:.0f} {between:.0f},{y1 + turn:.0f} L{between:.0f},{y2 - turn:.0f} "
        f"C{between:.0f},{y2 - 4:.0f} {end.x:.0f},{y2 - turn:.0f} {end.x:.0f},{y2:.0f}"
    )
    return _path(path, ACCENT)


def _path(path: str, colour: str, dashed: bool = False) -> str:
    dash = " stroke-dasharray='5 4'" if dashed else ""
    return (
        f"<path d='{path}' fill='none' stroke='{colour}' stroke-width='1.3'{dash} "
        "marker-end='url(#arrow)'/>"
    )


def arrowhead() -> str:
    """The definition that every edge ends with."""
    return (
        "<defs><marker id='arrow' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='6' "
        "markerHeight='6' orient='auto-start-reverse'>"
        f"<path d='M0,0 L8,4 L0,8 z' fill='{QUIET}'/></marker></defs>"
    )
