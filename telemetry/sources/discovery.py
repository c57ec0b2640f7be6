"""What there is at an address that somebody names: one datasource, or all that a Grafana knows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .datasource import LOCAL, Datasource
from .grafana import listed

HUB = re.compile(r"(?:/api/v3)?(?:/repos)?/([\w.-]+/[\w.-]+?)(?:\.git)?/?")
"""The path of a repository's page, or of its API."""
OWN_ALERTS = "/api/alertmanager/grafana"
"""Where a Grafana answers as an Alertmanager about its own rules."""


def addressed(kind: str, url: str) -> dict[str, Any]:
    """An address as people copy it, as the keys of a datasource."""
    if kind in LOCAL and "://" not in url:
        return {"url": str(Path(url).expanduser().resolve())}
    parts = urlsplit(url)
    if kind == "github" and (path := HUB.fullmatch(parts.path)):
        public = parts.hostname in ("github.com", "www.github.com", "api.github.com")
        root = "https://api.github.com" if public else f"{parts.scheme}://{parts.netloc}/api/v3"
        return {"url": root, "jsonData": {"repository": path[1]}}
    return {"url": url.rstrip("/")}


@dataclass(frozen=True)
class Behind:
    """What lies behind one door."""

    datasources: tuple[Datasource, ...] = ()
    unread: tuple[str, ...] = ()
    """What no source of ours reads, in words."""


def behind(door: Datasource) -> Behind:
    """What lies behind a Grafana, with the same credentials; nothing behind others.

    Raises TelemetryError where it does not tell.
    """
    if door.type != "grafana":
        return Behind()
    every = listed(door)
    alerts = door.model_copy(
        update={"name": f"{door.name}-alerts", "type": "alertmanager"}
        | {"url": door.url.rstrip("/") + OWN_ALERTS}
    )
    found = [
        door.model_copy(update={"name": name, "type": one.kind, "url": one.url})
        for one, name in zip(every, _names([one.name for one in every]), strict=True)
        if one.kind
    ]
    unread = (f"{one.name}: nothing here reads {one.plugin}" for one in every if not one.kind)
    return Behind((alerts, *found), tuple(unread))


def _names(given: list[str]) -> Iterator[str]:
    """As a datasource may be called, each another."""
    seen = set[str]()
    for number, name in enumerate(given):
        short = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-").lower()[:50] or "datasource"
        short = f"{short}-{number}" if short in seen else short
        seen.add(short)
        yield short
