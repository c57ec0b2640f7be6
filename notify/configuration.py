"""`notifications:` of warroom.yaml: the channels by which people are told.

What is secret stands in files that are read at each use, so that it can be changed meanwhile.
A channel that is not mail is an address as apprise has them (https://github.com/caronc/apprise),
which names the provider and holds its keys.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from ..incident.communication import Audience
from ..incident.severity import Severity
from ..yaml_tables import Entry

Medium = Literal["email", "email digest", "sms", "chat", "phone", "status page", "ticket"]
"""What a level asks for (practice: incident management), and `ticket` for follow-ups."""
Method = Literal["email", "chat", "sms", "phone", "push", "webhook"]
"""By which a person gave their way."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _listed_by(word: Any) -> BeforeValidator:
    """One of these words, or several."""
    return BeforeValidator(_listed, json_schema_input_type=word | list[word])


class Mail(Entry):
    """The server that takes mail from us."""

    host: str = Field(min_length=1, description="of the SMTP server")
    port: int = Field(default=587, gt=0, lt=65536, description="587 with starttls, 465 with tls")
    tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="none: in the clear, where no password is sent"
    )
    ca_file: Path | None = Field(
        default=None, description="PEM of its authority; null: the system's"
    )
    username: str = Field(default="", description="empty: it knows us by our address")
    password_file: Path | None = Field(default=None, description="holds the password")
    sender: str = Field(pattern=r"^[^\s@<>,;]+@[^\s@<>,;]+$", description="whom it comes from")

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Self:
        if bool(self.username) is not bool(self.password_file):
            raise ValueError("give `username` and `password_file`, or neither")
        if self.username and self.tls == "none" and self.host not in LOOPBACK:
            raise ValueError("a password would cross the network in the clear: set `tls`")
        return self


class Authorization(Entry):
    """The Authorization header: a scheme and a secret."""

    type: str = Field(default="Bearer", description="its scheme; Basic: user:password in base64")
    credentials_file: Path = Field(description="holds the credentials")


class Channel(Entry):
    """One way to people: mail addresses, an apprise address, a tracker or a status page."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="as the record has it")
    to: tuple[Annotated[str, Field(pattern=r"^[^\s@<>,;]+@[^\s@<>,;]+$")], ...] = Field(
        default=(), description="mail goes to these"
    )
    url_file: Path | None = Field(
        default=None, description="holds an apprise address: msteams://…, pagerduty://…, json://…"
    )
    post: Literal["", "github", "gitlab", "jira", "statuspage", "instatus", "git"] = Field(
        default="", description="what is made there: an issue, or an incident of a status page"
    )
    url: str = Field(default="", pattern=r"^(https?://[^\s?#@]+)?$", description="of its API")
    place: str = Field(
        default="",
        pattern=r"^[\w./%-]*$",
        description="owner/name, project, page; for git a Markdown file in a tree",
    )
    authorization: Authorization | None = Field(default=None, description="how it knows us")
    carries: Annotated[tuple[Medium, ...], _listed_by(Medium)] = Field(
        min_length=1, description="what levels ask for: email, sms, chat, phone, …"
    )
    severities: Annotated[tuple[Severity, ...], _listed_by(Severity)] = Field(
        default=(), description="only of these levels; none: of all"
    )
    audiences: Annotated[tuple[Audience, ...], _listed_by(Audience)] = Field(
        default=(),
        description="only what is written for these; none: for engineering, or "
        "where it is a status page for that",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if [bool(self.to), bool(self.url_file), bool(self.post)].count(True) != 1:
            raise ValueError("give one of `to` for mail, `url_file` for apprise, and `post`")
        if self.post and not (self.place and (self.url or self.post == "git")):
            raise ValueError("say where it is made: `url` of its API and `place` there")
        if "status page" in self.carries and self.written != (Audience.status_page,):
            raise ValueError("what carries the status page takes texts for that alone")
        return self

    @property
    def written(self) -> tuple[Audience, ...]:
        """For whom what it takes is written."""
        usual = Audience.status_page if "status page" in self.carries else Audience.engineering
        return self.audiences or (usual,)


SIGNATURE, TIMESTAMP = "X-Warroom-Signature", "X-Warroom-Timestamp"


class Sink(Entry):
    """Where every event of an incident is told."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="as the record has it")
    url: str = Field(pattern=r"^https?://[^\s#@]+$", description="takes structured CloudEvents")
    authorization: Authorization | None = Field(default=None, description="how it knows us")
    signing_secret_file: Path | None = Field(
        default=None,
        description=f"holds the key of {SIGNATURE}: hex HMAC-SHA256 of `time:body`, the time in "
        f"{TIMESTAMP}",
    )
    only: tuple[str, ...] = Field(default=(), description="types, such as decided; none: all")


class Notifications(Entry):
    """The whole section. What no channel carries is a file for a gateway, as ever."""

    mail: Mail | None = Field(default=None, description="the server for mail; null: no mail")
    channels: tuple[Channel, ...] = Field(default=(), description="by which messages go out")
    methods: dict[Method, Path] = Field(
        default={},
        description="how somebody's own way is used: files, each with an apprise address in which "
        "{address} stands for theirs: twilio://SID:TOKEN@+491511/{address}; email is mail",
    )
    fallback: str = Field(
        default="", description="the channel that tells who gave no way of their own"
    )
    drills: bool = Field(default=False, description="messages of drills go out too, marked")
    events: tuple[Sink, ...] = Field(
        default=(), description="where every event of incidents is told, as CloudEvents"
    )
    p3_hour: Annotated[int, Field(ge=0, le=23)] | None = Field(
        default=9,
        description="hour, UTC, at which a day's P3 messages go out as one; null: each at once",
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        names = [one.name for one in (*self.channels, *self.events)]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two channels are called {twice[0]}: give each a name of its own")
        names = [one.name for one in self.channels]
        if self.fallback and self.fallback not in names:
            raise ValueError(f"`fallback` is no channel: name one of {', '.join(names)}")
        if any(one.to for one in self.channels) and self.mail is None:
            raise ValueError("a channel is mail and no server is named: add `mail`")
        return self
