"""Does a sentence say what the quoted rows say? Numbers with their units and whose they are, ways
up and down, negations, amounts in words, harm. Words are assertions.yaml, English and Chinese.

A number in the prose must stand in a quoted row of the service that its part of the sentence is
about, in a column of that unit. What follows from a row by arithmetic counts: the difference and
the ratio of a value and its healthy value, the time between two quoted moments. Reasons are for
who wrote the sentence: they say what does not hold and what would.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from itertools import combinations

from ...yaml_tables import AnyCase, Entry, Regex, Words, read_table
from .citations import Place, plain
from .figures import Figure, Held, close, figures
from .measures import Measured, Row, deviation, measured, mentions, owners, pair_of, rising

SMALL = 9
"""A number up to this needs no proof in prose: "two services", "3 instances"."""
USUAL = 0.05
"""Deviation up to which a row is as usual: it shows nothing that fails."""
UNUSUAL = 0.5
"""Deviation from which a row is not well."""


class AssertionWords(Entry):
    """assertions.yaml, which says what each is for."""

    up: AnyCase
    down: AnyCase
    slower: AnyCase
    faster: AnyCase
    negated: AnyCase
    denies: AnyCase
    asks: AnyCase
    well: AnyCase
    ill: AnyCase
    opposites: tuple[tuple[AnyCase, AnyCase], ...]
    grave: dict[str, AnyCase]
    amounts: tuple[tuple[AnyCase, str, float, float], ...]
    counted: AnyCase
    failing: AnyCase
    tried: Words
    scales: tuple[tuple[Regex, float], ...]
    clauses: AnyCase


@cache
def words() -> AssertionWords:
    """The words of assertions.yaml."""
    return read_table("agents/reasoning/assertions.yaml", AssertionWords)


@dataclass(frozen=True)
class Ground:
    """What a sentence rests on."""

    places: tuple[Place, ...]
    """The values cited."""
    tools: tuple[str, ...]
    """Of each place."""
    headings: tuple[str, ...]
    """Of the evidence cited."""
    services: frozenset[str]
    """All that are known: whose a number is, is told by their names."""
    onset: float | None = None
    known: str = ""
    """What need not be proven again, as text."""
    subject: str = ""
    """The service that the sentence is about, also where it does not name it."""

    @cached_property
    def rows(self) -> list[Row]:
        """The rows quoted, each once."""
        found = {id(p.row): p.row for p in self.places if p.row}
        return list(found.values())

    @cached_property
    def texts(self) -> str:
        """All that is said in words."""
        cells = [v for row in self.rows for v in row.values() if isinstance(v, str)]
        return "\n".join([*cells, *(" ".join(row) for row in self.rows), *self.headings])

    @cached_property
    def moments(self) -> list[float]:
        """Times in the rows quoted, unix seconds, and the onset."""
        found = [m.value for row in self.rows for m in measured(row) if m.unit == "time"]
        return [*found, *([self.onset] if self.onset is not None else [])]

    def near(self, clause: "Clause") -> list[Row]:
        """The rows about those that a part of the sentence names; all where it names nobody."""
        named = [row for row in self.rows if not owners(row) or owners(row) & clause.services]
        return named if clause.services else self.rows


@dataclass(frozen=True)
class Clause:
    """A part of a sentence: where it stands, and whom it names."""

    text: str
    start: int
    services: frozenset[str] = field(default_factory=frozenset)

    @property
    def denied(self) -> bool:
        """Whether it says no to something."""
        return words().negated.search(self.text) is not None


def objections(text: str, ground: Ground) -> list[str]:
    """What in a sentence the quoted rows do not bear out, in words; empty: nothing."""
    sentence = unicodedata.normalize("NFKC", text)
    parts = list(clauses(sentence, ground.services))
    found = [*_figures(sentence, parts, ground), *_amounts(parts, ground)]
    found += [reason for part in parts for reason in _ways(part, ground)]
    found += [*_between(sentence, ground), *_denials(sentence, ground), *_health(parts, ground)]
    return list(dict.fromkeys([*found, *_harm(sentence, ground)]))


def clauses(text: str, services: Iterable[str]) -> Iterator[Clause]:
    """The parts of a sentence; one that names nobody goes on about those named before it."""
    before: frozenset[str] = frozenset()
    start = 0
    ends = [m.span() for m in words().clauses.finditer(text) if not _in_number(text, m)]
    for end, following in [*ends, (len(text), len(text))]:
        part = text[start:end]
        before = frozenset(s for s in services if mentions(part, s)) or before
        yield Clause(part, start, before)
        start = following


def _in_number(text: str, match: re.Match[str]) -> bool:
    """The comma of 1,000 and the colon of 15:03 end nothing."""
    around = text[max(0, match.start() - 1) : match.end() + 1]
    return re.fullmatch(r"\d[,:]\d", around) is not None


# Numbers.


def _figures(text: str, parts: list[Clause], ground: Ground) -> Iterator[str]:
    """Numbers that no quoted row holds for those that they are said of."""
    everybody = frozenset().union(*(part.services for part in parts))
    for figure in figures(text):
        if figure.text in ground.known or not _to_prove(figure, text):
            continue
        clause = [part for part in parts if part.start <= figure.start][-1]
        part_of_whole = text[: figure.start].rstrip().endswith(" of")
        rest = "" if part_of_whole else text[figure.end :]
        services = clause.services or everybody or frozenset([ground.subject]) - {""}
        if holds(figure, rest, ground, services):
            continue
        elsewhere = holds(figure, rest, ground, frozenset())
        whom = ", ".join(sorted(services))
        yield f"no row about {whom} holds {figure.text}" if elsewhere else _missing(figure, ground)


def _to_prove(figure: Figure, text: str) -> bool:
    """Whether a figure has to stand somewhere: names and dates find things, small whole numbers
    count what the sentence itself lists."""
    if figure.kind in ("name", "date"):
        return False
    if figure.kind == "amount":
        return figure.value > SMALL
    percentile = re.search(r"(?i)\bp$", text[: figure.start])
    small = figure.kind == "number" and figure.text.isdigit() and int(figure.text) <= SMALL
    return not small and not percentile


def _missing(figure: Figure, ground: Ground) -> str:
    near = [m for row in ground.rows for m in measured(row) if m.unit != "time"]
    near = [m for m in near if figure.value and 0.5 <= abs(m.value / figure.value) <= 2]
    hint = "; near: " + ", ".join(f"{m.column}={m.value:.3g}" for m in near[:3]) if near else ""
    return f"no cited row holds {figure.text}{hint}"


def holds(figure: Figure, rest: str, ground: Ground, services: frozenset[str]) -> bool:
    """Whether a row quoted, of one of these services if there are any, holds a figure.

    Args:
        figure: of the sentence.
        rest: what follows it there: what it counts, thousands or millions.
        ground: what is quoted.
        services: whom it is said of; empty: nobody in particular.
    """
    rows = [r for r in ground.rows if not services or not owners(r) or owners(r) & services]
    said = [v for r in rows for v in r.values() if isinstance(v, str)]
    said += [str(p.value) for p in ground.places if _says(p, services)]
    said += [h for h in ground.headings if not services or _fits(h, services, ground)]
    if words().failing.search(rest):
        said = [_WHOLES.sub("of", text) for text in said]
    if Held(said).has(figure):
        return True
    if figure.kind == "clock":
        return any(_clock(figure, moment) for moment in ground.moments)
    if figure.kind == "duration" and _apart(figure, ground.moments):
        return True
    rows += [_assigned(text) for text in said]
    return any(close(figure, abs(value)) for row in rows for value in _values(figure, rest, row))


_ASSIGNED = re.compile(r"([A-Za-z_][\w.]*)[=:] ?(-?\d+(?:\.\d+)?)(?![\w.])")


def _assigned(text: str) -> Row:
    """The numbers that a text gives by name, as a row: handler_ms=120."""
    return {name: float(value) for name, value in _ASSIGNED.findall(text)}


def _says(place: Place, services: frozenset[str]) -> bool:
    """Whether a cited text names one of these services, in whosever row it stands."""
    text = place.value
    return isinstance(text, str) and any(mentions(text, service) for service in services)


_WHOLES = re.compile(r"\bof [\d,]+")
"""So many of this many: the whole has not failed."""


def _fits(heading: str, services: frozenset[str], ground: Ground) -> bool:
    named = {s for s in ground.services if mentions(heading, s)}
    return not named or bool(named & services)


def _clock(figure: Figure, moment: float) -> bool:
    shown = [f"{datetime.fromtimestamp(moment + late, UTC):%H:%M:%S}" for late in (0, 0.5)]
    return any(
        text.startswith(figure.text.zfill(len(figure.text) + (figure.text[1] == ":")))
        for text in shown
    )


def _apart(figure: Figure, moments: list[float]) -> bool:
    """Whether two quoted moments are so far apart, as coarsely as it is told."""
    apart = [abs(one - other) for one, other in combinations(moments, 2)]
    return any(
        close(figure, a) or abs(a - figure.value) <= max(figure.step / 2, 0.5) for a in apart
    )


def _values(figure: Figure, rest: str, row: Row) -> Iterator[float]:
    """Numbers that this kind of figure may show of a row, by what it says they are."""
    numbers = [m for m in measured(row) if m.unit != "time"]
    if figure.kind == "percent":
        yield from (m.percent for m in numbers if m.percent is not None)
        yield from (
            p for m in numbers if (p := replace(m, value=_displayed(m)).percent) is not None
        )
        yield from _grown(row)
    elif figure.kind == "duration":
        yield from (m.seconds for m in numbers if m.seconds is not None)
        yield from (m.value / 1000 for m in numbers if not m.unit)  # seconds or milliseconds
        yield from _differences(row, numbers)
    else:
        yield from _counted(figure, rest, row, numbers)


def _displayed(number: Measured) -> float:
    """A number as a table shows it: who reads 0.965 may say 97%."""
    return float(f"{number.value:.3g}")


def _counted(figure: Figure, rest: str, row: Row, numbers: list[Measured]) -> Iterator[float]:
    scale = next((size for pattern, size in words().scales if pattern.search(rest)), 1.0)
    scale = next((size for p, size in words().scales if p.search(_to(rest))), scale)
    for m in numbers:
        things = words().counted.search(rest) is not None
        if things and m.unit not in ("count", "rate", "factor", ""):
            continue
        if words().failing.search(rest) and m.column in words().tried:
            continue
        yield m.value / scale
    pair = pair_of(row)
    if pair:
        yield (pair[1] - pair[0]) / scale
        yield pair[1] / pair[0] if pair[0] else 0.0
        yield pair[0] / pair[1] if pair[1] else 0.0


def _to(rest: str) -> str:
    """What follows the second number in `62 to 224 million`: its scale is the first one's too."""
    return re.sub(r"^ ?(?:to|and|-|到|至) ?[\d.,]+", "", rest)


