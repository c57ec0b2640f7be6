"""Postmortem, step 11: the blameless draft (sections of Google's SRE book), from the record only.

Every claim carries the ids it rests on. Sentences that blame are reworded and listed; the draft
itself passes the check.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ..incident.document import Incident
from ..incident.finding import OPEN
from ..incident.report import FollowUp, PostmortemReport
from ..prompts.render import render
from ..prompts.values import zh
from ..telemetry.model import Catalogue
from ..text_safety.blame_language import blame_marks
from ..text_safety.blame_language import table as blame_words
from ..tools.change_feed import ChangeRecord, recent_changes
from .follow_ups.action_items import NOBODY, action_items, ordered, selected
from .follow_ups.monitoring import EXPRESSION
from .reporting.account import Account
from .reporting.cause_charts import as_tables, cause_charts
from .reporting.incident_status import is_noise, likely_cause
from .reporting.narrator import Narrator, Statement
from .reporting.retrospective import table
from .reporting.wording import title
from .runtime.case import Case

TEMPLATE = "postmortem.md"
SHOWN_SUMMARY = 90
"""Characters of what a tool answered; the payload is in the incident's record."""


SECTIONS = ("summary", "detection", "resolution", "impact", "causes", "recovery")
"""What the account tells where nobody else did; the last three of what is no noise."""


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
    narrator = Narrator(case.document, people, case.catalogue, case.settings.language)
    draft = compose(narrator, case.now, items)
    return PostmortemReport(
        specialist="postmortem",
        conclusion="concluded" if _is_settled(case.document) else "inconclusive",
        summary=summarised(case.document, draft),
        searched=[changes.evidence, *(e.id for e in case.document.evidence)],
        markdown=draft.markdown,
        blame_marks=draft.marks + draft.left,
        follow_ups=items,
    )


def draft(
    document: Incident, now: datetime, catalogue: Catalogue | None = None, language: str = "en"
) -> Draft:
    """The postmortem of a document as it stands, for `warroom postmortem`."""
    items = action_items(document, now, catalogue)
    return compose(Narrator(document, (), catalogue, language), now, items)


def compose(
    say: Narrator,
    now: datetime,
    items: list[FollowUp],
    told: Mapping[str, list[Statement]] | None = None,
) -> Draft:
    """Render the draft in the narrator's language; sections in `told` in these words, the others
    in the floor's.

    Args:
        say: the narrator of the document; claims in `told` are its own.
        now: the time of writing, aware, UTC.
        items: action items besides the document's own follow-ups.
        told: claims by section (summary, impact, causes, trigger, …); empty ones do not count.
    """
    values = _sections(say, now, [*say.document.follow_ups, *items], told or {})
    markdown = render(TEMPLATE, **values)
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
    cause = likely_cause(document)
    kind = "noise" if is_noise(document) else f"cause {cause.how_sure if cause else OPEN}"
    words = f"draft of {len(draft.markdown.split())} words, {kind}"
    marks = len(draft.marks)
    return words + (f"; {marks} sentence{'s' * (marks > 1)} reworded" if marks else "")


def _sections(
    say: Narrator, now: datetime, items: list[FollowUp], told: Mapping[str, list[Statement]]
) -> dict:
    """Everything that the template prints, in neutral words."""
    document, clean, account = say.document, say.clean, Account(say)
    noise = is_noise(document)
    own = {name: list(getattr(account, name)()) for name in SECTIONS[: 3 if noise else 6]}
    chosen = selected(items)
    whys = {item.title: item.rationale.partition(EXPRESSION) for item in chosen}
    nodes = cause_charts(Narrator(document, say.people))
    say.cite((ref for node in nodes for ref in node.evidence), len(document.evidence))
    return {
        "language": say.language,
        "head": {name: words[say.language == "zh"] for name, words in table().page.items()},
        "id": document.id,
        "title": account.quoted(clean(title(document.title))),
        "severity": document.severity.value if document.severity else "not yet classified",
        "category": document.category.value,
        "noise": noise,
        "onset": document.began.at,
        "began": document.began,
        "now": now,
        "commander": clean(document.leads.incident_commander),
        "lead": clean(document.leads.technical_lead or "on-call lead"),
        **{name: told.get(name) or claims for name, claims in own.items()},
        "why": as_tables(nodes, document.evidence),
        "trigger": None if noise else (told.get("trigger") or [account.trigger()])[0],
        "open": list(account.open()),
        "lessons": {n: told.get(n) or claims for n, claims in account.lessons().items()},
        "items": [_neutral_item(say, item, whys[item.title][0]) for item in chosen],
        "rules": [(account.quoted(name), rule) for name, (_, _, rule) in whys.items() if rule],
        "more_items": len(ordered(items)) - len(chosen),
        **_record(say, account),
    }


def _record(say: Narrator, account: Account) -> dict:
    """Timeline, evidence that was cited, gaps. Called last: only then is known what was cited."""
    document, clean = say.document, say.clean
    rows = [(row, say.cite(row.event.evidence, 2)) for row in account.rows(say.cited)]
    cited = [record for record in document.evidence if record.id in say.cited]
    return {
        "timeline": rows,
        "refs": [
            *(row.id for row, _ in rows),
            *(record.id for record in cited),
            *(f"G{number}" for number in range(1, len(document.gaps) + 1)),
            *(f"D{number}" for number in range(1, len(document.dropped) + 1)),
        ],
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


def _neutral_item(say: Narrator, item: FollowUp, why: str) -> FollowUp:
    account = Account(say)
    neutral = {"title": account.quoted(say.clean(item.title)), "owner": say.clean(item.owner)}
    team = zh(neutral["owner"]) if account.chinese else neutral["owner"]
    neutral["owner"] = "" if item.owner == NOBODY else team
    neutral["rationale"] = account.quoted(say.clean(why))
    return item.model_copy(update={**neutral, "evidence": say.cite(item.evidence, 2)})
