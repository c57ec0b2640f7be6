"""What each modality holds, and what is wrong with it, in words."""

from dataclasses import dataclass

import duckdb

from .clocks import clock_problems
from .file_follower import Tail
from .model import Coverage, Window
from .tables import TIME, Loaded

Range = tuple[float | None, float | None, int]
"""First and last time, rows."""


@dataclass(frozen=True)
class Held:
    """What the tables say of themselves, by modality."""

    ranges: dict[str, Range]
    clocks: dict[str, list[str]]


def held(db: duckdb.DuckDBPyConnection) -> Held:
    """Read it off the tables."""
    return Held({modality: _range(db, modality) for modality in TIME}, clock_problems(db))


def cover(held: Held, tails: dict[str, Tail], loaded: dict[str, Loaded]) -> list[Coverage]:
    """One entry per modality."""
    covers = []
    for modality, (start, end, rows) in held.ranges.items():
        problems = _files(tails[modality], loaded[modality], rows)
        problems += held.clocks.get(modality, []) + _apart(modality, held.ranges)
        covers.append(Coverage(modality, start, end, rows, "; ".join(problems)))
    return covers


def _range(db: duckdb.DuckDBPyConnection, modality: str) -> Range:
    time = f'"{TIME[modality]}"'
    found = db.execute(f"SELECT min({time}), max({time}), count(*) FROM {modality}").fetchone()
    return found or (None, None, 0)


def _files(tail: Tail, loaded: Loaded, rows: int) -> list[str]:
    if not tail.files():
        return [f"no {tail.pattern} in the bundle"]
    problems = [f"cannot read {name}: {why}" for name, why in tail.unreadable.items()]
    bad = loaded.lines - loaded.rows
    if bad:
        problems.append(f"{bad} of {loaded.lines} lines could not be read and were left out")
    problems += [
        f"the last line of {path.name} is half-written" for path, size in tail.half.items() if size
    ]
    return problems if problems or rows else ["the files are empty"]


def _apart(modality: str, ranges: dict[str, Range]) -> list[str]:
    """Samples, lines and spans of one time should overlap."""
    start, end, _ = ranges[modality]
    if modality in ("metrics", "changes") or start is None or end is None:
        return []
    first, last, _ = ranges["metrics"]
    if first is None or last is None:
        return []
    gap = start - last if start > last else first - end
    if gap <= 0:
        return []
    side = "after the metrics end" if start > last else "before the metrics begin"
    return [f"lies {gap:.0f} s {side}: clocks disagree, or a source is missing"]


def gaps(covers: list[Coverage], windows: dict[str, Window]) -> list[tuple[str, str]]:
    """What cannot be seen: (what, why) for each modality that misses a named window.

    Changes are events: that there are none in a window is no gap.
    """
    found = [(cover.modality, cover.problem) for cover in covers if cover.problem]
    for cover in covers:
        if cover.modality == "changes" or cover.start is None or cover.end is None:
            continue
        for name, window in windows.items():
            why = _missed(cover.start, cover.end, window)
            if why:
                found.append((f"{cover.modality} of the {name} window", why))
    return found


def _missed(start: float, end: float, window: Window) -> str:
    if start >= window.end:
        return f"begins {start - window.end:.0f} s after the window has ended"
    if end < window.start:
        return f"ends {window.start - end:.0f} s before the window begins"
    if start > window.start + window.seconds / 2:
        return f"begins {start - window.start:.0f} s into the window of {window.seconds:.0f} s"
    return ""
