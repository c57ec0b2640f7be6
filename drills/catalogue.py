"""The service catalogue of the shop: what people know about it before anything happens."""

from typing import Any

from .layout import MAX_CONNECTIONS, SERVICES, Layout

WINDOWS = {"baseline_s": 45, "detect_s": 5, "stabilise_s": 6, "verify_s": 8}
HOUR = 3600


def availability(objective: float) -> dict[str, Any]:
    return {
        "name": "availability",
        "sli": "availability",
        "objective": objective,
        "threshold_ms": None,
        "window_s": HOUR,
    }


def latency(objective: float, threshold_ms: float) -> dict[str, Any]:
    return {
        "name": f"latency {threshold_ms:g} ms",
        "sli": "latency",
        "objective": objective,
        "threshold_ms": threshold_ms,
        "window_s": HOUR,
    }


def entry(name: str, kind: str, tier: int, team: str, description: str, **more) -> dict[str, Any]:
    base = {
        "name": name,
        "kind": kind,
        "tier": tier,
        "team": team,
        "description": description,
        "depends_on": [],
        "slos": [],
        "limits": {},
        "instances_max": 1,
        "revenue_per_hour": None,
        "on_call": {"primary": f"{team}-primary", "secondary": f"{team}-secondary"},
    }
    return {**base, **more}


ENTRIES = (
    entry(
        *("gateway", "edge", 1, "storefront", "The edge: every customer request enters here"),
        depends_on=["login", "catalog", "checkout", "recommendations"],
        slos=[availability(0.995), latency(0.95, 500)],
        revenue_per_hour=18000.0,
    ),
    entry(
        *("login", "service", 1, "identity", "Checks passwords and issues session tokens"),
        depends_on=["database"],
        slos=[availability(0.995), latency(0.95, 250)],
    ),
    entry(
        *("catalog", "service", 1, "catalog", "Product lists, product pages and search"),
        depends_on=["database", "inventory"],
        slos=[availability(0.995), latency(0.95, 250)],
    ),
    entry(
        *("checkout", "service", 1, "checkout", "Carts, prices and orders"),
        depends_on=["database", "inventory", "payments"],
        slos=[availability(0.995), latency(0.95, 500)],
        revenue_per_hour=15000.0,
    ),
    entry(
        *("payments", "service", 1, "payments", "Authorises cards and keeps the ledger"),
        depends_on=["database"],
        slos=[availability(0.995), latency(0.95, 250)],
        revenue_per_hour=15000.0,
    ),
    entry(
        *("inventory", "service", 2, "supply", "Stock levels and reservations"),
        depends_on=["database"],
        slos=[availability(0.995), latency(0.95, 100)],
    ),
    entry(
        *("recommendations", "service", 3, "discovery", "Suggestions from an AI provider"),
        depends_on=["database", "ai-primary", "ai-fallback"],
        slos=[availability(0.99), latency(0.95, 500)],
    ),
    entry(
        *("database", "database", 1, "platform", "PostgreSQL, shared by the services"),
        limits={"db_connections": MAX_CONNECTIONS},
    ),
    entry("ai-primary", "external", 3, "discovery", "AI provider in use (third party)"),
    entry("ai-fallback", "external", 3, "discovery", "AI provider in reserve (third party)"),
)


def catalogue(rules: list[dict[str, Any]], windows: dict[str, float] | None) -> dict[str, Any]:
    """catalogue.json: the entries with the limits that the processes really run under."""
    limits = {spec.name: spec for spec in SERVICES}
    services = []
    for known in ENTRIES:
        spec = limits.get(known["name"])
        if spec:
            own = {"memory_bytes": spec.memory_limit_bytes, "concurrency": spec.concurrency}
            if spec.pool_size:
                own["db_connections"] = spec.pool_size
            services.append({**known, "limits": own, "instances_max": spec.copies})
        else:
            services.append(known)
    return {"services": services, "rules": rules, "windows": windows or WINDOWS}


def operations(layout: Layout, supervisor_url: str, database_dsn: str) -> dict[str, str]:
    """operations.json: how one may act on this run."""
    return {
        "supervisor_url": supervisor_url,
        "releases": str(layout.releases),
        "checkouts": str(layout.checkouts),
        "current": str(layout.current),
        "config": str(layout.config),
        "database_dsn": database_dsn,
        "backup": str(layout.backup),
    }
