"""What ties a change to what fails, besides likeness, nearness and place: structure.

Diffs that could do harm are common, and innocent ones sit at every onset. A change is named above
one half only where the failing path runs through it (a frame, a function, a name of its own that
the errors use), or where the onset follows its roll-out to where failures begin. An innocent commit
named costs more than an open question, so the rest of its probability goes to its place.
"""

from collections.abc import Sequence
from dataclasses import replace

from ...analysis.fusion import CONCLUSIVE, RankedHypothesis
from ...incident.finding import FaultKind
from ...tools.change_feed import ChangeRecord
from ...tools.told_apart import Mark, words
from .candidate import Candidate
from .observations import Observations, cite, where
from .studies import ChangeDelivery, Scene, Studied, by_others, scene
from .suspect_changes import ChangeScore

CHANGES = (FaultKind.bad_deploy, FaultKind.slow_release, FaultKind.bad_flag, FaultKind.bad_config)
"""Kinds of fault that blame a change."""
DELIVERED = ("deploy", "config", "flag")
"""Kinds of change that arrive somewhere at a moment."""
OPEN = CONCLUSIVE - 0.01
"""The most that an untied change may have."""
FOLLOWS_S = 120.0
"""Seconds within which an onset follows a roll-out: two steps of ordinary metrics."""
STAGED_S = 900.0
"""The same where the change does clearly what is seen: roll-outs come in stages."""
EARLY_S = 30.0
"""Seconds that an onset may read too early: it is read off rates that look back."""
MOST = 0.5
"""Share of the failures, or of the added time, that begins where the change arrived."""
CLEAR = 0.8
"""Contact by mechanism that, with the roll-out, ties as well."""
WANTED = (
    "a stack trace, a span or an instance on the old version that shows whether it is in the path"
)
"""What would decide it."""


def tied_by_code(now: Scene, studied: Studied, arrival: ChangeDelivery, rival: float) -> bool:
    """Whether the failing path runs through it, or the onset follows its roll-out and it does
    what is seen; and no other change does about as well. `rival`: log-odds that it is ahead."""
    if rival < 1.0:
        return False
    if studied.contact.on_the_path:
        return True
    follows = arrival.at is not None and _follows(now.onset - arrival.at, STAGED_S)
    clear = studied.contact.by_mechanism >= CLEAR
    return clear and now.dated and follows and bool(arrival.service)


def tied_by_rollout(
    seen: Observations, row: ChangeRecord, score: ChangeScore, share: float
) -> bool:
    """Whether the failing path runs through it; or the onset follows it, and no other change, to
    the service where most begins, and what it changes is not known to be something else. `share`:
    of the trouble that begins there, 0..1."""
    own = scene(seen).changes.get(row.id)
    if own and own.contact.on_the_path:
        return True
    idle = bool(own and own.row.diff and own.work.harmless and own.work.edit.empty)
    elsewhere = any("touches" in reason for reason in score.reasons_against)
    return share >= MOST and not idle and not elsewhere and followed(seen, row)


def followed(seen: Observations, row: ChangeRecord) -> bool:
    """Whether the onset follows it and no other change to its service."""
    return _follows(row.seconds_before) and not _beside(seen, row)


def _beside(seen: Observations, row: ChangeRecord) -> bool:
    """Whether another change came to the same service at that time: time cannot tell them apart."""
    return any(
        other.id != row.id and other.kind in DELIVERED and _follows(other.seconds_before)
        for other in by_others(seen.changes)
        if other.service in (row.service, "")
    )


def told_by_requests(seen: Observations, candidate: Candidate) -> None:
    """What the failing requests carry ties the change that it names, and doubts the others of that
    service, which met the well requests as well; a named change that both met alike is doubted."""
    if candidate.kind not in CHANGES:
        return
    changes = {row.id: row for row in where(seen.changes, service=candidate.service)}
    own = changes.get(candidate.change)
    if own is None:
        return
    for mark in where(seen.told_apart, service=candidate.service):
        quotes = cite(seen.told_apart, mark, "attribute", "value", "failed", "others_failed")
        if _names(mark, own) and mark.tells:
            candidate.backed(4.0, 1.0, words(mark), quotes)
            candidate.tied = True
        elif _names(mark, own):
            candidate.doubted(2.0, 1.0, f"failing and well requests are alike in {mark.attribute}")
        elif mark.tells and any(_names(mark, other) for other in changes.values()):
            candidate.doubted(4.0, 1.0, f"it met well requests too: {words(mark)}", quotes)


FLAG, FLAG_KEY, VERSION = "feature_flag.", "feature_flag.key", "service.version"
"""Attributes that a program writes of itself (OpenTelemetry). What senders write, a path or a
program's name, ties no change: whoever fails on purpose could name one."""


def _names(mark: Mark, row: ChangeRecord) -> bool:
    """Whether an attribute of requests is this change: its flag, or its version."""
    if row.kind == "flag":
        key = mark.value if mark.attribute == FLAG_KEY else mark.attribute.removeprefix(FLAG)
        return mark.attribute.startswith(FLAG) and _plain(key) == _plain(row.id)
    return row.kind == "deploy" and mark.attribute == VERSION and mark.value == row.version


def _plain(name: str) -> str:
    return name.casefold().replace("_", "-")


def _follows(lead: float, within_s: float = FOLLOWS_S) -> bool:
    return -EARLY_S <= lead <= within_s


def reserved(
    verdicts: list[RankedHypothesis], by_name: dict[str, Candidate]
) -> list[RankedHypothesis]:
    """The verdicts with untied changes at OPEN at the most, what is over going to the hypothesis
    of their place, where there is one; most probable first."""
    found = {verdict.hypothesis: verdict for verdict in verdicts}
    for name, candidate in by_name.items():
        over = found[name].probability - OPEN
        if candidate.tied or candidate.kind not in CHANGES or over <= 0:
            continue
        found[name] = replace(found[name], probability=OPEN)
        candidate.reserved = WANTED
        candidate.lacking(WANTED)
        if place := _place(candidate, by_name, verdicts):
            most = min(OPEN - 0.01, found[place].probability + over)
            found[place] = replace(found[place], probability=most)
    return sorted(found.values(), key=lambda v: (-v.probability, -v.log_odds, v.hypothesis))


def _place(
    candidate: Candidate, by_name: dict[str, Candidate], verdicts: Sequence[RankedHypothesis]
) -> str:
    """The likeliest hypothesis of the same service that blames no change; empty for none."""
    return next(
        (
            v.hypothesis
            for v in verdicts
            if (other := by_name[v.hypothesis]).service == candidate.service
            and other.kind not in CHANGES
            and other.reasons
        ),
        "",
    )
