"""Flux's kustomize-controller on a real control plane, over a git repository. Its content is handed
over as Flux's source-controller does it: an archive at an address, in the status of a source."""

import hashlib
import io
import os
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from warroom.evals.conformance.build import module_folder
from warroom.evals.conformance.servers import BUILT
from warroom.targets.git import Git
from warroom.tests.support.control_plane import ControlPlane
from warroom.tests.support.http_backends import HttpBackend

NAME, SOURCES = "Flux's kustomize-controller", "github.com/fluxcd/source-controller@v1.9.6"
FLUX = "github.com/fluxcd/kustomize-controller"
SPACE = "flux-system"
SOURCE = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/apps"
APPS = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/apps"
LOCAL = ("--metrics-addr=127.0.0.1:0", "--health-addr=127.0.0.1:0", "--watch-all-namespaces=true")


class Flux(HttpBackend):
    """Delivers what is pushed of a clone."""

    def __init__(self, plane: ControlPlane, clone: Path) -> None:
        super().__init__()
        self.plane, self.git, self.asked_for = plane, Git(clone), 0

    def define(self) -> None:
        """The kinds of objects that it knows, and one of each that delivers the clone."""
        version = BUILT[NAME].version
        for module in (SOURCES, f"{FLUX}@v{version}"):
            for file in (module_folder(module) / "config/crd/bases").glob("*.yaml"):
                self.plane.manifests(file)
        self.plane.eventually(lambda: self.plane.client.get(SOURCE).status_code == 404)
        group = APPS.split("/")[2]
        self.plane.eventually(lambda: self.plane.client.get(f"/apis/{group}/v1").is_success)
        about = {"metadata": {"name": "apps", "namespace": SPACE}}
        spec: dict[str, Any] = {"interval": "1h", "url": "https://git.example.org/deploy"}
        source = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository"}
        self.plane.apply({**source, **about, "spec": spec})
        self.push()
        of = {"sourceRef": {"kind": "GitRepository", "name": "apps"}, "prune": True, "path": "./"}
        spec = {**of, "interval": "1h", "retryInterval": "2s", "timeout": "1m"}
        delivers = {"apiVersion": f"{group}/v1", "kind": "Kustomization"}
        self.plane.apply({**delivers, **about, "spec": spec})

    def push(self) -> None:
        """What is committed is there to be delivered."""
        commit = self.git.run("rev-parse", "HEAD")
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as packed:
            packed.add(self.git.folder / "web.yaml", "web.yaml")
        content = archive.getvalue()
        self.told = {f"/{commit}.tar.gz": content}
        artifact = {
            "url": f"{self.where}/{commit}.tar.gz",
            "path": f"gitrepository/flux-system/apps/{commit}.tar.gz",
            "revision": f"main@sha1:{commit}",
            "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
            "lastUpdateTime": "2026-01-01T00:00:00Z",
        }
        ready = {"type": "Ready", "status": "True", "reason": "Succeeded", "message": "stored"}
        ready["lastTransitionTime"] = artifact["lastUpdateTime"]
        status = {"observedGeneration": 1, "artifact": artifact, "conditions": [ready]}
        self.plane.merge(f"{SOURCE}/status", {"status": status})

    def look(self) -> None:
        """As `flux reconcile kustomization apps`; returns once it has put right what it keeps."""
        self.asked_for += 1
        asked = {"reconcile.fluxcd.io/requestedAt": f"{self.asked_for}"}
        self.plane.merge(APPS, {"metadata": {"annotations": asked}})
        self.plane.eventually(
            lambda: (
                self.plane.get(APPS)["status"].get("lastHandledReconcileAt") == f"{self.asked_for}"
            )
        )


@contextmanager
def flux(plane: ControlPlane, clone: Path) -> Iterator[Flux]:
    """One that runs and has delivered once."""
    made = Flux(plane, clone)
    known = {"KUBECONFIG": str(plane.admin), "RUNTIME_NAMESPACE": SPACE}
    command = ["nice", str(BUILT[NAME].program), *LOCAL]
    made.define()
    with (plane.root / "flux.log").open("ab") as log:
        process = subprocess.Popen(command, env=os.environ | known, stdout=log, stderr=log)
    plane.processes.append(process)
    try:
        made.look()
        yield made
    finally:
        made.close()
