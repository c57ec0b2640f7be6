"""That shop with its workload released step by step: as a Rollout, and by a Canary of Flagger."""

from typing import Any

from warroom.tests.support.shop_cluster import NAMESPACE, deployment

ROLLOUTS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/rollouts"
CANARIES = f"/apis/flagger.app/v1beta1/namespaces/{NAMESPACE}/canaries"
STEPS: list[dict[str, Any]] = [
    {"setWeight": 25},
    {"pause": {}},
    {"setWeight": 50},
    {"pause": {}},
    {"setWeight": 75},
    {"pause": {"duration": "1s"}},
]


def rollout(image: str, **metadata: Any) -> dict[str, Any]:
    """A Rollout of four pods that waits for a person at a quarter and at a half."""
    made = deployment(image, **metadata)
    spec = made["spec"] | {"replicas": 4, "strategy": {"canary": {"steps": STEPS}}}
    return made | {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "spec": spec}


def canary() -> dict[str, Any]:
    """A Canary that Flagger looks at each second, and lets through after a long while."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    analysis = {"interval": "1s", "threshold": 3, "iterations": 600}
    return {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "Canary",
        "metadata": {"name": "web", "namespace": NAMESPACE},
        "spec": {
            "provider": "kubernetes",
            "targetRef": target,
            "service": {"port": 80, "targetPort": 8080},
            "analysis": analysis,
        },
    }
