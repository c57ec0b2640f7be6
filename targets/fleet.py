"""The instances of a service: restart them one by one, run more or fewer, route around some."""

from collections.abc import Sequence

from ..errors import ToolFailed
from .configuration import Receipt
from .edge import Edge
from .endpoints import Endpoint, Endpoints
from .health import InstanceHealth, probe, wait_until_answers
from .supervisor import Supervisor

READY_TIMEOUT_S = 15.0


class Fleet:
    """Processes and the endpoints that lead to them."""

    def __init__(self, supervisor: Supervisor, endpoints: Endpoints, edge: Edge) -> None:
        self.supervisor = supervisor
        self.endpoints = endpoints
        self.edge = edge

    def health(self, service: str) -> list[InstanceHealth]:
        """Supervisor's state and the health endpoint of every instance, spares included."""
        processes = {one.instance: one for one in self.supervisor.processes()}
        return [
            probe(endpoint, processes.get(endpoint.instance))
            for endpoint in self.endpoints.of(service)
        ]

    def restart(self, service: str, since: float | None = None) -> Receipt:
        """Restart what takes requests, one instance at a time, each ready before the next.

        Instances that started after `since` (unix seconds) are left alone: a repetition after a
        crash finishes what was begun. Supervisor knows whole seconds only.
        """
        done: list[Receipt] = []
        kept: list[str] = []
        for endpoint in self._active(service):
            process = self.supervisor.process(endpoint.instance)
            if process.running and since is not None and process.started > since:
                kept.append(endpoint.instance)
                continue
            fresh, killed = self.supervisor.restart(endpoint.instance)
            self._ready(endpoint)
            done.append(
                {
                    "instance": endpoint.instance,
                    "pid_before": process.pid,
                    "pid_after": fresh.pid,
                    "killed": killed,
                }
            )
        note = f"{', '.join(kept)} had been restarted already" if kept else ""
        return {"service": service, "restarted": done, "changed": bool(done), "note": note}

    def scale(self, service: str, instances: int) -> Receipt:
        """Run this many: spares are started and take requests once they answer."""
        known = self.endpoints.of(service)
        active = [endpoint.instance for endpoint in known if endpoint.active]
        if instances > len(known):
            raise ToolFailed(f"{service} has {len(known)} instances at most, not {instances}")
        spares = [endpoint for endpoint in known if not endpoint.active]
        added = spares[: max(0, instances - len(active))]
        wanted = [*active, *(endpoint.instance for endpoint in added)][:instances]
        return self._activate(service, wanted, added)

    def reroute(self, service: str, away_from: list[str]) -> Receipt:
        """Send requests elsewhere; a spare is started when nothing else is left."""
        known = self.endpoints.of(service)
        active = [endpoint.instance for endpoint in known if endpoint.active]
        out = {*self.edge.rules()["drained"], *away_from}
        added = [] if set(active) - out else [one for one in known if one.instance not in out][:1]
        if not added and not set(active) - out:
            raise ToolFailed(f"{service} has no other instance: restart it, or roll it back")
        wanted = [*active, *(endpoint.instance for endpoint in added)]
        receipt = self._activate(service, wanted, added)
        drained = self.edge.drain(away_from)
        changed = bool(receipt["changed"] or drained["changed"])
        return {**receipt, "drained": drained["added"], "changed": changed}

    def restore(self, service: str, before: Sequence[str], started: Sequence[str]) -> Receipt:
        """Undo of scale and reroute: the instances as before, those started since stopped."""
        receipt = self.endpoints.activate_only(service, list(before))
        for instance in started:
            self.supervisor.stop(instance)
        return {**receipt, "stopped": list(started)}

    def _activate(self, service: str, wanted: list[str], added: Sequence[Endpoint]) -> Receipt:
        started = [endpoint.instance for endpoint in added]
        for endpoint in added:
            self.supervisor.start(endpoint.instance)
            self._ready(endpoint)
        receipt = self.endpoints.activate_only(service, wanted)
        changed = receipt["before"] != wanted
        note = "" if changed else f"these took requests already: {', '.join(wanted)}"
        return {**receipt, "started": list(started), "changed": changed, "note": note}

    def _active(self, service: str) -> list[Endpoint]:
        return [endpoint for endpoint in self.endpoints.of(service) if endpoint.active]

    def _ready(self, endpoint: Endpoint) -> None:
        problem = wait_until_answers(endpoint, READY_TIMEOUT_S)
        if problem:
            raise ToolFailed(
                f"{endpoint.instance} runs but does not answer after {READY_TIMEOUT_S:g} s "
                f"({problem}): read its log, consider a roll back"
            )
