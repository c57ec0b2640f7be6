"""What the API takes and gives, where it is not the incident document's own types.

Texts that come in hold no control characters: PostgreSQL keeps no NUL, and no log needs the others.
"""

import json
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from ..incident.action import ActionPlan
from ..incident.communication import Message
from ..incident.document import Alert, Incident
from ..incident.lifecycle import State
from ..incident.severity import Severity
from ..incident.timeline import from_ts, utc_now
from ..record.ledger import Request
from ..record.lists import TakenAlert
from ..record.store import IncidentRow
from ..record.switches import Switch
from ..record.tokens import Role, Token
from ..record.work import Standing

T = TypeVar("T")
WORD = r"^[^\x00-\x1f\x7f-\x9f]+$"
LARGEST = 2**53 - 1
"""The largest number that every reader of JSON keeps as it is."""

IncidentId = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9-]{1,64}$", examples=["INC-20261129-091858-624d"])
]
EvidenceId = Annotated[str, Path(pattern=r"^E[1-9][0-9]{0,8}$", examples=["E12"])]
Subject = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z0-9_.:-]{10,200}$",
        description="hash of the plan or text; its first ten digits are enough",
        examples=["8e7e4ddc11f0"],
    ),
]
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.@ -]{1,100}$", examples=["ann"])]
Target = Annotated[
    str, Query(max_length=200, pattern=WORD, description="a service or other target")
]
Limit = Annotated[int, Query(ge=1, le=500, description="most on a page")]
Position = Annotated[int, Query(ge=0, le=LARGEST, description="begin after this one")]
Text = Annotated[str, Field(min_length=1, max_length=2000, pattern=WORD)]


class Form(BaseModel):
    """What is sent to us: unknown fields are errors, as a wrong word must not pass for a yes."""

    model_config = ConfigDict(extra="forbid")


class Reason(Form):
    """Why; it goes on the record."""

    reason: Text = Field(examples=["checkout v1.4.1 has the old price table"])


class Edit(Form):
    """Parameters of a plan, set anew: that makes another plan, with another hash."""

    parameters: dict[Annotated[str, Field(max_length=100, pattern=WORD)], Any] = Field(
        min_length=1, max_length=20, examples=[{"to_version": "v1.4.0"}]
    )

    @property
    def pairs(self) -> list[str]:
        """As `--edit` has them: key=value, the value as JSON."""
        return [f"{key}={json.dumps(value)}" for key, value in self.parameters.items()]


class NewToken(Form):
    """Whose it will be, and what it may."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.@ -]{1,100}$", examples=["ann"])
    role: Role = Field(examples=["commander"])


class Listed(BaseModel, Generic[T]):
    """A page; `after` begins the next one, and is empty on the last."""

    items: list[T]
    after: str = Field(description="give it as `after` for the next page; empty: there is none")


class IncidentLine(BaseModel):
    """An incident in the list of all."""

    id: str
    title: str
    state: State
    severity: Severity | None = Field(description="null until it is classified")
    opened_at: datetime = Field(description="in the time that the incident lives in, UTC")
    updated_at: datetime

    @classmethod
    def of(cls, row: IncidentRow) -> "IncidentLine":
        """As the list has it."""
        return cls(
            id=row.id,
            title=row.title,
            state=State(row.state),
            severity=Severity(row.severity) if row.severity else None,
            opened_at=from_ts(row.opened_at),
            updated_at=from_ts(row.updated_at),
        )

    @classmethod
    def of_document(cls, document: Incident) -> "IncidentLine":
        """As of now."""
        known = document.model_dump(include={"id", "title", "state", "severity", "opened_at"})
        return cls(**known, updated_at=utc_now())


class Question(BaseModel):
    """What waits for a person."""

    incident: str
    subject: str = Field(description="hash of the exact plan or text: approve or reject this")
    kind: str = Field(description="action, text or effect")
    title: str
    requested_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, request: Request) -> "Question":
        """As it was asked."""
        return cls(
            incident=request.incident_id,
            subject=request.subject,
            kind=request.kind,
            title=request.title,
            requested_at=from_ts(request.requested_at),
            expires_at=from_ts(request.expires_at),
        )


class WholeQuestion(Question):
    """With all that is decided on: nobody approves what is not shown, so nothing is masked."""

    plan: ActionPlan | None = None
    message: Message | None = None


class WorkLine(BaseModel):
    """Where the work on an incident stands."""

    incident: str
    status: str = Field(description="ready, waiting, over or stuck")
    wake_at: datetime | None = Field(description="when it is looked at next")
    why: str = Field(description="what it waits for, or why it is stuck and what to do")
    worked: bool = Field(description="somebody has it in hand now")
    attempts: int = Field(description="that failed, in a row")

    @classmethod
    def of(cls, standing: Standing) -> "WorkLine":
        """As the table of work has it."""
        return cls(
            incident=standing.incident_id,
            status=standing.status,
            wake_at=None if standing.wake_at is None else from_ts(standing.wake_at),
            why=standing.why,
            worked=standing.owner is not None,
            attempts=standing.attempts,
        )


class Taken(BaseModel):
    """An alert as it was written down."""

    id: int
    received_at: datetime
    incident: str | None = Field(description="null until an incident took it")
    alert: Alert

    @classmethod
    def of(cls, row: TakenAlert) -> "Taken":
        """As the list has it."""
        at = from_ts(row.received_at)
        return cls(id=row.id, received_at=at, incident=row.incident_id, alert=row.alert)


class Payload(BaseModel):
    """What a tool gave, secrets masked: the digest is of the unmasked."""

    evidence: str
    digest: str
    content: Any


class Markdown(BaseModel):
    """A text; whoever shows it makes it safe for where it is shown."""

    incident: str
    markdown: str


class TokenLine(BaseModel):
    """A token without itself."""

    name: str
    role: Role
    made_at: datetime
    revoked_at: datetime | None

    @classmethod
    def of(cls, token: Token) -> "TokenLine":
        """As the list has it."""
        gone = None if token.revoked_at is None else from_ts(token.revoked_at)
        return cls(
            name=token.name, role=token.role, made_at=from_ts(token.made_at), revoked_at=gone
        )


class SwitchLine(BaseModel):
    """How a switch stands, since when, by whom and why."""

    name: str
    off: bool
    at: datetime
    by: str
    reason: str

    @classmethod
    def of(cls, switch: Switch) -> "SwitchLine":
        """As it was last turned."""
        at = from_ts(switch.at)
        return cls(name=switch.name, off=switch.off, at=at, by=switch.made_by, reason=switch.reason)


class MadeToken(BaseModel):
    """Shown this once, kept nowhere."""

    name: str
    token: str = Field(examples=["wr_…"])
