"""What else a shop has in its cluster: a database of three, an agent on each node, a report."""

from typing import Any

from warroom.tests.support.shop_cluster import NAMESPACE

OLD, NEW, MISSING = (f"registry.example.org/db:{tag}" for tag in ("v1", "v2", "missing"))


def _made(kind: str, name: str, image: str, **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": name, "image": image, "resources": {"limits": {"memory": "256Mi"}}}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
    }


def database(image: str = OLD, **spec: Any) -> dict[str, Any]:
    """A StatefulSet."""
    return _made("StatefulSet", "db", image, **{"replicas": 3, "serviceName": "db", **spec})


def agent(image: str = OLD, **spec: Any) -> dict[str, Any]:
    """A DaemonSet."""
    return _made("DaemonSet", "agent", image, **spec)


def report() -> dict[str, Any]:
    """A CronJob."""
    pod = {"containers": [{"name": "report", "image": OLD}], "restartPolicy": "Never"}
    job = {"spec": {"template": {"metadata": {"labels": {"app": "web"}}, "spec": pod}}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "report", "namespace": NAMESPACE},
        "spec": {"schedule": "0 3 * * *", "suspend": False, "jobTemplate": job},
    }


def moves(name: str) -> list[tuple[str, str, dict[str, Any]]]:
    """What both can have done to them, and is undone."""
    limits = {"now": {"memory": "256Mi"}, "to": {"memory": "512Mi"}}
    return [
        ("roll back", name, {"to_version": OLD}),
        ("patch workload", name, {"object": f"limits of {name}", **limits}),
        ("patch workload", name, {"object": f"image of {name}", "now": NEW, "to": OLD}),
    ]


SUSPEND = {"object": "suspended", "now": False, "to": True}
MOVES = [
    *moves("db"),
    *moves("agent"),
    ("scale", "db", {"instances": 4}),
    ("patch workload", "cronjob report", SUSPEND),
]
