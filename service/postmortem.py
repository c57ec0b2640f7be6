"""API v1 for the postmortem as people write it: its versions, what is to be said of it, saving over
what one read, signing, remarks, publishing."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ..app.postmortem import Desk, Postmortem
from ..app.record import masked_content
from .auth import At, Commander, IncidentId, Observer, Responder
from .forms import Form, Text

POSTMORTEM = APIRouter(tags=["postmortem"])
Number = Annotated[int, Field(ge=0, le=10**6)]
Key = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$", examples=["9f86d081884c7d65"])]


class Saved(Form):
    """A new version: all that stands before the timeline, over the version that was read."""

    base: Number = Field(description="the version that it was written over")
    markdown: str = Field(min_length=1, max_length=60_000, pattern=r"^[^\x00]*$")
    note: str = Field(default="", max_length=200, description="what was changed")


class Signed(Form):
    """Paragraphs of a machine that somebody read and stands by."""

    paragraphs: list[Key] = Field(min_length=1, max_length=500)


class Comment(Form):
    """What somebody says of a paragraph."""

    paragraph: Key
    text: Text


class Publish(Form):
    """The version that was read: the newest."""

    version: Number


class Passage(BaseModel):
    """A paragraph, and who stands by it; `by` empty: a machine wrote it, nobody read it yet."""

    key: str
    text: str
    evidence: list[str]
    by: str
    remarks: list[str]
    look_at: list[str]


class Written(BaseModel):
    """The newest version and its standing."""

    version: int
    published: int | None
    made_by: str
    markdown: str
    paragraphs: list[Passage]


@POSTMORTEM.get("/incidents/{incident}/postmortem/edited")
def get_written(service: At, _who: Observer, incident: IncidentId) -> Written:
    """The newest version, paragraph by paragraph, with what is to be said of each."""
    desk = Desk(service.record)
    return _written(desk, desk.open(incident))


@POSTMORTEM.post("/incidents/{incident}/postmortem/edited", status_code=201)
def save_version(service: At, who: Responder, incident: IncidentId, form: Saved) -> Written:
    """Save over `base`. 409 where somebody saved meanwhile: read that, then save over it."""
    desk = Desk(service.record)
    saved = desk.save(incident, form.base, form.markdown, form.note, who.identity)
    return _written(desk, saved)


@POSTMORTEM.post("/incidents/{incident}/postmortem/sign", status_code=204)
def sign_paragraphs(service: At, who: Responder, incident: IncidentId, form: Signed) -> None:
    """Stand by paragraphs of a machine."""
    Desk(service.record).sign(incident, form.paragraphs, who.identity)


@POSTMORTEM.post("/incidents/{incident}/postmortem/comments", status_code=204)
def comment_paragraph(service: At, who: Responder, incident: IncidentId, form: Comment) -> None:
    """Say something of a paragraph."""
    Desk(service.record).comment(incident, form.paragraph, form.text, who.identity)


@POSTMORTEM.post("/incidents/{incident}/postmortem/publish", status_code=204)
def publish_postmortem(service: At, who: Commander, incident: IncidentId, form: Publish) -> None:
    """Have everybody read this version. Sent again it changes nothing."""
    Desk(service.record).publish(incident, form.version, who.identity)


def _written(desk: Desk, found: Postmortem) -> Written:
    marks = desk.judged(found, found.body, whole=True)
    passages = [
        Passage(
            key=each.paragraph.key,
            text=masked_content(each.paragraph.text),
            evidence=list(each.paragraph.refs),
            by=each.by,
            remarks=[f"{said.made_by}: {said.text}" for said in each.remarks],
            look_at=[
                f"{mark.flag.value}: {mark.words} ({mark.advice})"
                for mark in marks
                if mark.paragraph == each.paragraph
            ],
        )
        for each in found.standing
    ]
    now, text = found.now, masked_content(found.now.markdown)
    return Written(
        version=now.number,
        published=found.published,
        made_by=now.made_by,
        markdown=text,
        paragraphs=passages,
    )
