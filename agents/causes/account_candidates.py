"""From accounts to candidates: the words of each, and what speaks for it."""

from collections.abc import Iterator

from ...tools.requests import ChangedPath
from ...tools.stepped_gauges import Step
from ..reporting.wording import way_words
from .account import JUST_BEFORE_S, Account, accounts, gave_up_early, starts
from .account_kinds import BY_CHANGE, fault_kind
from .account_words import (
    change_words,
    clock,
    failure_words,
    nearest_change,
    quoted,
    share_words,
    slowed_words,
    step_words,
    telling,
)
from .candidate import Candidate
from .observations import Observations, cite

COVERED = 3.5
"""Log-odds where all new failures end in one place in words that are new beyond chance."""
SET, WAITED, HELD = 2.5, 1.5, 0.5
"""Log-odds of a setting that is another one, of waits that left zero, of what sessions hold."""
LOST = 3.0
"""Log-odds of telemetry that is lost while requests are worked, where nothing fails newly."""
SLOWED = 2.5
"""Log-odds of work that takes twice as long."""
ANSWERED_WELL = 1.5
"""Log-odds of a callee that worked well while its caller gave up."""
BEFORE = 1.0
"""Log-odds of a change of the place itself just before, of a kind that no recogniser weighs."""
RESTARTED = 2.0
"""Log-odds of calls refused during a start, where nothing else is new."""
TWICE = 0.3
"""What a second reading of the same requests counts."""
SHARED = 1.5
"""Log-odds of one place that keeps three services waiting."""
FEW = 0.1
"""An account of fewer of the failing requests tells nothing."""
CLEARLY = 0.2
"""Weight from which another way of requests is told."""
SURE = 4.0
"""-log10 of the chance from which a new failure is no chance at all."""
WEIGHED = ("deploy", "flag", "config", "scale")
"""Kinds of changes that have recognisers of their own."""


def told(seen: Observations) -> Iterator[Candidate]:
    """Each account that says something, as a candidate."""
    for account in accounts(seen).places.values():
        candidate = Candidate(account.place, fault_kind(seen, account), "")
        words = _weigh(seen, candidate, account) if _matters(seen, account) else ""
        if candidate.reasons and words:
            candidate.account = words
            candidate.statement = _statement(seen, account, words)
            change = nearest_change(seen, account.place, account.since or 0.0, JUST_BEFORE_S)
            if change and change.kind in BY_CHANGE:
                candidate.change = change.id
            yield candidate


def _matters(seen: Observations, account: Account) -> bool:
    """Whether it tells of more than a few requests, or of what was changed; a victim's does not."""
    if any(step.step == Step.setting for step in account.steps) or account.slowed:
        return True
    deeper, share = accounts(seen).explained(account.place)
    if deeper and share > 0.5:
        return False
    if not accounts(seen).failing:
        return bool(account.gaps or account.steps)
    count = sum(row.count for row in (*account.begun, *account.reached))
    return count >= FEW * max(1, accounts(seen).failing)


def _weigh(seen: Observations, candidate: Candidate, account: Account) -> str:
    """Give the candidate its reasons; the clause that tells most, or nothing."""
    words = [
        *_failures(seen, candidate, account),
        *_gauges(seen, candidate, account),
        *_slowed(seen, candidate, account),
        *_start(seen, candidate, account),
    ]
    if words:
        _just_before(seen, candidate, account)
    return words[0] if words else ""


