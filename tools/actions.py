"""The catalogue of actions: what each one risks, who notices, how it is verified and undone.

Risk, blast radius and undo are facts of this file; a model chooses kind, target and parameters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from ..errors import ToolRetry
from ..incident.action import ActionKind, ActionPlan, Level
from ..incident.evidence import Quote
from ..targets.inventory import Inventory
from .parameters import (
    BlockSource,
    Nothing,
    RepairRows,
    Reroute,
    RollBack,
    Scale,
    SwitchProvider,
    Throttle,
)
from .targets import CHECKS


@dataclass(frozen=True)
class Entry:
    """One action of the catalogue; texts may name {target} and the parameters."""

    kind: ActionKind
    parameters: type[BaseModel]
    target: str  # what it is aimed at: service, flag, edge service, table
    risk: Level
    blast_radius: str
    reversible: bool
    expected_effect: str
    verification: str
    undo: str


CATALOGUE: dict[ActionKind, Entry] = {
    entry.kind: entry
    for entry in (
        Entry(
            ActionKind.restart,
            Nothing,
            "service",
            Level.medium,
            "Requests in flight on {target} fail; with a single instance {target} is away for a "
            "few seconds and its callers see errors.",
            False,
            "{target} answers again, its memory and connections start from zero.",
            "Error rate, latency and health endpoint of {target} and of the edge.",
            "None: the old process is gone. If it got worse, roll back or reroute instead.",
        ),
        Entry(
            ActionKind.roll_back,
            RollBack,
            "service",
            Level.medium,
            "What {to_version} does not have is gone for users; {target} restarts, instance by "
            "instance, and requests in flight fail.",
            True,
            "{target} behaves as it did on {to_version}.",
            "Error rate and latency of {target} and of the edge against their baseline.",
            "Switch {target} back to the version it runs now and restart it.",
        ),
        Entry(
            ActionKind.scale,
            Scale,
            "service",
            Level.low,
            "Nobody while instances are added; more load and connections on the dependencies of "
            "{target}. When fewer, the remaining ones carry more.",
            True,
            "Load spreads over {instances} instances; queueing and latency of {target} fall.",
            "Share of concurrency in use, latency and error rate of {target}.",
            "Return to the instances that take requests now; stop the ones started.",
        ),
        Entry(
            ActionKind.flag_off,
            Nothing,
            "flag",
            Level.low,
            "Everyone for whom {target} is on loses that feature within a second.",
            True,
            "The code behind {target} no longer runs; its errors stop.",
            "Error rate of the service that reads {target}, and its error log.",
            "Restore the state and default variant that {target} has now.",
        ),
        Entry(
            ActionKind.throttle,
            Throttle,
            "edge service",
            Level.medium,
            "Users of {route} above {rate}/s are answered 429 and have to try again.",
            True,
            "At most {rate}/s of {route} reach the services behind; they recover.",
            "Latency and error rate behind {route}; share of 429 at the edge.",
            "Restore the limit that {route} has now, or none.",
        ),
        Entry(
            ActionKind.block_source,
            BlockSource,
            "edge service",
            Level.medium,
            "Everyone behind these sources is answered 403, customers among them.",
            True,
            "Requests from the sources end at the edge; failed logins fall to their baseline.",
            "Failure share and rate of logins; load of the services behind.",
            "Take exactly the sources added off the block list.",
        ),
        Entry(
            ActionKind.reroute,
            Reroute,
            "service",
            Level.low,
            "The other instances of {target} carry all the load; a spare is started if none is "
            "left.",
            True,
            "No request waits for the instances left out; errors and timeouts of {target} stop.",
            "Error rate and latency of {target} and of its callers.",
            "Send requests to the same instances as now; stop the spare started.",
        ),
        Entry(
            ActionKind.switch_provider,
            SwitchProvider,
            "service that uses a provider",
            Level.medium,
            "Answers of {target} come from {to}: other quality, other cost, data goes to another "
            "third party.",
            True,
            "Calls of {target} to its provider succeed again.",
            "Error share of provider calls; error rate and latency of {target}.",
            "Return to the provider in use now.",
        ),
        Entry(
            ActionKind.repair_rows,
            RepairRows,
            "table",
            Level.high,
            "The named columns of damaged rows in {target} return to the time of the backup; "
            "later legitimate edits of these columns in these rows are lost. Writers of {target} "
            "wait for under a second.",
            True,
            "{target} agrees with its backup in these columns; errors on these rows stop.",
            "Rows that differ from the backup; error rate of the services that read {target}.",
            "The replaced values are kept in the database and are written back.",
        ),
    )
}


def plan(
    kind: ActionKind | str,
    target: str,
    parameters: Mapping[str, Any],
    rationale: str,
    *,
    inventory: Inventory,
    hypothesis: str = "",
    quotes: Sequence[Quote] = (),
    attempt: int = 1,
) -> ActionPlan:
    """An exact, checked plan. Raises ToolRetry with the correction for anything that is off."""
    entry = find(kind)
    checked = check(entry.kind, target, parameters, inventory)
    words = {"target": target, **checked}
    return ActionPlan(
        kind=entry.kind,
        target=target,
        parameters=checked,
        hypothesis=hypothesis,
        rationale=rationale,
        quotes=list(quotes),
        risk=entry.risk,
        blast_radius=entry.blast_radius.format(**words),
        reversible=entry.reversible,
        expected_effect=entry.expected_effect.format(**words),
        verification=entry.verification.format(**words),
        undo=entry.undo.format(**words),
        attempt=attempt,
    )


def find(kind: ActionKind | str) -> Entry:
    """The entry of this kind. Raises ToolRetry that names the known ones."""
    try:
        return CATALOGUE[ActionKind(kind)]
    except ValueError as error:
        known = ", ".join(one.value for one in ActionKind)
        raise ToolRetry(f"no action {kind!r}; the catalogue has: {known}") from error


def check(
    kind: ActionKind, target: str, parameters: Mapping[str, Any], inventory: Inventory
) -> dict[str, Any]:
    """Parameters in canonical form. Raises ToolRetry for a wrong target or parameter."""
    try:
        checked = CATALOGUE[kind].parameters.model_validate(dict(parameters))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, item['loc'])) or 'parameters'}: {item['msg']}"
            for item in error.errors()
        )
        raise ToolRetry(f"{kind.value} {target}: {wrong}") from error
    CHECKS[kind](inventory, target, checked)
    return checked.model_dump(mode="json")
