"""Proxies in front of instances: HAProxy by its runtime API, Traefik by the file that it watches.

Where requests go is changed for as long as the proxy's own configuration does not say otherwise:
HAProxy forgets it when it is restarted, and the probe of the action then says that it is not done.
"""

import os
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from ..actions.capabilities import Activated, Receipt, Routing
from ..actions.inventory import Inventory, Part
from ..errors import ToolFailed
from ..outgoing import asked
from .doors import Guarded, Section, awaited

DRAINED, MAINTENANCE = 0x08, 0x01
"""Bits of HAProxy's srv_admin_state (management guide, "show servers state")."""
MOST_BYTES = 2**20


class HaproxyAccess(Section):
    """The section `haproxy`."""

    socket: str = Field(description="/run/haproxy/admin.sock or host:port, of level admin")
    backends: dict[str, str] = Field(min_length=1, description="each service's backend")
    timeout_s: float = Field(default=5.0, gt=0, description="for one answer")


class Haproxy(Guarded[HaproxyAccess], Routing):
    """An instance is a server of the service's backend."""

    section = "haproxy"
    given = HaproxyAccess

    def inventory(self) -> Inventory:
        """The servers that take requests."""
        parts = {name: Part(instances=self._ready(name)) for name in self.access.backends}
        return Inventory(services=parts)

    def reroute(self, service: str, away_from: Sequence[str]) -> Activated:
        """Drain these servers: what they work on is finished, nothing new comes."""
        before = self._ready(service)
        left = [one for one in before if one not in away_from]
        if not left:
            raise ToolFailed(f"{service} has no other server that takes requests")
        return self._set(service, before, "drain", [one for one in away_from if one in before])

    def route_back(self, was: Activated) -> Activated:
        """Those that were drained take requests again."""
        return self._set(was.service, self._ready(was.service), "ready", was.drained)

    def _set(self, service: str, before: list[str], to: str, servers: Sequence[str]) -> Activated:
        backend = self._backend(service)
        by_hand = "; ".join(f"set server {backend}/{one} state {to}" for one in servers)
        self.open(by_hand or "nothing")
        for one in servers:
            if said := self._ask(f"set server {backend}/{one} state {to}").strip():
                raise ToolFailed(f"HAProxy does not: {said}")
        active, drained = self._ready(service), list(servers) if to == "drain" else []
        return Activated(
            service=service,
            before=before,
            active=active,
            drained=drained,
            changed=active != before,
        )

    def _ready(self, service: str) -> list[str]:
        lines = self._ask(f"show servers state {self._backend(service)}").splitlines()
        heads = next((line[2:].split() for line in lines if line.startswith("# ")), [])
        rows = [dict(zip(heads, line.split(), strict=False)) for line in lines[2:] if line]
        if not rows:
            raise ToolFailed(f"HAProxy has no backend {self._backend(service)} with servers")
        return [
            row["srv_name"]
            for row in rows
            if not int(row["srv_admin_state"]) & (DRAINED | MAINTENANCE)
            and row["srv_op_state"] != "0"  # stopped: its health check fails
        ]

    def _backend(self, service: str) -> str:
        if service not in self.access.backends:
            known = ", ".join(self.access.backends)
            raise ToolFailed(f"no backend of {service} is written down; known: {known}")
        return self.access.backends[service]

    def _ask(self, command: str) -> str:
        """One command, one connection, as the runtime API has it."""
        host, _, port = self.access.socket.rpartition(":")
        kind = socket.AF_INET if port.isdigit() else socket.AF_UNIX
        place: Any = (host, int(port)) if port.isdigit() else self.access.socket
        until, found = time.monotonic() + self.access.timeout_s, b""
        try:
            with socket.socket(kind, socket.SOCK_STREAM) as line:
                line.settimeout(self.access.timeout_s)
                line.connect(place)
                line.sendall(f"{command}\n".encode())
                while (part := line.recv(65536)) and len(found) < MOST_BYTES:
                    found += part
                    if time.monotonic() > until:
                        raise TimeoutError("its answer is too long under way")
        except OSError as error:
            raise ToolFailed(f"HAProxy at {self.access.socket} cannot be asked: {error}") from error
        return found.decode(errors="replace")


