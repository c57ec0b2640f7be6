"""A shop in a cluster: one workload that was rolled out twice, its Service, two nodes."""

from typing import Any

NAMESPACE, BEFORE, NOW = "shop", "registry.example.org/web:v1", "registry.example.org/web:v2"
PROBE = {"httpGet": {"path": "/healthz", "port": 8080}}


ROLL_BACK = ("roll back", "web", {"to_version": BEFORE})
LIMITS = {"object": "limits of web", "now": {"memory": "256Mi"}, "to": {"memory": "512Mi"}}
MOVES = [
    ROLL_BACK,
    ("scale", "web", {"instances": 4}),
    ("cordon node", "n1", {}),
    ("patch workload", "web", LIMITS),
    ("patch workload", "web", {"object": "image of web", "now": NOW, "to": BEFORE}),
    (
        "patch workload",
        "web",
        {
            "object": "readiness probe of web",
            "now": PROBE,
            "to": {"tcpSocket": {"port": 8080}},
        },
    ),
    (
        "patch workload",
        "web",
        {"object": "tolerations", "now": None, "to": [{"key": "gpu", "operator": "Exists"}]},
    ),
    (
        "patch workload",
        "web",
        {"object": "selector", "now": {"app": "web"}, "to": {"app": "web", "track": "stable"}},
    ),
]


def deployment(image: str = BEFORE, **metadata: Any) -> dict[str, Any]:
    """As somebody applies it."""
    container = {
        "name": "web",
        "image": image,
        "resources": {"limits": {"memory": "256Mi"}},
        "readinessProbe": PROBE,
    }
    labels = {"app": "web"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": NAMESPACE, **metadata},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def service() -> dict[str, Any]:
    """What leads to it."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": NAMESPACE},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
    }


def autoscaler(low: int = 2, high: int = 5, **metadata: Any) -> dict[str, Any]:
    """What sets how many of it there are."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    aim = {"type": "Utilization", "averageUtilization": 50}
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": aim}}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": NAMESPACE, **metadata},
        "spec": {
            **{"scaleTargetRef": target, "minReplicas": low, "maxReplicas": high},
            "metrics": [metric],
        },
    }


def node(name: str) -> dict[str, Any]:
    """A machine."""
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {}}
