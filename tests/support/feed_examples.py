"""Entries of each list in feeds.yaml as the tool's documentation shows them (the page stands in the
table), shortened; what is asked about them; and the change that they tell of."""

from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
AT = 1_700_000_000.0
ISO = "2023-11-14T22:13:20Z"
EARLIER = "2023-11-14T20:00:00Z"
OLD, NEW = "a" * 40, "b" * 40
PATCH = "@@ -1 +1 @@\n-size: 20\n+size: 2\n"
DIFF = f"--- a/0/pool.yaml\n+++ b/0/pool.yaml\n{PATCH}\n"
SECRET = "c2VjcmV0LXZhbHVl"


@dataclass(frozen=True)
class Example:
    """A list, what is answered to it, and what that is as a line of a bundle."""

    path: str
    answer: Any
    change: Row
    looks: dict[str, Any] = field(default_factory=dict)
    """Further answers by path, of a kind that also takes parameters."""


def told(kind: str, id: str, service: str, **facts: Any) -> Row:
    """A change at AT."""
    return {"at": AT, "kind": kind, "service": service, "id": id, **facts}


PROJECT = "/api/v4/projects/shop/shop"
COMPARED = {"diffs": [{"old_path": "0/pool.yaml", "new_path": "0/pool.yaml", "diff": PATCH}]}
BROUGHT = {"files": ["0/pool.yaml"], "diff": DIFF}
HUB = "/repos/shop/shop"
FILES = {"files": [{"filename": "0/pool.yaml", "status": "modified", "patch": PATCH}]}


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


def controller_revision(name: str, revision: int, template: Row, at: str) -> Row:
    """One revision of the StatefulSet `db`."""
    data = {"spec": {"template": {"$patch": "replace", **template}}}
    made = kubernetes(name, labels={"app": "db"}, at=at, data=data, revision=revision)
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "uid-db"}
    made["metadata"] |= {"ownerReferences": [owner], "annotations": None}
    return made


def release(revision: int, status: str, at: str) -> Row:
    """One revision of the Helm release `cart`: the labels of its Secret."""
    labels = {"name": "cart", "owner": "helm", "status": status, "version": str(revision)}
    made = kubernetes(f"sh.helm.release.v1.cart.v{revision}", labels=labels, at=at)
    made["metadata"]["managedFields"][0]["manager"] = "helm"
    return made


def pool_diff(file: str) -> str:
    """What the two templates differ in."""
    return f"""--- a/{file}
+++ b/{file}
@@ -3,6 +3,6 @@
   containers:
     app:
       env:
-        DB_POOL: '20'
+        DB_POOL: '2'
         REGION: eu
-      image: shop/cart:1
+      image: shop/cart:2
"""


