"""What the API takes and gives, where the record has no type of its own for it.

Texts that come in hold no control characters: PostgreSQL keeps no NUL, and no log needs the others.
Times that go out are unix seconds, as `--json` prints them; inside documents they are ISO 8601.
"""

import json
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, Field

from ..app.by_hand import INCIDENT, LARGEST, WORD, Form, Reason, Text
from ..incident.action import ActionPlan
from ..incident.communication import Message
from ..record.ledger import Request
from ..record.tokens import Role

__all__ = ["INCIDENT", "LARGEST", "WORD", "Form", "Reason", "Text"]
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


class Edit(Form):
    """Parameters of a plan, set anew: that makes another plan, with another hash."""

    parameters: dict[Annotated[str, Field(max_length=100, pattern=WORD)], Any] = Field(
        min_length=1, max_length=20, examples=[{"to_version": "v1.4.0"}]
    )

    @property
    def pairs(self) -> list[str]:
        """As `--edit` has them: key=value, the value as JSON."""
        return [f"{key}={json.dumps(value)}" for key, value in self.parameters.items()]


class OtherText(Form):
    """What a text is to say instead; what the record does not bear out only `anyway`."""

    subject: str = Field(min_length=1, max_length=200, pattern=WORD)
    body: str = Field(min_length=1, max_length=8000, description="Markdown")
    anyway: bool = Field(default=False, description="say it all the same, under one's name")


class NewToken(Form):
    """Whose it will be, and what it may."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.@ -]{1,100}$", examples=["ann"])
    role: Role = Field(examples=["commander"])


class Question(BaseModel):
    """A question with all that is decided on: nobody approves what is not shown, so nothing is
    masked."""

    request: Request
    plan: ActionPlan | None = None
    message: Message | None = None


class Payload(BaseModel):
    """What a tool gave, secrets masked: the digest is of the unmasked."""

    evidence: str
    digest: str
    content: Any


class Markdown(BaseModel):
    """A text; whoever shows it makes it safe for where it is shown."""

    incident: str
    markdown: str


class MadeToken(BaseModel):
    """Shown this once, kept nowhere."""

    name: str
    token: str = Field(examples=["wr_…"])
