"""Machine words as a person says them: commit ids, places in code, parameters of actions, changes,
what requests do otherwise, what could not be seen.
"""

import re
from functools import cache

from ...actions.edge import MEASURED
from ...analysis.quantities import figure, part_of, percent, quantity, span, times
from ...faults import OptionalSource, fault_of
from ...incident.finding import FaultKind, Gap
from ...incident.onset import Onset
from ...incident.timeline import Event, EventKind, from_ts
from ...prompts.spoken import lasting
from ...telemetry.model import Windows
from ...telemetry.rules import default_rules
from ...telemetry.signal_catalogue import CATALOGUE, Unit, definition
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
_MEASURED = re.compile(rf", (?:{'|'.join(MEASURED)})=[\d.e-]+")
"""What an action would cost, as it was measured: nothing that it is told to do."""
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


_QUOTED = re.compile(r"(“[^”]*”|`[^`]*`)")
_NAMED = re.compile(r"(?<![\w./-])[a-z]+[a-z0-9]*(?:_[a-z0-9]+)+(?![\w/-]|\.\w)")
_UNSURE = re.compile(
    r",? within its uncertainty of \d+ \w+|, (?:over )?[\d,.]+ times the usual spread"
)
_WAIT = re.compile(r"\b(?:\d+ s to )?(\d+) s (?=(?:before|after)\b)")
_SHARE = re.compile(r"(?<![\d.,])([1-8]\d\.\d+)(?=%)")
_RATE = re.compile(r"(?<![\d.])\d+\.\d{2,}(?= \w+/s\b| before\b)")
_SIGNAL = re.compile(rf"\b(?:{'|'.join(CATALOGUE)})\b")
_OURS = ((" at the edge", ""), (" -> ", " to "), (" (the onset is not known)", ""))


def prose(text: str) -> str:
    """As `told`, in a reader's words: signals by what people call them, names of programs in
    quotes, two significant digits, no lengths of time in seconds. What is quoted stays."""
    return exact(told(text))


def exact(text: str) -> str:
    """The same with times to the second, for a timeline."""
    parts = _QUOTED.split(shown(text))
    parts[::2] = map(_plain, parts[::2])
    return "".join(parts)


def _plain(text: str) -> str:
    for ours, theirs in _OURS:
        text = text.replace(ours, theirs)
    text = _SIGNAL.sub(lambda found: definition(found.group()).called, _UNSURE.sub("", text))
    text = _SHARE.sub(lambda found: f"{float(found.group()):.0f}", text)
    text = _RATE.sub(lambda found: figure(float(found.group()), 2), text)
    text = _WAIT.sub(lambda found: f"{lasting(float(found.group(1)))} ", text)
    return _NAMED.sub(lambda found: f"“{found.group()}”", text)


# An alert's own words. Those of our rules have a number as Prometheus' humanize prints it.

_HUMANIZED = re.compile(r"\d\.\d*[munpkMGT]?\b(?! ?%)|\d[munp]\b")


def headline(title: str) -> str:
    """An alert's text; where one of our own rules wrote it, with its figure in our words:
    123.7m of requests is 12% of them, and so is 12.37%; 6.06 times is 6.1 times."""
    for pattern, unit in _own_alerts():
        if found := pattern.fullmatch(title):
            number = float(found[1]) / {"m": 1000, "%": 100}.get(found[2], 1)
            said = part_of(number) if found[4] else _SAID[unit](number)
            return f"{title[: found.start(1)]}{said}{title[found.end(4) :]}"
    return title


def title(text: str) -> str:
    """An alert's text at the head of a document: with a capital, or in quotes where it has a figure
    that only its writer could put in words."""
    said = headline(text)
    return f"“{said}”" if _HUMANIZED.search(said) and said == text else said[:1].upper() + said[1:]


_SAID = {Unit.share: percent, Unit.seconds: lambda n: quantity(float(f"{n:.2g}"), "s")}
_SAID |= {Unit.number: lambda n: figure(n, 2)}


@cache
def _own_alerts() -> list[tuple[re.Pattern[str], Unit]]:
    """How alerts of our own rules read whose figures have a unit that is told here."""
    known = [rule for rule in default_rules(Windows()) if "{value}" in rule.summary]
    units = {r.summary: Unit(definition(r.signal).unit) for r in known if r.signal in CATALOGUE}
    units |= {r.summary: Unit.number for r in known if r.kind == "burn_rate"}
    told = [(text, unit) for text, unit in units.items() if unit in _SAID]
    return [(re.compile(_read(*text.partition("{value}"), unit)), unit) for text, unit in told]


def _read(before: str, _value: str, after: str, unit: Unit) -> str:
    of = " of" if unit is Unit.share and after.startswith(" of") else ""
    first, last = (
        re.escape(part).replace(re.escape("{service}"), r"[\w.-]+")
        for part in (before, after.removeprefix(of))
    )
    return rf"{first}(\d+\.?\d*)([m%]?)({'s' if unit is Unit.seconds else ''})({of}){last}"


def _parameters(text: str) -> str:
    """to_version=v1.0.0 as: to v1.0.0; route=/login, rate=2.5 as: (route /login, rate 2.5)."""
    bare = _MEASURED.sub("", _MARKS.sub("", text))
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
