"""API v1 for what is remembered of incidents that ended, and of old postmortems: whoever reads it
sees what their teams see; what an administrator does to it is in the audit log."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from ..app import memory
from ..incident.memory import Remembered
from ..record.memories import listed
from .api import masked
from .auth import Admin, At, Observer
from .forms import WORD, Form, Reason

MEMORY = APIRouter(prefix="/memory", tags=["memory"])
Which = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,64}$", examples=["PM-8e7e4ddc11f0"])]


class OldPostmortem(Form):
    """One text, Markdown, and what its file is called."""

    name: str = Field(min_length=1, max_length=200, pattern=WORD, examples=["2024-11-29.md"])
    markdown: str = Field(min_length=1, description="at most what a request may hold, 64 kB")


class TextOut(Reason):
    """A name or other text that is to be nowhere, and why."""

    text: str = Field(min_length=memory.SHORTEST, max_length=200, pattern=WORD)


class ReadIn(BaseModel):
    """What was read, and what of the usual it does not say."""

    memory: Remembered
    lacks: list[str]


@MEMORY.get("")
def list_memory(service: At, who: Observer) -> list[Remembered]:
    """The newest first, 200 at the most."""
    return masked(listed(service.engine, who.sight))


@MEMORY.get("/{memory_id}")
def get_memory(service: At, who: Observer, memory_id: Which) -> Remembered:
    """One."""
    return masked(listed(service.engine, who.sight, memory_id)[0])


@MEMORY.post("/import", status_code=201)
def import_postmortem(service: At, who: Admin, form: OldPostmortem) -> ReadIn:
    """Read one in: shown as imported, and never counted. Sent again it is the same one."""
    found, lacks = memory.read_in(service.store, form.markdown, form.name, who.identity)
    return ReadIn(memory=found, lacks=lacks)


@MEMORY.post("/redact")
def redact_memory(service: At, who: Admin, form: TextOut) -> dict[str, int]:
    """Take a text out of all that is remembered: of how many. It is not put down itself."""
    return {"redacted": memory.redact(service.store, form.text, form.reason, who.identity)}


@MEMORY.post("/{memory_id}/forget", status_code=204)
def forget_memory(service: At, who: Admin, memory_id: Which, form: Reason) -> None:
    """Have it no more, here and in what later incidents were told of it."""
    memory.forget(service.store, memory_id, form.reason, who.identity)
