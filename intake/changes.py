"""What a pipeline sends when it has changed something: plain JSON, a CloudEvent around it, or a
CDEvent (https://cdevents.dev, in a CloudEvent or bare). Texts in it are data.
"""

import hashlib
import time
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ..errors import InputError
from ..telemetry.records import change_kind, kind_named

AHEAD_S = 3600.0
"""A time that is later than now by more is refused."""
SUBJECTS = ("service", "environment", "change")
"""Of CDEvents, whose events change something that runs."""
Word = Annotated[str, Field(max_length=200)]
Line = Annotated[str, Field(max_length=2000)]


class ChangeFacts(BaseModel):
    """What changed, where, and what it was before."""

    model_config = ConfigDict(extra="forbid")

    service: Word = Field(default="", description="empty: it concerns all", examples=["checkout"])
    kind: Word = Field(default="", description="deploy, rollback, flag, config, scale, restart, …")
    id: Line = Field(default="", description="the same when it is sent again; empty: its content")
    at: AwareDatetime | None = Field(default=None, description="null: now")
    version: Word = Field(default="", description="what is there now", examples=["v1.4.1"])
    previous: Word = Field(default="", description="what was there before", examples=["v1.4.0"])
    author: Word = Field(default="", description="who; empty: the token's name")
    summary: Line = Field(default="", description="a sentence")
    files: list[Line] = Field(default=[], max_length=200, description="names of changed files")
    diff: str = Field(default="", max_length=60_000, description="as `git diff` prints it")


class NewChange(ChangeFacts):
    """A change as plain JSON."""

    kind: Word = Field(min_length=1, description="deploy, rollback, flag, config, scale, restart")


class CdSubject(BaseModel):
    """What a CDEvent is about; `content` of a service has its environment and artifactId."""

    id: Line = Field(min_length=1, examples=["service/checkout"])
    content: dict[str, Any] = {}


class CdContext(BaseModel):
    """Which event it is, of whom, when."""

    id: Line = Field(min_length=1)
    source: Line = Field(min_length=1)
    type: Word = Field(
        pattern=r"^dev\.cdevents\.", examples=["dev.cdevents.service.deployed.0.3.0"]
    )
    timestamp: AwareDatetime | None = None


class CdEvent(BaseModel):
    """A CDEvent."""

    context: CdContext
    subject: CdSubject


class CloudEvent(BaseModel):
    """A CloudEvent in structured mode; its data is a change or a CDEvent."""

    specversion: Literal["1.0"]
    id: Line = Field(min_length=1)
    source: Line = Field(min_length=1)
    type: Word = Field(min_length=1, examples=["org.example.deployed"])
    time: AwareDatetime | None = None
    data: CdEvent | ChangeFacts


Sent = NewChange | CloudEvent | CdEvent | ChangeFacts
Told = tuple[str, dict[str, Any]]
"""The key under which a change counts once, and the change as a line of a bundle."""


def told(sent: Sent, headers: Mapping[str, str], author: str) -> Told:
    """What was sent, with the headers of a CloudEvent in binary mode (`ce-id`, …; small letters).

    Raises InputError for what tells of no change, or of one of tomorrow.
    """
    if isinstance(sent, (CdEvent, ChangeFacts)) and "ce-id" in headers:
        sent = _binary(sent, headers)
    if isinstance(sent, CloudEvent):
        key, row = _of(sent.data, sent.type, sent.time)
        key = f"{sent.source}\n{sent.id}"
    else:
        key, row = _of(sent, "", None)
    row |= {"author": row.get("author") or author}
    if row["at"] > time.time() + AHEAD_S:
        raise InputError(
            "it is of tomorrow: set the sender's clock, and write the time with its zone"
        )
    row["id"] = f"sent-{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
    return key, {name: value for name, value in row.items() if value not in ("", [])}


def _binary(data: CdEvent | ChangeFacts, headers: Mapping[str, str]) -> CloudEvent:
    known = {name: unquote(headers.get(f"ce-{name}", "")) for name in ("id", "source", "type")}
    known["specversion"] = headers.get("ce-specversion", "")
    try:
        at = TypeAdapter(AwareDatetime | None).validate_python(headers.get("ce-time"))
        return CloudEvent.model_validate({**known, "time": at, "data": data})
    except ValidationError as error:
        wrong = ".".join(map(str, error.errors()[0]["loc"])) or "time"
        raise InputError(
            f"ce-{wrong} of the CloudEvent is missing or wrong: send all of it"
        ) from None


def _of(data: CdEvent | ChangeFacts, type: str, at: Any) -> Told:
    if isinstance(data, CdEvent):
        return _of_cdevent(data)
    row = data.model_dump(exclude={"at"})
    row["kind"] = data.kind or type
    if not row["kind"]:
        raise InputError("say in `kind` what it is: deploy, rollback, flag, config, scale, restart")
    when = data.at or at
    row["at"] = when.timestamp() if when else time.time()
    # One commit may be deployed to several services.
    own = f"{row['kind']}\n{data.service}\n{data.id}"
    return own if data.id else f"content\n{data.model_dump_json()}", row


def _of_cdevent(event: CdEvent) -> Told:
    context, subject = event.context, event.subject
    about, _, predicate = context.type.removeprefix("dev.cdevents.").partition(".")
    if about not in SUBJECTS or not kind_named(f"{about} {predicate}"):
        raise InputError(
            f"{context.type} changes nothing that runs: send {', '.join(SUBJECTS)} events"
        )
    content = subject.content
    place, artifact = content.get("environment"), str(content.get("artifactId") or "")
    where = str(place.get("id") or "") if isinstance(place, dict) else ""
    name = subject.id.rpartition("/")[2]
    row: dict[str, Any] = {
        "at": context.timestamp.timestamp() if context.timestamp else time.time()
    }
    row |= {"kind": change_kind(f"{predicate} {about}", bool(artifact)), "files": [], "diff": ""}
    row["service"] = name[:200] if about == "service" else ""
    row["version"] = unquote(artifact.rpartition("@")[2])[:200]
    parts = subject.id, predicate.partition(".")[0], f"in {where}" if where else "", artifact
    row["summary"] = " ".join(filter(None, parts))[:2000]
    return f"{context.source}\n{context.id}", row
