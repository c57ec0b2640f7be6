"""Which change could have done it: when, where, and whether it touches what fails.

Model: additive log-odds with a reason for each term. Time alone convicts nobody: an innocent
deploy just before the onset loses what its time gains when it sits elsewhere or touches nothing
that fails, and an older one that touches the failing code can overtake it. Weights are by
reasoning: contact with what fails (3) outweighs place (2.5), place outweighs time (2).
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .tokens import changed_text, inert, specificity, tokens_of

PRIOR, TIME, PLACE, TOUCH = -2.0, 2.0, 2.5, 3.0
WINDOW_S = 1800.0


@dataclass(frozen=True, slots=True)
class DatedChange:
    """Something that somebody or something changed on purpose."""

    at: float
    """Unix seconds."""
    kind: str
    service: str
    """"" where it belongs to none."""
    id: str
    """Commit sha, flag name …"""
    summary: str = ""
    files: Sequence[str] = ()
    diff: str = ""


@dataclass(frozen=True, slots=True)
class ChangeScore:
    """How likely one change is behind the incident, with reasons."""

    change: DatedChange
    score: float
    """0..1; 0 when ruled out."""
    ruled_out: bool
    reasons_for: tuple[str, ...]
    """They follow a participle: "deployed", "2 s before the onset", "touching pricing.py"."""
    reasons_against: tuple[str, ...]
    """They follow "the change": "touches nothing that fails"."""


@dataclass(slots=True)
class _Tally:
    odds: float = PRIOR
    pro: list[str] = field(default_factory=list)
    con: list[str] = field(default_factory=list)

    def add(self, odds: float, reason: str) -> None:
        self.odds += odds
        (self.pro if odds > 0 else self.con).append(reason)


def correlate(
    changes: Sequence[DatedChange],
    onset: float | None,
    suspects: Mapping[str, float],
    tokens: Collection[str] = (),
    *,
    calls: Iterable[tuple[str, str]] = (),
    skew_s: float = 5.0,
) -> list[ChangeScore]:
    """Score every change, best first.

    onset: unix seconds, None where unknown. suspects: service -> suspicion 0..1. tokens: what
    fails, such as routes, functions and files of stack frames, flag names (free text is cut into
    tokens). calls: (caller, callee). A change later than onset + skew_s is ruled out; one more
    than WINDOW_S before it is merely unlikely, since slow faults surface late.
    """
    wanted = frozenset().union(*(tokens_of(token) for token in tokens))
    contents = [_content(change) for change in changes]
    pairs = set(calls)
    found = []
    for change, content in zip(changes, contents, strict=True):
        tally = _Tally()
        lead = None if onset is None else onset - change.at
        late = _time(tally, lead, skew_s)
        _place(tally, change.service, suspects, pairs)
        _touch(tally, change, content, wanted, contents)
        score = 0.0 if late else 1.0 / (1.0 + math.exp(-tally.odds))
        found.append(ChangeScore(change, score, late, (*tally.pro,), (*tally.con,)))
    return sorted(found, key=lambda c: (-c.score, -c.change.at, c.change.id))


def _content(change: DatedChange) -> frozenset[str]:
    """What a change is about. Its summary counts only where nothing better is known: people
    write it, the diff does not lie."""
    text = "\n".join([*change.files, changed_text(change.diff), change.id])
    return tokens_of(text if change.diff or change.files else f"{text}\n{change.summary}")


def _time(tally: _Tally, lead: float | None, skew_s: float) -> bool:
    """Add the term of time; True when the change came after the onset."""
    if lead is None:
        return False
    if lead < -skew_s:
        tally.add(-10.0, f"came {span(-lead)} after the onset")
        return True
    if lead > WINDOW_S:
        tally.add(-1.0, f"came {span(lead)} before the onset, long before")
    else:
        closeness = math.exp(-3.0 * max(0.0, lead) / WINDOW_S)
        when = f"{span(lead)} before" if lead >= 1 else "at"
        tally.add(TIME * closeness, f"{when} the onset")
    return False


def _place(
    tally: _Tally, service: str, suspects: Mapping[str, float], calls: Collection[tuple[str, str]]
) -> None:
    if not service or not suspects:
        return
    own = suspects.get(service, 0.0)
    called_by = max((suspects.get(a, 0.0) for a, b in calls if b == service), default=0.0)
    calling = max((suspects.get(b, 0.0) for a, b in calls if a == service), default=0.0)
    place, where = max(
        (own, f"in {service}, where failures begin"),
        (0.5 * called_by, f"in {service}, called where failures show"),
        (0.25 * calling, f"in {service}, which calls where failures begin"),
    )
    if place >= 0.05:
        tally.add(PLACE * min(1.0, place), where)
    else:
        tally.add(-1.5, f"is in {service}, which shows nothing unusual")


def _touch(
    tally: _Tally,
    change: DatedChange,
    content: frozenset[str],
    wanted: frozenset[str],
    contents: Sequence[frozenset[str]],
) -> None:
    """Add the term of contact: tokens that few changes share count more."""
    if inert(change.files):
        tally.add(-3.0, "touches only documentation or tests")
        return
    if not wanted or not content:
        return
    rarity = {token: specificity(token, contents) for token in wanted & content}
    if not rarity:
        tally.add(-1.5, "touches nothing that fails")
        return
    strength = 1.0 - 0.5 ** sum(rarity.values())
    named = sorted(rarity, key=lambda token: (-rarity[token], -len(token), token))
    tally.add(TOUCH * strength, f"touching {', '.join(_telling(named))}")


def _telling(tokens: Sequence[str]) -> list[str]:
    """At most two, without those that another one contains: `pricing.py` says `pricing` too."""
    return [t for t in tokens if not any(t != other and t in other for other in tokens)][:2]


def span(seconds: float) -> str:
    """A length of time for people: 42 s, 12 min, 3.5 h, 2.0 d."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172800 else f"{seconds / 86400:.1f} d"
