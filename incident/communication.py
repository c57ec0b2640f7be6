"""Messages to people: who gets what through which channel, approved where it leaves the house."""

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, Field

from .evidence import Quote, digest


class Audience(StrEnum):
    """Whom a message is for."""

    status_page = "status page"
    customers = "customers"
    engineering = "engineering"
    executives = "executives"
    support = "support"


EXTERNAL = (Audience.status_page, Audience.customers)
REPLACED_BY = "comms"
"""Who withdraws a text that a newer one replaces; whoever else rejects one is a person."""


class MessageState(StrEnum):
    """Where a message stands."""

    draft = "draft"
    awaiting_approval = "awaiting approval"
    approved = "approved"
    sent = "sent"
    rejected = "rejected"


class Message(BaseModel):
    """One text to one audience."""

    id: str = Field(description="M1, M2, … within the incident; set by code")
    template: str = Field(description="which prompt file rendered it")
    audience: Audience = Field(description="whom it is for")
    channels: list[str] = Field(description="email, sms, chat, phone, status page")
    subject: str = Field(description="one line")
    body: str = Field(description="Markdown")
    language: str = Field(default="en", description="en or zh")
    quotes: list[Quote] = Field(default_factory=list, description="values the text rests on")
    state: MessageState = Field(default=MessageState.draft, description="draft, approved, sent, …")
    created_at: AwareDatetime = Field(description="when it was drafted, UTC")
    sent_at: AwareDatetime | None = Field(default=None, description="when it went out, UTC")

    @property
    def external(self) -> bool:
        """Whether it leaves the house and so needs a person's approval."""
        return self.audience in EXTERNAL

    @property
    def name(self) -> str:
        """The template's, in whatever version it was."""
        return self.template.split("@")[0]

    def alike(self, other: "Message") -> bool:
        """Whether it is of the same kind, for the same readers."""
        return (self.audience, self.name) == (other.audience, other.name)

    @property
    def hash(self) -> str:
        """SHA-256 over what a reader would see, in hex."""
        seen = (self.audience.value, self.channels, self.subject, self.body)
        return digest(list(seen))


def of_ours(template: str, to: list[str], subject: str, body: str, at: AwareDatetime) -> Message:
    """What stays in the house, outside the record of an incident: nobody has to approve it."""
    text = {"template": template, "channels": to, "subject": subject, "body": body}
    who = {"audience": Audience.engineering, "state": MessageState.approved}
    return Message(id="M0", created_at=at, **text, **who)