def _grown(row: Row) -> Iterator[float]:
    pair = pair_of(row)
    if pair and pair[0]:
        yield 100 * (pair[1] - pair[0]) / pair[0]


def _differences(row: Row, numbers: list[Measured]) -> Iterator[float]:
    sizes = {m.column: m for m in numbers}
    for name, m in sizes.items():
        pair = pair_of(row, name)
        if pair and m.seconds is not None and m.value:
            yield (pair[1] - pair[0]) * m.seconds / m.value


def _amounts(parts: list[Clause], ground: Ground) -> Iterator[str]:
    """Amounts in words that no row bears out."""
    for part in parts:
        for pattern, kind, least, most in words().amounts:
            found = pattern.search(part.text)
            if not found or part.denied:
                continue
            shown = [abs(v) for row in ground.near(part) for v in _amount(kind, row)]
            phrase = " ".join(part.text[found.start() :].split()[:3])
            said = plain(phrase) in plain(ground.texts)
            if not said and not any(least <= value <= most for value in shown):
                yield f"no cited row bears out “{found.group().strip()}”"
            break


def _amount(kind: str, row: Row) -> Iterator[float]:
    pair = pair_of(row)
    if kind == "factor":
        ratio = row.get("ratio")
        yield from [float(ratio), 1 / ratio] if isinstance(ratio, (int, float)) and ratio else []
        yield from [pair[1] / pair[0], pair[0] / pair[1]] if pair and all(pair) else []
    for m in measured(row):
        if kind == "share" and m.percent is not None:
            yield m.percent / 100
        if kind == "count" and m.unit in ("count", "") and m.value == int(m.value):
            yield m.value


