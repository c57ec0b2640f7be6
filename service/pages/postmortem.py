"""The postmortem's pages: text left, record right; each change is a form that works without a
script, and blame is told as one types where there is one."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from ...app.charts.cause_drawing import cause_drawings
from ...app.postmortem import Desk, Postmortem, Stands
from ...app.postmortem_export import as_html
from ...app.postmortem_text import (
    Item,
    Remarked,
    as_published,
    changes,
    items,
    rendered,
    with_items,
)
from ...app.proposals import proposal
from ...app.record import masked_content
from ...app.why import why
from ...errors import InputError, Overwritten
from ...incident.identity import Identity
from ...incident.timeline import from_ts
from ...record.tokens import Role
from ..auth import At, IncidentId, Observer, Responder, Who
from ..problems import Refused
from .charting import drawn
from .forms import Form, Long, Sent, one, whole
from .rendering import minute, page

POSTMORTEM = APIRouter(include_in_schema=False)
PLACE = "/incidents/{incident}/postmortem"
Number = Annotated[int | None, Query(ge=0, le=10**6)]


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    name: str
    all: list[Stands]

    @property
    def facts(self) -> list[Stands]:
        """What code wrote, from the record."""
        return [each for each in self.all if each.fact and not each.by]

    @property
    def said(self) -> list[Stands]:
        """What somebody stands by, or should."""
        return [each for each in self.all if each not in self.facts]

    @property
    def unread(self) -> list[Stands]:
        """What one signature is about."""
        return [each for each in self.all if each.unread]


@dataclass(frozen=True)
class Editor:
    """What stands on the page."""

    id: str
    found: Postmortem
    text: str  # in the field: the newest, or what somebody could not save
    marks: list[Remarked]
    wrong: str
    changed: list[tuple[str, str]]  # of the loser of a race: what the other one changed
    can_edit: bool
    can_publish: bool

    @property
    def sections(self) -> list[Section]:
        """Every paragraph, by section."""
        by_section = groupby(self.found.standing, key=lambda each: each.paragraph.section)
        return [Section(name.replace("*", ""), list(each)) for name, each in by_section]

    @property
    def items(self) -> list[Item]:
        """Action items."""
        return items(self.found.body)

    @property
    def status(self) -> str:
        """Which version this is, in words."""
        return told(self.found)


def told(found: Postmortem) -> str:
    """Which version it is, whose, and whether it is published."""
    now, out = found.now, found.published
    which = f"Version {now.number}, by {now.made_by}, {minute(from_ts(now.at))}"
    which = which if now.number else "Draft of Warroom, not edited yet"
    if out is None:
        return f"{which}; not published"
    return f"{which}; {'published' if out == now.number else f'version {out} is published'}"


@POSTMORTEM.get(PLACE, response_class=HTMLResponse)
def editor_page(request: Request, service: At, who: Observer, incident: IncidentId):
    """The newest version, with all that is to be said of it."""
    return _page(request, who, Desk(service.record), incident)


@POSTMORTEM.post(PLACE)
def save_form(request: Request, service: At, who: Responder, incident: IncidentId, sent: Long):
    """Keep it as a new version; who saved over what somebody else changed meanwhile sees that."""
    desk, text = Desk(service.record), whole(sent, "text")
    base = _number(sent, "base")
    try:
        desk.save(incident, base, text, one(sent, "note"), who.identity)
    except (InputError, Overwritten) as error:
        return _page(request, who, desk, incident, text, f"Nothing was saved: {error}", base)
    return RedirectResponse(PLACE.format(incident=incident), 303)


@POSTMORTEM.post(PLACE + "/marks", response_class=HTMLResponse)
def marks_part(request: Request, service: At, who: Responder, incident: IncidentId, sent: Long):
    """What the words alone show, of what somebody types now."""
    desk = Desk(service.record)
    marks = desk.judged(desk.open(incident), whole(sent, "text"), whole=False)
    return page("postmortem_marks.html", 200, request, who, marks=marks)


def _items(desk: Desk, incident: str, sent: Form, by: Identity) -> None:
    found = desk.open(incident)
    lines = [each.line for each in items(found.body)]
    new = {n: (one(sent, f"owner{n}"), one(sent, f"due{n}")) for n in lines}
    text = with_items(found.body, new)
    desk.save(incident, _number(sent, "base"), text, "owners and dates of action items", by)


ACTS: dict[str, tuple[Role, Callable[[Desk, str, Form, Identity], object]]] = {
    "items": (Role.responder, _items),
    "sign": (Role.responder, lambda d, i, f, by: d.sign(i, f.get("paragraph", []), by)),
    "comment": (
        Role.responder,
        lambda d, i, f, by: d.comment(i, one(f, "paragraph"), one(f, "text"), by),
    ),
    "publish": (Role.commander, lambda d, i, f, by: d.publish(i, _number(f, "version"), by)),
}
"""What else is done to it: who may, and how."""


@POSTMORTEM.post(PLACE + "/{act}")
def act_form(
    request: Request,
    service: At,
    who: Responder,
    incident: IncidentId,
    act: Literal["items", "sign", "comment", "publish"],
    sent: Sent,
):
    """Do it and come back; what does not fit is said on the page."""
    role, change = ACTS[act]
    if not who.role.may(role):
        raise Refused(403, f"this takes the role {role} or above")
    desk = Desk(service.record)
    try:
        change(desk, incident, sent, who.identity)
    except (InputError, Overwritten) as error:
        return _page(request, who, desk, incident, wrong=f"Nothing was changed: {error}")
    return RedirectResponse(PLACE.format(incident=incident), 303)


@POSTMORTEM.get(PLACE + "/versions", response_class=HTMLResponse)
def versions_page(
    request: Request,
    service: At,
    who: Observer,
    incident: IncidentId,
    old: Number = None,
    new: Number = None,
):
    """All versions, and what changed between two."""
    found = Desk(service.record).open(incident)
    two = found.version(found.now.number if new is None else new)
    before = max(two.number - 1, 0) if old is None else old
    shown = changes(found.version(before).markdown, two.markdown)
    values = {"found": found, "old": before, "new": two.number, "changed": shown}
    return page("postmortem_versions.html", 200, request, who, id=incident, **values)


@POSTMORTEM.get(PLACE + ".{kind}")
def export_file(
    service: At,
    _who: Observer,
    incident: IncidentId,
    kind: Literal["md", "html", "pdf"],
    version: Number = None,
) -> Response:
    """The file: of the published version, else of the newest, else of this one."""
    found = Desk(service.record).open(incident)
    known = found.published if found.published is not None else found.now.number
    chosen = found.version(known if version is None else version)
    out = chosen.number == found.published
    text = masked_content(as_published(chosen.markdown) if out else chosen.markdown)
    media = {"md": "text/markdown; charset=utf-8", "pdf": "application/pdf"}
    pictures = dict[str, str]()
    if kind != "md":
        nodes = why(service.store, service.record.published(incident)).nodes
        charts = {chart.name: chart.svg for chart in drawn(service, incident).charts}
        pictures = charts | cause_drawings(nodes)
    if kind == "html":
        status = f"{incident}, version {chosen.number}, {'' if out else 'not '}published"
        text = as_html(incident, text, status, pictures)
    elif kind == "pdf":
        from ...app.postmortem_pdf import as_pdf  # only who asks for it waits for its import

        text = as_pdf(incident, rendered(text), list(pictures.values()))
    named = f'attachment; filename="{incident}-postmortem.{kind}"'
    kept = media.get(kind, "application/octet-stream")  # HTML is a file to keep: no page of ours
    return Response(text, media_type=kept, headers={"Content-Disposition": named})


def _number(sent: Form, name: str) -> int:
    text = one(sent, name)
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise InputError("this form is not ours: load the page again")
    return int(text)


def _page(
    request: Request,
    who: Who,
    desk: Desk,
    incident: str,
    text: str = "",
    wrong: str = "",
    base: int | None = None,
) -> HTMLResponse:
    found = desk.open(incident)
    shown, changed = text or found.body, list[tuple[str, str]]()
    if base is not None and base < found.now.number:
        changed = changes(found.version(base).markdown, found.now.markdown)
    marks = desk.judged(found, shown, whole=True)
    may = who.role.may
    can = (may(Role.responder), may(Role.commander))
    view, learned = Editor(incident, found, shown, marks, wrong, changed, *can), ""
    with suppress(InputError):  # there is nothing to learn
        learned = proposal(desk.record.store, desk.record.published(incident))
    status = (409 if changed else 422) if wrong else 200
    return page("postmortem.html", status, request, who, view=view, learned=learned)
