"""The moves that may cure a cause, best first: target and parameters come from evidence and the
inventory."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ...actions.base import Action, ActionDraft
from ...actions.configuration import FlagOff, RevertConfiguration, SwitchProvider
from ...actions.database import EndSession, RepairRows
from ...actions.edge import MAX_GOOD_SHARE, BlockSource, Throttle
from ...actions.facts import restored_at
from ...actions.inventory import Part
from ...actions.models import AnswerWithoutModel, CapCalls, CapTokens, SwitchModel
from ...actions.procedures import (
    ClearCache,
    FreeSpace,
    OpenBreaker,
    Prepared,
    RaiseLimit,
    RenewCertificate,
)
from ...actions.services import Reroute, Restart, RollBack, Scale
from ...actions.state import RestoreDatabase, RestoreProcess
from ...faults import Remedy, fault_of
from ...incident.finding import Hypothesis
from ...tools.change_feed import ChangeRecord
from ...tools.state import STATE_KINDS
from ...tools.traffic import access_patterns
from .access import attackers, covered, networks, refused
from .cluster_moves import cluster_moves
from .data import damaged
from .model_moves import cap_calls, cap_tokens, switch_model, switch_provider, without_model
from .observations import Observations, first, waited_for, where

PUT_BACK = (Remedy.restore_state, Remedy.revert_configuration)
WITHOUT = (Remedy.switch_provider, Remedy.answer_without_model)
NO_RELEASE = STATE_KINDS | {"config", "flag", "scale"}
"""Kinds of change that another version of the code does not take back."""


def moves(seen: Observations, cause: Hypothesis) -> Iterator[ActionDraft]:
    """What the cluster names; what is blamed is put back, whatever kind of fault it is; then what
    its kind is cured by; at last what is somebody else's is done without."""
    yield from cluster_moves(seen, cause)
    remedies = (*PUT_BACK, *fault_of(cause.kind).remedies)
    without = WITHOUT if cause.service in seen.of_kind("external") else ()
    for remedy in dict.fromkeys((*remedies, *without)):
        yield from MOVES[remedy].draft(seen, cause)
    if seen.case.inventory.request(cause.change):  # which waits for others, and cures nothing yet
        yield ActionDraft(RevertConfiguration, cause.service, {"commit": cause.change})


def _restart(_observations: Observations, cause: Hypothesis) -> Iterator[ActionDraft]:
    yield ActionDraft(Restart, cause.service, {})


def _flag_off(_observations: Observations, cause: Hypothesis) -> Iterator[ActionDraft]:
    yield ActionDraft(FlagOff, cause.resource, {})


def _roll_back(seen: Observations, cause: Hypothesis) -> Iterator[ActionDraft]:
    """To the version before the one that brought the blamed change; only where one is blamed."""
    row = first(seen.changes, id=cause.change) if cause.change else None
    if row is None or row.kind in NO_RELEASE:
        return
    part = seen.case.inventory.services.get(cause.service, Part())
    carrier = next((d for d in _deploys(seen, cause.service) if d.at >= row.at), None)
    newest = carrier is None or carrier.version in ("", part.version)
    version = row.previous or (carrier.previous if carrier else "")
    version = version or (part.previous if newest else "")
    if version:
        yield ActionDraft(RollBack, cause.service, {"to_version": version})


def brought_by(seen: Observations, service: str, version: str) -> set[str]:
    """Ids of the changes that came with a version of a service: its deploy, and the service's
    commits since the deploy before it."""
    earlier = -math.inf
    for deploy in _deploys(seen, service):
        if deploy.version == version:
            commits = where(seen.history, kind="commit", service=service)
            return {deploy.id, *(c.id for c in commits if earlier < c.at <= deploy.at)}
        earlier = deploy.at
    return set()


def _deploys(seen: Observations, service: str) -> list[ChangeRecord]:
    """Of a service, oldest first."""
    found = where(seen.history, kind="deploy", service=service)
    return sorted(found, key=lambda deploy: deploy.at)


def _reroute(seen: Observations, cause: Hypothesis) -> Iterator[ActionDraft]:
    part = seen.case.inventory.services.get(cause.service, Part())
    if part.spares:
        yield ActionDraft(Reroute, cause.service, {"away_from": part.instances})


def _scale(seen: Observations, cause: Hypothesis) -> Iterator[ActionDraft]:
    """As many instances as the arrivals grew by, with a third of head-room; where jobs wait, of
    who does them."""
    queued = next((s for s in waited_for(seen) if s in seen.case.inventory.services), cause.service)
    part = seen.case.inventory.services.get(queued, Part())
    row = first(seen.traffic, value=cause.resource)
    growth = (row.ratio if row else None) or 2.0
    wanted = min(part.most, math.ceil(len(part.instances) * growth * 1.3))
    if wanted > len(part.instances):
        yield ActionDraft(Scale, queued, {"instances": wanted})


def _throttle(seen: Observations, cause: Hypothesis) -> Iterator[ActionDraft]:
    yield from _limit(seen, cause.resource)


def _throttle_logins(seen: Observations, _cause: Hypothesis) -> Iterator[ActionDraft]:
    logins = (r.value for r in seen.traffic.rows if "login" in r.value.lower())
    yield from _limit(seen, next(logins, ""))


def _limit(seen: Observations, route: str) -> Iterator[ActionDraft]:
    """To half as much again as the healthy rate of the route."""
    row = first(seen.traffic, value=route)
    usual = row.rate_before if row else 0.0
    if usual and route not in ("*", "/"):
        for edge in _edges(seen):
            limit = {"route": route.rpartition(" ")[2], "rate": round(usual * 1.5, 1)}
            yield ActionDraft(Throttle, edge, limit)


