"""Whether a target exists and the parameters fit it, held against the inventory."""

from collections.abc import Callable, Iterable
from typing import Any

from ..errors import ToolRetry
from ..incident.action import ActionKind
from ..targets.inventory import Inventory, Part
from .parameters import RepairRows, Reroute, RollBack, Scale, SwitchProvider, Throttle


def _known(inventory: Inventory, service: str) -> Part:
    part = inventory.services.get(service)
    if part is None:
        raise _unknown("service", service, inventory.services)
    return part


def _restart(inventory: Inventory, target: str, _: Any) -> None:
    if not _known(inventory, target).instances:
        raise ToolRetry(f"{target} has no instance of ours to restart")


def _roll_back(inventory: Inventory, target: str, wanted: RollBack) -> None:
    part = _known(inventory, target)
    if wanted.to_version == part.version:
        raise ToolRetry(f"{target} runs {part.version} already: there is nothing to roll back")
    if wanted.to_version not in part.versions:
        raise _unknown(f"version of {target}", wanted.to_version, part.versions)


def _scale(inventory: Inventory, target: str, wanted: Scale) -> None:
    part = _known(inventory, target)
    if wanted.instances > part.most:
        raise ToolRetry(f"{target} has room for {part.most} instances, not {wanted.instances}")
    if wanted.instances == len(part.instances):
        raise ToolRetry(f"{target} runs {wanted.instances} instances already")


def _flag_off(inventory: Inventory, target: str, _: Any) -> None:
    if target not in inventory.flags:
        raise _unknown("flag", target, inventory.flags)
    if not inventory.flags[target]:
        raise ToolRetry(f"the flag {target} is off already")


def _edge(inventory: Inventory, target: str) -> None:
    edges = [name for name, part in inventory.services.items() if part.edge]
    if target not in edges:
        raise _unknown("edge service", target, edges)


def _throttle(inventory: Inventory, target: str, wanted: Throttle) -> None:
    _edge(inventory, target)
    if inventory.routes and not any(one.startswith(wanted.route) for one in inventory.routes):
        raise _unknown("route", wanted.route, inventory.routes)


def _block_source(inventory: Inventory, target: str, _: Any) -> None:
    _edge(inventory, target)


def _reroute(inventory: Inventory, target: str, wanted: Reroute) -> None:
    part = _known(inventory, target)
    for instance in wanted.away_from:
        if instance not in part.instances:
            raise _unknown(f"active instance of {target}", instance, part.instances)
    if not part.spares and not set(part.instances) - set(wanted.away_from):
        raise ToolRetry(f"{target} has no other instance: restart it or roll it back")


def _switch_provider(inventory: Inventory, target: str, wanted: SwitchProvider) -> None:
    part = _known(inventory, target)
    if not part.provider:
        using = [name for name, one in inventory.services.items() if one.provider]
        raise _unknown("service that uses a provider", target, using)
    if wanted.to == part.provider:
        raise ToolRetry(f"{target} uses {wanted.to} already")
    if wanted.to not in inventory.providers:
        raise _unknown("provider", wanted.to, inventory.providers)


def _repair_rows(inventory: Inventory, target: str, wanted: RepairRows) -> None:
    if target not in inventory.tables:
        raise _unknown("table with a backup", target, inventory.tables)
    columns = inventory.tables[target]
    for column in wanted.columns:
        if columns and column not in columns:
            raise _unknown(f"column of {target}", column, columns)


def _unknown(what: str, name: str, known: Iterable[str]) -> ToolRetry:
    return ToolRetry(f"no {what} {name!r}; known: {', '.join(sorted(known)) or 'none'}")


CHECKS: dict[ActionKind, Callable[[Inventory, str, Any], None]] = {
    ActionKind.restart: _restart,
    ActionKind.roll_back: _roll_back,
    ActionKind.scale: _scale,
    ActionKind.flag_off: _flag_off,
    ActionKind.throttle: _throttle,
    ActionKind.block_source: _block_source,
    ActionKind.reroute: _reroute,
    ActionKind.switch_provider: _switch_provider,
    ActionKind.repair_rows: _repair_rows,
}
