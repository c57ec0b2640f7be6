"""What a runbook could learn from an incident that it was followed on and that telemetry verified
to have ended: an edit of its Markdown, which a person merges.
"""

import json
import re
from collections.abc import Iterator
from difflib import unified_diff

import yaml

from .. import faults
from ..agents.reporting.incident_status import solution
from ..errors import InputError
from ..incident.document import Incident
from ..incident.lifecycle import OVER
from ..plans.runbook import OURS, Runbook
from ..prompts.values import data
from ..record.store import Store
from .plan_turns import steps_of
from .runbooks import kept, named


def proposal(store: Store, document: Incident) -> str:
    """A unified diff of the runbook's file. Raises InputError where there is nothing to learn."""
    if not document.plans or not solution(document) or document.state not in OVER:
        raise InputError(f"{document.id}: nothing to learn without a runbook and a measured cure")
    book, own = named(store, document.plans[-1].name), kept(store).find(document.plans[-1].name)
    text = own.body.texts[-1] if own and own.body.listed else written(book)
    if document.id in text:
        raise InputError(f"the runbook {book.name} tells of {document.id} already")
    front, body = faults.divided(text, book.name)
    name = (book.file or f"{book.name}.md").partition("@")[0]
    new = [f"---{_front(front, document.alert.name)}---", body.rstrip(), "", *_told(document)]
    lines = text.splitlines(), "\n".join(new).splitlines()
    return "\n".join([*unified_diff(*lines, f"a/{name}", f"b/{name}", lineterm=""), ""])


def written(book: Runbook) -> str:
    """The file of one that is shipped."""
    front = book.model_dump(mode="json", exclude_defaults=True, exclude=OURS)
    return f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True)}---\n{book.body}"


def _front(front: str, alert: str) -> str:
    """Of the next version, with the alert among its triggers where that can be written in."""
    told, name = yaml.safe_load(front), json.dumps(alert, ensure_ascii=False)
    version, known = told.get("version", 1), (told.get("triggers") or {}).get("alerts", ())
    front = re.sub(r"(?m)^version:.*\n", "", front) + f"version: {version + 1}\n"
    if alert not in known:
        front = re.sub(r"\balerts: *\[", lambda at: f"{at[0]}{name}, ", front, count=1)
    return front if "triggers" in told else f"{front}triggers: {{alerts: [{name}]}}\n"


def _told(document: Incident) -> Iterator[str]:
    """What was done when, what worked, by what it is known again; texts are data."""
    run, done, cause = document.plans[-1], solution(document), document.leading()
    yield f"## {document.id}, {run.at:%Y-%m-%d}\n"
    yield f"Known by the alert {data(document.alert.name)}."
    yield f"The cause: {data(cause.statement.rstrip('.'))}." if cause else ""
    yield f"{data(done.title)} ended it, as measured.\n" if done else ""
    for number, (step, now) in enumerate(zip(steps_of(document), run.steps, strict=True), 1):
        at = f"{now.at:%H:%M} UTC, " if now.at else ""
        yield f"{number}. {at}{data(step.text)}: {data(now.note or now.state)} ({now.state})"
