"""The postmortem as people write it: read, saved over what they read, signed, remarked, published,
and handed on. Each change is one transaction with its line in the audit log and among the events.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..agents.postmortem import draft
from ..errors import InputError, WarroomError
from ..incident.document import Incident
from ..incident.identity import Identity
from ..incident.report import PostmortemReport
from ..record.postmortems import DRAFTER, Postmortems, Remark, Said, Version
from ..text_safety.lines import one_line
from .postmortem_text import (
    Judge,
    Paragraph,
    Remarked,
    cleaned,
    halves,
    paragraphs,
)
from .record import Record, masked_content

LONGEST = 2000
"""Characters of a remark."""


@dataclass(frozen=True)
class Stands:
    """A paragraph and who stands by it; `by` empty: a machine wrote it and nobody read it yet."""

    paragraph: Paragraph
    by: str
    remarks: Sequence[Remark]
    fact: bool = False  # code wrote it from the record: it takes nobody's signature

    @property
    def unread(self) -> bool:
        """Whether somebody should read it, and nobody stands by it."""
        return not self.by and not self.fact


@dataclass(frozen=True)
class Postmortem:
    """One incident's, with all its versions; `now` is the newest."""

    incident: Incident
    versions: Sequence[Version]
    remarks: Sequence[Remark]
    published: int | None

    @property
    def now(self) -> Version:
        """The newest version, or the draft."""
        return self.versions[-1]

    @property
    def body(self) -> str:
        """The part of it that people write."""
        return halves(self.now.markdown)[0]

    def version(self, number: int) -> Version:
        """Raises InputError where there is none of it."""
        found = next((each for each in self.versions if each.number == number), None)
        if found is None:
            raise InputError(f"there is no version {number}: the newest is {self.now.number}")
        return found

    @property
    def standing(self) -> list[Stands]:
        """Every paragraph: whoever first wrote these words, or signed them, stands by it."""
        wrote: dict[str, str] = {}
        for version in self.versions:
            for paragraph in paragraphs(version.markdown):
                by = "" if version.made_by == DRAFTER else version.made_by
                wrote.setdefault(paragraph.key, by)
        signed = {r.paragraph: r.made_by for r in self.remarks if r.kind is Said.signed}
        found = paragraphs(self.now.markdown)
        facts = {p.key for p in paragraphs(self.versions[0].markdown)} & self._coded
        return [
            Stands(p, wrote[p.key] or signed.get(p.key, ""), self._of(p), p.key in facts)
            for p in found
        ]

    @property
    def unread(self) -> int:
        """Paragraphs of a machine that nobody stands by."""
        return sum(each.unread for each in self.standing)

    @property
    def _coded(self) -> set[str]:
        """Paragraphs that code writes from this record: all of a draft that no model wrote."""
        report, text = self.incident.report(PostmortemReport), self.versions[0].markdown
        if report and report.source == "model":
            text = draft(self.incident, self.incident.opened_at).markdown
        return {paragraph.key for paragraph in paragraphs(text)}

    def _of(self, paragraph: Paragraph) -> list[Remark]:
        said = [r for r in self.remarks if r.kind is Said.comment]
        return [r for r in said if r.paragraph == paragraph.key]


class Desk:
    """Where postmortems are written."""

    def __init__(self, record: Record) -> None:
        self.record, self.kept = record, Postmortems(record.store.engine)

    def open(self, incident_id: str) -> Postmortem:
        """As it stands. Raises NotFound before it was drafted."""
        incident = self.record.incident(incident_id)
        versions, remarks = self.kept.versions(incident_id), self.kept.remarks(incident_id)
        if not versions:
            text = self.record.drafted(incident)
            versions = [Version(0, incident.opened_at.timestamp(), DRAFTER, "as drafted", text)]
        out = [r.version for r in remarks if r.kind is Said.published]
        return Postmortem(incident, versions, remarks, out[-1] if out else None)

    def judged(self, found: Postmortem, body: str, *, whole: bool) -> list[Remarked]:
        """What is to be said of a text; `whole`: held against its evidence, which takes longer."""
        judge = Judge(found.incident, paragraphs(found.versions[0].markdown), self._payload)
        now = paragraphs(body)
        return judge.whole(now) if whole else judge.quick(now)

    def save(self, incident_id: str, base: int, text: str, note: str, by: Identity) -> Postmortem:
        """Keep the text as the version after `base`; timeline and evidence stay as they are.
        Secrets are masked. Raises NotFound, InputError; Overwritten where somebody saved
        meanwhile."""
        found = self.open(incident_id)
        written, said = masked_content([cleaned(text), one_line(note)[:200]])
        tail = halves(found.now.markdown)[1]
        if base == found.now.number and written.strip() == found.body.strip():
            return found  # sent again, or nothing was changed
        draft = found.versions[0].markdown
        self.kept.save(incident_id, base, draft, written + tail, said, by)
        return self.open(incident_id)

    def sign(self, incident_id: str, keys: Sequence[str], by: Identity) -> None:
        """Stand by these paragraphs. Raises InputError where they are not in it any more."""
        found = self.open(incident_id)
        unread = {each.paragraph.key for each in found.standing if not each.by}
        wanted = [key for key in dict.fromkeys(keys) if key in unread]
        if not wanted:
            raise InputError("choose paragraphs that nobody stands by yet")
        self.kept.remark(incident_id, Said.signed, found.now.number, by, wanted)

    def comment(self, incident_id: str, key: str, text: str, by: Identity) -> None:
        """Say something of a paragraph. Raises InputError."""
        found, said = self.open(incident_id), masked_content(one_line(text))
        if not said or len(said) > LONGEST:
            raise InputError(f"say something, in at most {LONGEST} characters")
        if key not in {each.paragraph.key for each in found.standing}:
            raise InputError("that paragraph was changed meanwhile: load the page again")
        self.kept.remark(incident_id, Said.comment, found.now.number, by, [key], said)

    def publish(self, incident_id: str, version: int, by: Identity) -> None:
        """Have this version be the one that everybody reads. Raises InputError where it judges or
        names somebody, or a newer one was saved meanwhile."""
        found = self.open(incident_id)
        if version != found.now.number:
            raise InputError(f"version {found.now.number} was saved meanwhile: read that first")
        if found.published == version:
            return
        marks = [m for m in self.judged(found, found.body, whole=False) if m.flag.name == "blame"]
        if marks:
            words = ", ".join(f"“{mark.words}”" for mark in marks[:3])
            raise InputError(f"it judges or names a person ({words}): reword that, then publish it")
        if not found.versions or found.now.number == 0:
            self.kept.keep_draft(incident_id, found.now.markdown)
        self.kept.remark(incident_id, Said.published, version, by)

    def _payload(self, digest: str) -> Any:
        """What a tool gave; nothing where it expired or was altered, which then proves nothing."""
        try:
            return self.record.store.payload(digest)
        except WarroomError:
            return {}
