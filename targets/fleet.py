"""The instances of a service, where endpoints.json says which of them take requests."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx

from ..actions.capabilities import Activated, Replaced, Restarted, Restarting, Routing, Scaling
from ..actions.inventory import Inventory, Part
from ..errors import Halfway, ToolFailed
from .configured import Edge
from .git import Configuration
from .supervisor import Supervisor, restarted

FILE = "endpoints.json"
HEALTH = "/healthz"
"""Where an instance answers 200 once it is ready."""
READY_TIMEOUT_S = 15.0
PROBE_TIMEOUT_S = 1.0
POLL_S = 0.1


@dataclass(frozen=True)
class Endpoint:
    """One instance of a service as clients see it."""

    instance: str
    url: str
    active: bool


class Fleet(Restarting, Scaling):
    """Processes and the endpoints that lead to them: clients read which instances are active."""

    def __init__(self, supervisor: Supervisor, configuration: Configuration) -> None:
        self.supervisor = supervisor
        self.configuration = configuration

    def inventory(self) -> Inventory:
        """Every service with endpoints, its instances and its spares."""
        document, parts = self.configuration.read(FILE), {}
        for service in sorted(document):
            known = _endpoints(document, service)
            spares = [one.instance for one in known if not one.active]
            parts[service] = Part(instances=active(known), spares=spares)
        return Inventory(services=parts)

    def endpoints(self, service: str) -> list[Endpoint]:
        """Active and spare instances, in the file's order. Raises ToolFailed for unknown names."""
        return _endpoints(self.configuration.read(FILE), service)

    def activate_only(self, service: str, instances: Sequence[str]) -> Activated:
        """Let exactly these instances take requests; `before` in the receipt restores."""

        def edit(document: dict[str, Any]) -> Activated:
            before = active(_endpoints(document, service))
            for entry in document[service]:
                entry["active"] = entry["instance"] in instances
            return Activated(service=service, before=before, active=list(instances))

        summary = f"Send {service} requests to {', '.join(instances)}"
        return self.configuration.update(FILE, summary, edit)

    def restart(self, service: str) -> Restarted:
        """Restart what takes requests, one instance at a time, each ready before the next."""
        taking = [endpoint for endpoint in self.endpoints(service) if endpoint.active]
        return restarted(service, [partial(self._replace, endpoint) for endpoint in taking])

    def _replace(self, endpoint: Endpoint) -> Replaced:
        replaced = self.supervisor.replace(endpoint.instance)
        _ready(endpoint)
        return replaced

    def scale(self, service: str, instances: int) -> Activated:
        """Run this many: spares are started and take requests once they answer."""
        known = self.endpoints(service)
        taking = active(known)
        if instances > len(known):
            raise ToolFailed(f"{service} has {len(known)} instances at most, not {instances}")
        spares = [endpoint for endpoint in known if not endpoint.active]
        added = spares[: max(0, instances - len(taking))]
        wanted = [*taking, *(endpoint.instance for endpoint in added)][:instances]
        return self.activate(service, wanted, added)

    def restore(self, was: Activated) -> Activated:
        """The instances as before; those started since are stopped."""
        receipt = self.activate_only(was.service, was.before)
        for instance in was.started:
            self.supervisor.stop(instance)
        return receipt

    def activate(self, service: str, wanted: list[str], added: Sequence[Endpoint]) -> Activated:
        """Start the added ones, and let the wanted ones take requests once those answer."""
        before = active(self.endpoints(service))
        try:
            for endpoint in added:
                self.supervisor.start(endpoint.instance)
                _ready(endpoint)
            receipt = self.activate_only(service, wanted)
        except ToolFailed as error:
            raise self._taken_back(service, before, added, error) from error
        changed = receipt.before != wanted
        note = "" if changed else f"these took requests already: {', '.join(wanted)}"
        started = [endpoint.instance for endpoint in added]
        return receipt.model_copy(update={"started": started, "changed": changed, "note": note})

    def _taken_back(
        self, service: str, before: list[str], added: Sequence[Endpoint], error: ToolFailed
    ) -> ToolFailed:
        """What failed, with the spares that were started for it stopped again; those that take
        requests by now, or do not stop, are named with what undoes it."""
        taking = active(self.endpoints(service))
        left = [one.instance for one in added if one.instance in taking or not self._stopped(one)]
        if not left and taking == before:
            return ToolFailed(f"{error}; what was started for it is stopped again")
        part = Activated(service=service, before=before, active=taking, started=left)
        return Halfway(f"{error}; still running for it: {', '.join(left) or 'nothing'}", part)

    def _stopped(self, endpoint: Endpoint) -> bool:
        with suppress(ToolFailed):
            self.supervisor.stop(endpoint.instance)
            return True
        return False


class Router(Routing):
    """Keeps requests away from instances: spares take over, the edge's clients drain the rest."""

    def __init__(self, fleet: Fleet, edge: Edge) -> None:
        self.fleet = fleet
        self.edge = edge

    def reroute(self, service: str, away_from: Sequence[str]) -> Activated:
        """Send requests elsewhere; a spare is started when nothing else is left."""
        known = self.fleet.endpoints(service)
        taking = active(known)
        out = {*self.edge.rules()["drained"], *away_from}
        added = [] if set(taking) - out else [one for one in known if one.instance not in out][:1]
        if not added and not set(taking) - out:
            raise ToolFailed(f"{service} has no other instance: restart it, or roll it back")
        wanted = [*taking, *(endpoint.instance for endpoint in added)]
        receipt = self.fleet.activate(service, wanted, added)
        try:
            drained = self.edge.drain(away_from)
        except ToolFailed as error:
            text = f"requests go to {', '.join(wanted)}, but nothing was drained: {error}"
            raise Halfway(text, receipt) from error
        changed = receipt.changed or drained.changed
        return receipt.model_copy(update={"drained": drained.added, "changed": changed})

    def route_back(self, was: Activated) -> Activated:
        """The same instances as before; those started since are stopped."""
        self.edge.undrain(was.drained)
        return self.fleet.restore(was)


def active(known: Sequence[Endpoint]) -> list[str]:
    """Those that take requests."""
    return [endpoint.instance for endpoint in known if endpoint.active]


def _endpoints(document: dict[str, Any], service: str) -> list[Endpoint]:
    if service not in document:
        raise ToolFailed(f"no service {service}; known: {', '.join(sorted(document)) or 'none'}")
    return [
        Endpoint(entry["instance"], entry["url"], bool(entry["active"]))
        for entry in document[service]
    ]


def _ready(endpoint: Endpoint) -> None:
    """Wait until it answers. Raises ToolFailed after READY_TIMEOUT_S."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while problem := _ask(endpoint.url):
        if time.monotonic() > deadline:
            raise ToolFailed(
                f"{endpoint.instance} runs but does not answer after {READY_TIMEOUT_S:g} s "
                f"({problem}): read its log, consider a roll back"
            )
        time.sleep(POLL_S)


def _ask(url: str) -> str:
    """ "" for a 200 of /healthz, else what was wrong."""
    try:
        status = httpx.get(f"{url}{HEALTH}", timeout=PROBE_TIMEOUT_S, trust_env=False).status_code
    except httpx.TimeoutException:
        return f"no answer within {PROBE_TIMEOUT_S:g} s"
    except httpx.TransportError as error:
        return f"unreachable ({type(error).__name__})"
    return "" if status == httpx.codes.OK else f"HTTP {status}"
