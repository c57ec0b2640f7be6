"""One Kubernetes API, spoken to by the official client: one long-lived client a context.

Paths and JSON as the API documents them go in and out; the client brings kubeconfig, exec plugins,
tokens that are renewed, certificates. Nothing is tried again here: whoever asks looks again with
the next step, and whoever writes has to find out what became of it first.
"""

import json
import os
import time
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlencode

from pydantic import Field

from .errors import InputError, KubernetesError
from .forge_api import Forge
from .yaml_tables import Duration, Entry

MOST_BYTES = 64 * 2**20
"""Of one answer, inflated."""
SAID = 300
"""Characters of the API's own words that are passed on."""
CURES = {
    401: "its login is not accepted: try it with `kubectl auth whoami`, then renew it",
    403: "give its account that right, or look at what admission refuses",
    404: "look at the name, the namespace and what the cluster serves (`kubectl api-resources`)",
    409: "it was changed meanwhile: look again before anything is decided",
    410: "that list is too old: begin it again",
    422: "the API finds it invalid: correct what it names",
    429: "it asks to be left alone for now: ask again later",
}


class ClusterAccess(Entry):
    """One cluster that Warroom may look into, and act upon where that is allowed."""

    name: str = Field(pattern=r"^[\w.-]{1,63}$", description="as incidents call it")
    context: str = Field(default="", description="of the kubeconfig; empty: its current one")
    kubeconfig: Path | None = Field(
        default=None, description="null: as for kubectl; in a pod without one, the pod's account"
    )
    url: str = Field(
        default="",
        pattern=r"^(https?://[^ @?#]+)?$",
        description="instead of both, an address that asks for no login: of `kubectl proxy`",
    )
    namespaces: tuple[str, ...] = Field(
        default=(), description="which are meant; none: every one, and what belongs to no namespace"
    )
    mode: Literal["read", "propose", "act"] = Field(
        default="read", description="read: look; propose: also plan; act: also what was approved"
    )
    timeout: Duration = Field(default=10.0, description="for one answer: 10s")
    most_replicas: int = Field(default=20, ge=1, description="that a workload is scaled to")
    autoscalers: Literal["read", "act"] = Field(
        default="read", description="read: what one keeps is not scaled; act: its bounds are set"
    )
    gitops: Path | None = Field(
        default=None, description="clone of the repository that Argo CD or Flux delivers from"
    )
    pull_request: Forge | None = Field(default=None, description="instead: by requests only")


class KubeApi:
    """The API of one cluster. Safe to use from several threads."""

    def __init__(self, access: ClusterAccess) -> None:
        self.access = access
        self._client = _connected(access)

    def get(self, path: tuple[str, ...], **params: Any) -> Any:
        """Decoded JSON. Raises KubernetesError."""
        return self.send("GET", path, **params)

    def send(
        self,
        method: str,
        path: tuple[str, ...],
        body: Any = None,
        content: str = "application/json",
        **params: Any,
    ) -> Any:
        """Decoded JSON of what the API answers.

        Args:
            method: GET, POST, PATCH, …
            path: segments, as `path_of` makes them; each is encoded as one.
            body: sent as JSON of the type `content`: application/json-patch+json for a list.
            params: limit, labelSelector, dryRun, fieldManager, …

        Raises KubernetesError with HTTP's status (0: no answer) and what to do next.
        """
        told = _decoded(self._answer(method, path, params, body, content))
        if told is None:
            said = "answered no JSON: is it really Kubernetes? look at its context or url"
            raise KubernetesError(f"{self.access.name} {said}", unsure=method != "GET")
        return told

    def text(self, path: tuple[str, ...], **params: Any) -> str:
        """What the API answers as text, a log. Raises KubernetesError."""
        return self._answer("GET", path, params).decode(errors="replace")

    def _answer(
        self,
        method: str,
        path: tuple[str, ...],
        params: dict[str, Any],
        body: Any = None,
        content: str = "application/json",
    ) -> bytes:
        import urllib3

        given = {name: value for name, value in params.items() if value is not None}
        place = "/" + "/".join(quote(part, safe="") for part in path)
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "Content-Type": content}
        try:
            asked = self._client.param_serialize(
                *(method, f"{place}?{urlencode(given)}"),
                **{"header_params": headers, "body": body, "auth_settings": ["BearerToken"]},
            )
            answer = self._client.call_api(*asked, _request_timeout=self.access.timeout).response
            found = _whole(answer, time.monotonic() + self.access.timeout)
        except urllib3.exceptions.HTTPError as error:
            raise self._down(error, method) from error
        if not 200 <= answer.status < 300:
            raise refused(self.access.name, answer.status, _decoded(found), f"{method} {place}")
        return found

    def _down(self, error: Exception, method: str) -> KubernetesError:
        import urllib3.exceptions as broken

        never = (broken.NewConnectionError, broken.ConnectTimeoutError, broken.SSLError)
        said = " ".join(str(error).split())[:SAID]
        text = (
            f"{self.access.name} does not answer ({said}): is it up, is its context the right one?"
        )
        return KubernetesError(text, unsure=method != "GET" and not isinstance(error, never))


