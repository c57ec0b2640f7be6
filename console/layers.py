"""A layered layout: which row a node stands in, which lane a group takes.

Rows follow the longest way from the start; an edge to a node that was declared earlier leads back
and is left out of it. A group of nodes takes the first lane whose rows are free.
"""

from collections.abc import Collection, Mapping, Sequence

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
