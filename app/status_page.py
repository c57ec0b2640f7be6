"""The status page: files that any web server shows, also while Warroom is down.

Nothing stands there but what a person approved and was sent to it, and the names by which customers
know a service; an incident of which nothing was sent is not told of, and neither are exercises.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any

from sqlalchemy import select

from ..errors import InputError
from ..incident.communication import Audience, Message, MessageState
from ..incident.impact import UserImpact
from ..incident.lifecycle import OVER
from ..incident.private import write_private
from ..incident.timeline import from_ts
from ..record.database import reader
from ..record.store import Store
from ..record.tables import INCIDENTS
from ..settings import Settings
from ..telemetry.model import Catalogue
from .configuration import recall
from .figures import fired_at, parts_of
from .postmortem_export import whole
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
    confirmed: datetime | None = None  # since then something may hurt that nobody was told of

    @property
    def now(self) -> str:
        """In one sentence. It claims no health that is not known, and tells nothing that nobody
        approved."""
        if self.open:
            return "Something is not as it should be."
        if self.confirmed:
            return f"Last confirmed as working at {_minute(self.confirmed)}."
        return "No disturbance is known to us."

    def tells(self, part: str) -> str:
        """How one part stands; parts of what nobody approved a word on look like all others."""
        if any(part in story.parts for story in self.open):
            return "◆ disturbed"
        known = f"last confirmed at {self.confirmed:%H:%M} UTC" if self.confirmed else ""
        return known or "✓ no disturbance known"

    @property
    def open(self) -> list[Story]:
        """What is not over."""
        return [story for story in self.stories if not story.over]


def status(settings: Settings, store: Store, catalogue: Catalogue, now: datetime) -> Status:
    """As it stands now."""
    document = parts_of(store.engine)
    named = [document[name].label(name) for name in ("communications", "services", "onset")]
    inner = {"users": ("impact", "users"), "starts_at": ("alert", "starts_at")}
    query = (
        select(INCIDENTS.c.id, INCIDENTS.c.state, INCIDENTS.c.opened_at, *named)
        .add_columns(*(document[path].as_string().label(name) for name, path in inner.items()))
        .where(INCIDENTS.c.updated_at >= (now - HISTORY).timestamp())
    )
    found, untold = list[Story](), list[datetime]()
    with reader(store.engine).begin() as connection:
        rows = connection.execute(query.execution_options(yield_per=200)).mappings()
        for row in rows:
            texts, over = _sent(row["communications"], now), row["state"] in OVER
            if (over and not texts) or recall(settings, row["id"]).drill:
                continue
            if texts:
                hurt = [s.get("public_name") for s in row["services"] if s["role"] in HURT]
                parts = sorted({name for name in hurt if name})
                found.append(Story(texts[-1].hash[:16], over, parts, texts))
            elif row["users"] != UserImpact.none:
                onset = row["onset"] and datetime.fromisoformat(row["onset"])
                untold.append(onset or from_ts(fired_at(row)))
    known = {service.public_name for service in catalogue.services if service.public_name}
    parts = sorted(known | {part for story in found if not story.over for part in story.parts})
    newest = sorted(found, key=lambda story: _at(story.texts[0]), reverse=True)
    return Status(parts, newest, now, min(untold, default=None))


HURT = ("alerting", "affected")


def _sent(communications: Sequence[dict[str, Any]], now: datetime) -> list[Message]:
    """Texts for the public that went out, newest first."""
    kept = (Audience.status_page, MessageState.sent)
    public = [each for each in communications if (each["audience"], each["state"]) == kept]
    sent = [m for m in map(Message.model_validate, public) if m.sent_at]
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
    return whole(title, body(found, title), FEED)


FEED = '<link rel="alternate" type="application/atom+xml" href="feed.atom">'


def body(found: Status, title: str) -> str:
    """What stands on the page: now, the parts, and what was told in 90 days."""
    parts = "".join(
        f"<tr><th scope='row'>{escape(part)}</th><td>{found.tells(part)}</td></tr>"
        for part in found.parts
    )
    table = f"<h2>Parts</h2><table><tbody>{parts}</tbody></table>" if parts else ""
    current = "".join(_told(story) for story in found.open)
    past = "".join(_told(story) for story in found.stories if story.over)
    return (
        f"<h1>{escape(title)}</h1><p class='lead'>{found.now}</p>{current}{table}"
        f"<h2>The last 90 days</h2>{past or '<p>Nothing in 90 days.</p>'}"
        f"<p class='status'>As of {_minute(found.at)}. <a href='feed.atom'>Feed</a></p>"
    )


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


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
