"""What there is at an address that somebody names: one datasource, or all that a Grafana knows."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .datasource import LOCAL, Datasource
from .grafana import listed

HUB = re.compile(r"(?:/api/v3)?(?:/repos)?/([\w.-]+/[\w.-]+?)(?:\.git)?/?")
"""The path of a repository's page, or of its API."""
PROJECT = re.compile(
    r"/(?:api/v4/projects/(?P<number>\d+)|(?P<path>[\w.-]+(?:/[\w.-]+?)+?))(?:/-/.*|\.git)?/?"
)
"""The same of a project of GitLab, which may lie in groups of groups."""
OWN_ALERTS = "api/alertmanager/grafana"
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
    if kind == "gitlab" and (path := PROJECT.fullmatch(parts.path)):
        project = path["number"] or path["path"]
        return {"url": f"{parts.scheme}://{parts.netloc}", "jsonData": {"repository": project}}
    return {"url": url.rstrip("/")}


def behind(door: Datasource) -> tuple[list[Datasource], list[str]]:
    """What lies behind a Grafana, with the same credentials, and in words what no source reads;
    nothing behind others. Raises TelemetryError where it does not tell."""
    if door.type != "grafana":
        return [], []
    every = listed(door)
    found = [(f"{door.name}-alerts", "alertmanager", f"{door.url}/{OWN_ALERTS}")]
    found += [(_short(one.name), one.kind, one.url) for one in every if one.kind]
    unread = [f"{one.name}: nothing here reads {one.plugin}" for one in every if not one.kind]
    keys = ("name", "type", "url")
    return [door.model_copy(update=dict(zip(keys, one, strict=True))) for one in found], unread


def _short(name: str) -> str:
    """As a datasource may be called."""
    return re.sub(r"[^a-z0-9_.-]+", "-", name.lower()).strip("-")[:50] or "datasource"
