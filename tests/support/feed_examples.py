"""The examples of tests/cases/feeds.yaml: what is answered to each list, and the change that it
tells of; and objects of Kubernetes to make more of them."""

from dataclasses import dataclass, field
from typing import Any

import yaml

from warroom.tests.support.house import ROOT

Row = dict[str, Any]
AT = 1_700_000_000.0
ISO = "2023-11-14T22:13:20Z"
SECRET = "c2VjcmV0LXZhbHVl"


@dataclass(frozen=True)
class Example:
    """A list, what is answered to it, and what that is as a line of a bundle."""

    path: str
    answer: Any
    change: Row
    looks: dict[str, Any] = field(default_factory=dict)
    """Further answers by path, of a kind that also takes parameters."""


def kubernetes(name: str, *, labels: Row | None = None, at: str = ISO, **facts: Any) -> Row:
    """An object with what the API server adds to each."""
    manager = {"manager": "kubectl-edit", "operation": "Update", "apiVersion": "v1", "time": at}
    kept = {"kubectl.kubernetes.io/last-applied-configuration": SECRET}
    about = {"name": name, "namespace": "shop", "uid": f"uid-{name}", "resourceVersion": "81"}
    about |= {"creationTimestamp": at, "managedFields": [manager], "annotations": kept}
    return {"metadata": about | {"labels": labels or {}}, **facts}


def pods(image: str, pool: str) -> Row:
    """A pod template."""
    env = [{"name": "DB_POOL", "value": pool}, {"name": "REGION", "value": "eu"}]
    return {"spec": {"containers": [{"name": "app", "image": image, "env": env}]}}


def replica_set(name: str, revision: int, template: Row, at: str) -> Row:
    """One revision of the Deployment `cart`."""
    made = kubernetes(name, labels={"app": "cart"}, at=at, spec={"template": template})
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart", "uid": "uid-cart"}
    made["metadata"] |= {"ownerReferences": [{**owner, "controller": True}]}
    made["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": str(revision)}
    return made


CASES = yaml.safe_load((ROOT / "tests" / "cases" / "feeds.yaml").read_text(encoding="utf-8"))
EXAMPLES: dict[str, dict[str, Example]] = {
    kind: {what: Example(**known) for what, known in listed.items()}
    for kind, listed in CASES.items()
}
