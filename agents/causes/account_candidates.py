"""From accounts to candidates, and what they do to the kinds of fault that were named.

An account whose kind shows is a candidate like the named ones; else it words the place. A named
kind at the same place is refined by the account's words and never replaces them. Whose failures
begin deeper is a victim, however loud.
"""

from collections.abc import Iterator

from ...incident.finding import FaultKind
from ...tools.new_failures import NewFailure, Way
from ...tools.stepped_gauges import Step
from .account import JUST_BEFORE_S, Account, accounts, gave_up_early, starts
from .account_words import (
    change_words,
    clock,
    failure_words,
    kind_of,
    known_kind,
    nearest_change,
    quoted,
    share_words,
    slowed_words,
    step_words,
    telling,
)
from .candidate import Candidate
from .observations import Observations, cite, first, where

COVERED = 3.5
"""Log-odds where all new failures end in one place in words that are new beyond chance."""
SET, WAITED, HELD = 2.5, 1.5, 0.5
"""Log-odds of a setting that is another one, of waits that left zero, of what sessions hold."""
SLOWED = 2.5
"""Log-odds of work that takes twice as long."""
ANSWERED_WELL = 1.5
"""Log-odds of a callee that worked well while its caller gave up."""
BEFORE = 1.0
"""Log-odds of a change of the place itself just before, of a kind that no recogniser weighs."""
RESTARTED = 2.0
"""Log-odds of calls refused during a start, where nothing else is new."""
VICTIM = 3.0
"""Log-odds against a service all of whose failures begin deeper."""
TWICE = 0.3
"""What a second reading of the same requests counts."""
SHARED = 1.5
"""Log-odds of one place that keeps three services waiting."""
FEW = 0.1
"""An account of fewer of the failing requests tells nothing."""
SERVED = 5
"""Requests from which a service works, whatever its metrics say."""
SURE = 4.0
"""-log10 of the chance from which a new failure is no chance at all."""
WEIGHED = ("deploy", "flag", "config", "scale")
"""Kinds of changes that have recognisers of their own."""
BY_CHANGE = {
    "grant": ("missing permission", "database fault"),
    "schema": ("schema change", "database fault"),
    "setting": ("changed setting", "bad configuration"),
    "environment": ("changed setting", "bad configuration"),
    "limit": ("changed setting", "bad configuration"),
}
"""Kind of change -> kinds of fault, the first that is known."""


def with_accounts(
    seen: Observations, named: list[Candidate], places: list[Candidate]
) -> tuple[list[Candidate], list[Candidate]]:
    """Named kinds and places, refined by the accounts; victims and what does not hang are
    doubted."""
    named, places = list(named), list(places)
    for candidate in (*named, *places):
        _victim(seen, candidate)
    for candidate in named:
        _hangs(seen, candidate)
    for candidate in told(seen):
        _refine(named, candidate)
        _take(named, places, candidate)
    return named, places


def told(seen: Observations) -> Iterator[Candidate]:
    """Each account that says something, as a candidate."""
    for account in accounts(seen).places.values():
        candidate = Candidate(account.place, _kind(seen, account), "")
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
        return bool(account.gaps)
    count = sum(row.count for row in (*account.begun, *account.reached))
    return count >= FEW * max(1, accounts(seen).failing)


def _take(named: list[Candidate], places: list[Candidate], account: Candidate) -> None:
    """Put an account's candidate to what is known of its place."""
    same = [c for c in named if (c.service, c.kind) == (account.service, account.kind)]
    place = next((c for c in places if c.service == account.service), None)
    if same:
        _join(same[0], account)
    elif account.kind is not FaultKind.unknown:
        named.append(account)
    elif place is None:
        places.append(account)
    else:
        place.account, place.statement = account.account, account.statement
        if place.kind is FaultKind.cpu_saturation:
            place.kind = FaultKind.application
        _join(place, account)


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
    weights = {Step.setting: SET, Step.wait: WAITED, Step.held: HELD}
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
    if row and row.kind == "restart" and account.gaps and not account.begun:
        row = None  # it is what the words tell already
    facts = [step_words(step) for step in telling(account.steps)[:2] if step_words(step) != words]
    facts += [change_words(row)] if row else []
    after = f". With it: {'; '.join(facts)}" if facts else ""
    return f"{words}{since}{after}"


