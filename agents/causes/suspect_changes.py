"""Changes that may have set it off: which, how near to the onset, touching what fails.

Additive log-odds with a reason for each term. Time alone convicts nobody: an innocent deploy just
before the onset loses what its time gains when it sits elsewhere or touches nothing that fails, and
an older one that touches the failing code can overtake it. Weights are by reasoning: contact with
what fails (3) outweighs place (2.5), place outweighs time (2).
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ...analysis.code.tokens import changed_text, inert, specificity, tokens_of
from ...analysis.quantities import span
from ...tools.change_feed import ChangeRecord
from ...tools.state import STATE_KINDS
from .candidate import Candidate
from .observations import Observations, cite
from .studies import Scene, Studied, by_others, delivery, scene

PRIOR, TIME, PLACE, TOUCH = -2.0, 2.0, 2.5, 3.0
WINDOW_S = 1800.0
SKEW = 2.0
"""An onset is read off rates that look back and may be early or late by this many detection
windows: a change within them may still have come first."""
CLEARLY = 0.5
"""Contact by mechanism that another change must have more to speak against this one."""
DONE = {"deploy": "deployed", "flag": "turned"}
"""What happened to a thing of this kind, in front of when and where."""


@dataclass
class ChangeScore:
    """How likely one change is behind the incident, in log-odds, with reasons."""

    odds: float = PRIOR
    ruled_out: bool = False
    reasons_for: list[str] = field(default_factory=list)
    """They follow a participle: "deployed", "2 s before the onset", "touching pricing.py"."""
    reasons_against: list[str] = field(default_factory=list)
    """They follow "the change": "touches nothing that fails"."""

    @property
    def score(self) -> float:
        """0..1; 0 when ruled out."""
        return 0.0 if self.ruled_out else 1.0 / (1.0 + math.exp(-self.odds))

    def add(self, odds: float, reason: str) -> None:
        """One more term."""
        self.odds += odds
        (self.reasons_for if odds > 0 else self.reasons_against).append(reason)


def suspicious(seen: Observations, kind: str) -> Iterator[tuple[ChangeRecord, ChangeScore]]:
    """Changes of one kind that may precede the onset, with their score, best first."""
    rows = [row for row in by_others(seen.changes) if row.kind not in STATE_KINDS]
    start = seen.case.frame.began
    skew = SKEW * seen.case.catalogue.windows.detect_s
    calls = {(row.caller, row.callee) for row in seen.edges.rows}
    unsure = seen.case.frame.unsure_s
    for row, score in correlate(rows, start, _suspects(seen), _tokens(seen), calls, skew, unsure):
        if row.kind == kind and not score.ruled_out and not _too_late(seen, row):
            yield row, score


def correlate(
    changes: Sequence[ChangeRecord],
    onset: float,
    suspects: Mapping[str, float],
    tokens: Collection[str] = (),
    calls: Collection[tuple[str, str]] = (),
    skew_s: float = 5.0,
    unsure_s: float = 0.0,
) -> list[tuple[ChangeRecord, ChangeScore]]:
    """Every change with its score, best first.

    onset: unix seconds. suspects: service -> suspicion 0..1. tokens: what fails, such as routes,
    functions and files of stack frames, flag names (free text is cut into tokens). calls: (caller,
    callee). unsure_s: how much
    later it may have begun. A change later than onset + skew_s is ruled out; one more than WINDOW_S
    before it is merely unlikely, since slow faults surface late.
    """
    wanted = frozenset().union(*map(tokens_of, tokens))
    contents = [_content(change) for change in changes]
    found = []
    for change, content in zip(changes, contents, strict=True):
        score = ChangeScore()
        _time(score, onset - change.at, skew_s, unsure_s)
        _place(score, change.service, suspects, calls)
        _touch(score, change, wanted & content, contents, bool(wanted and content))
        found.append((change, score))
    return sorted(found, key=lambda pair: (-pair[1].score, -pair[0].at, pair[0].id))


def _content(change: ChangeRecord) -> frozenset[str]:
    """What a change is about. Its summary counts only where nothing better is known: people
    write it, the diff does not lie."""
    text = "\n".join([*change.files.split(", "), changed_text(change.diff), change.id])
    return tokens_of(text if change.diff or change.files else f"{text}\n{change.summary}")


def _time(score: ChangeScore, lead: float, skew_s: float, unsure_s: float) -> None:
    score.ruled_out = lead < -skew_s
    if score.ruled_out:
        score.add(-10.0, f"came {span(-lead)} after the onset")
    elif lead > WINDOW_S:
        score.add(-1.0, f"came {span(lead)} before the onset, long before")
    else:
        closeness = math.exp(-3.0 * max(0.0, lead) / WINDOW_S)
        when = f"{span(lead)} before the onset" if lead >= 1 else "at the onset"
        late = lead < -max(1.0, unsure_s)
        score.add(TIME * closeness, f"{span(-lead)} after the first symptom" if late else when)


def _place(
    score: ChangeScore,
    service: str,
    suspects: Mapping[str, float],
    calls: Collection[tuple[str, str]],
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
        score.add(PLACE * min(1.0, place), where)
    else:
        score.add(-1.5, f"is in {service}, which shows nothing unusual")


def _touch(
    score: ChangeScore,
    change: ChangeRecord,
    shared: frozenset[str],
    contents: Sequence[frozenset[str]],
    known: bool,
) -> None:
    """Add the term of contact: tokens that few changes share count more."""
    if inert([name for name in change.files.split(", ") if name]):
        score.add(-3.0, "touches only documentation or tests")
    elif shared:
        rarity = {token: specificity(token, contents) for token in shared}
        named = sorted(rarity, key=lambda token: (-rarity[token], -len(token), token))
        # of two of which one contains the other, the longer: `pricing.py` says `pricing` too
        told = [t for t in named if not any(t != other and t in other for other in named)][:2]
        score.add(TOUCH * (1.0 - 0.5 ** sum(rarity.values())), f"touching {', '.join(told)}")
    elif known:
        score.add(-1.5, "touches nothing that fails")


def _too_late(seen: Observations, row: ChangeRecord) -> bool:
    """Whether what the alert watches had left its level before the change came."""
    now = scene(seen)
    own = now.changes.get(row.id)
    return bool(own and now.dated and delivery(seen, now, own).late)


def time_and_place(
    seen: Observations, candidate: Candidate, row: ChangeRecord, score: ChangeScore
) -> None:
    # A week-old change is no news: the nearer to the onset, the more it counts.
    quotes = cite(seen.changes, row, "id", "seconds_before")
    done = DONE.get(row.kind, "changed")
    text = f"{done} {', '.join(score.reasons_for) or 'shortly before'}"
    candidate.backed(2.5, score.score, text, quotes)
    for reason in score.reasons_against[:2]:
        candidate.doubted(0.5, 1.0, f"the change {reason}", quotes)
    _what_it_does(seen, candidate, row)


def _what_it_does(seen: Observations, candidate: Candidate, row: ChangeRecord) -> None:
    """Near and in place is not enough: an edit that only moves lines does nothing, and where
    another change's diff would bring about what is seen, this one's nearness is chance."""
    now = scene(seen)
    own = now.changes.get(row.id)
    quotes = cite(seen.changes, row, "id", "files")
    idle = own and own.row.diff and own.work.harmless and not own.contact.on_the_path
    if own and idle and row.kind != "flag":  # a flag does nothing and lets code run
        weight = 2.5 if own.work.edit.empty else 1.5
        candidate.doubted(weight, 1.0, "its diff does nothing that is known to fail", quotes)
    met = own.contact.by_mechanism if own else 0.0
    more, other = max(
        ((_reaching(seen, now, other) - met, other) for other in now.changes.values()),
        key=lambda pair: pair[0],
        default=(0.0, None),
    )
    if other is not None and other is not own and more >= CLEARLY:
        text = f"change {other.id[:10]} fits better: {other.contact.mechanism[0].text}"
        candidate.doubted(3.0, more, text, cite(seen.history, other.row, "id", "files"))


def _reaching(seen: Observations, now: Scene, studied: Studied) -> float:
    """How well a change fits, as far as it can have reached what fails."""
    if not studied.contact.mechanism:
        return 0.0
    arrival = delivery(seen, now, studied)
    return 0.0 if arrival.late else studied.contact.by_mechanism * (1.0 - arrival.doubt)


def _suspects(seen: Observations) -> dict[str, float]:
    """Blame along the calls, or the share of failures that begin there, whichever is more."""
    blame = {row.service: row.blame for row in seen.origin.rows}
    named = {*blame, *(row.service for row in seen.failures.rows)}
    return {name: max(blame.get(name, 0.0), seen.own_failures(name)) for name in named}


def _tokens(seen: Observations) -> list[str]:
    """What fails, in words that a diff could share: frames, routes, operations, messages."""
    errors = [f"{r.location} {r.exception} {r.message}" for r in seen.errors.rows[:5]]
    failing = [f"{r.operation} {r.route or ''}" for r in seen.failures.rows[:5]]
    slow = [r.operation for r in seen.slow.rows[:3]]
    return errors + failing + slow
