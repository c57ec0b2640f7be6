"""The sentence or two that tell an account."""

from collections.abc import Iterator, Sequence

from ...tools.requests import ChangedPath
from ..reporting.wording import way_words
from .account import Account
from .account_words import change_words, clock, nearest_change, step_words, telling
from .failure_path import CLEARLY, JUST_BEFORE_S
from .observations import Observations

SHOWN = 3
"""Facts beside the first that a statement tells."""


def statement(seen: Observations, account: Account, words: str, more: Sequence[str]) -> str:
    """At most two sentences: what is new and since when; what was changed just before."""
    since = f" since {clock(account.since)}" if account.since and account.begun else ""
    row = nearest_change(seen, account.place, account.since or 0.0, JUST_BEFORE_S)
    if row and row.kind == "restart" and "started again" in words:
        row = None
    facts = [argument for argument in more if argument != words]
    facts += [step_words(step) for step in telling(account.steps)[:2] if step_words(step) != words]
    facts += [way_words(way) for way in _ways(seen, account)]
    told = "again at" if row and row.kind == "restart" else words
    facts = [f for f in dict.fromkeys(facts) if f not in words and told not in f]
    before = f". Just before: {change_words(row)}" if row else ""
    beside = ("; with it: " if row else ". With it: ") + "; ".join(facts[:SHOWN]) if facts else ""
    return f"{words}{since}{before}{beside}"


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
