"""Which instances of a service take requests: client-side load balancing over active ones."""

from dataclasses import dataclass
from typing import Any

from ..errors import ToolFailed
from .configuration import Configuration, Receipt

FILE = "endpoints.json"


@dataclass(frozen=True)
class Endpoint:
    """One instance of a service as clients see it."""

    instance: str
    url: str
    active: bool


class Endpoints:
    """The endpoints of the configuration repository."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration

    def services(self) -> list[str]:
        """Names of the services that have endpoints."""
        return sorted(self.configuration.read(FILE))

    def of(self, service: str) -> list[Endpoint]:
        """Active and spare instances, in the file's order. Raises ToolFailed for unknown names."""
        return _endpoints(self.configuration.read(FILE), service)

    def active(self, service: str) -> list[str]:
        """Names of the instances that take requests."""
        return [endpoint.instance for endpoint in self.of(service) if endpoint.active]

    def activate_only(self, service: str, instances: list[str]) -> Receipt:
        """Let exactly these instances take requests; `before` in the receipt restores."""

        def edit(document: dict[str, Any]) -> Receipt:
            known = _endpoints(document, service)
            before = [endpoint.instance for endpoint in known if endpoint.active]
            for entry in document[service]:
                entry["active"] = entry["instance"] in instances
            return {"service": service, "before": before, "active": list(instances)}

        summary = f"Send {service} requests to {', '.join(instances)}"
        return self.configuration.update(FILE, summary, edit)


def _endpoints(document: dict[str, Any], service: str) -> list[Endpoint]:
    if service not in document:
        raise ToolFailed(f"no service {service}; known: {', '.join(sorted(document)) or 'none'}")
    return [
        Endpoint(entry["instance"], entry["url"], bool(entry["active"]))
        for entry in document[service]
    ]
