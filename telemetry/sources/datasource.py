"""`datasources:` of warroom.yaml: where telemetry is asked for, and how Warroom is known there.

Grafana's provisioning keys (name, type, url, jsonData), authentication in the words of Prometheus'
http_config. Secrets stand in files that are read at each use, so that they can be changed while it
runs, and go to the host of `url` alone.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import re2
from pydantic import (
    AfterValidator,
    Field,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from ... import outgoing, plugins
from ...cluster.objects import SERVICE_LABELS
from ...errors import TelemetryError, ToolFailed
from ...yaml_tables import Duration, Entry

Kind = Literal[
    "files",
    "prometheus",
    "loki",
    "victorialogs",
    "elasticsearch",
    "journald",
    "tempo",
    "jaeger",
    "git",
    "github",
    "gitlab",
    "grafana",
    "argocd",
    "kubernetes",
    "launchdarkly",
    "unleash",
    "alertmanager",
    "otlp",
]
ALERTS_ONLY = ("alertmanager",)
"""Kinds with alerts and no telemetry: they are asked what fires, and no incident reads them."""
LOCAL = ("files", "git", "otlp")
"""Kinds whose `url` may be a folder."""
Names = tuple[str, ...]


def _known(value: Any, ours: ValidatorFunctionWrapHandler) -> Any:
    """A kind of ours, or one that another package brings."""
    return value if value in plugins.brought("sources") else ours(value)


def _pattern(text: str) -> str:
    try:
        re2.compile(text)
    except re2.error as error:
        raise ValueError(f"write a regular expression of RE2: {error}") from None
    return text


def _address(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError("write http://host:port or https://host")
    if "@" in parts.netloc or parts.query or parts.fragment or re.search(r"[\s<>\"]", text):
        raise ValueError("write an address without user, password, ?parameters and blanks")
    return text.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]


class Credentials(Entry):
    """The Authorization header: a scheme and a secret."""

    type: str = Field(default="Bearer", description="its scheme")
    credentials_file: Path = Field(description="holds the credentials")


class Login(Entry):
    """A user and a password."""

    username: str = Field(description="the user")
    password_file: Path = Field(description="holds the password")


class HeaderValue(Entry):
    """What a header of one's own holds; a secret stands in a file."""

    values: Names = Field(default=(), description="as they are, for what is no secret: a tenant")
    files: tuple[Path, ...] = Field(default=(), description="each holds one value")


class TlsConfig(Entry):
    """Whom to trust, and who we are."""

    ca_file: Path | None = Field(
        default=None, description="PEM of the authority; null: the system's"
    )
    cert_file: Path | None = Field(default=None, description="PEM of our own certificate")
    key_file: Path | None = Field(default=None, description="PEM of its key")


class JsonData(Entry):
    """What Grafana keeps of a data source besides its address."""

    timeInterval: Duration = Field(default=15.0, description="how often it scrapes: 15s")
    maxLines: int = Field(default=5000, gt=0, le=5000, description="lines of one answer, for logs")
    always: Names = Field(
        default=(),
        description="for logs: services that every incident is asked of: firewall, audit, cdn",
    )
    repository: str = Field(
        default="",
        pattern=r"^([\w.-]+(/[\w.-]+)*)?$",
        description="for github: owner/name; for gitlab: group/name, or the project's number",
    )
    namespace: str = Field(
        default="", pattern=r"^[\w.-]*$", description="for kubernetes; empty: every one"
    )
    branch: str = Field(default="", description="what is delivered from; empty: the usual one")
    tags: Annotated[str, AfterValidator(_pattern)] = Field(
        default="",
        description="for git: tags that are deploys, with the groups version and, where the name "
        "says it, service; empty: tags that look like a version are releases",
    )
    environment: str = Field(default="", description="whose deployments count; empty: each one's")
    service: str = Field(default="", description="whose changes these are; empty: of all")
    folders: dict[str, str] = Field(
        default={},
        description="where the code of a service lies, in a repository of several; for other "
        "tools how the names of its flags, applications and releases begin",
    )
    index: str = Field(
        default="logs-*", min_length=1, description="for elasticsearch: where logs are, a pattern"
    )
    timeField: str = Field(default="@timestamp", description="for elasticsearch: when it was")
    logMessageField: str = Field(default="", description="the same: what it says; empty: the usual")
    logLevelField: str = Field(default="", description="the same: its level; empty: the usual")
    external_url: Address = Field(
        default="", description="where people open it, if that is not url: of git, the web page"
    )
    grafana: Address = Field(
        default="", description="the Grafana in which people open it; empty: that of type grafana"
    )
    uid: str = Field(default="", description="what Grafana calls it; empty: by its name here")


class SourceLabels(Entry):
    """Which labels say whose a row is, in the order in which they are tried."""

    service: Names = Field(default=SERVICE_LABELS, description="the service")
    instance: Names = Field(
        default=("pod", "k8s_pod_name", "service_instance_id", "instance", "host", "hostname"),
        description="one of its processes",
    )


class Datasource(Entry):
    """One place that telemetry is read from."""

    name: str = Field(pattern=r"^[\w.-]{1,63}$", description="as incidents call it")
    type: Annotated[Kind, WrapValidator(_known)] = Field(description="what answers there")
    url: str = Field(description="its address; a path before the API belongs to it")
    jsonData: JsonData = Field(default=JsonData(), description="Grafana's keys of it")
    labels: SourceLabels | None = Field(
        default=None,
        description="which labels say whose a row is; null: as for alerts, else the usual",
    )
    authorization: Credentials | None = Field(default=None, description="an Authorization header")
    basic_auth: Login | None = Field(default=None, description="user and password")
    http_headers: dict[str, HeaderValue] = Field(
        default={}, description="further headers: a tenant's"
    )
    tls_config: TlsConfig = Field(default=TlsConfig(), description="for https")
    timeout: Duration = Field(default=10.0, description="for one answer: 10s")

    @model_validator(mode="after")
    def _address(self) -> Self:
        if self.authorization and self.basic_auth:
            raise ValueError("give `authorization` or `basic_auth`: they are the same header")
        if self.type in (*LOCAL, *plugins.brought("sources")) and "://" not in self.url:
            return self
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("url: write http://host:port or https://host")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("url: keep user, password and ?parameters out: use `basic_auth`")
        return self

    @property
    def whose(self) -> SourceLabels:
        """Its labels, or the usual ones."""
        return self.labels or SourceLabels()


class McpServer(Entry):
    """A server whose tools specialists may ask, by its command or its address."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,30}$", description="as incidents call it")
    command: tuple[str, ...] = Field(default=(), description="starts it, to speak on stdin")
    environment: dict[str, str] = Field(default={}, description="of the command; nothing of ours")
    url: str = Field(default="", pattern=r"^(https?://[^\s#@]+)?$", description="streamable HTTP")
    authorization: Credentials | None = Field(default=None, description="an Authorization header")
    tools: dict[str, Names] = Field(
        description="which are offered, and to whom: debugger, observability, …"
    )
    trusted: Names = Field(
        default=(), description="those that only read, though the server does not say so"
    )
    timeout: Duration = Field(default=10.0, gt=0, le=18, description="for one call")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.command) is bool(self.url):
            raise ValueError("give `command` or `url`")
        return self


def read_secret(file: Path) -> str:
    """What is in it, without blanks around it. Raises TelemetryError where it cannot be read."""
    try:
        return outgoing.read_secret(file)
    except ToolFailed as error:
        raise TelemetryError(f"its secret cannot be read, {error}") from error
