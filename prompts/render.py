"""Prompts and messages are files: strictly rendered, and every value is data unless trusted.

A variable that nobody set is an error. A value is neutralised for Markdown when it is printed,
whether or not the template remembers to ask for it.
"""

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, Template, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..incident.document import Incident
from ..incident.evidence import short
from ..incident.memory import precedents, time_to_resolve
from ..incident.report import CustomerImpactReport
from . import values as shown

EMPTY_LINES = re.compile(r"\n{3,}")
FOLDER = Path(__file__).parent


def _printed(value: Any) -> Any:
    """What a template prints: numbers and our own Markdown as they are, the rest as data."""
    if value is None:
        return shown.UNKNOWN
    if isinstance(value, (shown.Trusted, Undefined)) or type(value) in (int, float):
        return value
    return shown.data(value)


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # Markdown, not HTML: `_printed` does the escaping
    )
    numbers = (shown.percent, shown.count, shown.figure, shown.quantity, shown.duration)
    texts = (shown.data, shown.code, shown.code_cell, shown.cite, shown.opened)
    for printed in (
        shown.utc,
        shown.minute,
        shown.clock,
        shown.began,
        shown.hurt,
        shown.hurt_outside,
        shown.zh,
        *numbers,
        *texts,
    ):
        environment.filters[printed.__name__] = printed
    return environment


@lru_cache(maxsize=64)
def _template(name: str) -> Template:
    return _environment().get_template(name)


def render(name: str, /, **values: Any) -> str:
    """The template with these values.

    Args:
        name: file name in this folder, such as "declared.en.md" or "model/brief.md".
        values: every variable that the template uses.

    Raises:
        jinja2.UndefinedError: the template uses a variable that was not given.
        jinja2.TemplateNotFound: there is no such file.
    """
    text = _template(name).render(**values)
    lines = "\n".join(line.rstrip() for line in text.strip().split("\n"))
    return EMPTY_LINES.sub("\n\n", lines) + "\n"


def templates(folder: str = "") -> list[str]:
    """Names of the templates that people read; with a folder ("model") of the prompts in it, as
    `render`, `digest` and `stamp` take them: model/brief.md."""
    found = (FOLDER / folder).glob("*.md")
    return sorted(path.relative_to(FOLDER).as_posix() for path in found)


def digest(name: str) -> str:
    """Twelve hex digits over the template's text: which wording it was."""
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]


def stamp(name: str) -> str:
    """The template and its wording, for a message's record: declared.en.md@0123456789ab."""
    return f"{name}@{digest(name)}"


# The incident document as Markdown, for `warroom show` and the incident's folder.


def incident_markdown(document: Incident, why: str = "") -> str:
    """The whole document, newest knowledge first, evidence and timeline last. `why`: Markdown of
    ours that says why it happened."""
    customers = document.report(CustomerImpactReport)
    priced = [call.cost for call in document.model_calls if call.cost is not None]
    return render(
        "incident.md",
        doc=document,
        why=shown.Trusted(why),
        severity=document.severity.value if document.severity else "not classified",
        leading=document.leading(),
        estimate=time_to_resolve(document),
        before=precedents(document),
        outcome={e.plan: e.outcome.value for e in document.executions},
        verdicts=[(_subject(document, d.subject), d) for d in document.decisions],
        events=sorted(document.timeline, key=lambda event: event.at),
        answers=document.reports if _asked(document) else [],
        cost=sum(priced) if priced else None,
        outreach=customers.outreach if customers else [],
    )


def _asked(document: Incident) -> bool:
    """Whether a model was to answer: only then it matters who did."""
    return bool(document.model_calls) or any(report.fallback for report in document.reports)


def _subject(document: Incident, subject: str) -> str:
    """What a decision was about: a plan's title or a message's subject, else the hash."""
    plan = document.plan(subject)
    if plan:
        return plan.title
    message = next((m for m in document.communications if m.hash == subject), None)
    return f"{message.id} to {message.audience.value}" if message else short(subject)
