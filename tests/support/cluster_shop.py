"""That shop behind the simulated API, and hands for it."""

import json
from pathlib import Path
from typing import Any

from warroom.targets.operations import Operations
from warroom.tests.support.cluster_api import ClusterApi, Made
from warroom.tests.support.shop_cluster import NAMESPACE, NOW, deployment, node, service


def shop(api: ClusterApi, **marks: Any) -> None:
    """All of it, the workload with these marks."""
    api.add("deployments", deployment(**marks))
    api.add("services", service())
    for name in ("n1", "n2"):
        api.add("nodes", node(name))
    release(api, NOW)


def release(api: ClusterApi, image: str) -> None:
    """Somebody rolls it out."""

    def rolled(made: Made) -> None:
        made["spec"]["template"]["spec"]["containers"][0]["image"] = image

    api.change("deployments", NAMESPACE, "web", rolled)


def system(folder: Path, api: ClusterApi, mode: str = "act", **more: Any) -> Operations:
    """What operations.json of one cluster gives."""
    cluster = {"name": "prod", "url": api.where, "namespaces": [NAMESPACE], "mode": mode, **more}
    file = folder / "operations.json"
    file.write_text(json.dumps({"kubernetes": [cluster]}))
    return Operations.load(file)


def specs(api: ClusterApi) -> str:
    """All that anybody asked for."""
    whats = ("deployments", "services", "nodes")
    return json.dumps([one["spec"] for key, one in api.objects.items() if key[0] in whats])
