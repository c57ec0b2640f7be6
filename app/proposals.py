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
from ..plans.runbook import Runbook
from ..prompts.values import data
from ..record.store import Store
from .plans import steps_of
from .runbooks import kept, named

NOTHING = "nothing to learn: a runbook has to be followed, and what ended it to be measured"


def proposal(store: Store, document: Incident) -> str:
    """A unified diff of the runbook's file. Raises InputError where there is nothing to learn."""
    if not document.plans or not solution(document) or document.state not in OVER:
        raise InputError(f"{document.id}: {NOTHING}")
    book, own = named(store, document.plans[-1].name), kept(store).find(document.plans[-1].name)
    text = own.body.texts[-1] if own and own.body.listed else written(book)
    if document.id in text:
        raise InputError(f"the runbook {book.name} tells of {document.id} already")
    front, body = faults.divided(text, book.name)
    told = "\n".join(_told(document))
    new = f"---{_front(front, document.alert.name)}---\n{body.rstrip()}\n\n{told}\n"
    name = (book.file or f"{book.name}.md").partition("@")[0]
    lines = text.splitlines(), new.splitlines()
    return "\n".join([*unified_diff(*lines, f"a/{name}", f"b/{name}", lineterm=""), ""])


def written(book: Runbook) -> str:
    """The file of one that is shipped."""
    ours = {"title", "body", "shipped", "file"}
    front = book.model_dump(mode="json", exclude_defaults=True, exclude=ours)
    return f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True)}---\n{book.body}"


def _front(front: str, alert: str) -> str:
    """Of the next version, with the alert among its triggers where it is not."""
    told, name = yaml.safe_load(front), json.dumps(alert, ensure_ascii=False)
    version = f"version: {told.get('version', 1) + 1}"
    front = re.sub(r"(?m)^version:.*$|\Z", version, front, count=1)
    front = front if front.endswith("\n") else f"{front}\n"
    if "triggers" not in told:
        return f"{front}triggers: {{alerts: [{name}]}}\n"
    if (known := told["triggers"].get("alerts")) is None:
        return re.sub(r"(?m)^triggers: *\{", lambda at: f"{at[0]}alerts: [{name}], ", front)
    return (
        front if alert in known else re.sub(r"\balerts: *\[", lambda at: f"{at[0]}{name}, ", front)
    )


def _told(document: Incident) -> Iterator[str]:
    """What was done when, what worked, by what it is known again; texts are data."""
    run, done, cause = document.plans[-1], solution(document), document.leading()
    yield f"## {document.id}, {run.at:%Y-%m-%d}\n"
    yield f"Known by the alert {data(document.alert.name)}. " + (
        f"The cause: {data(cause.statement.rstrip('.'))}. " if cause else ""
    )
    yield f"{data(done.title)} ended it, as measured.\n" if done else ""
    for number, (step, now) in enumerate(zip(steps_of(document), run.steps, strict=True), 1):
        at = f"{now.at:%H:%M} UTC, " if now.at else ""
        yield f"{number}. {at}{data(step.text)}: {data(now.note or now.state)} ({now.state})"
