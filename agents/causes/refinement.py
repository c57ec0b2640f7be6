"""What the accounts do to the kinds of fault that were named, and to the places.

An account whose kind shows is a candidate like the named ones; else it words the place. A named
kind at the same place is refined by the account's words and never replaces them. Whose failures
begin deeper is a victim, however loud.
"""

from ...incident.finding import FaultKind
from ...tools.new_failures import Way
from ...tools.stepped_gauges import Step
from .account import accounts
from .account_candidates import TWICE, told
from .candidate import Candidate
from .observations import Observations, cite, first, where
from .processes import unmeasured

VICTIM = 3.0
"""Log-odds against a service all of whose failures begin deeper."""


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


def _take(named: list[Candidate], places: list[Candidate], account: Candidate) -> None:
    """Put an account's candidate to what is known of its place."""
    same = [c for c in named if (c.service, c.kind) == (account.service, account.kind)]
    place = next((c for c in places if c.service == account.service), None)
    if same:
        _join(same[0], account)
    elif account.kind is not FaultKind.unknown and (place is None or _rivals(named, account)):
        named.append(account)
    elif place is None:
        places.append(account)
    else:
        place.account, place.statement = account.account, account.statement
        if account.kind is not FaultKind.unknown:
            place.kind = account.kind
        elif place.kind is FaultKind.cpu_saturation:
            place.kind = FaultKind.application
        _join(place, account)


def _rivals(named: list[Candidate], account: Candidate) -> bool:
    """Whether other kinds of fault are named for its place: then it stands beside them."""
    return any(c.service == account.service and c.weight > 0 for c in named)


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
    if silent and candidate.service in unmeasured(seen):
        text = f"its telemetry stopped, and it worked {silent.served} requests since"
        candidate.doubted(VICTIM, 1.0, text, cite(seen.stepped_gauges, silent, "served"))
