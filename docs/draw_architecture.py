"""Draws docs/architecture.svg: the rooms of the package, and who imports whom.

    .venv/bin/python docs/draw_architecture.py        # writes the picture
    .venv/bin/python docs/draw_architecture.py -      # prints it

A room stands above all that it imports; an arrow that follows from others is left out. Captions are
the first lines of the packages' own docstrings.
"""

import ast
import sys
from pathlib import Path
from textwrap import wrap

import networkx

from warroom.app.charts.svg import INK, QUIET, SHADE, box, document, text
from warroom.tests.support.house import ROOT, imported, modules, part

WIDE, HIGH, GAP, ROW, MARGIN = 172, 74, 16, 120, 24
GROUND = ("errors", "settings", "state", "__init__")
"""Single files that everybody may read: no rooms of their own."""
PICTURE = Path(__file__).with_name("architecture.svg")


def arrows() -> networkx.DiGraph:
    """Room -> room that it imports; without the arrows that others imply."""
    graph = networkx.DiGraph()
    for path in modules():
        here = part(path)
        if here not in GROUND:
            graph.add_node(here)
            others = {name for name in imported(path) if name not in (*GROUND, here)}
            graph.add_edges_from((here, name) for name in others)
    return networkx.transitive_reduction(graph)


def rows(graph: networkx.DiGraph) -> list[list[str]]:
    """Rooms by height, the top first; beside each other near those that import them."""
    height: dict[str, int] = {}
    for room in reversed(list(networkx.topological_sort(graph))):
        height[room] = 1 + max((height[below] for below in graph.successors(room)), default=-1)
    levels = [[r for r in graph if height[r] == h] for h in range(max(height.values()), -1, -1)]
    place: dict[str, float] = {}
    for level in levels:
        above = {room: [place[a] for a in graph.predecessors(room)] for room in level}
        level.sort(key=lambda room: (sum(above[room]) / max(1, len(above[room])), room))
        width = len(level) * (WIDE + GAP) - GAP
        place |= {room: i * (WIDE + GAP) - width / 2 for i, room in enumerate(level)}
    return levels


def caption(room: str) -> tuple[str, int]:
    """What a room is, in its own words; and its lines of Python."""
    own = [path for path in modules() if part(path) == room]
    face = ROOT / room / "__init__.py" if (ROOT / room).is_dir() else ROOT / f"{room}.py"
    words = (ast.get_docstring(ast.parse(face.read_text())) or "").partition("\n")[0]
    return words.strip(), sum(len((ROOT / path).read_text().splitlines()) for path in own)


def picture(graph: networkx.DiGraph) -> str:
    """The SVG."""
    levels = rows(graph)
    width = max(len(level) for level in levels) * (WIDE + GAP) - GAP + 2 * MARGIN
    at = {}
    for y, level in enumerate(levels):
        left = (width - len(level) * (WIDE + GAP) + GAP) / 2
        for x, room in enumerate(level):
            at[room] = (left + x * (WIDE + GAP), MARGIN + y * ROW)
    lines = [_arrow(at[a], at[b]) for a, b in sorted(graph.edges)]
    rooms = [_room(room, *at[room]) for room in sorted(at)]
    height = len(levels) * ROW + MARGIN
    return document(width, height, "The rooms of Warroom and who imports whom", [*lines, *rooms])


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    x1, y1, x2, y2 = start[0] + WIDE / 2, start[1] + HIGH, end[0] + WIDE / 2, end[1]
    bend = min(60.0, (y2 - y1) / 2)
    path = (
        f"M{x1:.0f},{y1:.0f} C{x1:.0f},{y1 + bend:.0f} {x2:.0f},{y2 - bend:.0f} {x2:.0f},{y2:.0f}"
    )
    head = f"<path d='M{x2 - 4:.0f},{y2 - 7:.0f} L{x2:.0f},{y2:.0f} L{x2 + 4:.0f},{y2 - 7:.0f}'"
    style = f"fill='none' stroke='{QUIET}' stroke-width='1.2'"
    return f"<path d='{path}' {style}/>{head} {style}/>"


def _room(room: str, x: float, y: float) -> str:
    words, lines = caption(room)
    parts = [box(x, y, WIDE, HIGH, SHADE, rx="6", stroke=INK, stroke_width="1")]
    parts.append(text(x + 10, y + 19, room, size=13, font_weight="bold"))
    parts.append(text(x + WIDE - 10, y + 19, f"{lines:,}", size=10, fill=QUIET, anchor="end"))
    for number, line in enumerate(wrap(words, 30)[:3]):
        parts.append(text(x + 10, y + 36 + 13 * number, line, size=10, fill=QUIET))
    return "".join(parts)


if __name__ == "__main__":
    drawn = picture(arrows())
    if sys.argv[1:] == ["-"]:
        print(drawn)
    else:
        PICTURE.write_text(drawn, encoding="utf-8")
        print(f"wrote {PICTURE.relative_to(ROOT)}")
