"""Fault tree, fishbone and five whys as pictures for any width from a phone's on: boxes below each
other, each indented below what it is a cause of, numbered as in the text beside them."""

import textwrap
from collections.abc import Sequence

from ...incident.cause_chart import CauseNode, Drawing, Placed, Stands, placed
from .svg import ACCENT, INK, QUIET, SHADE, box, document, rule, text

WIDTH, EDGE, INDENT, LINE, PAD, LETTER, BOLD = 360, 4, 18, 15, 7, 6.6, 7.6
DASHES = {Stands.assumed: {"stroke_dasharray": "6 3"}, Stands.open: {"stroke_dasharray": "1 3"}}
"""A frame says what it rests on, as the words in the box do: evidence is drawn through."""


def cause_drawings(nodes: Sequence[CauseNode]) -> dict[str, str]:
    """SVG by name, such as fault-tree; of those that have nodes."""
    found = {drawing: placed(nodes, drawing) for drawing in Drawing}
    return {d.replace(" ", "-"): _drawn(d, boxes) for d, boxes in found.items() if boxes}


def _drawn(drawing: Drawing, boxes: Sequence[Placed]) -> str:
    parts, y, feet = list[str](), float(EDGE), dict[str, tuple[float, float]]()
    slant = 10 if drawing is Drawing.bones else 0  # a fishbone's ribs
    for each in boxes:
        depth = each.number.count(".")
        x = EDGE + depth * INDENT
        lines = _lines(each, WIDTH - EDGE - x)
        height = LINE * len(lines) + 2 * PAD
        if above := feet.get(each.node.parent):
            trunk, middle = above[0], y + height / 2
            parts.append(rule(trunk, above[1], trunk, middle - slant, QUIET))
            parts.append(rule(trunk, middle - slant, x, middle, QUIET))
        weak = DASHES.get(each.stands, {})
        stroke = INK if depth else ACCENT
        parts.append(box(x, y, WIDTH - EDGE - x, height, SHADE, stroke=stroke, rx="6", **weak))
        bold = "normal" if each.ends else "bold"
        for number, (line, fill) in enumerate(lines):
            place = y + PAD + 11 + LINE * number
            weight = bold if fill == INK else "normal"
            parts.append(text(x + PAD, place, line, fill=fill, font_weight=weight))
        y += height
        feet[each.node.id] = (x + INDENT / 2, y)
        if each.gate:
            parts.append(text(x + INDENT, y + 14, each.gate.upper(), size=10, fill=QUIET))
        y += 20 if each.gate else 8
    told = "; ".join(f"{each.number} {each.gate} {each.node.text}" for each in boxes)
    return document(WIDTH, y, f"{drawing.capitalize()}: {boxes[0].node.text}", parts, told)


def _lines(each: Placed, width: float) -> list[tuple[str, str]]:
    """What stands in a box of this width, with the colour of each line."""
    room = int((width - 2 * PAD) / (LETTER if each.ends else BOLD))
    said = ", ".join(filter(None, (each.mark, " ".join(each.node.evidence))))
    texts = {f"{each.number} {each.node.text}": INK, said: QUIET}
    return [(line, fill) for words, fill in texts.items() for line in textwrap.wrap(words, room)]
