"""Sending messages: each becomes one file per channel, in its form, in an outbox directory.

A gateway to the real channel reads from there; a file that exists was sent.
"""

import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import ApprovalRequired, ToolFailed
from ..incident.action import Decision, Verdict
from ..incident.communication import Message
from ..incident.evidence import short
from ..incident.private import file_name, write_private
from ..notify import texts

DRILL = "an exercise: nothing in it is real, forward it to nobody"


def send(
    outbox: Path,
    message: Message,
    approval: Decision | None = None,
    drill: bool = False,
    channels: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """Write the message for each of its channels, or for some of them; one that is there already
    is left alone. A message of a drill says so in its header.

    Returns one row per channel: channel, file, sent (False: it had been sent before).

    Raises:
        ApprovalRequired: text that leaves the house without an approval of exactly this text.
        ToolFailed: the outbox cannot be written.
    """
    require(message, approval)
    try:
        outbox.mkdir(mode=0o700, parents=True, exist_ok=True)
        return [_write(outbox, message, channel, drill) for channel in channels or message.channels]
    except OSError as error:
        raise ToolFailed(
            f"the outbox {outbox} cannot be written ({error.strerror}): make room or name another"
        ) from error


def _write(outbox: Path, message: Message, channel: str, drill: bool) -> dict[str, Any]:
    """Atomic, and at most once per text and channel: the text's hash is in the name."""
    path = outbox / f"{message.hash}-{file_name(channel.lower().replace(' ', '-'))}.txt"
    fresh = outbox / f".{path.name}.{secrets.token_hex(4)}"
    try:
        write_private(fresh, _letter(message, channel, drill))
        os.link(fresh, path)  # unlike a rename, it refuses to replace
        sent = True
    except FileExistsError:
        sent = False
    finally:
        fresh.unlink(missing_ok=True)
    return {"channel": channel, "file": str(path), "sent": sent}


def _letter(message: Message, channel: str, drill: bool) -> str:
    head = {
        **({"drill": DRILL} if drill else {}),
        "message": message.id,
        "channel": channel,
        "audience": message.audience.value,
        "language": message.language,
        "subject": message.subject,
        "created_at": message.created_at.isoformat(),
    }
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items()]
    return "\n".join(["---", *lines, "---", "", texts.written(message, channel, drill)])


def require(message: Message, approval: Decision | None) -> None:
    """Raise ApprovalRequired for a text that leaves the house without an approval of exactly it."""
    approved = approval is not None and approval.verdict is Verdict.approved
    fits = approved and approval is not None and approval.subject == message.hash
    if message.external and not fits:
        raise ApprovalRequired(
            f"{message.id} to {message.audience.value} leaves the house: a person has to approve "
            f"the text {short(message.hash)} first"
        )
