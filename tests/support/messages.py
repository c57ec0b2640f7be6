"""Messages by hand."""

from datetime import UTC, datetime

from warroom.incident.communication import Audience, Message

BODY = (
    "**Orders fail** since 14:02\\.\n\n- cause: `pricing.py`\n\nhttps://w.example.org/a?b=1&c=2\n"
)


def message(subject: str = "[P1] INC-1: orders fail", body: str = BODY, **more: object) -> Message:
    told = {"id": "M1", "template": "page.en.md", "audience": Audience.engineering}
    told |= {"channels": ["email"], "subject": subject, "body": body}
    told["created_at"] = datetime(2026, 11, 30, 14, 3, tzinfo=UTC)
    return Message.model_validate({**told, **more})