EXAMPLES: dict[str, dict[str, Example]] = {
    "github": {
        "deployments": Example(
            f"{HUB}/deployments",
            [
                {
                    **{"id": 3, "sha": NEW, "ref": "v3", "environment": "production"},
                    **{"created_at": ISO, "updated_at": ISO, "creator": {"login": "ann"}},
                    "description": "Pools",
                },
                {
                    **{"id": 1, "sha": OLD, "ref": "v1", "environment": "production"},
                    **{"created_at": EARLIER, "updated_at": "2023-01-01T00:00:00Z"},
                },
            ],
            told(
                "deployment",
                "deployment-3",
                "cart",
                version="v3",
                previous="v1",
                author="ann",
                summary="failed: to production: Pools",
                **BROUGHT,
            ),
            {
                f"{HUB}/deployments/3/statuses": [{"state": "failure", "created_at": ISO}],
                f"{HUB}/compare/{OLD}...{NEW}": FILES,
            },
        ),
        "releases": Example(
            f"{HUB}/releases",
            [
                {
                    **{"id": 2, "tag_name": "v2", "name": "Two", "body": "Notes", "draft": False},
                    **{"published_at": ISO, "author": {"login": "ann"}},
                }
            ],
            told("release", "release-2", "", version="v2", author="ann", summary="Two: Notes"),
        ),
        "workflow runs": Example(
            f"{HUB}/actions/runs",
            {
                "total_count": 3,
                "workflow_runs": [
                    {
                        **{"id": 9, "run_attempt": 1, "workflow_id": 5, "name": "Deploy"},
                        **{"path": ".github/workflows/deploy.yml", "display_title": "Pools"},
                        **{"head_branch": "main", "head_sha": NEW, "conclusion": "success"},
                        **{"status": "completed", "updated_at": ISO, "actor": {"login": "ann"}},
                    },
                    {
                        **{"id": 8, "run_attempt": 1, "workflow_id": 6, "name": "Test on push"},
                        **{"path": ".github/workflows/test.yml", "conclusion": "failure"},
                        **{"head_sha": NEW, "status": "completed", "updated_at": ISO},
                    },
                    {
                        **{"id": 7, "run_attempt": 1, "workflow_id": 5, "name": "Deploy"},
                        **{"head_sha": OLD, "conclusion": "success", "updated_at": EARLIER},
                    },
                ],
            },
            told(
                "Deploy",
                "run-9-1",
                "cart",
                version=NEW,
                previous=OLD,
                author="ann",
                summary="Deploy: Pools",
                **BROUGHT,
            ),
            {f"{HUB}/compare/{OLD}...{NEW}": FILES},
        ),
        "commits": Example(
            f"{HUB}/commits",
            [
                {
                    "sha": NEW,
                    "commit": {
                        "author": {"name": "Ann", "date": EARLIER},
                        "committer": {"name": "Ann", "date": ISO},
                        "message": "Shrink the pool",
                    },
                }
            ],
            told("commit", NEW, "cart", author="Ann", summary="Shrink the pool", **BROUGHT),
            {f"{HUB}/commits/{NEW}": FILES},
        ),
    },
    "gitlab": {
        "deployments": Example(
            f"{PROJECT}/deployments",
            [
                {
                    **{"id": 42, "iid": 2, "ref": "main", "sha": NEW, "status": "success"},
                    **{"created_at": EARLIER, "updated_at": ISO},
                    "user": {"id": 1, "name": "Ann", "username": "ann"},
                    "environment": {"id": 9, "name": "production"},
                    "deployable": {"finished_at": ISO, "commit": {"title": "Shrink the pool"}},
                },
                {
                    **{"id": 41, "iid": 1, "ref": "main", "sha": OLD, "status": "success"},
                    **{"created_at": EARLIER, "updated_at": EARLIER},
                    "environment": {"id": 9, "name": "production"},
                },
            ],
            told(
                "deployment",
                "deployment-42",
                "cart",
                version="main",
                previous="main",
                author="ann",
                summary="to production: Shrink the pool",
                **BROUGHT,
            ),
            {f"{PROJECT}/repository/compare": COMPARED},
        ),
        "releases": Example(
            f"{PROJECT}/releases",
            [
                {
                    **{"tag_name": "v0.2", "name": "Two", "description": "Notes"},
                    **{"created_at": EARLIER, "released_at": ISO, "author": {"username": "ann"}},
                }
            ],
            told("release", "release-v0.2", "", version="v0.2", author="ann", summary="Two: Notes"),
        ),
        "pipelines": Example(
            f"{PROJECT}/pipelines",
            [
                {
                    **{"id": 47, "iid": 12, "status": "failed", "source": "push", "ref": "main"},
                    **{"sha": NEW, "name": "Deploy to production"},
                    **{"created_at": EARLIER, "updated_at": ISO},
                },
                {"id": 46, "status": "success", "ref": "main", "sha": NEW, "updated_at": ISO},
            ],
            told(
                "Deploy to production",
                "pipeline-47",
                "",
                version=NEW,
                summary="failed: Deploy to production: main",
            ),
        ),
        "commits": Example(
            f"{PROJECT}/repository/commits",
            [
                {
                    **{"id": NEW, "short_id": NEW[:8], "title": "Shrink the pool"},
                    **{"author_name": "Ann", "authored_date": EARLIER, "committed_date": ISO},
                    "message": "Shrink the pool",
                }
            ],
            told("commit", NEW, "cart", author="Ann", summary="Shrink the pool", **BROUGHT),
            {f"{PROJECT}/repository/commits/{NEW}/diff": COMPARED["diffs"]},
        ),
    },
    "grafana": {
        "annotations": Example(
            "/api/annotations",
            [
                {
                    **{"id": 1124, "time": int(AT * 1000), "userName": "ann", "text": "Pools"},
                    "tags": ["helm-upgrade", "service:cart", "version:2"],
                }
            ],
            told(
                "helm-upgrade",
                "annotation-1124",
                "cart",
                version="2",
                author="ann",
                summary="Pools",
            ),
        ),
    },
    "argocd": {
        "syncs": Example(
            "/api/v1/applications",
            {
                "metadata": {"resourceVersion": "9"},
                "items": [
                    {
                        "metadata": {"name": "cart", "namespace": "argocd", "uid": "u1"},
                        "spec": {"destination": {"namespace": "shop"}},
                        "status": {
                            "history": [
                                {"id": 5, "revision": OLD, "deployedAt": "2023-01-01T00:00:00Z"},
                                {
                                    **{"id": 6, "revision": NEW, "deployedAt": ISO},
                                    "deployStartedAt": EARLIER,
                                    "source": {
                                        **{"repoURL": "https://git/shop", "path": "cart"},
                                        "targetRevision": "HEAD",
                                    },
                                    "initiatedBy": {"username": "ann"},
                                },
                            ]
                        },
                    }
                ],
            },
            told(
                "deploy",
                "u1-6",
                "cart",
                version=NEW,
                previous=OLD,
                author="ann",
                summary=f"synced cart from https://git/shop: {NEW}",
            ),
        ),
    },
    "launchdarkly": {
        "audit log entries": Example(
            "/api/v2/auditlog",
            {
                "_links": {"self": {"href": "/api/v2/auditlog"}},
                "items": [
                    {
                        **{"_id": "1234", "_accountId": "1", "date": int(AT * 1000)},
                        **{"kind": "flag", "name": "0-fast-checkout"},
                        **{"description": "Turned on", "shortDescription": "Turned on"},
                        "member": {"_id": "5", "email": "ann@shop.example", "firstName": "Ann"},
                        "titleVerb": "turned on the flag",
                        "title": "Ann turned on the flag",
                        "target": {"name": "0-fast-checkout", "resources": ["proj/default"]},
                        "accesses": [{"action": "updateOn", "resource": "proj/default"}],
                    }
                ],
            },
            told(
                "flag",
                "1234",
                "cart",
                author="ann@shop.example",
                summary="turned on the flag 0-fast-checkout: Turned on",
                files=["0-fast-checkout"],
                diff="--- a/0-fast-checkout\n+++ b/0-fast-checkout\n@@ -1,2 +1,2 @@\n"
                " key: fast\n-'on': false\n+'on': true\n",
            ),
            {
                "/api/v2/auditlog/1234": {
                    "_id": "1234",
                    "previousVersion": {"key": "fast", "on": False},
                    "currentVersion": {"key": "fast", "on": True},
                }
            },
        ),
    },
    "unleash": {
        "events": Example(
            "/api/admin/search/events",
            {
                "total": 2,
                "events": [
                    {
                        **{"id": 842, "type": "feature-strategy-update", "createdAt": ISO},
                        **{"createdBy": "ann", "environment": "production", "project": "shop"},
                        "featureName": "fast-checkout",
                        "preData": {"name": "flexibleRollout", "parameters": {"rollout": "0"}},
                        "data": {"name": "flexibleRollout", "parameters": {"rollout": "100"}},
                        "tags": [{"type": "service", "value": "cart"}],
                    },
                    {"id": 841, "type": "user-created", "createdAt": ISO, "createdBy": "ann"},
                ],
            },
            told(
                "flag",
                "unleash-842",
                "cart",
                author="ann",
                summary="feature-strategy-update in production: fast-checkout",
                files=["fast-checkout"],
                diff="--- a/fast-checkout\n+++ b/fast-checkout\n@@ -1,3 +1,3 @@\n"
                " name: flexibleRollout\n parameters:\n-  rollout: '0'\n+  rollout: '100'\n",
            ),
        ),
    },
    "kubernetes": {
        "rollouts": Example(
            "/apis/apps/v1/replicasets",
            {
                "kind": "ReplicaSetList",
                "metadata": {"resourceVersion": "9"},
                "items": [
                    replica_set("cart-1", 9, pods("shop/cart:1", "20"), "2023-01-01T00:00:00Z"),
                    replica_set("cart-2", 10, pods("shop/cart:2", "2"), ISO),
                ],
            },
            told(
                "rollout",
                "uid-cart-2-10",
                "cart",
                version="shop/cart:2",
                previous="shop/cart:1",
                summary="Deployment shop/cart: shop/cart:2",
                files=["shop/cart.yaml"],
                diff=pool_diff("shop/cart.yaml"),
            ),
        ),
        "revisions of StatefulSets and DaemonSets": Example(
            "/apis/apps/v1/controllerrevisions",
            {
                "items": [
                    controller_revision(
                        "db-1", 1, pods("shop/cart:1", "20"), "2023-01-01T00:00:00Z"
                    ),
                    controller_revision("db-2", 2, pods("shop/cart:2", "2"), ISO),
                ]
            },
            told(
                "rollout",
                "uid-db-2-2",
                "db",
                version="shop/cart:2",
                previous="shop/cart:1",
                summary="StatefulSet shop/db: shop/cart:2",
                files=["shop/db.yaml"],
                diff=pool_diff("shop/db.yaml"),
            ),
        ),
        "Helm releases": Example(
            "/api/v1/secrets?owner=helm",
            {
                "items": [
                    release(1, "superseded", "2023-01-01T00:00:00Z"),
                    release(2, "failed", ISO),
                    release(3, "pending-upgrade", ISO),
                ]
            },
            told(
                "helm-upgrade",
                "uid-sh.helm.release.v1.cart.v2",
                "cart",
                version="revision 2",
                previous="revision 1",
                summary="failed: release shop/cart: revision 2",
            ),
        ),
        "ConfigMaps": Example(
            "/api/v1/configmaps",
            {
                "kind": "PartialObjectMetadataList",
                "items": [kubernetes("kube-root-ca.crt"), kubernetes("pools")],
            },
            told(
                "configmap",
                "uid-pools-81",
                "",
                version="81",
                author="kubectl-edit",
                summary="ConfigMap shop/pools",
            ),
        ),
        "Secrets": Example(
            "/api/v1/secrets?owner!=helm",
            {
                "items": [
                    # As a server would answer that does not keep to what was asked for.
                    kubernetes("db", labels={"app": "cart"}, data={"password": SECRET}),
                ],
            },
            told(
                "secret",
                "uid-db-81",
                "cart",
                version="81",
                author="kubectl-edit",
                summary="Secret shop/db",
            ),
        ),
        "Flux HelmReleases": Example(
            "/apis/helm.toolkit.fluxcd.io/v2/helmreleases",
            {
                "items": [
                    kubernetes(
                        "cart",
                        status={
                            "history": [
                                {
                                    **{"name": "cart", "namespace": "shop", "version": 2},
                                    **{"chartName": "cart", "chartVersion": "6.5.4"},
                                    **{"status": "deployed", "lastDeployed": ISO},
                                },
                                {
                                    **{"name": "cart", "namespace": "shop", "version": 1},
                                    **{"chartName": "cart", "chartVersion": "6.5.3"},
                                    "status": "superseded",
                                    "lastDeployed": "2023-01-01T00:00:00Z",
                                },
                            ]
                        },
                    )
                ]
            },
            told(
                "helm-upgrade",
                "uid-cart-2",
                "cart",
                version="6.5.4",
                previous="6.5.3",
                summary="release shop/cart: cart 6.5.4",
            ),
        ),
        "Flux Kustomizations": Example(
            "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations",
            {
                "items": [
                    kubernetes(
                        "cart",
                        spec={"path": "./apps/cart"},
                        status={
                            "history": [
                                {
                                    **{"digest": "sha256:1", "totalReconciliations": 3},
                                    **{"firstReconciled": ISO, "lastReconciled": ISO},
                                    "lastReconciledStatus": "ReconciliationSucceeded",
                                    "metadata": {"revision": f"main@sha1:{NEW}"},
                                }
                            ]
                        },
                    )
                ]
            },
            told(
                "deploy",
                "uid-cart-sha256:1-ReconciliationSucceeded",
                "cart",
                version=f"main@sha1:{NEW}",
                summary=f"applied shop/cart: main@sha1:{NEW}",
            ),
        ),
    },
}
