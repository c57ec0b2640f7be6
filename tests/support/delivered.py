"""A workload that Argo CD or Flux delivers: how they mark it, their repository, an application."""

from pathlib import Path
from typing import Any

from warroom.targets.git import Git
from warroom.tests.support.shop_cluster import BEFORE, NOW

TRACKED = {"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web"}}
BY_LABEL = {"labels": {"argocd.argoproj.io/instance": "shop"}}
BY_FLUX = {
    "labels": {
        "kustomize.toolkit.fluxcd.io/name": "apps",
        "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
    }
}
BY_HELM = {"labels": {"helm.toolkit.fluxcd.io/name": "web"}}
SET_BY_FLUX = {"managedFields": [{"manager": "kustomize-controller", "operation": "Apply"}]}
CONTROLLED = {
    "ownerReferences": [
        {"apiVersion": "v1", "kind": "Shop", "name": "eu", "uid": "1", "controller": True}
    ]
}
OLD, NEW = "1" * 40, "2" * 40
AUTOMATED = {"prune": True, "selfHeal": True}


def repository(folder: Path) -> Path:
    """A clone in which the version was changed, and something else since."""
    folder.mkdir()
    git = Git(folder)
    git.run("init", "-q")
    for image in (BEFORE, NOW):
        (folder / "web.yaml").write_text(f"replicas: 2\nimage: {image}\n")
        git.run("add", ".")
        git.run("commit", "-qm", f"Run {image}")
    (folder / "README").write_text("what is delivered\n")
    git.run("add", ".")
    git.run("commit", "-qm", "Say what this is")
    return folder


def application() -> dict[str, Any]:
    """One of Argo CD's that was synced twice, as its API has it."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "shop", "namespace": "argocd"},
        "spec": {
            "source": {"repoURL": "https://git.example.org/deploy", "targetRevision": "main"},
            "syncPolicy": {"automated": AUTOMATED, "syncOptions": ["CreateNamespace=false"]},
        },
        "status": {"history": [{"id": 0, "revision": OLD}, {"id": 1, "revision": NEW}]},
    }


def synced(app: dict[str, Any]) -> str:
    """The image to deliver where Argo CD is asked to sync, which takes that up; else empty."""
    operation = app.pop("operation", None)
    if operation is None:
        return ""
    revision = operation["sync"]["revision"]
    app["status"]["history"].append({"id": len(app["status"]["history"]), "revision": revision})
    return BEFORE if revision == OLD else NOW


def definition() -> dict[str, Any]:
    """What lets an API server keep applications."""
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1alpha1", "served": True, "storage": True}
    names = {"kind": "Application", "plural": "applications", "singular": "application"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "applications.argoproj.io"},
        "spec": {
            "group": "argoproj.io",
            "scope": "Namespaced",
            "names": names,
            "versions": [{**version, "schema": {"openAPIV3Schema": free}}],
        },
    }
