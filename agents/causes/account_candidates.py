"""From accounts to candidates: the words of each, and what speaks for it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...incident.evidence import Quote
from ...tools.new_failures import NewFailure
from ...tools.requests import ChangedPath
from ...tools.stepped_gauges import Step
from ..reporting.wording import way_words
from .account import BY_CHANGE, Account, accounts, fault_kind, readdressed
from .account_words import (
    change_words,
    clock,
    crowd_words,
    failure_words,
    quoted,
    session_words,
    share_words,
    slowed_words,
    start_words,
    step_words,
)
from .candidate import Candidate
from .data import TABLE, damaged
from .failure_path import CLEARLY, crowded, gave_up_early, starts
from .observations import Observations, cite, where
from .studies import scene

COVERED = 3.5
"""Log-odds where all new failures end in one place in words that are new beyond chance."""
STEPPED = {Step.setting: 2.5, Step.wait: 1.5, Step.held: 0.5, Step.silent: 3.0, Step.flood: 3.0}
"""Log-odds of a setting that is another one, of waits that left zero, of what sessions hold; of
telemetry that is lost while requests are worked, of lines that flood, where nothing fails newly."""
TOLD = (Step.silent, Step.flood)
"""Steps of the telemetry itself."""
NAMED = 1.5
"""Log-odds of the alert's own service where its telemetry is what stepped."""
SLOWED = 2.5
"""Log-odds of work that takes twice as long."""
ANSWERED_WELL = 1.5
"""Log-odds of a callee that worked well while its caller gave up."""
BEFORE, STATE = 1.0, 2.5
"""Log-odds of a change of the place itself just before, of a kind that no recogniser weighs; of
state that is otherwise: a grant, a setting."""
BLOCKED = 2.5
"""Log-odds of who is seen to hold what others wait for, or of what is seen to be damaged."""
LOGGED, LINES, LOUD = 1.0, 3, ("error", "critical")
"""Log-odds of new error lines of the place itself; how many at least; how loud."""
RESTARTED = 2.0
"""Log-odds of calls refused during a start, where nothing else is new."""
TWICE = 0.3
"""What a second reading of the same requests counts."""
SHARED = 1.5
"""Log-odds of one place that keeps three services waiting, of one table behind all slow work."""
FEW = 0.1
"""An account of fewer of the failing requests tells nothing."""
SURE = 4.0
"""-log10 of the chance from which a new failure is no chance at all."""
WEIGHED = ("deploy", "flag", "config", "scale")
"""Kinds of changes that have recognisers of their own."""
SHOWN = 3
"""Facts beside the first that a statement tells."""


@dataclass(frozen=True)
class Fact:
    """One thing that is new at a place: its words, and what it weighs."""

    text: str
    weight: float
    value: float
    quotes: list[Quote]
    clause: str = ""
    """As a statement tells it; empty: it is weighed and not told."""
    resource: str = ""


def told(seen: Observations) -> Iterator[Candidate]:
    """Each account that says something, as a candidate."""
    for account in accounts(seen).places.values():
        facts = list(_facts(seen, account)) if _matters(seen, account) else []
        clauses = [fact.clause for fact in facts if fact.clause]
        clauses += [change_words(row) for row in account.changed[:1]]
        if not clauses:
            continue
        kind, words = fault_kind(seen, account), clauses[0]
        statement = _statement(seen, account, clauses)
        candidate = Candidate(account.place, kind, statement, account=words)
        for fact in [*facts, *_just_before(seen, account)]:
            candidate.backed(fact.weight, fact.value, fact.text, fact.quotes)
            candidate.resource = fact.resource or candidate.resource
        _blame(seen, candidate, account)
        if candidate.reasons:
            yield candidate


def _blame(seen: Observations, candidate: Candidate, account: Account) -> None:
    """The change that the candidate blames, where one shows."""
    change, release = account.before, account.released()
    if change and (change.kind in BY_CHANGE or change is readdressed(seen, account)):
        candidate.change = change.id
    if release:
        candidate.change, studied = release.id, scene(seen).changes.get(release.id)
        contact = studied.contact if studied else None
        candidate.tied = bool(contact and (contact.by_name > 0 or contact.on_the_path))


