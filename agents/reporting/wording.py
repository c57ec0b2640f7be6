"""Machine words as a person says them: commit ids, places in code, parameters of actions, changes,
what requests do otherwise, what could not be seen.
"""

import re

from ...analysis.quantities import percent, quantity, span, times
from ...faults import OptionalSource, fault_of
from ...incident.finding import FaultKind, Gap
from ...incident.onset import Onset
from ...incident.timeline import Event, EventKind, from_ts
from ...tools.base import Result
from ...tools.change_feed import ChangeRecord
from ...tools.coverage import ModalityCoverage
from ...tools.requests import AddedWait, ChangedPath

SHOWN_SHA = 9
"""Hex digits of a commit id that people compare."""
BRIEF = 190
"""Characters of two lines."""

_SHA = re.compile(r"\b[0-9a-f]{40}\b")
_PLACE = re.compile(r"(?<![\w/.:])/(?:[\w.@+-]+/)+([\w.@+-]+/[\w.@+-]+\.\w+:\d+)")
_PARAMETERS = re.compile(r" \((\w+=[^()]*)\)")
_SECONDS = re.compile(r"\b(\d\d:\d\d):\d\d\b")
_MARKS = re.compile(r"[\[\]']")
_RELEASE = re.compile(r"^to_version=")


def shown(text: str) -> str:
    """The text with short commit ids, short places in code and readable parameters."""
    text = _SHA.sub(lambda found: found.group()[:SHOWN_SHA], text)
    return _PARAMETERS.sub(lambda found: _parameters(found.group(1)), place(text))


def told(text: str) -> str:
    """As `shown`, and times to the minute: what goes to people as a message."""
    return _SECONDS.sub(r"\1", shown(text))


def place(text: str) -> str:
    """`/some/where/shop/pricing.py:16 total` as `shop/pricing.py:16 total`: the directories above
    are those of one machine."""
    return _PLACE.sub(r"\1", text)


def _parameters(text: str) -> str:
    """to_version=v1.0.0 as: to v1.0.0; route=/login, rate=2.5 as: (route /login, rate 2.5)."""
    bare = _MARKS.sub("", text)
    if _RELEASE.match(bare) and "," not in bare:
        return " to " + bare.partition("=")[2]
    return f" ({re.sub(r'(?<=[a-z])_(?=[a-z])', ' ', bare).replace('=', ' ')})"


def sentence(text: str) -> str:
    """With a capital at its beginning and no more than one full stop at its end."""
    return text[:1].upper() + text[1:].rstrip(" .") + "."


def brief(text: str) -> str:
    """As many of its clauses as two lines hold: how a cause is told that does not lead."""
    if len(text) <= BRIEF:
        return text
    ends = [at for mark in ("; ", ". ") if (at := text.rfind(mark, 0, BRIEF)) > 0]
    whole = [at for at in ends if text.count("“", 0, at) == text.count("”", 0, at)]
    return text[: max(whole)] if whole else f"{text[: BRIEF - 2]} …"


def change_name(row: ChangeRecord) -> str:
    """deploy checkout v1.1.0; flag volume-pricing: a flag is known by its name."""
    if row.kind == "flag":
        return f"flag {row.id}"
    return f"{row.kind} {row.service or row.id} {row.version}".strip()


def change_event(row: ChangeRecord, evidence: str) -> Event:
    """A change as a line of the timeline, at its own time."""
    return Event(
        at=from_ts(row.at),
        actor="change feed",
        kind=EventKind.change,
        text=f"{change_name(row)}: {row.summary}",
        evidence=[evidence],
    )


def when(row: ChangeRecord, onset: Onset) -> str:
    """12 s before the onset; 12 s to 27 s before the onset; at the onset, within its uncertainty of
    15 s; 5 s before the alert, where the onset is not known."""
    earliest, latest = onset.between or (onset.at, onset.at)
    changed = onset.at.timestamp() - row.seconds_before
    first, last = earliest.timestamp() - changed, latest.timestamp() - changed
    of = "the onset" if onset.known else "the alert (the onset is not known)"
    if first < 1 and last > -1:
        unsure = f", within its uncertainty of {span(last - first)}"
        return f"at {of}{unsure if last - first >= 1 else ''}"
    near, far = (span(abs(at)) for at in sorted((first, last), key=abs))
    return (
        f"{near if near == far else f'{near} to {far}'} {'before' if first > 0 else 'after'} {of}"
    )


ENDS = "ends with "
"""How changed_paths begins an event that says which call came last."""


def way_words(row: ChangedPath) -> str:
    """What an operation does otherwise, with the shares of its spans."""
    shares = f"{percent(row.share)} of its spans, {percent(row.share_before)} before"
    if row.callers:
        if row.event.startswith(ENDS):
            return f"{row.callers} stop after {row.event.removeprefix(ENDS)} ({shares})"
        who = f"{row.callers}: {row.operation}"
        return f"{who} gets no answer from {row.service} ({shares})"
    changed = {"new": "newly", "gone": "no longer", "more": "more often", "less": "less often"}
    return f"{row.service}: {row.operation} {changed[row.change]} {row.event} ({shares})"


def wait_words(row: AddedWait) -> str:
    """Where time is added, and how far beyond the usual."""
    spread = f"{times(row.times_noise)} the usual spread"
    return f"{row.place} takes {quantity(row.added_ms, 'ms')} longer, {spread}"


def coverage_gaps(coverage: Result[ModalityCoverage]) -> list[Gap]:
    """One gap per modality that is empty, late, half-written or at odds with the others."""
    gaps = [
        Gap(what=row.modality, why=row.problem or "nothing recorded")
        for row in coverage.rows
        if row.problem or not row.rows
    ]
    if not coverage.rows:
        gaps.append(Gap(what="telemetry", why=coverage.summary or "nothing recorded"))
    return gaps


def matters(gap: Gap, kind: FaultKind) -> bool:
    """Whether seeing it could have changed the answer to a fault of this kind."""
    return gap.what not in set(OptionalSource) or gap.what in fault_of(kind).sources
