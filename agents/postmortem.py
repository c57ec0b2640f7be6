"""Postmortem, step 11: the blameless draft (sections of Google's SRE book), from the record only.

Every claim carries the ids it rests on. Sentences that blame are reworded and listed; the draft
itself passes the check.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ..incident.document import Incident
from ..incident.report import FollowUp, PostmortemReport
from ..prompts.render import render
from ..telemetry.model import Catalogue
from ..text_safety.blame_language import blame_marks
from ..text_safety.blame_language import table as blame_words
from ..tools.change_feed import ChangeRecord, recent_changes
from .follow_ups.action_items import action_items, ordered, selected
from .reporting import retrospective, story
from .reporting.cause_charts import as_tables, cause_charts
from .reporting.impact import impact
from .reporting.incident_status import ended, is_noise, likely_cause
from .reporting.narrator import Narrator, Statement
from .runtime.case import Case

TEMPLATE = "postmortem.md"
SHOWN_SUMMARY = 90
"""Characters of what a tool answered; the payload is in the incident's record."""


SECTIONS: dict[str, Callable[[Narrator], Iterable[Statement]]] = {
    "summary": story.summary,
    "impact": impact,
    "causes": story.causes,
    "detection": story.detection,
    "resolution": story.resolution,
    "well": retrospective.went_well,
    "wrong": retrospective.could_improve,
    "lucky": retrospective.lucky,
}
"""What tells each section where nobody else did."""


@dataclass(frozen=True)
class Draft:
    """The text, the sentences that had to be reworded, and those that still blame (none)."""

    markdown: str
    marks: list[str]
    left: list[str]


def write_postmortem(case: Case) -> PostmortemReport:
    """Step 11. Authors of recent changes are looked up only to keep their names out."""
    changes = case.tools.call(recent_changes)
    people = authors(changes.rows)
    items = action_items(case.document, case.now, case.catalogue)
    draft = compose(Narrator(case.document, people, case.catalogue), case.now, items)
    return PostmortemReport(
        specialist="postmortem",
        conclusion="concluded" if _is_settled(case.document) else "inconclusive",
        summary=summarised(case.document, draft),
        searched=[changes.evidence, *(e.id for e in case.document.evidence)],
        markdown=draft.markdown,
        blame_marks=draft.marks + draft.left,
        follow_ups=items,
    )


def draft(document: Incident, now: datetime, catalogue: Catalogue | None = None) -> Draft:
    """The postmortem of a document as it stands, for `warroom postmortem`."""
    items = action_items(document, now, catalogue)
    return compose(Narrator(document, (), catalogue), now, items)


def compose(
    say: Narrator,
    now: datetime,
    items: list[FollowUp],
    told: Mapping[str, list[Statement]] | None = None,
    template: str = TEMPLATE,
) -> Draft:
    """Render the draft; sections in `told` in these words, the others in the floor's.

    Args:
        say: the narrator of the document; claims in `told` are its own.
        now: the time of writing, aware, UTC.
        items: action items besides the document's own follow-ups.
        told: claims by section (summary, impact, causes, trigger, …); empty ones do not count.
        template: postmortem.md or postmortem.zh.md.
    """
    values = _sections(say, now, [*say.document.follow_ups, *items], told or {})
    markdown = render(template, **values)
    left = [str(mark) for mark in blame_marks(markdown, say.systems, say.people)]
    return Draft(markdown, [str(mark) for mark in say.marks], left)


def authors(changes: Iterable[ChangeRecord]) -> list[str]:
    """Authors that look like people, from `recent_changes` rows; robots and teams are not."""
    systems = {"bot", "ci", "automation", "autoscaler", "warroom", "team", *blame_words().systems}
    names = {row.author.strip() for row in changes}
    return sorted(name for name in names if len(name) > 2 and systems.isdisjoint(_words(name)))


def _words(name: str) -> list[str]:
    return name.casefold().replace("-", " ").replace("_", " ").split()


def _is_settled(document: Incident) -> bool:
    return is_noise(document) or likely_cause(document) is not None


def summarised(document: Incident, draft: Draft) -> str:
    """The draft in a line: its length, whether the cause is settled, how much was reworded."""
    settled = "cause established" if _is_settled(document) else "cause open"
    kind = "noise" if is_noise(document) else settled
    words = f"draft of {len(draft.markdown.split())} words, {kind}"
    marks = len(draft.marks)
    return words + (f"; {marks} sentence{'s' * (marks > 1)} reworded" if marks else "")


def _sections(
    say: Narrator, now: datetime, items: list[FollowUp], told: Mapping[str, list[Statement]]
) -> dict:
    """Everything that the template prints, in neutral words."""
    document = say.document
    clean = say.clean
    return {
        "id": document.id,
        "title": clean(document.title),
        "severity": document.severity.value if document.severity else "not classified",
        "category": document.category.value,
        "state": document.state.value,
        "noise": is_noise(document),
        "settled": _is_settled(document),
        "onset": document.began,
        "detected": document.fired,
        "ended": ended(document),
        "now": now,
        "commander": clean(document.command.incident_commander),
        "lead": clean(document.command.technical_lead or "on-call lead"),
        **{name: told.get(name) or list(tell(say)) for name, tell in SECTIONS.items()},
        "why": as_tables(cause_charts(say), pictures=""),
        "trigger": (told.get("trigger") or [story.trigger(say)])[0],
        "items": [_neutral_item(say, item) for item in selected(items)],
        "more_items": len(ordered(items)) - len(selected(items)),
        **_record(say),
    }


def _record(say: Narrator) -> dict:
    """Timeline, evidence that was cited, gaps. Called last: only then is known what was cited."""
    document, clean = say.document, say.clean
    moments = [document.opened_at, *(event.at for event in document.timeline)]
    days = {f"{moment.astimezone(UTC):%Y-%m-%d}" for moment in moments}
    rows = [(row, say.cite(row.event.evidence, 2)) for row in say.rows]
    cited = [record for record in document.evidence if record.id in say.cited]
    return {
        "day": days.pop() if len(days) == 1 else "",  # else it is told on every line
        "timeline": rows,
        "evidence": [
            record.model_copy(update={"summary": cut(clean(record.summary))}) for record in cited
        ],
        "more_evidence": len(document.evidence) - len(cited),
        "gaps": [(clean(gap.what), clean(gap.why)) for gap in document.gaps],
        "dropped": [(clean(d.statement), clean(d.reason)) for d in document.dropped],
    }


def cut(text: str, most: int = SHOWN_SUMMARY) -> str:
    """The beginning of a long text, with a mark that says so."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _neutral_item(say: Narrator, item: FollowUp) -> FollowUp:
    fields = ("title", "owner", "rationale")
    neutral: dict = {name: say.clean(getattr(item, name)) for name in fields}
    return item.model_copy(update={**neutral, "evidence": say.cite(item.evidence, 2)})
