"""API v1 for what people say about alerts: which belong together, and which are to be quiet."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, Field

from ..incident.timeline import utc_now
from ..intake.silences import Matcher, Silence, Silences
from .auth import At, Observer, Responder
from .forms import LARGEST, Form, Text

GROUP = APIRouter(tags=["alerts"])
Number = Annotated[int, Field(ge=1, le=LARGEST)]
SilenceId = Annotated[str, Path(pattern=r"^SIL-[0-9a-f]{1,32}$", examples=["SIL-1f3a9c02"])]


class NewSilence(Form):
    """Alerts that match all of it open no incident until it ends; they are kept and counted."""

    matchers: list[Matcher] = Field(min_length=1, max_length=20)
    starts_at: AwareDatetime | None = Field(default=None, description="null: now")
    ends_at: AwareDatetime = Field(examples=["2026-12-01T08:00:00Z"])
    reason: Text
    kind: Literal["silence", "maintenance"] = "silence"


@GROUP.get("/silences")
def list_silences(service: At, _who: Observer) -> list[Silence]:
    """Those that are on, or will be."""
    return Silences(service.engine).all()


@GROUP.post("/silences", status_code=201)
def create_silence(service: At, who: Responder, form: NewSilence) -> Silence:
    """Keep alerts quiet. The same person's same silence, sent again, is answered as it stands."""
    silences, by = Silences(service.engine), str(who.identity)
    wanted = (form.matchers, form.ends_at, form.kind, form.reason.strip(), by)
    same = (s for s in silences.all() if _content(s) == wanted)
    begin: datetime = form.starts_at or utc_now()
    return next(same, None) or silences.add(
        form.matchers, begin, form.ends_at, by, form.reason, form.kind
    )


def _content(silence: Silence) -> tuple:
    return (silence.matchers, silence.ends_at, silence.kind, silence.reason, silence.made_by)


@GROUP.delete("/silences/{silence}", status_code=204)
def expire_silence(service: At, who: Responder, silence: SilenceId) -> None:
    """End it now; what it kept quiet and still fires is taken."""
    Silences(service.engine).expire(silence, str(who.identity))
