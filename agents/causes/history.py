"""What earlier incidents with the same signs say: a weak witness.

A cure that telemetry verified then speaks for that kind of fault at that place, once, however often
it happened. It names nothing that today's evidence does not name; where one cause stands out
today, it speaks for no other; and what it alone lifts to one half stays below.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

from ...analysis.fusion import CONCLUSIVE
from ...incident.action import ActionPlan
from ...incident.finding import CauseKey, Finding, Hypothesis
from ...incident.memory import signs_of
from ...incident.timeline import from_ts
from ...tools.base import Result
from ...tools.seen_before import Seen, seen_before
from .candidate import Candidate
from .observations import Observations

BOUND, COUNTS = math.log(2), 0.5
"""Log-odds that all of the past together add to a cause: its odds double at the most. Likeness from
which the past counts; below it is only shown."""
WANTED = "a sign of today that tells it from the others: so far only the past does"
Judge = Callable[[list[Candidate]], list[Hypothesis]]


def past_of(seen: Observations, more: Iterable[Finding] = ()) -> Result[Seen] | None:
    """Those that are like it, by what is known of it and these findings; None: there are none, and
    evidence is as if there were no memory."""
    if "past" not in seen.notes:
        memory, signs = seen.case.tools.bench.memory, signs_of(seen.case.document, more)
        there = memory and memory(signs)
        seen.notes["past"] = seen.ask(seen_before, signs=signs) if there else None
    return seen.notes["past"]


def _counted(past: Result[Seen] | None) -> list[Seen]:
    """What is like enough, and verified by us."""
    rows = past.rows if past else ()
    return [row for row in rows if not row.imported and row.likeness >= COUNTS]


def recalled(found: list[Candidate], judge: Judge, past: Result[Seen] | None) -> list[Hypothesis]:
    """What `judge` makes of the candidates, with what the past says of them."""
    cures = [row for row in _counted(past) if row.worked]
    if past is None or not cures:
        return judge(found)
    today = judge([replace(one, reasons=[*one.reasons]) for one in found])
    leader = next((h.key for h in today if h.standing and h.confidence >= CONCLUSIVE), None)
    backed = set[CauseKey]()
    for one in found:
        row = next((r for r in cures if (r.service, r.fault) == (one.service, one.kind)), None)
        if row and one.weight > 0 and leader in (None, one.key):
            note = f"{row.id} had the same signs and this cause, and its cure was verified"
            one.backed(BOUND, row.likeness, note, [past.cite(row, n) for n in ("id", "worked")])
            backed.add(one.key)
    held = {"confidence": CONCLUSIVE - 0.01, "reserved": WANTED}
    lifted = lambda h: not leader and h.key in backed and h.confidence >= CONCLUSIVE  # noqa: E731
    again = [h.model_copy(update=held) if lifted(h) else h for h in judge(found)]
    return sorted(again, key=lambda h: (bool(h.ruled_out), -h.confidence))


def warned(seen: Observations, made: ActionPlan) -> tuple[ActionPlan, float]:
    """The plan, saying so where it verifiably failed before under the same signs, and by what its
    rank is lowered: a half for each time more than it helped, twice at the most."""
    rows, move = _counted(past_of(seen)), f"{made.kind} {made.target}"
    failed = [row for row in rows if move in row.failed.split("\n")]
    more = len(failed) - sum(move in row.worked.split("\n") for row in rows)
    if more <= 0:
        return made, 1.0
    days = ", ".join(f"{from_ts(row.began):%Y-%m-%d}" for row in failed if row.began)
    note = f" It was tried on {days} under the same signs, and telemetry saw no help."
    return made.model_copy(update={"rationale": made.rationale + note}), 0.5 ** min(2, more)
