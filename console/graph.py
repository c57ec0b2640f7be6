"""`warroom graph`: the response as Mermaid text or as an SVG that is drawn here."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..agents.steps import step_of
from ..app.charts.svg import INK, QUIET, SHADE, box, document, text
from ..errors import InputError
from .exits import Exit
from .picture_layout import (
    BACK,
    HIGH,
    LANE,
    ROW,
    WIDE,
    Edge,
    Node,
    arrowhead,
    depths,
    edge_path,
    forward,
    lanes,
    without,
)
from .screen import shown


def graph_command(svg: Path | None, png: Path | None, mermaid: bool) -> Exit:
    """Write the pictures that are asked for; Mermaid text when none is."""
    from ..graph import graph  # langgraph takes seconds to import

    drawn = graph.get_graph(xray=True)
    if mermaid or not (svg or png):
        print(drawn.draw_mermaid(), end="")
    if svg:
        _write(svg, picture(drawn).encode())
    if png:
        _write(png, _rendered(picture(drawn)))
    return Exit.done


def _rendered(text: str) -> bytes:
    """The PNG of an SVG, at twice its size."""
    program = shutil.which("rsvg-convert")
    if program is None:
        raise InputError(
            "a PNG needs rsvg-convert (Debian: librsvg2-bin); --svg shows the same without it"
        )
    command = [program, "--zoom=2", "--format=png"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        raise InputError(f"rsvg-convert failed: {shown(done.stderr.decode('utf-8', 'replace'))}")
    return done.stdout


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    print(f"wrote {path}")


MARGIN, TOP, GAP, HEAD = 24, 54, 34, 66
PEOPLE = ("commander", "whether", "approval")
EFFECTS = ("act", "undo", "send_internal", "send_approved")
PERSON, EFFECT = "#b45309", "#0f4c81"
TITLES = {
    "respond": "phases 1 to 3: respond",
    "communicate": "phase 4: communicate, beside the others",
    "respond:tell_outcome": "phase 4: tell the outcome",
    "respond:learn": "phase 5: learn",
}
LEGEND = "amber: a person decides · blue: an effect on the world · dashed: leads back"
END = "__end__"
SPECIAL = ("__start__", END)


def picture(drawn: Any) -> str:
    """The SVG of a LangGraph graph as `get_graph(xray=True)` hands it out."""
    names = list(drawn.nodes)
    inner = [name for name in names if ":" in name and name.split(":")[-1] in SPECIAL]
    every = without(names, [(edge.source, edge.target) for edge in drawn.edges], inner)
    edges = [edge for edge in every if END not in edge]
    kept = [name for name in names if name not in inner and name != END]
    groups = _groups(kept)
    depth = depths(kept, forward(kept, edges))
    lane = lanes(groups, depth)
    nodes = _placed(kept, groups, depth, lane, drawn)
    edges = _to_frames(edges, groups, nodes, lane)
    order = [*kept, *(name for name in nodes if name not in kept)]
    width = MARGIN * 2 + LANE * (max(lane.values(), default=0) + 1)
    height = max(node.y for node in nodes.values()) + ROW + 20
    last = [nodes[start] for start, end in every if end == END]
    parts = [
        arrowhead(),
        text(MARGIN, 26, "The response: thirteen steps, three gates", size=17, font_weight="bold"),
        *[_frame(name, members, nodes, lane[name]) for name, members in groups.items() if name],
        *[edge_path(nodes[a], nodes[b], (a, b) in set(forward(order, edges))) for a, b in edges],
        *[_node(nodes[name]) for name in kept],
        *[_end(node) for node in last],
        text(MARGIN, height - 14, LEGEND, size=11, fill=QUIET),
    ]
    return document(width, height, "The response as a graph", parts)


def _groups(names: Sequence[str]) -> dict[str, list[str]]:
    """Nodes by the subgraph they stand in; "" for the top level."""
    groups: dict[str, list[str]] = {}
    for name in names:
        if ":" in name:
            groups.setdefault(name.rpartition(":")[0], []).append(name)
    return groups


def _placed(
    names: Sequence[str],
    groups: dict[str, list[str]],
    depth: dict[str, int],
    lane: dict[str, int],
    drawn: Any,
) -> dict[str, Node]:
    nodes, heights = {}, _rows(groups, depth)
    for name in names:
        group = name.rpartition(":")[0]
        peers = [n for n in groups.get(group, [name]) if depth[n] == depth[name]]
        middle = MARGIN + LANE * (lane.get(group, 0) + 0.5)
        shift = (peers.index(name) - (len(peers) - 1) / 2) * (WIDE + 24)
        label, caption = _words(name, drawn)
        nodes[name] = Node(name, middle + shift, heights[depth[name]], label, caption)
    return nodes


def _rows(groups: dict[str, list[str]], depth: dict[str, int]) -> dict[int, float]:
    """The height of each row: a little more where a group begins, for its title."""
    begins = {min(depth[name] for name in members) for members in groups.values()}
    found, y = {}, float(TOP)
    for row in range(max(depth.values()) + 1):
        y += GAP if row in begins and row else 0
        found[row] = y + 20
        y += ROW
    return found


def _to_frames(
    edges: Sequence[Edge],
    groups: dict[str, list[str]],
    nodes: dict[str, Node],
    lane: dict[str, int],
) -> list[Edge]:
    """Where one node leads to several nodes of a group, one edge to the group's frame."""
    found: list[Edge] = []
    for start, end in edges:
        group = end.rpartition(":")[0]
        ends = [b for a, b in edges if a == start and b.rpartition(":")[0] == group]
        outside = bool(group) and start.rpartition(":")[0] != group
        if outside and len(ends) > 1:
            top = min(nodes[member].y for member in groups[group]) - HEAD + HIGH
            x = MARGIN + LANE * (lane[group] + 0.5)
            nodes[f"{group}:"] = Node(f"{group}:", x, top)
            found.append((start, f"{group}:"))
        else:
            found.append((start, end))
    return list(dict.fromkeys(found))


