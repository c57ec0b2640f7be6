"""What a run's bundle and its operators are told of it."""

from typing import Any

from .layout import Layout
from .world import World


def catalogue(known: World, rules: list[dict[str, Any]]) -> dict[str, Any]:
    """catalogue.json of a run."""
    services = [entry.model_dump() for entry in known.entries()]
    return {"services": services, "rules": rules, "windows": known.windows.model_dump()}


def operations(layout: Layout, supervisor_url: str, database_dsn: str) -> dict[str, str]:
    """operations.json: how one may act on this run."""
    return {
        "supervisor_url": supervisor_url,
        "supervisor_config": str(layout.root / "supervisor.conf"),
        "releases": str(layout.releases),
        "checkouts": str(layout.checkouts),
        "current": str(layout.current),
        "config": str(layout.config),
        "database_dsn": database_dsn,
        "backup": str(layout.backup),
    }
