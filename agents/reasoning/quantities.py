"""Do the quoted rows hold the numbers of a sentence, and its amounts in words?

A number must stand in a quoted row of the service that its part of the sentence is about, in a
column of that unit. What follows from a row by arithmetic counts: the difference and the ratio of a
value and its healthy value, the time between two quoted moments.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations

from .cells import folded
from .citations import Place
from .figures import Figure, Held, close, figures
from .ground import Clause, Ground, words
from .measures import Measured, Row, measured, mentions, owners, pair_of

SMALL = 9
"""A number up to this needs no proof in prose: "two services", "3 instances"."""


def stray_figures(text: str, parts: list[Clause], ground: Ground) -> Iterator[str]:
    """Numbers that no quoted row holds for those that they are said of."""
    everybody = frozenset().union(*(part.services for part in parts))
    for figure in figures(text):
        if figure.text in ground.known or not _to_prove(figure, text):
            continue
        clause = [part for part in parts if part.start <= figure.start][-1]
        part_of_whole = text[: figure.start].rstrip().endswith(" of")
        rest = "" if part_of_whole else text[figure.end :]
        services = clause.services or everybody or frozenset([ground.subject]) - {""}
        if _holds(figure, rest, ground, services):
            continue
        elsewhere = _holds(figure, rest, ground, frozenset())
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


def _holds(figure: Figure, rest: str, ground: Ground, services: frozenset[str]) -> bool:
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
    if words().of_requests.search(rest):
        said = [text for text in said if re.search("request|call|请求", text)]
    if Held(said).has(figure):
        return True
    if figure.kind == "clock":
        return any(_clock(figure, moment) for moment in ground.moments)
    if figure.kind == "duration" and _apart(figure, ground.moments):
        return True
    rows += [_assigned(text) for text in said]
    if not ground.looks_back:
        rows = [{n: v for n, v in row.items() if not words().healthy.search(n)} for row in rows]
    return any(close(figure, abs(value)) for row in rows for value in _values(figure, rest, row))


_ASSIGNED = re.compile(r"([A-Za-z_][\w.]*)[=:] ?(-?\d+(?:\.\d+)?)(?![\w.%]| (?:ms|s|min|h)\b)")


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
        if words().of_requests.search(rest) and not _counts_requests(row):
            return
        shown = [replace(m, value=float(f"{m.value:.3g}")) for m in numbers]  # 0.965 may be 97%
        yield from (m.percent for m in (*numbers, *shown) if m.percent is not None)
        yield from _grown(row)
    elif figure.kind == "duration":
        yield from (m.seconds for m in numbers if m.seconds is not None)
        yield from (m.value / 1000 for m in numbers if not m.unit)  # seconds or milliseconds
        yield from _differences(row, numbers)
    else:
        yield from _counted(figure, rest, row, numbers)


def _counts_requests(row: Row) -> bool:
    """Whether its shares are shares of requests: it counts them, or says what it measures."""
    return bool({"signal", "metric"} & row.keys()) or any(
        n.startswith(("requests", "calls")) for n in row
    )


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


def stray_amounts(parts: list[Clause], ground: Ground) -> Iterator[str]:
    """Amounts in words that no row bears out."""
    for part in parts:
        for pattern, kind, least, most in words().amounts:
            found = pattern.search(part.text)
            if not found or part.denies(found):
                continue
            shown = [abs(v) for row in ground.near(part) for v in _amount(kind, row)]
            phrase = " ".join(part.text[found.start() :].split()[:3])
            said = folded(phrase) in folded(ground.texts)
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
        if kind == "factor" and m.unit == "share":
            yield m.value
        if kind == "share" and m.percent is not None:
            yield m.percent / 100
        if kind == "count" and m.unit in ("count", "") and m.value == int(m.value):
            yield m.value
