"""What is scraped: each endpoint, and the identity its samples get."""

import json
from typing import NamedTuple

from .layout import PROVIDERS, Layout


class Target(NamedTuple):
    """One endpoint to scrape and the identity its samples get."""

    service: str
    instance: str
    url: str


def targets(layout: Layout) -> list[Target]:
    """Active instances (endpoints.json), the database's exporter, the AI providers."""
    endpoints = json.loads((layout.config / "endpoints.json").read_text())
    found = [
        Target(service, entry["instance"], entry["url"])
        for service, entries in endpoints.items()
        for entry in entries
        if entry["active"]
    ]
    found.append(Target("database", "database-1", layout.url("exporter")))
    names = [f"ai-{name}" for name in PROVIDERS]
    return found + [Target(name, f"{name}-1", layout.url(name)) for name in names]
