"""From accounts to candidates: the words of each, and what speaks for it."""

from collections.abc import Iterator

from ...tools.change_feed import ChangeRecord
from ...tools.new_failures import NewFailure
from ...tools.stepped_gauges import Step
from .account import Account, accounts
from .account_kinds import BY_CHANGE, fault_kind, on_content, readdressed, released_content
from .account_statement import statement
from .account_words import (
    change_words,
    crowd_words,
    failure_words,
    nearest_change,
    quoted,
    session_words,
    share_words,
    slowed_words,
    start_words,
    step_words,
    telling,
)
from .candidate import Candidate
from .data import damaged
from .failure_path import JUST_BEFORE_S, crowded, gave_up_early, starts
from .observations import Observations, cite, where
from .studies import scene

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
STATE = 2.5
"""Log-odds of state that is otherwise at the place since just before: a grant, a setting."""
BLOCKED = 2.5
"""Log-odds of a session that is seen to hold what others wait for."""
LOGGED, LINES, LOUD = 1.0, 3, ("error", "critical")
"""Log-odds of new error lines of the place itself; how many at least; how loud."""
RESTARTED = 2.0
"""Log-odds of calls refused during a start, where nothing else is new."""
TWICE = 0.3
"""What a second reading of the same requests counts."""
SHARED = 1.5
"""Log-odds of one place that keeps three services waiting."""
FEW = 0.1
"""An account of fewer of the failing requests tells nothing."""
SURE = 4.0
"""-log10 of the chance from which a new failure is no chance at all."""
WEIGHED = ("deploy", "flag", "config", "scale")
"""Kinds of changes that have recognisers of their own."""


def told(seen: Observations) -> Iterator[Candidate]:
    """Each account that says something, as a candidate."""
    for account in accounts(seen).places.values():
        candidate = Candidate(account.place, fault_kind(seen, account), "")
        words = _weigh(seen, candidate, account) if _matters(seen, account) else []
        if candidate.reasons and words:
            candidate.account = words[0]
            candidate.statement = statement(seen, account, words[0], words[1:])
            change = nearest_change(seen, account.place, account.since or 0.0, JUST_BEFORE_S)
            if change and (change.kind in BY_CHANGE or change is readdressed(seen, account)):
                candidate.change = change.id
            if release := released_content(seen, account):
                candidate.change = release.id
                candidate.tied = _names_it(seen, release)
            yield candidate


def _names_it(seen: Observations, release: ChangeRecord) -> bool:
    """Whether what a release changed is what the errors name."""
    studied = scene(seen).changes.get(release.id)
    return bool(studied and (studied.contact.by_name > 0 or studied.contact.on_the_path))


def _matters(seen: Observations, account: Account) -> bool:
    """Whether it tells of more than a few requests, or of what was changed; a victim's does not."""
    stepped = any(step.step == Step.setting for step in account.steps)
    if stepped or account.slowed or account.changed:
        return True
    deeper, share = accounts(seen).explained(account.place)
    if deeper and share > 0.5:
        return False
    if not accounts(seen).failing:
        return bool(account.gaps or account.steps)
    count = sum(row.count for row in (*account.begun, *account.reached))
    return count >= FEW * max(1, accounts(seen).failing)


def _weigh(seen: Observations, candidate: Candidate, account: Account) -> list[str]:
    """Give the candidate its reasons; their clauses, the one that tells most first."""
    words = [
        *_failures(seen, candidate, account),
        *_sessions(seen, candidate, account),
        *_crowd(seen, candidate, account),
        *_logged(seen, candidate, account),
        *_rows(seen, candidate, account),
        *_gauges(seen, candidate, account),
        *_slowed(seen, candidate, account),
        *_start(seen, candidate, account),
        *(change_words(row) for row in account.changed[:1]),
    ]
    if words:
        _just_before(seen, candidate, account)
    return words


