"""The service catalogue of the shop: what people know about it before anything happens."""

from typing import Any

from ..telemetry.model import Service, Windows
from ..yaml_tables import read_table
from .layout import SERVICES, Layout

WINDOWS = Windows(baseline_s=45, detect_s=5, stabilise_s=6, verify_s=8)


def entries() -> list[Service]:
    """The entries, with the limits that the processes really run under."""
    specs = {spec.name: spec for spec in SERVICES}
    found = read_table("drills/catalogue.yaml", list[Service])
    for entry in found:
        if spec := specs.get(entry.name):
            entry.limits = {
                "memory_bytes": spec.memory_limit_bytes,
                "concurrency": spec.concurrency,
                **({"db_connections": spec.pool_size} if spec.pool_size else {}),
            }
            entry.instances_max = spec.copies
    return found


def catalogue(rules: list[dict[str, Any]]) -> dict[str, Any]:
    """catalogue.json of a run."""
    services = [entry.model_dump() for entry in entries()]
    return {"services": services, "rules": rules, "windows": WINDOWS.model_dump()}


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