def _kind(seen: Observations, account: Account) -> FaultKind:
    """The kind of fault as far as it shows."""
    change = nearest_change(seen, account.place, account.since or 0.0, JUST_BEFORE_S)
    if change and change.kind in BY_CHANGE:
        return known_kind(*BY_CHANGE[change.kind])
    if any(step.step == Step.setting for step in account.steps):
        return known_kind(*BY_CHANGE["setting"])
    lead = account.lead
    if lead and (account.begun or account.reached):
        found = _kind_of_failure(seen, account, lead)
        if found is not FaultKind.unknown:
            return found
    return _kind_of_place(seen, account)


def _kind_of_failure(seen: Observations, account: Account, lead: NewFailure) -> FaultKind:
    place = account.place
    if gave_up_early(lead) and place == lead.service:
        return known_kind(*BY_CHANGE["setting"])
    if any(step.step == Step.wait and "lock" in step.metric for step in account.steps):
        return known_kind("lock contention", "database fault")
    if lead.way == Way.pool and place == lead.service:
        return FaultKind.pool_exhaustion
    silent = first(seen.stepped_gauges, service=place, step=Step.silent)
    if lead.way == Way.late and silent and not silent.served:
        return FaultKind.hung_process
    return kind_of(lead) if lead.way in (Way.own, Way.answered) else FaultKind.unknown


def _kind_of_place(seen: Observations, account: Account) -> FaultKind:
    entry = seen.case.catalogue.find(account.place)
    if entry and entry.kind == "database":
        return FaultKind.database
    if entry and entry.kind == "external" and account.begun:
        return FaultKind.provider_outage
    return FaultKind.unknown


def _refine(named: list[Candidate], account: Candidate) -> None:
    """A named kind at the same place says it in the account's words as well."""
    for candidate in named:
        if candidate.service == account.service:
            candidate.statement = f"{candidate.statement}: {account.account}"


def _join(known: Candidate, account: Candidate) -> None:
    """Two readings of the same requests are not counted twice: the weaker adds a part."""
    min(known, account, key=lambda c: c.weight).lessened(TWICE)
    known.reasons = [*known.reasons, *account.reasons]
    known.change = known.change or account.change
    known.resource = known.resource or account.resource


def _victim(seen: Observations, candidate: Candidate) -> None:
    """What begins deeper explains how loud it is."""
    deeper, share = accounts(seen).explained(candidate.service)
    if deeper and share > 0.5:
        candidate.lessened(max(TWICE, 1.0 - share))
        text = f"{share:.0%} of the new failures there begin in {deeper}"
        lead = accounts(seen).places[deeper].lead
        quotes = cite(seen.new_failures, lead, "service", "callee", "words")
        candidate.doubted(VICTIM, share, text, quotes)


def _hangs(seen: Observations, candidate: Candidate) -> None:
    """Who refuses or answers does not hang; nor does who works and is only not measured."""
    if candidate.kind is not FaultKind.hung_process:
        return
    calls = list(where(seen.new_failures, callee=candidate.service))
    late = sum(row.count for row in calls if row.way == Way.late)
    other = sum(row.count for row in calls if row.way in (Way.refused, Way.answered))
    lead = max(calls, key=lambda row: row.count, default=None)
    text = (
        f"{other} of {late + other} failing calls to it are refused or answered, not left waiting"
    )
    proof = cite(seen.new_failures, lead, "way", "count", "words")
    candidate.doubted(VICTIM, other / max(1, late + other), text, proof)
    silent = first(seen.stepped_gauges, service=candidate.service, step=Step.silent)
    if silent and (silent.served or 0) >= SERVED:
        text = f"it reports no metrics, and worked {silent.served} requests since"
        candidate.doubted(VICTIM, 1.0, text, cite(seen.stepped_gauges, silent, "served"))
