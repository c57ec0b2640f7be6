"""Changes that may have set it off: which, how near to the onset, touching what fails."""

from collections.abc import Iterator

from ...analysis.code.change_scores import ChangeScore, DatedChange, correlate
from ...tools.change_feed import ChangeRecord
from ...tools.state import STATE_KINDS
from .candidate import Candidate
from .observations import Observations, cite
from .studies import Scene, Studied, by_others, delivery, scene

SKEW = 2.0
"""An onset is read off rates that look back and may be early or late by this many detection
windows: a change within them may still have come first."""
CLEARLY = 0.5
"""Contact by mechanism that another change must have more to speak against this one."""
DONE = {"deploy": "deployed", "flag": "turned"}
"""What happened to a thing of this kind, in front of when and where."""


def suspicious(seen: Observations, kind: str) -> Iterator[tuple[ChangeRecord, ChangeScore]]:
    """Changes of one kind that may precede the onset, with their correlation score."""
    rows = [row for row in by_others(seen.changes) if row.kind not in STATE_KINDS]
    changes = [
        DatedChange(
            at=row.at,
            kind=row.kind,
            service=row.service,
            id=row.id,
            summary=row.summary,
            files=tuple(row.files.split(", ")),
            diff=row.diff,
        )
        for row in rows
    ]
    onset = seen.case.document.onset
    start = onset.timestamp() if onset else seen.case.frame.incident.start
    skew = SKEW * seen.case.catalogue.windows.detect_s
    scores = correlate(
        changes, start, _suspects(seen), _tokens(seen), calls=_calls(seen), skew_s=skew
    )
    for score in scores:
        row = rows[changes.index(score.change)]
        if score.change.kind == kind and not score.ruled_out and not _too_late(seen, row):
            yield row, score


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


def _calls(seen: Observations) -> list[tuple[str, str]]:
    return [(row.caller, row.callee) for row in seen.edges.rows]