def _end(node: Node) -> str:
    """A mark at a node after which the response may be over."""
    x, y = node.x + WIDE / 2, node.y + HIGH / 2
    return f"<circle cx='{x - 14:.0f}' cy='{y:.0f}' r='5' fill='{INK}'/>" + text(
        x - 5, y + 13, "may end", size=10, fill=QUIET
    )


def _words(name: str, drawn: Any) -> tuple[str, str]:
    """The node's name, and the step and specialist behind it."""
    short = name.rpartition(":")[2].strip("_").replace("_", " ")
    function = getattr(getattr(drawn.nodes[name], "data", None), "func", None)
    words = getattr(function, "__name__", "").split("_", 2)
    if words[0] == "step":
        step = step_of(int(words[1]))
        return short, f"step {step.number} · {step.specialist}"
    if short in PEOPLE:
        return short, "a person decides"
    return short, "effect, claimed first" if name.rpartition(":")[2] in EFFECTS else ""


def _frame(name: str, members: Sequence[str], nodes: dict[str, Node], lane: int) -> str:
    """A quiet box around a subgraph, with its title."""
    ys = [nodes[member].y for member in members]
    left, top = MARGIN + LANE * lane + 6, min(ys) - HEAD + HIGH / 2
    shade = box(left, top, LANE - 12, max(ys) - top + HIGH / 2 + 22, SHADE, rx="8")
    title = TITLES.get(name, name)
    return shade + text(left + LANE - 22, top + 14, title, size=11, fill=QUIET, anchor="end")


def _node(node: Node) -> str:
    short = node.name.rpartition(":")[2]
    stroke = PERSON if short in PEOPLE else EFFECT if short in EFFECTS else BACK
    fill = "#fff7ed" if short in PEOPLE else "#e6f0f8" if short in EFFECTS else "#ffffff"
    thick = "2.5" if short in (*PEOPLE, *EFFECTS) else "1.2"
    left, top = node.x - WIDE / 2, node.y - HIGH / 2
    shape = box(left, top, WIDE, HIGH, fill, rx="8", stroke=stroke, stroke_width=thick)
    if not node.caption:
        return shape + text(node.x, node.y + 4, node.label, size=13, anchor="middle")
    return (
        shape
        + text(node.x, node.y - 2, node.label, size=13, anchor="middle", font_weight="bold")
        + text(node.x, node.y + 12, node.caption, size=10, fill=QUIET, anchor="middle")
    )