def path_of(
    version: str, resource: str, namespace: str = "", name: str = "", part: str = ""
) -> tuple[str, ...]:
    """Segments of what a resource ("deployments") of a version ("v1", "apps/v1") lies at; `part`
    is a subresource: scale, log, eviction."""
    root = ("apis", *version.split("/")) if "/" in version else ("api", version)
    space = ("namespaces", namespace) if namespace else ()
    return tuple(filter(None, (*root, *space, resource, name, part)))


def api_of(access: ClusterAccess) -> KubeApi:
    """The one client of this access. Raises InputError where it cannot be used as it is written."""
    return _api_of(access.model_dump_json())


@cache
def _api_of(written: str) -> KubeApi:
    return KubeApi(ClusterAccess.model_validate_json(written))


def refused(name: str, status: int, told: Any, asked: str) -> KubernetesError:
    """What the API says no with, and what to do about it."""
    message = told.get("message") if isinstance(told, dict) else ""
    said = " ".join(str(message or "").split())[:SAID] or "gives no reason"
    cure = CURES.get(status, "look at the API server's own log")
    text = f"{name} refuses {asked} ({status}: {said}): {cure}"
    return KubernetesError(text, status, unsure=status >= 500 and not asked.startswith("GET"))


def _decoded(found: bytes) -> Any:
    """None for what is no JSON."""
    try:
        return json.loads(found)
    except (ValueError, RecursionError):
        return None


def _whole(answer: Any, until: float) -> bytes:
    """What it answers, read to its end; a server that sends little by little gets no longer."""
    import urllib3

    found = bytearray()
    for chunk in answer.stream(2**16, decode_content=True):
        found += chunk
        if len(found) > MOST_BYTES or time.monotonic() > until:
            answer.close()
            raise urllib3.exceptions.HTTPError("its answer is too large or too long under way")
    return bytes(found)


def _connected(access: ClusterAccess) -> Any:
    try:
        from kubernetes import client, config
    except ImportError as error:
        raise InputError(
            "Kubernetes' client is missing: `pip install warroom[kubernetes]`"
        ) from error
    known = client.Configuration()
    inside = "KUBERNETES_SERVICE_HOST" in os.environ and not (access.context or access.kubeconfig)
    try:
        if access.url:
            known.host, known.proxy = access.url.rstrip("/"), None
        elif inside and not os.environ.get("KUBECONFIG"):
            config.load_incluster_config(known)
        else:
            file = str(access.kubeconfig) if access.kubeconfig else None
            config.load_kube_config(file, access.context or None, known, persist_config=False)
    except (config.ConfigException, OSError, ValueError) as error:
        cure = "`kubectl config get-contexts` lists them"
        raise InputError(f"kubernetes {access.name}: {error}; {cure}") from error
    known.retries = False
    return client.ApiClient(known)
