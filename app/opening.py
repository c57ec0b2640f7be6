"""Opening what an incident is worked in."""

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from ..actions.policy import Policy
from ..agents.reasoning.layer import model_layer_of
from ..agents.runtime.case import ModelLayer, PlaybookOnly
from ..agents.runtime.context import ResponseContext
from ..errors import InputError, ToolFailed
from ..incident.timeline import from_ts, utc_now
from ..record.changes import SentChanges
from ..record.store import Store
from ..settings import Settings
from ..targets.kubernetes import Kubernetes
from ..targets.operations import Operations
from ..targets.stand_ins import DryRun, Rehearsal
from ..targets.survey import FILE as SURVEY
from ..targets.survey import Recorded, Surveying
from ..telemetry.bundle import no_telemetry, open_bundle
from ..telemetry.model import Catalogue
from ..telemetry.recorder import Recorder
from ..telemetry.recording import Recording
from ..telemetry.sources.cells import counting, uncounted
from ..telemetry.sources.clusters import dumps, live_clusters
from ..telemetry.sources.datasource import Datasource
from ..telemetry.sources.registry import connected
from ..telemetry.sources.sent import Sent
from ..telemetry.sources.source import Source
from ..tools.mcp_servers import offer
from .configuration import Sources, asked, declared
from .configuration_file import read_configuration
from .notifying import channels_of
from .rules import settle
from .runbooks import library

MakeModelLayer = Callable[[Settings, Store], ModelLayer]


def playbooks(_settings: Settings, _store: Store) -> ModelLayer:
    """No model, whatever the settings name."""
    return PlaybookOnly()


LONG_AGO_S = 3600.0
"""Telemetry that ended so long ago is a recording, not a system that has fallen silent."""


def newest(recording: Recording) -> float | None:
    """When the last row was that comes by itself, unix seconds; None: there is none."""
    parts = recording.coverage()
    ends = [
        part.end
        for part in parts
        if part.end is not None and part.modality not in ("changes", "state")
    ]
    return max(ends, default=None)


def history_end(recorder: Recorder) -> float | None:
    """When the telemetry ends, unix seconds, where that is history; None: it is live, or none."""
    end = newest(recorder.recording)
    return end if end is not None and time.time() - end > LONG_AGO_S else None


def clock_from(end: float) -> Callable[[], datetime]:
    """A recording lives in its own time: now is its end, and goes on from there as we work."""
    opened = time.monotonic()
    return lambda: from_ts(end + time.monotonic() - opened)


def open_context(
    settings: Settings,
    sources: Sources | None = None,
    *,
    recorder: Recorder | None = None,
    model_layer: MakeModelLayer = model_layer_of,
    clock: Callable[[], datetime] | None = None,
    pace: float | None = None,
    store: Store | None = None,
    rehearse: bool = False,
    policy: Policy | None = None,
) -> ResponseContext:
    """Store, telemetry, hands and model layer.

    Args:
        settings: where the home is, limits, which model.
        sources: what to read and act on; without a bundle, warroom.yaml's datasources are asked.
        recorder: of telemetry that is open already, instead of the sources' one.
        model_layer: another one than the settings describe.
        clock: what counts as now; by default the time, of a recording its own.
        pace: seconds waited for each second of a window; by default 1, of a recording 0.
        store: open already, instead of the settings' own.
        rehearse: hands that note what would have been done, over what the survey shows.
        policy: who approves, and what may be done when; by default warroom.yaml's, in a drill a
            person and whatever fits.

    Raises BundleError for a bundle that cannot be read, InputError for operations that cannot.
    """
    sources = sources or Sources()
    store = store or Store.open(settings.database, settings.key_file)
    if recorder is None:
        recorder = _recorder(sources, store)
    end = history_end(recorder)
    reread = None if policy else partial(_policy, sources)
    operations, policy = _operations(sources), policy or _policy(sources)
    if policy.rules:
        settle(settings, store)
    context = ResponseContext(
        settings=settings,
        store=store,
        recorder=recorder,
        operations=DryRun(operations) if operations and policy.dry_run else operations,
        policy=policy,
        reread=reread,
        survey=survey_of(operations, recorder.origin),
        model_layer=model_layer(settings, store),
        clock=clock or (utc_now if end is None else clock_from(end)),
        pace=pace if pace is not None else float(end is None),
        recorded=end is not None,
        drill=sources.drill,
        channels=channels_of(store.engine),
        runbooks=list(library(store).values()),
    )
    if rehearse:
        context.operations = Rehearsal(context.inventory)
    return context


def _recorder(sources: Sources, store: Store) -> Recorder:
    """Of the bundle, else of the data sources that warroom.yaml names and what was sent to us."""
    beside = _clusters(sources)
    if sources.telemetry:
        return open_bundle(sources.telemetry, beside)
    known = declared(sources)
    datasources = asked(sources, known)
    backends = [*backends_of(datasources, known.catalogue, store), *beside]
    gaps = [("service catalogue", fault) for fault in known.faults]
    gaps += offer([] if sources.drill else read_configuration().mcp)
    gaps += [("objectives", text) for text in uncounted(datasources, known.catalogue)]
    return Recorder(backends, lambda: known.catalogue, gaps=gaps) if backends else no_telemetry()


def _clusters(sources: Sources) -> list[Source]:
    """The dumps that were named, else the clusters that warroom.yaml names; beside a bundle and in
    an exercise none of these."""
    if sources.kubernetes:
        return dumps(sources.kubernetes)
    if sources.telemetry or sources.drill:
        return []
    file = read_configuration()
    return live_clusters(file.kubernetes, file.whose)


def backends_of(datasources: list[Datasource], known: Catalogue, store: Store) -> list[Source]:
    """What an incident asks, and what was sent to us; none where nothing is configured."""
    if not datasources:
        return []
    counts = counting(datasources, known)
    return [*connected(datasources), *counts, Sent(SentChanges(store.engine).within)]


def _policy(sources: Sources) -> Policy:
    return Policy() if sources.drill else read_configuration().policy


def _operations(sources: Sources) -> Operations | None:
    """Of operations.json, and the clusters of warroom.yaml that are more than read; beside what was
    recorded, and in an exercise, not those."""
    other = sources.telemetry or sources.kubernetes or sources.drill
    file = read_configuration()
    clusters = [] if other else [c for c in file.kubernetes if c.mode != "read"]
    hands = [Kubernetes(clusters)] if clusters else []
    if sources.operations is None:
        names = ", ".join(one.name for one in clusters)
        made = Operations(*hands, name=f"kubernetes {names}") if hands else None
    else:
        try:
            made = Operations.load(sources.operations, *hands)
        except ToolFailed as error:
            text = f"{error}; leave out --operations to go on without acting"
            raise InputError(text) from error
    for one in made.adapters if made else ():
        if isinstance(one, Kubernetes):
            one.known_by(file.whose)
    return made


def survey_of(operations: Operations | None, bundle: Path | None) -> Surveying | None:
    """The live system where it answers, else what the bundle recorded of it, if it did."""
    if operations:
        try:
            operations.inventory()
            return operations
        except ToolFailed:
            pass  # acting will say so; looking falls back to the record
    recorded = bundle / SURVEY if bundle else None
    return Recorded.load(recorded) if recorded and recorded.exists() else None
