"""Pulls sources into the recording of an incident: one stable state after another.

What lies here is read whole. A backend is asked for the alert's service first, then, with each
advance, for one ring of neighbours more along the calls. A source that is down, slow or garbled is
a named gap; the response goes on without it.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Lock

from ..errors import TelemetryError
from .model import Catalogue, Window
from .reading import Reading, bare
from .recording import Recording
from .sources.further import Live
from .sources.source import BEYOND, EVER, EVERYTHING, Batch, Budget, Scope, Source, SourceQuery
from .tables import TIME, Tables
from .topology import joined, measured_calls

AMPLE = Budget()
FIRST_S = 1.0
"""Traces of a first look may take so long: a level rests on metrics above all. What is not had by
then is asked for with the next step."""
ONCE = ("traces", "changes")
"""A row of these has an identity: samples, wider rings and windows that overlap hand out the same
one again, and it is recorded once."""


class Recorder:
    """Several sources, one recording. Safe to use from several threads.

    Args:
        sources: asked in this order.
        catalogue: reads the service catalogue anew.
        budget: what may be taken of each source, in all.
        absent: why there are no sources.
        origin: the folder that they lie in, where they lie in one.
        clock: unix seconds.
        gaps: (what, why) of what could not be read for good.
        sampled: modalities of which the sources hold a sample only, though they cannot say so.
    """

    def __init__(
        self,
        sources: Sequence[Source] = (),
        catalogue: Callable[[], Catalogue] = Catalogue,
        budget: Budget = AMPLE,
        absent: str = "",
        origin: Path | None = None,
        clock: Callable[[], float] = time.time,
        gaps: Sequence[tuple[str, str]] = (),
        sampled: Iterable[str] = (),
    ) -> None:
        self.sources = tuple(sources)
        self.catalogue = catalogue
        self.origin = origin
        self.sampled = frozenset(sampled)
        self.clock, self.gaps = clock, gaps
        self.left = {source.name: budget for source in sources}
        self.rings: list[Scope] = []  # none: backends are not asked yet
        self.since = float("-inf")
        self.readings: dict[tuple[str, Scope], Reading] = {}
        self.taken = defaultdict[str, set[int]](set)  # rows that have an identity, by source
        self.garbled = Counter[str]()  # lines that were no records, by modality
        self.lines = Counter[str]()
        self.beyond: set[str] = set()
        self.advanced, self.asked, self.ahead = 0.0, 0, False  # asked: how many rings
        self.first = False  # there is a step that waits for the first look
        self.lock = Lock()
        self.recording = Recording(
            *(Tables(), dict.fromkeys(TIME, 0), catalogue()),
            sampled=self.sampled,
            absent=absent,
        )
        self.advance()

    def close(self) -> None:
        """Give back memory and temporary files."""
        self.recording.close()

    def focus(self, service: str, since: float, known: Iterable[str] = ()) -> None:
        """Ask backends for this service, from this time on; without a name, for every service.

        known: services that were looked at before this recorder was opened.
        """
        with self.lock:
            if not self.rings:
                first = Scope(frozenset([service, *known]))
                self.rings = [first if service else EVERYTHING]
                self.since = since

    def advance(self, at_most: float = 0.0, ahead: bool = False, first: bool = False) -> Recording:
        """Take in what has come, and one ring of neighbours more; the state as of now.

        at_most: seconds that the last state may be old to be good enough, where all that is meant
            was asked for.
        ahead: for a step that begins now: it is handed this very state.
        first: for a step that tells how bad it is, from what is there in FIRST_S.
        """
        with self.lock:
            self.first = first
            if self.ahead and at_most:
                self.ahead = False
                return self.recording
            self.ahead = ahead
            self._widen()
            if self.asked == len(self.rings) and time.monotonic() - self.advanced < at_most:
                return self.recording
            self.advanced, self.asked = time.monotonic(), 0 if first else len(self.rings)
            now, tables = self.clock(), self.recording.tables
            self._ask(now)
            held = {name: arrivals.rows for name, arrivals in tables.arrivals.items()}
            readings = self.readings.values()
            gaps = {(one.source.modality, one.gap) for one in readings if one.gap}
            gaps.update(self.gaps)
            last = self.recording
            part = {one.source.modality for one in readings if one.sampled or one.partly}
            sampled = self.sampled | part
            state = held, self._catalogue(), self._unseen(), tuple(sorted(gaps)), sampled
            if state != (last.held, last.known, last.unseen, last.gaps, last.sampled):
                self.recording = Recording(tables, *state, last.absent)
            return self.recording

    def live(self) -> Live | None:
        """The backends, to be asked further within what is being asked for; None: there are none,
        or nobody is being asked for yet."""
        backends = tuple(source for source in self.sources if not source.whole)
        if not backends or not self.rings:
            return None
        named = [ring.services for ring in self.rings]
        known = None if None in named else frozenset[str]().union(*filter(None, named))
        return Live(backends, Scope(known), Window(self.since, self.clock()))

    def widen(self, services: Iterable[str]) -> None:
        """Ask backends for these services too, from the next advance on."""
        known = frozenset[str]().union(*(ring.services or () for ring in self.rings))
        new = frozenset(services) - known
        if new and EVERYTHING not in self.rings:
            self.rings.append(Scope(new))

    def _widen(self) -> None:
        """The neighbours of what is being asked for, as far as calls are known."""
        if not self.rings or EVERYTHING in self.rings:
            return
        inside = frozenset[str]().union(*(ring.services or () for ring in self.rings))
        pairs = {(s.name, b) for s in self.recording.known.services for b in s.depends_on}
        self.widen({b for a, b in pairs if a in inside} | {a for a, b in pairs if b in inside})

    def _ask(self, now: float) -> None:
        """All sources: what lies here in order, the backends at the same time."""
        backends = [source for source in self.sources if not source.whole and self.rings]
        for source in self.sources:
            if source.whole:
                self._pull(source, EVERYTHING, now)
        if backends:
            with ThreadPoolExecutor(len(backends), thread_name_prefix="source") as pool:
                list(pool.map(lambda source: self._rings(source, now), backends))

    def _rings(self, source: Source, now: float) -> None:
        """Every ring of one backend; one that fails is not asked for the others as well. Traces of
        a service hold those whom it calls and who calls it."""
        for scope in self.rings[:1] if self._hurried(source) else self.rings:
            self._pull(source, scope, now)
            if self.readings[source.name, scope].failed:
                return

    def _pull(self, source: Source, scope: Scope, now: float) -> None:
        """Everything that one source has of one scope, batch by batch."""
        key = source.name, scope
        reading = self.readings.setdefault(key, Reading(source, scope))
        window, more = reading.window(self.since, now), True
        while more and not self.left[source.name].spent:
            begun = time.monotonic()
            room, hurried = self.left[source.name], self._hurried(source) and not reading.after
            room = replace(room, seconds=min(room.seconds, FIRST_S)) if hurried else room
            ask = SourceQuery(scope, window, room, reading.after)
            reading.failed = False
            try:
                batch = source.read(ask)
            except TelemetryError as error:
                reading.failed = True
                batch = Batch(gap=f"{source.name}: {error}")  # asked again from where it stood
            else:
                self._add(source.modality, self._once(source, reading.fresh(batch, now)))
            reading.take(batch, hurried and not reading.failed)
            self.left[source.name] = self.left[source.name].less(batch, time.monotonic() - begun)
            if BEYOND in batch.left_out:
                self.beyond.add(source.modality)
            more = batch.more
        if more:
            self.beyond.add(source.modality)

    def _hurried(self, source: Source) -> bool:
        return self.first and source.modality == "traces" and not source.whole

    def _once(self, source: Source, lines: bytes) -> bytes:
        """The lines without those that were handed out before, where rows have an identity."""
        if source.whole or source.modality not in ONCE:
            return lines
        taken, new = self.taken[source.name], list[bytes]()
        for line in lines.splitlines(keepends=True):
            if (known := hash(bare(line))) not in taken:
                taken.add(known)
                new.append(line)
        return b"".join(new)

    def _add(self, modality: str, lines: bytes) -> None:
        if lines:
            tables = self.recording.tables
            with tables.lock:
                before = tables.arrivals[modality].rows
                garbled = tables.add(modality, lines)
                rows = tables.arrivals[modality].rows - before
                self.garbled[modality] += garbled
                self.lines[modality] += rows + garbled

    def _catalogue(self) -> Catalogue:
        """As it is written now; the last good one where that cannot be read. Where backends are
        asked, with the calls that they show; the same one as long as these are the same."""
        last = self.recording.known
        try:
            declared = self.catalogue()
        except TelemetryError:
            return last
        if not self.rings or all(source.whole for source in self.sources):
            return declared
        found = joined(declared, measured_calls(self._now(), EVER))
        return last if found == last else found

    def _now(self) -> Recording:
        """All rows that have come, with the last catalogue."""
        tables = self.recording.tables
        return Recording(tables, {name: part.rows for name, part in tables.arrivals.items()})

    def _unseen(self) -> dict[str, tuple[str, ...]]:
        """What is not in the recording, in words, by modality."""
        said = {modality: list[str]() for modality in TIME}
        for reading in self.readings.values():
            said[reading.source.modality] += [
                text for text in (reading.gap, *reading.says) if text not in ("", BEYOND)
            ]
        for modality, found in said.items():
            if bad := self.garbled[modality]:
                every = self.lines[modality]
                found.append(f"{bad} of {every} lines could not be read and were left out")
            if modality in self.beyond:
                found.append(f"{BEYOND} was left out")
            if modality in self.sampled:
                found.append("only a sample of what there was is here")
            if self.recording.absent:
                found.append(self.recording.absent)
        return {modality: tuple(dict.fromkeys(found)) for modality, found in said.items() if found}
