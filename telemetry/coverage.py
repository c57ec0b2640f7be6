"""What each modality of a recording holds, and what is wrong with it, in words."""

from collections.abc import Mapping, Sequence

import duckdb

from ..actions.facts import FactKind
from .model import EVENTS, Coverage, StateFact, Window
from .sources.source import OPTIONAL

TOLERANCE_S = 2.0
"""A difference between clocks below this is network, queueing and rounding."""

LOGS_AGAINST_SPANS = """
SELECT count(*), median(l.ts - t.start - t.length / 2), max(t.length)
FROM logs l JOIN (
    SELECT trace_id, min(start) AS start, max(start + duration_ms / 1000) - min(start) AS length
    FROM traces GROUP BY trace_id
) t USING (trace_id) WHERE l.trace_id <> ''
"""
SERVICE_AGAINST_CALLER = """
SELECT callee.service, median(callee.start - caller.start), count(*)
FROM traces callee JOIN traces caller
  ON callee.parent_id = caller.span_id AND callee.trace_id = caller.trace_id
WHERE callee.service <> caller.service
GROUP BY callee.service
HAVING count(*) >= 5 AND (median(callee.start - caller.start) < -$t
    OR median(callee.start - caller.start - caller.duration_ms / 1000) > $t)
""".replace("$t", str(TOLERANCE_S))

Range = tuple[float | None, float | None, int]
"""First and last time, rows."""


def cover(
    ranges: Mapping[str, Range],
    clocks: Mapping[str, Sequence[str]],
    unseen: Mapping[str, Sequence[str]],
) -> list[Coverage]:
    """One entry per modality.

    Args:
        ranges: what there is.
        clocks: what clocks disagree about.
        unseen: what the sources left out.
    """
    covers = []
    for modality, (start, end, rows) in ranges.items():
        if modality in OPTIONAL and not rows:
            continue
        problems = [*unseen.get(modality, ())]
        if not problems and not rows:
            problems = ["nothing was recorded"]
        problems += [*clocks.get(modality, ()), *_apart(modality, ranges)]
        covers.append(Coverage(modality, start, end, rows, "; ".join(problems)))
    return covers


def unread(facts: Sequence[StateFact]) -> list[str]:
    """What of the system's state could not be looked at when one looked last, in words."""
    last = {(f.service, f.instance, f.object): f.value for f in facts if f.kind == FactKind.unread}
    return sorted({text for text in last.values() if text})


def clock_problems(db: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """What clocks disagree about, in words, by the modality where it shows: traces tie log lines
    and services together."""
    problems: dict[str, list[str]] = {}
    count, offset, longest = db.execute(LOGS_AGAINST_SPANS).fetchall()[0]
    if count >= 5 and abs(offset) > TOLERANCE_S + longest:
        text = f"clock is {_words(offset)} that of the traces it belongs to"
        problems.setdefault("logs", []).append(text)
    for service, offset, _ in db.execute(SERVICE_AGAINST_CALLER).fetchall():
        text = f"clock of {service} is {_words(offset)} its callers'"
        problems.setdefault("traces", []).append(text)
    return problems


def _words(offset: float) -> str:
    return f"{abs(offset):.1f} s {'ahead of' if offset > 0 else 'behind'}"


def _apart(modality: str, ranges: Mapping[str, Range]) -> list[str]:
    """Samples, lines and spans of one time should overlap."""
    start, end, _ = ranges[modality]
    if modality in ("metrics", *EVENTS) or start is None or end is None:
        return []
    first, last, _ = ranges["metrics"]
    if first is None or last is None:
        return []
    gap = start - last if start > last else first - end
    if gap <= 0:
        return []
    side = "after the metrics end" if start > last else "before the metrics begin"
    return [f"lies {gap:.0f} s {side}: clocks disagree, or a source is missing"]


def missing(cover: Coverage, window: Window) -> str:
    """What a modality misses of a window, in words that follow its name.

    That there are no events in a window is no gap.
    """
    if cover.modality in EVENTS or cover.start is None or cover.end is None:
        return ""
    if cover.start >= window.end:
        return f"begins {cover.start - window.end:.0f} s after the window has ended"
    if cover.end < window.start:
        return f"ends {window.start - cover.end:.0f} s before the window begins"
    if cover.start > window.start + window.seconds / 2:
        late = cover.start - window.start
        return f"begins {late:.0f} s into the window of {window.seconds:.0f} s"
    return ""