def _matters(seen: Observations, account: Account) -> bool:
    """Whether it tells of more than a few requests, or of what was changed; a victim's does not."""
    telling = (Step.setting, *(TOLD if _asked(seen, account) else ()))
    stepped = any(step.step in telling for step in account.steps)
    if stepped or account.slowed or account.changed:
        return True
    deeper, share = accounts(seen).explained(account.place)
    if deeper and share > 0.5:
        return False
    if not accounts(seen).failing:
        return bool(account.gaps or account.steps)
    count = sum(row.count for row in (*account.begun, *account.reached))
    return count >= FEW * accounts(seen).failing


def _statement(seen: Observations, account: Account, clauses: Sequence[str]) -> str:
    """At most two sentences: what is new and since when; what was changed just before."""
    words = clauses[0]
    since = f" since {clock(account.since)}" if account.since and account.begun else ""
    row = account.before
    if row and row.kind == "restart" and "started again" in words:
        row = None
    facts = [*clauses[1:], *map(step_words, account.steps[:2])]
    facts += [way_words(way) for way in _ways(seen, account)]
    told = "again at" if row and row.kind == "restart" else words
    facts = [f for f in dict.fromkeys(facts) if f not in words and told not in f]
    before = f". Just before: {change_words(row)}" if row else ""
    beside = ("; with it: " if row else ". With it: ") + "; ".join(facts[:SHOWN]) if facts else ""
    return f"{words}{since}{before}{beside}"


def _ways(seen: Observations, account: Account) -> list[ChangedPath]:
    """Where requests stop that end in an answer which is no error of the system's: a missing
    row is told by the call after which nothing follows."""
    lead = account.lead
    if lead is None or not lead.code or lead.code >= 500:
        return []
    near = (r for r in seen.paths.rows if account.place in (r.service, *r.callers.split(", ")))
    return [row for row in near if row.weight >= CLEARLY][:1]


def _facts(seen: Observations, account: Account) -> Iterator[Fact]:
    """What is new there, the one that tells most first."""
    yield from _failures(seen, account)
    yield from _holders(seen, account)
    yield from _logged(seen, account)
    failing = accounts(seen).failing
    yield from _stepped(seen, account)
    for row in account.slowed[:1]:
        text, value = slowed_words(row), min(row.ratio - 1.0, 2 * row.share)
        quotes = cite(seen.slowed_work, row, "operation", "before_ms", "now_ms", "calls")
        yield Fact(text, SLOWED, value, quotes, text)
        tables = [{name.lower() for name in TABLE.findall(r.statement)} for r in account.slowed]
        for table in sorted(set.intersection(*tables)) if len(tables) > 1 else []:
            text = f"all that is slower works on {table}, as it would with more rows in it"
            yield Fact(text, SHARED, 1.0, quotes, text)
    lead = max(account.gaps, key=lambda row: row.count, default=None)
    if lead and (begun := starts(seen, account.place)):
        text = f"{start_words(account.place, begun)}; {lead.count} calls were refused until it "
        text += f"listened, “{quoted(lead.words)}”"
        quotes = cite(seen.new_failures, lead, "callee", "words", "count")
        yield Fact(text, RESTARTED, TWICE if failing else 1.0, quotes, text)


def _failures(seen: Observations, account: Account) -> Iterator[Fact]:
    rows = [*account.begun, *account.reached]
    lead, failing = account.lead, accounts(seen).failing
    if not rows or lead is None:
        return
    count, before = sum(row.count for row in rows), sum(row.before for row in rows)
    words = failure_words(lead, account.place)
    novelty = max(map(_novelty, rows))
    quotes = cite(seen.new_failures, lead, "words", "count", "share", "since")
    text = f"{words} ({share_words(count, failing, before)})"
    yield Fact(text, COVERED, novelty * count / max(1, failing), quotes, words)
    hurt = {row.service for row in rows} - {account.place}
    text = f"{', '.join(sorted(hurt))} all fail by it"
    yield Fact(text, SHARED, (len(hurt) - 1) / 2, quotes)
    if gave_up_early(lead) and account.place == lead.service:
        worked = f"worked {lead.callee_ms:.3g} ms at such a call and did not fail"
        proof = cite(seen.new_failures, lead, "callee_ms", "waited_ms")
        yield Fact(f"{lead.callee} itself {worked}", ANSWERED_WELL, lead.count / 3, proof)


