"""Does a sentence say what the quoted rows say? Its numbers (quantities.py), ways up and down,
negations, health and harm. Words are assertions.yaml, English and Chinese.

Reasons are for who wrote the sentence: they say what does not hold and what would.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from .cells import folded
from .citations import Place
from .figures import Figure, close, figures
from .ground import Clause, Ground, clauses, words
from .measures import deviation, measured, pair_of, rising
from .quantities import stray_amounts, stray_figures

USUAL = 0.01
"""Deviation up to which a row is as usual: it shows nothing that fails."""
UNUSUAL = 0.5
"""Deviation from which a row is not well."""


def objections(text: str, ground: Ground) -> list[str]:
    """What in a sentence the quoted rows do not bear out, in words; empty: nothing."""
    sentence = unicodedata.normalize("NFKC", text)
    ground = replace(ground, looks_back=words().earlier.search(sentence) is not None)
    parts = list(clauses(sentence, ground.services))
    found = [*stray_figures(sentence, parts, ground), *stray_amounts(parts, ground)]
    found += [reason for part in parts for reason in _ways(part, ground)]
    found += [*_between(sentence, ground), *_denials(sentence, ground), *_health(parts, ground)]
    return list(dict.fromkeys([*found, *_harm(sentence, ground)]))


def _ways(part: Clause, ground: Ground) -> Iterator[str]:
    """Said to rise where the row fell, or the other way round."""
    said = words()
    ways = [(said.up, 1), (said.down, -1), (said.slower, 1), (said.faster, -1)]
    for pattern, way in ways:
        found = pattern.search(part.text)
        if not found or part.denies(found):
            continue
        slow = pattern in (said.slower, said.faster)
        went = [w for p in _cited(part, ground) if (w := _way(p, slow)) is not None]
        if went and way not in went:
            yield f"“{found.group()}”, and the cited row went {'down' if way > 0 else 'up'}"


def _way(place: Place, slow: bool) -> int | None:
    if slow and not any(m.unit in ("s", "ms") for m in measured(place.row)):
        return None
    return rising(place.row, place.column)


def _cited(part: Clause, ground: Ground) -> list[Place]:
    rows = [id(row) for row in ground.near(part)]
    return [p for p in ground.places if id(p.row) in rows]


_UNIT = r"(?: ?(?:%|ms|s|min|h)(?!\w))?"
_FROM = re.compile(
    rf"(?i)\bfrom (\S+?{_UNIT}) to (\d[\d.,]*{_UNIT})"
    r"|从 ?(\S+?) ?(?:上升|下降|升|降|变)?\S{0,2}[到至] ?(\d\S*)"
)


def _between(text: str, ground: Ground) -> Iterator[str]:
    """Said from A to B where the row went from B to A, or where B is not the way it is said."""
    for found in _FROM.finditer(text):
        one, other = (next(iter(figures(part)), None) for part in found.groups() if part)
        if one is None or other is None or one.value == other.value:
            continue
        way = _said_before(text[: found.start()]) if one.kind == other.kind else 0
        if way * (other.value - one.value) < 0:
            yield f"“{found.group()}” is the other way"
        pairs = [
            pair for p in ground.places if (pair := pair_of(p.row, p.column) or pair_of(p.row))
        ]
        straight = any(_shows(one, a) and _shows(other, b) for a, b in pairs)
        if not straight and any(_shows(one, b) and _shows(other, a) for a, b in pairs):
            yield f"“{found.group()}”: the cited row went the other way"


def _said_before(text: str) -> int:
    """The way that the last words of a text say: 1 up, -1 down, 0 neither."""
    last = " ".join(text.split()[-2:])
    up, down = words().up.search(last), words().down.search(last)
    return bool(up) - bool(down)


def _shows(figure: Figure, value: float) -> bool:
    return any(close(figure, shown) for shown in (value, value * 100, value * 1000, value / 1000))


def _denials(text: str, ground: Ground) -> Iterator[str]:
    """Words taken out of a negation; a contrary of what the evidence says."""
    said = words()
    for place in ground.places:
        if not isinstance(place.value, str) or said.negated.search(text) or said.asks.search(text):
            continue
        cell, cited = folded(place.value), folded(place.cited)
        before = cell[: cell.find(cited)] if cited in cell else ""
        if said.denies.search(before) or _taken_back(cited, text):
            yield f"the evidence says no to this: “{place.value[:80]}”"
        for one, other in said.opposites:
            if (
                one.search(text)
                and other.search(cell)
                and not (one.search(cell) or other.search(text))
            ):
                yield f"the evidence says the contrary: “{place.value[:80]}”"


def _taken_back(cited: str, text: str) -> bool:
    """Whether a quotation begins with a negation that the sentence leaves out."""
    found = re.match(r"(?:no|not|none|without|没有|无|未)\b ?(\w{4,})", cited)
    return found is not None and found[1] in folded(text)


def _health(parts: list[Clause], ground: Ground) -> Iterator[str]:
    """A row as usual convicts nobody; one far from it clears nobody."""
    tools = {id(p.row): tool for p, tool in zip(ground.places, ground.tools, strict=True)}
    for part in parts:
        cited = {id(p.row): p.row for p in _cited(part, ground) if p.row}
        found = [deviation(tools[key], row) for key, row in cited.items()]
        known = [far for far in found if far is not None]
        if not known or len(known) < len(found):
            continue
        well, ill = words().well.search(part.text), words().ill.search(part.text)
        if ill and not well and not part.denies(ill) and max(known) <= USUAL:
            yield f"“{ill.group()}”, and the cited row is as usual"
        if well and not ill and not part.denies(well) and min(known) >= UNUSUAL:
            yield f"“{well.group()}”, and the cited row is far from usual"


def _harm(text: str, ground: Ground) -> Iterator[str]:
    """Harm that the evidence does not speak of."""
    for pattern in words().grave.values():
        found = pattern.search(text)
        if found and not pattern.search(ground.texts) and not pattern.search(ground.known):
            yield f"the evidence does not say “{found.group()}”"
