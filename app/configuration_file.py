"""warroom.yaml: what a team sets once and keeps in version control. Everything has a default.

Keys are in the words of tools that people know; one that nobody reads is an error with its line.
`$VAR`, `${VAR}` and `$__file{path}` expand in values, so that no secret has to stand in the file;
`$$` is a dollar sign. Paths are seen from the file's folder. No endpoint of a model stands here: a
key and the place that it is sent to come from one source (settings.py).
"""

import os
import re
import stat
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, field_validator, model_validator

from ..actions.policy import Policy
from ..errors import InputError
from ..forge_api import Forge
from ..intake.configuration import Authorization, Receiver
from ..intake.identity import Labels
from ..kube_api import ClusterAccess
from ..notify.configuration import Notifications
from ..oncall.escalation import OnCall
from ..plans.runbook import Kept
from ..telemetry.sources.datasource import Datasource, McpServer, SourceLabels
from ..yaml_tables import Entry, parse_table
from .chatting import Slack
from .drill_schedules import Drills
from .signing_in import SignIn

NAMED = "WARROOM_CONFIG"
"""Names the file; `--config` sets it. Empty: none, whatever lies here."""
FILE = "warroom.yaml"
"""What it is called in the working directory, where it is found without being named."""
PART = re.compile(r"\$(?:(\$)|__file\{([^}]*)\}|\{(\w+)\}|(\w+))")
LISTEN = "127.0.0.1:8844"
ROOT = 0
"""A user id that may write everything anyway."""
OTLP_LISTEN = "127.0.0.1:4318"


def _listen(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isdigit() and 0 <= int(port) < 65536):
        raise ValueError(f"write host:port, such as {LISTEN} or [::1]:8844")
    return text


Listen = Annotated[str, AfterValidator(_listen)]


def _network(text: str) -> str:
    try:
        ip_network(text, strict=False)
    except ValueError:
        raise ValueError("write the proxy's address or network, such as 10.0.0.5") from None
    return text


class Tls(Entry):
    """The certificate that the service shows."""

    cert_file: Path = Field(description="PEM, with its chain")
    key_file: Path = Field(description="PEM")


class Server(Entry):
    """Where it listens and where it keeps its record."""

    listen: Listen = Field(
        default=LISTEN, description="host:port; anything but loopback needs `tls` or `proxy`"
    )
    external_url: str = Field(
        default="", pattern="^(https?://[^ ]+)?$", description="how others reach it, for links"
    )
    database: str = Field(
        default="", description="postgresql://user@host/name, sqlite:////file; empty: in the home"
    )
    tls: Tls | None = Field(default=None, description="None: plain HTTP")
    proxy: list[Annotated[str, AfterValidator(_network)]] = Field(
        default=[], description="addresses of the proxies before it that do TLS; believed"
    )
    sign_in: SignIn = Field(default=SignIn(), description="sessions of browsers, who begins one")

    @property
    def host(self) -> str:
        """Without the brackets of an IPv6 address."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """0: any that is free."""
        return int(self.listen.rpartition(":")[2])

    @property
    def url(self) -> str:
        """How senders reach it."""
        scheme = "https" if self.tls else "http"
        return self.external_url.rstrip("/") or f"{scheme}://{self.listen}"

    def check_bind(self) -> None:
        """Raise InputError where tokens would cross a network in the clear."""
        if self.tls or self.proxy or _loopback(self.host):
            return
        raise InputError(
            f"{self.listen} can be reached from elsewhere, and tokens would cross the network in "
            "the clear: give server.tls a cert_file and a key_file, or name in server.proxy the "
            f"address of the proxy that does TLS, or listen on {LISTEN}"
        )


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Otlp(Entry):
    """Telemetry that is sent to us by OpenTelemetry's protocol over HTTP, and kept for a while."""

    listen: Listen = Field(
        default=OTLP_LISTEN, description="host:port; elsewhere than on loopback as for `server`"
    )
    folder: Path | None = Field(default=None, description="holds it; null: otlp in the home")
    hours: float = Field(default=6, gt=0, le=168, description="for which it is kept")
    megabytes: float = Field(
        default=2000, ge=16, le=1_000_000, description="it may take of the disk; oldest leave first"
    )
    authorization: Authorization | None = Field(
        default=None, description="how senders are known; null: by a secret in the home"
    )
    unauthenticated: bool = Field(default=False, description="whoever can reach it may send")


class StatusPage(Entry):
    """What the public is told: files for any web server, a page of ours, or both."""

    folder: Path | None = Field(default=None, description="for index.html and feed.atom")
    served: Literal["", "public", "internal"] = Field(
        default="", description="at /status: to everybody, or to who is signed in; empty: not"
    )
    title: str = Field(default="Status", max_length=100, description="its heading")