def _asked(seen: Observations, account: Account) -> bool:
    """Whether the alert is about the place."""
    return account.place == seen.case.document.alert.service


def _stepped(seen: Observations, account: Account) -> Iterator[Fact]:
    """What stepped there; of its telemetry less where requests fail, more where the alert asks."""
    failing, named = accounts(seen).failing, _asked(seen, account)
    for row in account.steps[:SHOWN]:
        quotes = cite(seen.stepped_gauges, row, "metric", "before", "now", "since")
        text, step = step_words(row), Step(row.step)
        beside = bool(failing) and not named and step in TOLD
        if beside and step == Step.flood:  # who fails writes more
            continue
        part = TWICE if beside else 1.0
        clause = f"{text}; nothing fails by it" if step == Step.flood and not failing else text
        yield Fact(text, STEPPED[step], part, quotes, "" if step == Step.held else clause)
        if named and step in TOLD:
            yield Fact(f"the alert is about {account.place}", NAMED, 1.0, quotes)


def _novelty(row: NewFailure) -> float:
    """0..1: beyond chance, and for answers that people meet every day instead of good ones."""
    beyond = min(1.0, -row.log10_p / SURE)
    everyday = row.code is not None and row.code < 500
    return beyond * (1.0 - min(1.0, row.good_ratio or 0.0)) if everyday else beyond


def _holders(seen: Observations, account: Account) -> Iterator[Fact]:
    """Who holds what the others wait for, or has used up a database's connections; which rows
    differ from their backup, where callers fail on what the place answers."""
    for row in [*where(seen.sessions, service=account.place)][:1]:
        quotes = cite(seen.sessions, row, "blocker", "relation", "waiting", "held_s")
        yield Fact(session_words(row), BLOCKED, 1.0, quotes, session_words(row), row.blocker)
    crowds = (crowded(seen, row) for row in account.begun if row.callee == account.place)
    for row in [row for row in crowds if row][:1]:
        quotes = cite(seen.connections, row, "role", "used", "limit", "used_before")
        yield Fact(crowd_words(row), BLOCKED, 1.0, quotes, crowd_words(row))
    for row in damaged(seen)[:1] if account.on_content else []:
        text = f"{row.rows_differing} rows of {row.table} differ from the backup in {row.column}"
        quotes = cite(seen.backups, row, "table", "column", "rows_differing")
        yield Fact(text, BLOCKED, 1.0, quotes, text, row.table)


def _logged(seen: Observations, account: Account) -> Iterator[Fact]:
    """What the place itself says newly, where only its callers' words were heard so far."""
    if account.lead is None or account.lead.service == account.place:
        return
    rows = [r for r in where(seen.patterns, service=account.place) if r.level in LOUD]
    rows = [r for r in rows if r.kind in ("new", "surging") and r.after >= LINES]
    for row in rows[:1]:
        text = f"{account.place} logs “{quoted(row.sample)}”"
        quotes = cite(seen.patterns, row, "service", "sample", "after", "before")
        yield Fact(text, LOGGED, 1.0, quotes, text)


def _just_before(seen: Observations, account: Account) -> Iterator[Fact]:
    row = account.before
    if row and row.kind not in WEIGHED:
        quotes = cite(seen.changes, row, "kind", "service", "seconds_before")
        weight = STATE if row.kind in BY_CHANGE else BEFORE
        yield Fact(f"just before: {change_words(row)}", weight, 1.0, quotes)