# Ways, negations, health, harm.


def _ways(part: Clause, ground: Ground) -> Iterator[str]:
    """Said to rise where the row fell, or the other way round."""
    said = words()
    ways = [(said.up, 1), (said.down, -1), (said.slower, 1), (said.faster, -1)]
    for pattern, way in ways:
        found = pattern.search(part.text)
        if not found or part.denied:
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


_FROM = re.compile(
    r"(?i)\bfrom (\S+?)(?: ?%| m?s)? to (\d\S*)"
    r"|从 ?(\S+?) ?(?:上升|下降|升|降|变)?\S{0,2}[到至] ?(\d\S*)"
)


def _between(text: str, ground: Ground) -> Iterator[str]:
    """Said from A to B where the row went from B to A."""
    for found in _FROM.finditer(text):
        one, other = (next(iter(figures(part)), None) for part in found.groups() if part)
        if one is None or other is None or one.value == other.value:
            continue
        pairs = [
            pair for p in ground.places if (pair := pair_of(p.row, p.column) or pair_of(p.row))
        ]
        straight = any(_shows(one, a) and _shows(other, b) for a, b in pairs)
        if not straight and any(_shows(one, b) and _shows(other, a) for a, b in pairs):
            yield f"“{found.group()}”: the cited row went the other way"


def _shows(figure: Figure, value: float) -> bool:
    return any(close(figure, shown) for shown in (value, value * 100, value * 1000))


def _denials(text: str, ground: Ground) -> Iterator[str]:
    """Words taken out of a negation; a contrary of what the evidence says."""
    said = words()
    for place in ground.places:
        if not isinstance(place.value, str) or said.negated.search(text) or said.asks.search(text):
            continue
        cell, cited = plain(place.value), plain(place.cited)
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
    return found is not None and found[1] in plain(text)


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
        if ill and not well and not part.denied and max(known) <= USUAL:
            yield f"“{ill.group()}”, and the cited row is as usual"
        if well and not ill and not part.denied and min(known) >= UNUSUAL:
            yield f"“{well.group()}”, and the cited row is far from usual"


def _harm(text: str, ground: Ground) -> Iterator[str]:
    """Harm that the evidence does not speak of."""
    for pattern in words().grave.values():
        found = pattern.search(text)
        if found and not pattern.search(ground.texts) and not pattern.search(ground.known):
            yield f"the evidence does not say “{found.group()}”"
