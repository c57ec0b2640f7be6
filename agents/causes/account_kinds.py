"""The kind of fault of an account, as far as it shows: by what was changed there, by how requests
fail, by what the error says of itself, by what the place is.
"""

from ...incident.finding import FaultKind
from ...tools.new_failures import NewFailure, Way
from ...tools.stepped_gauges import Step
from .account import JUST_BEFORE_S, Account, gave_up_early
from .account_words import nearest_change
from .error_words import kind_of, known_kind
from .observations import Observations, first

BY_CHANGE = {
    "grant": ("missing permission", "database fault"),
    "schema": ("schema change", "database fault"),
    "setting": ("changed setting", "bad configuration"),
    "environment": ("changed setting", "bad configuration"),
    "limit": ("changed setting", "bad configuration"),
}
"""Kind of change -> kinds of fault, the first that is known."""


def fault_kind(seen: Observations, account: Account) -> FaultKind:
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
    return kind_of(lead) if lead.way != Way.late else FaultKind.unknown


def _kind_of_place(seen: Observations, account: Account) -> FaultKind:
    if account.slowed and account.slowed[0].callee and not account.slowed[0].statement:
        return FaultKind.network
    entry = seen.case.catalogue.find(account.place)
    if entry and entry.kind == "database":
        return FaultKind.database
    if entry and entry.kind == "external" and account.begun:
        return FaultKind.provider_outage
    return FaultKind.unknown
