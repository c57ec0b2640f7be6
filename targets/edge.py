"""The edge: block sources, limit a route's rate, drain instances."""

from collections.abc import Sequence
from typing import Any

from ..actions.capabilities import Blocked, Committed, EdgeRules, LimitSet
from ..actions.inventory import Inventory, Part
from .configuration import Configuration

FILE = "edge.json"


class Edge(EdgeRules):
    """Rules that the gateway (and, for drained instances, every client) obeys."""

    def __init__(self, configuration: Configuration, service: str = "gateway") -> None:
        self.configuration = configuration
        self.service = service

    def inventory(self) -> Inventory:
        """Where users' requests enter."""
        return Inventory(services={self.service: Part(edge=True)})

    def rules(self) -> dict[str, Any]:
        """Blocked sources, limits in requests per second by route prefix, drained instances."""
        document = self.configuration.read(FILE)
        return {
            "blocked": list(document.get("blocked", [])),
            "limits": dict(document.get("limits", {})),
            "drained": list(document.get("drained", [])),
        }

    def block(self, sources: Sequence[str]) -> Blocked:
        """Refuse requests from these addresses or networks."""
        return self._add("blocked", sources, f"Block {', '.join(sources)}")

    def unblock(self, sources: Sequence[str]) -> Committed:
        """Undo: let these in again."""
        return self._remove("blocked", sources, f"Unblock {', '.join(sources)}")

    def drain(self, instances: Sequence[str]) -> Blocked:
        """Send no new requests to these instances."""
        return self._add("drained", instances, f"Drain {', '.join(instances)}")

    def undrain(self, instances: Sequence[str]) -> Committed:
        """Undo: send requests there again."""
        return self._remove("drained", instances, f"Return {', '.join(instances)} to service")

    def throttle(self, route: str, rate: float | None) -> LimitSet:
        """Limit a route prefix to `rate` requests per second; None lifts the limit."""

        def edit(document: dict[str, Any]) -> LimitSet:
            limits = document.setdefault("limits", {})
            before = limits.get(route)
            if rate is None:
                limits.pop(route, None)
            else:
                limits[route] = rate
            note = f"{route} had this limit already" if before == rate else ""
            return LimitSet(route=route, before=before, changed=before != rate, note=note)

        verb = f"Limit {route} to {rate:g}/s" if rate is not None else f"Lift the limit on {route}"
        return self.configuration.update(FILE, verb, edit)

    def _add(self, key: str, values: Sequence[str], summary: str) -> Blocked:
        """Add what is not there yet; the receipt's `added` is all that an undo may remove."""

        def edit(document: dict[str, Any]) -> Blocked:
            present = document.setdefault(key, [])
            added = [value for value in values if value not in present]
            present.extend(added)
            note = "" if added else f"all of them were {key} already"
            return Blocked(added=added, changed=bool(added), note=note)

        return self.configuration.update(FILE, summary, edit)

    def _remove(self, key: str, values: Sequence[str], summary: str) -> Committed:
        def edit(document: dict[str, Any]) -> Committed:
            document[key] = [one for one in document.get(key, []) if one not in values]
            return Committed(note=summary)

        return self.configuration.update(FILE, summary, edit)