class TraefikAccess(Section):
    """The section `traefik`."""

    file: Path = Field(description="of the file provider, YAML, with `watch: true`")
    api: str = Field(pattern=r"^https?://", description="Traefik's API: what it took is read there")
    services: dict[str, str] = Field(
        min_length=1, description="each service's weighted one (http.services.NAME.weighted)"
    )
    timeout_s: float = Field(default=5.0, gt=0, description="for one answer")
    patience_s: float = Field(default=20.0, gt=0, description="until Traefik has read the file")


class Traefik(Guarded[TraefikAccess], Routing):
    """An instance is one of the services that a weighted one shares its requests among."""

    section = "traefik"
    given = TraefikAccess

    def inventory(self) -> Inventory:
        """Those that have a weight."""
        parts = {
            name: Part(instances=active(self._weights(self._read(), name)))
            for name in self.access.services
        }
        return Inventory(services=parts)

    def reroute(self, service: str, away_from: Sequence[str]) -> Activated:
        """Weight 0 for these."""
        was = self._weights(self._read(), service)
        wanted = {name: 0 if name in away_from else weight for name, weight in was.items()}
        if not active(wanted):
            raise ToolFailed(f"{service} has nobody else to send requests to")
        return self._set(service, was, wanted)

    def route_back(self, was: Activated) -> Receipt:
        """The weights as before."""
        now = self._weights(self._read(), was.service)
        return self._set(was.service, now, {**now, **was.weights})

    def _set(self, service: str, was: Mapping[str, int], wanted: Mapping[str, int]) -> Activated:
        receipt = Activated(
            service=service,
            before=active(was),
            active=active(wanted),
            drained=[name for name in active(was) if not wanted[name]],
            weights=dict(was),
            changed=was != wanted,
        )
        self.open(f"set the weights of {self.access.services[service]} to {dict(wanted)}")
        document = self._read()
        if self._weights(document, service) != was:
            raise ToolFailed(f"somebody changed {self.access.file} meanwhile: nothing was done")
        for one in self._shared(document, service):
            one["weight"] = wanted[one["name"]]
        fresh = self.access.file.with_name(f".{self.access.file.name}.{os.getpid()}")
        fresh.write_text(yaml.safe_dump(document, sort_keys=False))
        fresh.replace(self.access.file)
        return awaited(receipt, lambda: self._missing(service, wanted), self.access.patience_s)

    def _missing(self, service: str, wanted: Mapping[str, int]) -> str:
        """What Traefik itself goes by, against what was written."""
        place = f"{self.access.api.rstrip('/')}/api/http/services/{self.access.services[service]}"
        who = f"Traefik at {self.access.api}"
        try:
            found = asked(who, "GET", f"{place}@file", {}, self.access.timeout_s)
            shared = found["weighted"]["services"]
        except (ToolFailed, LookupError, TypeError) as error:
            return f"{who} does not say what it goes by: {error}"
        goes_by = {one["name"].partition("@")[0]: one.get("weight", 1) for one in shared}
        return "" if goes_by == wanted else f"Traefik still goes by {goes_by}"

    def _read(self) -> dict[str, Any]:
        try:
            return yaml.safe_load(self.access.file.read_text())
        except (OSError, yaml.YAMLError) as error:
            raise ToolFailed(f"{self.access.file} cannot be used: {error}") from error

    def _shared(self, document: dict[str, Any], service: str) -> list[dict[str, Any]]:
        name = self.access.services.get(service, "")
        try:
            return document["http"]["services"][name]["weighted"]["services"]
        except (KeyError, TypeError) as error:
            raise ToolFailed(
                f"{self.access.file} has no http.services.{name or '?'}.weighted of {service}"
            ) from error

    def _weights(self, document: dict[str, Any], service: str) -> dict[str, int]:
        return {one["name"]: one.get("weight", 1) for one in self._shared(document, service)}


def active(weights: Mapping[str, int]) -> list[str]:
    """Who has a weight."""
    return [name for name, weight in weights.items() if weight]
