"""The kind of fault of an account, as far as it shows: by what was changed there, by how requests
fail, by what the error says of itself, by what the place is.
"""

from ...incident.finding import FaultKind
from ...tools.change_feed import ChangeRecord
from ...tools.failed_spans import Way
from ...tools.new_failures import NewFailure
from ...tools.stepped_gauges import Step
from .account import Account
from .account_words import nearest_change
from .error_words import kind_of, known_kind
from .failure_path import JUST_BEFORE_S, gave_up_early, starts
from .observations import Observations, first, where

BY_CHANGE = {
    "grant": ("missing permission", "database fault"),
    "schema": ("schema change", "database fault"),
    "setting": ("changed setting", "bad configuration"),
    "environment": ("changed setting", "bad configuration"),
    "limit": ("changed setting", "bad configuration"),
    "process": ("hung process",),
}
"""Kind of change -> kinds of fault, the first that is known."""


def fault_kind(seen: Observations, account: Account) -> FaultKind:
    """The kind of fault as far as it shows."""
    change = nearest_change(seen, account.place, account.since or 0.0, JUST_BEFORE_S)
    if change and change.kind in BY_CHANGE:
        return _kind_of_change(change)
    if readdressed(seen, account):
        return FaultKind.bad_config
    if any(step.step == Step.setting for step in account.steps):
        return known_kind(*BY_CHANGE["setting"])
    if any(True for _ in where(seen.sessions, service=account.place)):
        return known_kind("lock contention", "database fault")
    lead = account.lead
    if lead and (account.begun or account.reached):
        found = _kind_of_failure(seen, account, lead)
        if found is not FaultKind.unknown:
            return found
    if account.gaps and len(starts(seen, account.place)) > 1:
        return FaultKind.crash_loop
    return _kind_of_place(seen, account)


def on_content(account: Account) -> bool:
    """Whether callers whose code is as it was fail on what the place answers."""
    lead = account.lead
    return bool(lead and lead.way == Way.own and lead.service != account.place)


def readdressed(seen: Observations, account: Account) -> ChangeRecord | None:
    """The commit just before by which callers look elsewhere for a place that runs as it did: they
    reach nobody, and it was neither started again nor fell silent."""
    lead = account.lead
    if lead is None or lead.way != Way.refused or starts(seen, account.place):
        return None
    change = nearest_change(seen, account.place, lead.since, JUST_BEFORE_S)
    silent = first(seen.stepped_gauges, service=account.place, step=Step.silent)
    return change if change and change.kind in ("config", "scale") and not silent else None


def released_content(seen: Observations, account: Account) -> ChangeRecord | None:
    """The release just before of a service whose answers unchanged callers cannot use since."""
    lead = account.lead
    if lead is None or not on_content(account):
        return None
    change = nearest_change(seen, account.place, lead.since, JUST_BEFORE_S)
    return change if change and change.kind == "deploy" else None


def _kind_of_change(change: ChangeRecord) -> FaultKind:
    """By the kind of change; a row policy is a permission, and descriptors are a limit."""
    if "policy" in change.summary:
        return known_kind(*BY_CHANGE["grant"])
    if "descriptor" in change.summary or "open files" in change.summary:
        return known_kind("descriptor exhaustion", "changed setting")
    return known_kind(*BY_CHANGE[change.kind])


def _kind_of_failure(seen: Observations, account: Account, lead: NewFailure) -> FaultKind:
    place = account.place
    if released_content(seen, account):
        return FaultKind.bad_deploy
    if on_content(account):
        return FaultKind.data_corruption
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
    if any(step.step == Step.silent for step in account.steps):
        return FaultKind.telemetry_lost
    if account.slowed and account.slowed[0].callee and not account.slowed[0].statement:
        return FaultKind.network
    entry = seen.case.catalogue.find(account.place)
    if entry and entry.kind == "database":
        return FaultKind.database
    if entry and entry.kind == "external" and account.begun:
        return FaultKind.provider_outage
    return FaultKind.unknown