def _block(seen: Observations, _cause: Hypothesis) -> Iterator[ActionDraft]:
    """The attacking sources, or those that only send what is refused, with the measured share of
    good requests they send; above the limit, throttling is the gentler way."""
    patterns = seen.ask(access_patterns, by="source")
    good = {r.value: r.requests - r.errors for r in patterns.rows}
    hostile = attackers(seen) or refused(seen)
    sources = networks([row.value for row in hostile], good)
    total = sum(good.values())
    cut = sum(count for address, count in good.items() if covered(address, sources))
    share = cut / total if total else 0.0
    if sources and share <= MAX_GOOD_SHARE:
        for edge in _edges(seen):
            parameters = {"sources": sources, "good_share": round(share, 4)}
            yield ActionDraft(BlockSource, edge, parameters)


def _repair(seen: Observations, cause: Hypothesis) -> Iterator[ActionDraft]:
    """The damaged columns of the table that the failing code reads."""
    suspects = damaged(seen)
    named = [row for row in suspects if row.table == cause.resource]
    for table in dict.fromkeys(row.table for row in named or suspects):
        rows = [row for row in suspects if row.table == table]
        most = max(500, *(row.rows_differing for row in rows))
        parameters = {"columns": [row.column for row in rows], "max_rows": most}
        yield ActionDraft(RepairRows, table, parameters)


def _end_session(seen: Observations, cause: Hypothesis) -> Iterator[ActionDraft]:
    """The session that holds what others still wait for: the one that is named, else the one that
    has held it longest."""
    held = list(where(seen.sessions, ended=False))
    named = [row for row in held if row.blocker == cause.resource]
    for row in (named or held)[:1]:
        session = {"session": row.blocker, "application": row.blocker_application}
        yield ActionDraft(EndSession, row.service, session)


def _revert(seen: Observations, cause: Hypothesis) -> Iterator[ActionDraft]:
    """The blamed commit of the configuration."""
    row = first(seen.changes, id=cause.change) if cause.change else None
    if row and row.kind in ("config", "scale") and not seen.case.inventory.request(row.id):
        yield ActionDraft(RevertConfiguration, row.service or cause.service, {"commit": row.id})


def _restore(seen: Observations, cause: Hypothesis) -> Iterator[ActionDraft]:
    """The state that is blamed, as it was; only where it is still what it became,
    and allows less than before."""
    row = first(seen.state, id=cause.change) if cause.change else None
    action = RESTORED.get(row.what) if row else None
    if row and action and row.lasts and not row.eases:
        fact = {"what": row.what, "object": row.object, "now": row.value, "to": row.previous}
        yield ActionDraft(action, row.service, fact)


RESTORED: dict[str, type[Action]] = {
    kind: action
    for action in (RestoreDatabase, RestoreProcess)
    for kind in restored_at(action.place)
}
"""What puts a kind of fact back."""


def _prepared(action: type[Prepared]) -> "Move":
    """What was prepared for the guilty service, or for what of it is blamed."""

    def draft(seen: Observations, cause: Hypothesis) -> Iterator[ActionDraft]:
        for name, one in seen.case.inventory.procedures.items():
            if one.does == action.kind and one.target in (cause.service, cause.resource):
                yield ActionDraft(action, one.target, {"procedure": name})

    return Move(draft, (action,))


def _edges(seen: Observations) -> list[str]:
    return [name for name, part in seen.case.inventory.services.items() if part.edge][:1]


@dataclass(frozen=True)
class Move:
    """How a cause is cured: what is drafted, and the actions that it may be."""

    draft: Callable[[Observations, Hypothesis], Iterator[ActionDraft]]
    actions: tuple[type[Action], ...]


MOVES: dict[Remedy, Move] = {
    Remedy.restart: Move(_restart, (Restart,)),
    Remedy.roll_back: Move(_roll_back, (RollBack,)),
    Remedy.reroute: Move(_reroute, (Reroute,)),
    Remedy.scale: Move(_scale, (Scale,)),
    Remedy.throttle: Move(_throttle, (Throttle,)),
    Remedy.throttle_logins: Move(_throttle_logins, (Throttle,)),
    Remedy.block_source: Move(_block, (BlockSource,)),
    Remedy.flag_off: Move(_flag_off, (FlagOff,)),
    Remedy.repair_rows: Move(_repair, (RepairRows,)),
    Remedy.switch_provider: Move(switch_provider, (SwitchProvider,)),
    Remedy.switch_model: Move(switch_model, (SwitchModel,)),
    Remedy.answer_without_model: Move(without_model, (AnswerWithoutModel,)),
    Remedy.cap_calls: Move(cap_calls, (CapCalls,)),
    Remedy.cap_tokens: Move(cap_tokens, (CapTokens,)),
    Remedy.revert_configuration: Move(_revert, (RevertConfiguration,)),
    Remedy.end_session: Move(_end_session, (EndSession,)),
    Remedy.restore_state: Move(_restore, (RestoreDatabase, RestoreProcess)),
    Remedy.renew_certificate: _prepared(RenewCertificate),
    Remedy.clear_cache: _prepared(ClearCache),
    Remedy.free_space: _prepared(FreeSpace),
    Remedy.open_breaker: _prepared(OpenBreaker),
    Remedy.raise_limit: _prepared(RaiseLimit),
}
"""The moves that files of faults/ name."""
