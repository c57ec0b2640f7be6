"""An incident's telemetry once more: opened to be asked again, or kept as a bundle.

Backends are asked for a window that is over, so they are given its end as the time: neither what
came later nor the whole of the past since then is read.
"""

import json
import math
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..agents.runtime.context import met, since_when
from ..errors import BundleError, InputError
from ..incident.document import Incident
from ..incident.timeline import from_ts
from ..record.store import Store
from ..settings import Settings
from ..telemetry.bundle import open_bundle, save
from ..telemetry.model import Catalogue, Window
from ..telemetry.recorder import Recorder
from ..telemetry.recording import Recording
from ..telemetry.sources.source import DAY_S
from .anonymising import anonymise
from .configuration import Sources, asked, declared, recall
from .opening import backends_of, newest

CLOCK = len("14:00:00")
KEPT = "recording"
"""In the incident's folder: its telemetry as `warroom record INC` keeps it."""
AFTER_S = 60.0
"""So much after the last question is kept as well: rows come late."""
ROUNDS = 6
"""So often neighbours of neighbours are asked for; a response hardly has more steps that look."""


@dataclass(frozen=True)
class Part:
    """What of a system is meant."""

    window: Window  # unix seconds
    services: tuple[str, ...] = ()  # none: every one


def part_of(document: Incident, now: float) -> Part:
    """What a response looked at: from its healthy time to its last question."""
    asked = [record.end.timestamp() for record in document.evidence if record.end]
    end = min(now, max(asked, default=document.fired.timestamp()) + AFTER_S)
    since = since_when(document.fired, Catalogue().windows)
    services = sorted({document.alert.service, *met(document)} - {""})
    return Part(Window(min(since, end), end), tuple(services))


def window_of(text: str, now: float) -> Window:
    """A window as a person writes it, UTC: 14:00..15:00 (the last such), or with dates.

    Raises InputError.
    """
    start, dots, end = text.partition("..")
    today, moments = from_ts(now).date(), list[datetime]()
    try:
        for part in (start, end):
            moment = datetime.fromisoformat(f"{today}T{part}" if len(part) <= CLOCK else part)
            moments.append(moment.replace(tzinfo=moment.tzinfo or UTC))
    except ValueError:
        moments = []
    if not dots or len(moments) != 2:
        raise InputError(f"--window {text!r}: write 14:00..15:00, or 2026-11-21T14:00..… in UTC")
    begin, over = (moment.timestamp() for moment in moments)
    if len(end) <= CLOCK and over <= begin:
        over += DAY_S  # beyond midnight
    if len(start) <= CLOCK and begin > now:
        begin, over = begin - DAY_S, over - DAY_S
    if not begin < over or begin > now:
        raise InputError(f"--window {text!r} has not begun, or ends before it begins")
    return Window(begin, min(over, now))


def kept_bundle(settings: Settings, document: Incident, named: Path | None) -> Path:
    """The bundle that a response worked on, or that was kept of it. Raises InputError."""
    sources = recall(settings, document.id)
    kept = settings.files(document.id) / KEPT
    found = named or sources.telemetry or (kept if kept.is_dir() else None)
    if found is None:
        raise InputError(
            f"{document.id} was answered by backends and nothing of them was kept: keep it with "
            f"`warroom record {document.id}`, or ask the backends again with --live"
        )
    return found


def backends(store: Store, sources: Sources, part: Part) -> Recorder:
    """The configured backends over a window, the services and their neighbours read.

    Raises InputError where there are none.
    """
    told = declared(sources)
    known, found = told.catalogue, backends_of(asked(sources, told), told.catalogue, store)
    if not found:
        raise InputError("no backend is configured: name `datasources:` in warroom.yaml")
    recorder = Recorder(found, lambda: known, clock=lambda: part.window.end)
    first, *others = part.services or ("",)
    recorder.focus(first, part.window.start, others)
    for looked in range(ROUNDS):
        rings = len(recorder.rings)
        recorder.advance()
        if looked and len(recorder.rings) == rings:  # calls show by the first look
            break
    return recorder


def keep(
    recording: Recording,
    part: Part,
    into: Path,
    incident: Incident | None = None,
    anonymous: bool = False,
) -> Counter[str]:
    """Write a window of a recording as a bundle, with the incident's alert if it is one's; how many
    names of each kind were replaced. The folder is there once the bundle is whole.

    Raises BundleError where it exists, InputError where there is nothing to keep.
    """
    if not any(recording.held.values()):
        why = "; ".join(f"{what}: {words}" for what, words in recording.gaps)
        raise InputError(
            f"there is nothing of that window to keep{f' ({why})' if why else ''}: look at the "
            "times, which are UTC, and at the service's name"
        )
    if into.exists():
        raise BundleError(f"{into} exists already; name another folder")
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".keeping-", dir=into.parent) as folder:
        made = Path(folder) / into.name
        save(recording, made, Window(part.window.start, math.nextafter(part.window.end, math.inf)))
        if incident:
            (made / "alert.json").write_text(_alert(incident), encoding="utf-8")
        names = anonymise(made) if anonymous else Counter[str]()
        made.rename(into)
    return names


def _alert(incident: Incident) -> str:
    """As it may be handed in again."""
    fields = {"name", "service", "severity", "summary", "labels", "annotations"}
    plain = incident.alert.model_dump(mode="json", include=fields)
    return json.dumps(plain | {"starts_at": incident.fired.isoformat()}, indent=1) + "\n"


def last_minutes(telemetry: Path, minutes: float) -> tuple[Recording, Part]:
    """The last minutes of a bundle, up to its newest row.

    Raises BundleError where it cannot be read, InputError where nothing is recorded yet.
    """
    recording = open_bundle(telemetry).recording
    end = newest(recording)
    if end is None:
        raise InputError(f"{telemetry} holds no telemetry yet; wait for the first rows")
    return recording, Part(Window(end - 60 * minutes, end))
