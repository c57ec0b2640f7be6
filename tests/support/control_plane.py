"""A real Kubernetes control plane on loopback: etcd, API server, controllers, scheduler, and nodes
that kwok plays. Built by `make conformance`; everybody may do everything with `ADMIN`'s token."""

import operator
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tenacity import Retrying, stop_after_delay, wait_fixed
from tenacity.retry import retry_if_exception_type, retry_if_result

from warroom.drills.layout import free_ports
from warroom.evals.conformance.servers import BUILT, folder

NAME, ADMIN, PATIENCE_S = "Kubernetes' control plane", "of-the-admin", 180
STAGES = Path(__file__).parent / "kwok_stages.yaml"
CRDS = {
    "Argo Rollouts": "github.com/argoproj/argo-rollouts@v{}/manifests/crds/*-crd.yaml",
    "Flagger": "github.com/fluxcd/flagger@v{}/artifacts/flagger/crd.yaml",
}
"""Of the modules that are built."""
PATCH = {"Content-Type": "application/merge-patch+json"}


class ControlPlane:
    """Its processes, and a client that may do everything."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.etcd, self.peer, self.port = free_ports(3)
        self.where = f"https://127.0.0.1:{self.port}"
        self.processes: list[subprocess.Popen[bytes]] = []
        self._keys()
        (root / "tokens").write_text(f"{ADMIN},admin,1,system:masters\n")
        self.admin = self.kubeconfig("admin", ADMIN)
        self.client = httpx.Client(
            base_url=self.where,
            verify=False,
            trust_env=False,
            headers={"Authorization": f"Bearer {ADMIN}"},
            timeout=30,
        )

    def start(self, kubelet: tuple[str, ...] = ()) -> None:
        """All parts, each once those that it needs answer; `kubelet` is told to kwok besides."""
        local = "http://127.0.0.1"
        self._run(
            "etcd",
            "--data-dir=etcd",
            f"--listen-client-urls={local}:{self.etcd}",
            f"--advertise-client-urls={local}:{self.etcd}",
            "--unsafe-no-fsync",
            f"--listen-peer-urls={local}:{self.peer}",
            "--log-level=error",
        )
        self._run(
            "kube-apiserver",
            f"--etcd-servers={local}:{self.etcd}",
            f"--secure-port={self.port}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--cert-dir=certificates",
            "--endpoint-reconciler-type=none",
            "--token-auth-file=tokens",
            "--authorization-mode=Node,RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-key-file=account.pub",
            "--service-account-signing-key-file=account.key",
        )
        self.eventually(lambda: self.client.get("/readyz").is_success)
        given = f"--kubeconfig={self.admin}"
        self._run(
            "kube-controller-manager",
            given,
            "--leader-elect=false",
            "--secure-port=0",
            "--service-account-private-key-file=account.key",
            "--node-monitor-grace-period=24h",  # kwok's nodes say once that they are well
        )
        self._run("kube-scheduler", given, "--leader-elect=false", "--secure-port=0")
        self._run("kwok", given, "--manage-all-nodes=true", f"--config={STAGES}", *kubelet)
        self.eventually(
            lambda: self.client.get("/api/v1/namespaces/default/serviceaccounts/default").is_success
        )

    def kubeconfig(self, name: str, token: str) -> Path:
        """For whoever has this token."""
        cluster = {"server": self.where, "insecure-skip-tls-verify": True}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "here", "cluster": cluster}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": "here", "user": name}}],
            "current-context": name,
        }
        file = self.root / f"{name}.kubeconfig"
        file.write_text(yaml.safe_dump(content))
        file.chmod(0o600)
        return file

    def apply(
        self, made: dict[str, Any], namespace: str = "", manager: str = "people"
    ) -> dict[str, Any]:
        """As `kubectl apply --server-side`."""
        about, group = made["metadata"], made["apiVersion"]
        space = about.get("namespace", namespace)
        root = f"/apis/{group}" if "/" in group else f"/api/{group}"
        kinds = self.client.get(root).raise_for_status().json()["resources"]
        kind = next(k for k in kinds if k["kind"] == made["kind"] and "/" not in k["name"])
        where = f"/namespaces/{space}" if kind["namespaced"] else ""
        answer = self.client.patch(
            f"{root}{where}/{kind['name']}/{about['name']}",
            params={"fieldManager": manager, "force": "true"},
            headers={"Content-Type": "application/apply-patch+yaml"},
            content=yaml.safe_dump(made),
        )
        assert answer.is_success, answer.text
        return answer.json()

    def manifests(self, file: Path, namespace: str = "") -> None:
        """All objects of a file."""
        for made in yaml.safe_load_all(file.read_text()):
            self.apply(made, namespace)

    def get(self, path: str) -> Any:
        """What there is."""
        return self.client.get(path).raise_for_status().json()

    def merge(self, path: str, change: dict[str, Any]) -> None:
        """Change an object by a merge patch."""
        self.client.patch(path, json=change, headers=PATCH).raise_for_status()

    def account(self, namespace: str, name: str) -> Path:
        """The kubeconfig of a service account."""
        return self.kubeconfig(name, self.token(namespace, name))

    def token(self, namespace: str, name: str) -> str:
        """Of a service account, for an hour."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        answer = self.client.post(path, json={"spec": {"expirationSeconds": 3600}})
        return answer.raise_for_status().json()["status"]["token"]

    def eventually(self, holds: Callable[[], Any]) -> None:
        """Wait until it holds, as long as all parts run."""
        retry = retry_if_exception_type(httpx.HTTPError) | retry_if_result(operator.not_)

        def looked() -> bool:
            for one in self.processes:
                assert one.poll() is None, self._last(one)
            return bool(holds())

        Retrying(stop=stop_after_delay(PATIENCE_S), wait=wait_fixed(0.3), retry=retry)(looked)

    def close(self) -> None:
        """End all parts."""
        for one in reversed(self.processes):
            one.kill()
            one.wait()
        self.client.close()
        shutil.rmtree(self.root / "etcd", ignore_errors=True)

    def controller(self, name: str, *arguments: str) -> None:
        """One more of the servers that were built, and the kinds that its module defines."""
        server = BUILT[name]
        assert server.program, f"{name} is not built: make conformance"
        files = sorted((folder() / "go/pkg/mod").glob(CRDS[name].format(server.version)))
        for file in files:
            self.manifests(file)
            for made in yaml.safe_load_all(file.read_text()):
                self.eventually(partial(self._served, made["spec"]))
        self._start(str(server.program), f"--kubeconfig={self.admin}", *arguments)

    def _served(self, kind: dict[str, Any]) -> bool:
        known = self.get(f"/apis/{kind['group']}/{kind['versions'][-1]['name']}")["resources"]
        return kind["names"]["plural"] in [one["name"] for one in known]

    def _run(self, part: str, *arguments: str) -> None:
        self._start(str(BUILT[NAME].program), part, *arguments)

    def _start(self, program: str, *arguments: str) -> None:
        command = ["nice", program, *arguments]
        with (self.root / f"{_part(command)}.log").open("ab") as log:
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=self.root))

    def _last(self, one: subprocess.Popen[bytes]) -> str:
        part = _part(one.args)  # type: ignore[arg-type]
        return f"{part} ended: {(self.root / f'{part}.log').read_text()[-1500:]}"

    def _keys(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        pem = serialization.Encoding.PEM
        (self.root / "account.key").write_bytes(key.private_bytes(pem, form, plain))
        public = serialization.PublicFormat.SubjectPublicKeyInfo
        (self.root / "account.pub").write_bytes(key.public_key().public_bytes(pem, public))


def _part(command: list[str]) -> str:
    """What a process is called: the part that a program of several plays, else the program."""
    return Path(command[1]).name if command[2].startswith("-") else command[2]


@contextmanager
def control_plane(root: Path, kubelet: tuple[str, ...] = ()) -> Iterator[ControlPlane]:
    """One that runs, ended at the end."""
    made = ControlPlane(root)
    try:
        made.start(kubelet)
        yield made
    finally:
        made.close()


def node(name: str, cpu: str = "4") -> dict[str, Any]:
    """A machine that kwok plays."""
    room = {"cpu": cpu, "memory": "8Gi", "pods": "110"}
    metadata = {"name": name, "annotations": {"kwok.x-k8s.io/node": "fake"}}
    status = {"allocatable": room, "capacity": room}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": status}