def _failures(seen: Observations, candidate: Candidate, account: Account) -> Iterator[str]:
    rows = [*account.begun, *account.reached]
    lead, failing = account.lead, accounts(seen).failing
    if not rows or lead is None:
        return
    count, before = sum(row.count for row in rows), sum(row.before for row in rows)
    words = failure_words(lead, account.place)
    novelty = min(1.0, max(-row.log10_p for row in rows) / SURE)
    quotes = cite(seen.new_failures, lead, "words", "count", "share", "since")
    text = f"{words} ({share_words(count, failing, before)})"
    candidate.backed(COVERED, novelty * count / max(1, failing), text, quotes)
    hurt = {row.service for row in rows} - {account.place}
    text = f"{', '.join(sorted(hurt))} all fail by it"
    candidate.backed(SHARED, (len(hurt) - 1) / 2, text, quotes)
    if gave_up_early(lead) and account.place == lead.service:
        text = (
            f"{lead.callee} itself worked {lead.callee_ms:.3g} ms at such a call and did not fail"
        )
        proof = cite(seen.new_failures, lead, "callee_ms", "waited_ms")
        candidate.backed(ANSWERED_WELL, min(1.0, lead.count / 3), text, proof)
    yield words


def _gauges(seen: Observations, candidate: Candidate, account: Account) -> Iterator[str]:
    lost = TWICE if accounts(seen).failing else 1.0
    weights = {Step.setting: SET, Step.wait: WAITED, Step.held: HELD, Step.silent: LOST * lost}
    for row in telling(account.steps)[:3]:
        text = step_words(row)
        quotes = cite(seen.stepped_gauges, row, "metric", "before", "now", "since")
        candidate.backed(weights[Step(row.step)], 1.0, text, quotes)
        if row.step != Step.held:
            yield text


def _slowed(seen: Observations, candidate: Candidate, account: Account) -> Iterator[str]:
    for row in account.slowed[:1]:
        text = slowed_words(row)
        quotes = cite(seen.slowed_work, row, "operation", "before_ms", "now_ms", "calls")
        candidate.backed(SLOWED, min(1.0, row.ratio - 1.0), text, quotes)
        yield text


def _start(seen: Observations, candidate: Candidate, account: Account) -> Iterator[str]:
    """It was started again, and calls were refused meanwhile."""
    lead = max(account.gaps, key=lambda row: row.count, default=None)
    begun = starts(seen, account.place)
    if lead is None or not begun:
        return
    times = ", ".join(clock(at) for at in begun[-3:])
    text = f"{account.place} was started again at {times}; {lead.count} calls were refused until "
    text += f"it listened, “{quoted(lead.words)}”"
    quotes = cite(seen.new_failures, lead, "callee", "words", "count")
    candidate.backed(RESTARTED, 1.0 if not accounts(seen).failing else TWICE, text, quotes)
    yield text


def _just_before(seen: Observations, candidate: Candidate, account: Account) -> None:
    row = nearest_change(seen, account.place, account.since or 0.0, JUST_BEFORE_S)
    if row and row.kind not in WEIGHED:
        quotes = cite(seen.changes, row, "kind", "service", "seconds_before")
        candidate.backed(BEFORE, 1.0, f"just before: {change_words(row)}", quotes)


def _statement(seen: Observations, account: Account, words: str) -> str:
    """At most two sentences: what is new and since when; what was changed just before."""
    since = f" since {clock(account.since)}" if account.since and account.begun else ""
    row = nearest_change(seen, account.place, account.since or 0.0, JUST_BEFORE_S)
    if row and row.kind == "restart" and "started again" in words:
        row = None
    facts = [step_words(step) for step in telling(account.steps)[:2] if step_words(step) != words]
    facts += [way_words(way) for way in _ways(seen, account)]
    facts += [change_words(row)] if row else []
    after = f". With it: {'; '.join(facts)}" if facts else ""
    return f"{words}{since}{after}"


def _ways(seen: Observations, account: Account) -> Iterator[ChangedPath]:
    """Where requests stop that end in an answer which is no error of the system's: a missing
    row is told by the call after which nothing follows."""
    lead = account.lead
    if lead is None or not lead.code or lead.code >= 500:
        return
    for row in seen.paths.rows:
        stops = account.place in row.callers.split(", ") or row.service == account.place
        if stops and row.weight >= CLEARLY:
            yield row
            return
