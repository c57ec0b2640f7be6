"""Whether an incident's questions are answered today as they were: every tool is called again, with
the arguments and the windows that it had, over what was kept or over the backends. It only reads.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from ..agents.runtime.context import StepBench
from ..errors import NotFound
from ..incident.document import Incident
from ..incident.evidence import Evidence, EvidenceStatus, digest
from ..models.redaction import Redaction
from ..record.store import Store
from ..settings import Settings
from ..targets.survey import Surveying
from ..telemetry.bundle import open_bundle
from ..telemetry.recorder import Recorder
from ..tools.asked import frame_of
from ..tools.base import REGISTRY, Effect
from ..tools.toolbox import Toolbox
from .configuration import recall
from .opening import survey_of
from .recordings import backends, kept_bundle, part_of

MOST = 3
"""Differences that are told of one answer."""


class Verdict(StrEnum):
    """What became of an answer."""

    same = "same"
    changed = "changed"
    gone = "gone"
    not_asked = "not asked"


@dataclass(frozen=True)
class Drift:
    """One piece of evidence, asked for again."""

    evidence: str
    tool: str
    verdict: Verdict
    what: str = ""


@dataclass(frozen=True)
class Replay:
    """What the questions are asked of."""

    recorder: Recorder
    survey: Surveying | None
    live: bool


def opened(
    settings: Settings,
    store: Store,
    document: Incident,
    now: float,
    live: bool,
    bundle: Path | None,
) -> Replay:
    """The kept recording, or the backends as they are now. Raises InputError, BundleError."""
    if live:
        recorder = backends(store, recall(settings, document.id), part_of(document, now))
        return Replay(recorder, None, live=True)
    recorder = open_bundle(kept_bundle(settings, document, bundle))
    return Replay(recorder, survey_of(None, recorder.origin), live=False)


def replayed(document: Incident, store: Store, over: Replay) -> Iterator[Drift]:
    """Every question of an incident, in the order in which they were asked."""
    redact = Redaction()
    for record in document.evidence:
        if why := _unasked(record, over.live):
            yield Drift(record.id, record.tool, Verdict.not_asked, why)
            continue
        new, payload = _again(document, record, over, redact)
        verdict = Verdict.same
        if new.digest != record.digest:
            lost = record.status is EvidenceStatus.ok and new.status is not EvidenceStatus.ok
            verdict = Verdict.gone if lost else Verdict.changed
        what = "" if verdict is Verdict.same else _what(store, record, new, payload)
        yield Drift(record.id, record.tool, verdict, what)


def _unasked(record: Evidence, live: bool) -> str:
    """Why it is not asked again; empty: it is."""
    tool = REGISTRY.get(record.tool)
    if record.tool == "seen_before":
        return "what was remembered then is not kept"
    if tool and tool.language and not live:
        return "it was asked of a backend itself: --live asks it again"
    if tool is None or tool.effect is not Effect.read:
        return "no read tool of this Warroom"
    return "" if record.windows else "its windows were not kept"


def _again(
    document: Incident, record: Evidence, over: Replay, redact: Redaction
) -> tuple[Evidence, Any]:
    kept: list[tuple[Evidence, Any]] = []

    def keep(evidence: Evidence, payload: Any) -> Evidence:
        sealed = evidence.model_copy(update={"id": record.id, "digest": digest(payload)})
        kept.append((sealed, payload))
        return sealed

    assert record.windows
    alert = document.alert
    frame = frame_of(record.windows, alert.service, alert.labels.get("metric", ""))
    live = over.recorder.live() if over.live else None
    bench = StepBench(over.recorder.recording, frame, over.survey, live)
    Toolbox(bench, record.collected_by, keep, redact=redact).by_name(record.tool, record.query)
    return kept[-1]


def _what(store: Store, old: Evidence, new: Evidence, payload: Any) -> str:
    """How an answer differs, in a line."""
    if new.status is not old.status:
        return f"{old.status.value}, now {new.status.value}: {new.summary}"
    try:
        before = store.payload(old.digest)
    except NotFound as error:
        return f"{old.summary}, now {new.summary} ({error})"
    rows, found = before["rows"], payload["rows"]
    if sorted(map(str, rows)) == sorted(map(str, found)) and rows != found:
        return "the same rows in another order"
    told = [f"{len(rows)} rows, now {len(found)}"] if len(rows) != len(found) else []
    told += list(_differences(rows, found))[: MOST + 1]
    if len(told) > MOST:
        told[MOST:] = ["…"]
    return "; ".join(told or [f"{before['summary']}, now {payload['summary']}"])


def _differences(before: list[Any], after: list[Any]) -> Iterator[str]:
    for number, (old, new) in enumerate(zip(before, after, strict=False)):
        for name in [*old, *(name for name in new if name not in old)]:
            if old.get(name) != new.get(name):
                yield f"/rows/{number}/{name} was {old.get(name)!r:.60}, now {new.get(name)!r:.60}"