def _failures(seen: Observations, candidate: Candidate, account: Account) -> Iterator[str]:
    rows = [*account.begun, *account.reached]
    lead, failing = account.lead, accounts(seen).failing
    if not rows or lead is None:
        return
    count, before = sum(row.count for row in rows), sum(row.before for row in rows)
    words = failure_words(lead, account.place)
    novelty = max(_novelty(row) for row in rows)
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


def _novelty(row: NewFailure) -> float:
    """0..1: beyond chance, and for answers that people meet every day instead of good ones."""
    beyond = min(1.0, -row.log10_p / SURE)
    everyday = row.code is not None and row.code < 500
    return beyond * (1.0 - min(1.0, row.good_ratio or 0.0)) if everyday else beyond


def _sessions(seen: Observations, candidate: Candidate, account: Account) -> Iterator[str]:
    """Who holds what the others wait for."""
    for row in list(where(seen.sessions, service=account.place))[:1]:
        text = session_words(row)
        quotes = cite(seen.sessions, row, "blocker", "relation", "waiting", "held_s")
        candidate.backed(BLOCKED, 1.0, text, quotes)
        candidate.resource = row.blocker
        yield text


def _crowd(seen: Observations, candidate: Candidate, account: Account) -> Iterator[str]:
    """Who has used up a database's connections."""
    rows = (crowded(seen, row) for row in account.begun if row.callee == account.place)
    for row in [row for row in rows if row][:1]:
        quotes = cite(seen.connections, row, "role", "used", "limit", "used_before")
        candidate.backed(BLOCKED, 1.0, crowd_words(row), quotes)
        yield crowd_words(row)


def _logged(seen: Observations, candidate: Candidate, account: Account) -> Iterator[str]:
    """What the place itself says newly, where only its callers' words were heard so far."""
    lead = account.lead
    if lead is None or lead.service == account.place:
        return
    for row in where(seen.patterns, service=account.place):
        if row.level in LOUD and row.kind in ("new", "surging") and row.after >= LINES:
            text = f"{account.place} logs “{quoted(row.sample)}”"
            quotes = cite(seen.patterns, row, "service", "sample", "after", "before")
            candidate.backed(LOGGED, 1.0, text, quotes)
            yield text
            return


def _rows(seen: Observations, candidate: Candidate, account: Account) -> Iterator[str]:
    """Rows that differ from their backup, where callers fail on what the place answers."""
    for row in damaged(seen)[:1] if on_content(account) else []:
        text = f"{row.rows_differing} rows of {row.table} differ from the backup in {row.column}"
        quotes = cite(seen.backups, row, "table", "column", "rows_differing")
        candidate.backed(BLOCKED, 1.0, text, quotes)
        candidate.resource = row.table
        yield text


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
        candidate.backed(SLOWED, min(1.0, row.ratio - 1.0, 2 * row.share), text, quotes)
        yield text


def _start(seen: Observations, candidate: Candidate, account: Account) -> Iterator[str]:
    """It was started again, and calls were refused meanwhile."""
    lead = max(account.gaps, key=lambda row: row.count, default=None)
    begun = starts(seen, account.place)
    if lead is None or not begun:
        return
    text = f"{start_words(account.place, begun)}; {lead.count} calls were refused until it "
    text += f"listened, “{quoted(lead.words)}”"
    quotes = cite(seen.new_failures, lead, "callee", "words", "count")
    candidate.backed(RESTARTED, 1.0 if not accounts(seen).failing else TWICE, text, quotes)
    yield text


def _just_before(seen: Observations, candidate: Candidate, account: Account) -> None:
    row = nearest_change(seen, account.place, account.since or 0.0, JUST_BEFORE_S)
    if row and row.kind not in WEIGHED:
        quotes = cite(seen.changes, row, "kind", "service", "seconds_before")
        weight = STATE if row.kind in BY_CHANGE else BEFORE
        candidate.backed(weight, 1.0, f"just before: {change_words(row)}", quotes)