class Configuration(Entry):
    """The whole file."""

    server: Server = Field(default=Server(), description="where it listens, where it keeps")
    receivers: list[Receiver] = Field(
        default=[], description="who may send alerts; none: Alertmanager, by a secret in the home"
    )
    datasources: list[Datasource] = Field(
        default=[], description="where telemetry is asked for, where no bundle is named"
    )
    otlp: Otlp | None = Field(
        default=None, description="telemetry that is sent to us; null: none is, `{}`: it may be"
    )
    kubernetes: list[ClusterAccess] = Field(
        default=[], description="clusters, read as telemetry; acted upon where their mode is act"
    )
    catalog: list[Path] = Field(
        default=[], description="Backstage's catalog-info.yaml, with * and **: who needs whom"
    )
    slos: list[Path] = Field(default=[], description="OpenSLO v1, with * and **: objectives")
    labels: Labels | None = Field(
        default=None, description="which labels say what an alert is about; null: the usual ones"
    )
    oncall: OnCall = Field(default=OnCall(), description="who is on call, and told after whom")
    notifications: Notifications = Field(
        default=Notifications(), description="by which channels people are told; none: files"
    )
    status_page: StatusPage | None = Field(
        default=None, description="what the public is told, kept fresh as files; null: it is not"
    )
    mcp: list[McpServer] = Field(default=[], description="servers whose tools specialists may ask")
    slack: Slack | None = Field(default=None, description="chat in Slack; null: none")
    policy: Policy = Field(default=Policy(), description="who approves, and what may be when")
    improvements: Forge | None = Field(default=None, description="asked to merge step 12's files")
    runbooks: Kept = Field(default=Kept(), description="a team's own, and how often they are tried")
    drills: Drills = Field(default=Drills(), description="which come when; none by themselves")

    @field_validator("receivers", "datasources", "kubernetes", "mcp")
    @classmethod
    def _told_apart(cls, value: list[Any]) -> list[Any]:
        names = [one.name for one in value]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two are called {twice[0]}: give each a name of its own")
        return value

    @property
    def whose(self) -> tuple[str, ...]:
        """The labels by which everything in a cluster is told whose it is, read or acted on."""
        return (self.labels and self.labels.service) or SourceLabels().service

    @property
    def asked(self) -> list[Datasource]:
        """The data sources, with the labels that alerts have where they name none of their own."""
        usual = {"labels": SourceLabels(service=self.whose)}
        return [one if one.labels else one.model_copy(update=usual) for one in self.datasources]

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, value: Any) -> Any:
        """A file of comments, or a section without keys, sets nothing."""
        found = {} if value is None else value
        return {k: v for k, v in found.items() if v != ""} if isinstance(found, dict) else found


def use_configuration(path: Path) -> None:
    """Read this file from now on. Raises InputError where there is none."""
    if not path.is_file():
        raise InputError(f"{path} is no file; name a warroom.yaml, or leave --config out")
    os.environ[NAMED] = str(path.resolve())


def find_configuration() -> None:
    """Read warroom.yaml of the working directory from now on, where it is and none is named.

    Raises InputError where another user may have written it: it says where secrets go.
    """
    path = Path(FILE)
    if NAMED in os.environ or not path.is_file():
        return
    about = path.stat()
    if about.st_uid not in (os.geteuid(), ROOT) or about.st_mode & stat.S_IWOTH:
        raise InputError(
            f"others may write {path.resolve()}: look at what is in it, then make it yours alone, "
            "or name it with --config"
        )
    os.environ[NAMED] = str(path.resolve())


def read_configuration() -> Configuration:
    """The file that was named; the defaults where none was.

    Raises TableError with file, line, key and cure, InputError for a file that cannot be read.
    """
    named = os.environ.get(NAMED)
    if not named:
        return Configuration()
    path = Path(named)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise InputError(f"{path}: {reason}; name a warroom.yaml with --config") from error
    return parse_configuration(text, path)


def parse_configuration(text: str, path: Path) -> Configuration:
    """The text of a file that is, or will be, at this path. Raises TableError."""
    folder = path.resolve().parent
    found = parse_table(text, Configuration, path.name, lambda value: _expanded(value, folder))
    return _placed(found, folder)


def _placed(value: Any, folder: Path) -> Any:
    """The same with every path seen from this folder."""
    if isinstance(value, Path):
        return folder / value
    if isinstance(value, (list, tuple)):
        return type(value)(_placed(each, folder) for each in value)
    if isinstance(value, dict):
        return {name: _placed(each, folder) for name, each in value.items()}
    if isinstance(value, BaseModel):
        given = {name: _placed(getattr(value, name), folder) for name in value.model_fields_set}
        return value.model_copy(update=given)
    return value


def _expanded(value: str, folder: Path) -> str:
    """The value with variables and files in place; paths are seen from `folder`.

    Raises ValueError for what is not there.
    """

    def one(match: re.Match[str]) -> str:
        dollar, file, braced, bare = match.groups()
        if dollar:
            return "$"
        return _file(folder / file) if file is not None else _variable(braced or bare)

    return PART.sub(one, value)


def _variable(name: str) -> str:
    if (value := os.environ.get(name)) is None:
        raise ValueError(f"${name} is not set: set it, or write $$ for a dollar sign")
    return value


def _file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise ValueError(f"{path}: {reason}") from None
