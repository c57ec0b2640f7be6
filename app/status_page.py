"""The status page: files that any web server shows, also while Warroom is down.

Nothing stands there but what a person approved and was sent to it, and the names by which customers
know a service; an incident of which nothing was sent is not told of, and neither are exercises.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from pathlib import Path

from sqlalchemy import select

from ..errors import InputError
from ..incident.communication import Audience, Message, MessageState
from ..incident.document import Incident
from ..incident.lifecycle import OVER
from ..incident.private import write_private
from ..record.database import reader
from ..record.store import Store
from ..record.tables import INCIDENTS
from ..settings import Settings
from ..telemetry.model import Catalogue
from .configuration import recall
from .postmortem_export import POLICY, STYLE
from .postmortem_text import rendered
from .record import masked_content

HISTORY = timedelta(days=90)
FILES = ("index.html", "feed.atom")
RAW = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML has no place for."""


@dataclass(frozen=True)
class Story:
    """What was sent about one incident, newest first; `parts` as customers know them."""

    key: str  # of its first text: tells nothing of ours
    over: bool
    parts: Sequence[str]
    texts: Sequence[Message]


@dataclass(frozen=True)
class Status:
    """All that stands there."""

    parts: Sequence[str]
    stories: Sequence[Story]
    at: datetime

    @property
    def open(self) -> list[Story]:
        """What is not over."""
        return [story for story in self.stories if not story.over]

    def is_hurt(self, part: str) -> bool:
        """Whether something that is not over was told of it."""
        return any(part in story.parts for story in self.open)


def status(settings: Settings, store: Store, catalogue: Catalogue, now: datetime) -> Status:
    """As it stands now."""
    query = select(INCIDENTS.c.document).where(
        INCIDENTS.c.updated_at >= (now - HISTORY).timestamp()
    )
    found = list[Story]()
    with reader(store.engine).begin() as connection:
        rows = connection.execute(query.execution_options(yield_per=50)).scalars()
        for document in (Incident.model_validate_json(row) for row in rows):
            texts = _sent(document, now)
            if texts and not recall(settings, document.id).drill:
                hurt = [s.public_name for s in document.services if s.role in HURT]
                parts = sorted({name for name in hurt if name})
                over = document.state in OVER
                found.append(Story(texts[-1].hash[:16], over, parts, texts))
    known = {service.public_name for service in catalogue.services if service.public_name}
    parts = sorted(known | {part for story in found if not story.over for part in story.parts})
    newest = sorted(found, key=lambda story: _at(story.texts[0]), reverse=True)
    return Status(parts, newest, now)


HURT = ("alerting", "affected")


def _sent(document: Incident, now: datetime) -> list[Message]:
    public = [m for m in document.communications if m.audience is Audience.status_page]
    sent = [m for m in public if m.state is MessageState.sent and m.sent_at]
    return sorted((m for m in sent if _at(m) >= now - HISTORY), key=_at, reverse=True)


def _at(message: Message) -> datetime:
    return message.sent_at or message.created_at


def write(found: Status, folder: Path, title: str = "Status") -> list[Path]:
    """The page and its feed, each whole or not at all. Raises InputError where the folder cannot be
    written."""
    contents = (as_page(found, title), as_feed(found, title))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in zip(FILES, contents, strict=True):
            write_private(folder / name, text)
            (folder / name).chmod(0o644)  # a web server of another name reads it
    except OSError as error:
        why = error.strerror or error
        raise InputError(f"{folder}: {why}; name a folder that can be written") from error
    return [folder / name for name in FILES]


def as_page(found: Status, title: str) -> str:
    """One HTML file that needs nothing else."""
    now = "Something is not as it should be" if found.open else "Everything works as far as we know"
    parts = "".join(
        f"<tr><th scope='row'>{escape(part)}</th>"
        f"<td>{'◆ disturbed' if found.is_hurt(part) else '✓ works'}</td></tr>"
        for part in found.parts
    )
    table = f"<h2>Parts</h2><table><tbody>{parts}</tbody></table>" if parts else ""
    current = "".join(_told(story) for story in found.open)
    past = "".join(_told(story) for story in found.stories if story.over)
    past = past or "<p>Nothing in 90 days.</p>"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta http-equiv="refresh" content="60">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
        '<link rel="alternate" type="application/atom+xml" href="feed.atom"></head><body>'
        f"<h1>{escape(title)}</h1><p>{now}.</p>{current}{table}<h2>The last 90 days</h2>{past}"
        f'<p class="status">As of {found.at:%Y-%m-%d %H:%M} UTC. '
        '<a href="feed.atom">Feed</a></p></body></html>\n'
    )


def _told(story: Story) -> str:
    texts = "".join(
        f"<h3>{escape(_clean(m.subject))}</h3><p class='status'>{_at(m):%Y-%m-%d %H:%M} UTC</p>"
        f"{rendered(_clean(m.body))}"
        for m in story.texts
    )
    return f"<article id='s{story.key}'>{texts}</article>"


def as_feed(found: Status, title: str) -> str:
    """Atom: each text that was sent is an entry, whose id stays."""
    entries = "".join(
        f"<entry><id>urn:sha256:{m.hash}</id><title>{escape(_clean(m.subject))}</title>"
        f"<updated>{_at(m).isoformat()}</updated>"
        f"<content type='html'>{escape(rendered(_clean(m.body)))}</content></entry>"
        for story in found.stories
        for m in story.texts
    )
    newest = max((_at(s.texts[0]) for s in found.stories), default=found.at)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<id>urn:warroom:status</id><title>{escape(title)}</title>"
        f"<author><name>{escape(title)}</name></author>"
        f"<updated>{newest.isoformat()}</updated>{entries}</feed>\n"
    )


def _clean(text: str) -> str:
    return RAW.sub("", masked_content(text))
