"""One root-cause case, read once and judged again under any setting of the knobs.

What a response concludes comes from tool results alone: whether the alert is noise (step 1), when
it began (step 2), and the hypotheses (step 4). Only these are worked here, by the same functions.
An answer that does not depend on a knob is kept, as is what no knob can change inside the tools.
"""

from collections.abc import Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Self

from ...agents import triage
from ...agents.causes.calibration import weighing_of
from ...agents.causes.judgement import candidates, judge
from ...agents.causes.observations import Observations
from ...agents.health.onset import find_onset
from ...agents.runtime.case import Case, Step
from ...agents.runtime.context import StepBench
from ...agents.steps import DETECT, INVESTIGATE, SWEEP
from ...analysis.tuning import Tuning
from ...app.opening import open_context, playbooks
from ...incident.timeline import from_ts
from ...intake.handing import take
from ...settings import Settings
from ...telemetry.alerts import read_alerts
from ...telemetry.bundle import open_bundle
from ...tools.base import Result
from ..rca.bundle import write
from ..rca.cases import RcaCase
from ..rca.floor import floor_answer, responded, scores_of
from .knobs import METRICS, PATHS, WAITS, Setting, seen_by

Scores = dict[str, float]


class Remembered(dict[Any, Result]):
    """Results by question, windows and the constants that they depend on.

    The tools that depend on constants read the windows by the alert alone, so an onset that was
    found meanwhile asks them nothing new.
    """

    def get(self, key, default=None) -> Any:
        """What is on record for constants like these."""
        return super().get(_full(key), default)

    def __setitem__(self, key, result: Result) -> None:
        super().__setitem__(_full(key), result)


def _full(key):
    name, arguments, frame = key
    if name in (PATHS, WAITS, METRICS):
        healthy, incident = frame.by_alert
        frame = replace(frame, baseline=healthy, incident=incident, first=None)
    return name, arguments, replace(frame, tuning=seen_by(name, frame.tuning))


class Replay:
    """A case with everything that its judgement needs, kept open."""

    def __init__(self, case: RcaCase, folder: Path) -> None:
        folder.mkdir(parents=True)
        bundle, home = write(case, folder / "bundle"), folder / "home"
        home.mkdir()
        settings = Settings().model_copy(update={"home": home})
        recorder = open_bundle(bundle)
        self.context = open_context(settings, recorder=recorder, model_layer=playbooks)
        self.memory = Remembered()
        self.noise: dict[tuple[Tuning, ...], bool] = {}
        (alert,) = read_alerts((bundle / "alert.json").read_bytes())
        self.incident, _new = take(self.context.store, alert, self.context.clock())
        self.alerted = self._case(DETECT)
        self._begun_at(triage.detect(self.alerted).onset)
        onset = find_onset(Observations(self._case(SWEEP)))
        self._begun_at(from_ts(onset.at) if onset else None)
        self.begun = self._case(INVESTIGATE)

    def scores(self, setting: Setting) -> Scores:
        """Each service's score as the floor gives it; nothing where the alert is noise."""
        tuning = Tuning(**setting)
        if self._is_noise(tuning):
            return {}
        seen = Observations(tuned(self.begun, tuning))
        return scores_of(judge(candidates(seen), self.begun.document, weighing_of(seen)))

    def _begun_at(self, at: datetime | None) -> None:
        """File an onset as a report does: none leaves the one that is known."""
        if at:
            self.context.store.update(self.incident, lambda doc: setattr(doc, "onset", at))

    def _is_noise(self, tuning: Tuning) -> bool:
        """Telemetry alone says so; the constants of the judgement have no part in it."""
        key = tuple(seen_by(tool, tuning) for tool in (PATHS, WAITS, METRICS))
        if key not in self.noise:
            self.noise[key] = triage.detect(tuned(self.alerted, tuning)).noise
        return self.noise[key]

    def _case(self, step: Step) -> Case:
        found = self.context.case(self.incident, step, 1, lambda _event: None)
        return replace(found, tools=replace(found.tools, memory=self.memory))


def tuned(case: Case, tuning: Tuning) -> Case:
    """The case as the engine sees it with other constants."""
    frame = replace(case.frame, tuning=tuning)
    bench = StepBench(case.tools.bench.telemetry, frame, case.tools.bench.survey)
    return replace(case, frame=frame, tools=replace(case.tools, bench=bench))


PROCESSES = 2
OPENED: dict[str, Replay] = {}
"""By case: filled in a worker, and lasting as long as it does."""


def replayed(cases: list[RcaCase], folder: Path, setting: Setting) -> dict[str, Scores]:
    """What the cases say under a setting; a case is opened when it is first asked for."""
    found = {}
    for case in cases:
        if case.name not in OPENED:
            OPENED[case.name] = Replay(case, folder / case.set / case.id)
        found[case.name] = OPENED[case.name].scores(setting)
    return found


def whole(cases: list[RcaCase]) -> dict[str, Scores]:
    """What the whole response says of them."""
    settings = Settings()
    return {
        case.name: responded(case, settings, partial(floor_answer, case)).scores for case in cases
    }


class Workers:
    """Every case under any setting, each pair worked out once."""

    def __init__(self, cases: list[RcaCase], folder: Path) -> None:
        self.cases, self.folder = cases, folder
        self.parts = [cases[number::PROCESSES] for number in range(PROCESSES)]
        self.known: dict[tuple, Scores] = {}

    def __enter__(self) -> Self:
        # One process an executor: a case always comes to the one that has it open. Spawned, since
        # a forked copy would share the parent's threads' locks.
        self.pools = [ProcessPoolExecutor(1, get_context("spawn")) for _part in self.parts]
        return self

    def __exit__(self, *_error: object) -> None:
        for pool in self.pools:
            pool.shutdown(cancel_futures=True)

    def scores(self, settings: Iterable[Setting], names: Iterable[str]) -> list[dict[str, Scores]]:
        """For each setting what the cases of these names say."""
        settings, names = list(settings), set(names)
        asked = [future for setting in settings for future in self._ask(setting, names)]
        for key, future in asked:
            for name, found in future.result().items():
                self.known[name, key] = found
        return [{name: self.known[name, _key(s)] for name in names} for s in settings]

    def whole(self) -> dict[str, Scores]:
        """What the whole response says of every case."""
        futures = [
            pool.submit(whole, part) for pool, part in zip(self.pools, self.parts, strict=True)
        ]
        return {name: found for future in futures for name, found in future.result().items()}

    def _ask(self, setting: Setting, names: set[str]) -> list[tuple[tuple, Future]]:
        key, asked = _key(setting), []
        for pool, part in zip(self.pools, self.parts, strict=True):
            new = [c for c in part if c.name in names and (c.name, key) not in self.known]
            if new:
                asked.append((key, pool.submit(replayed, new, self.folder, dict(setting))))
        return asked


def _key(setting: Setting) -> tuple:
    return tuple(sorted(setting.items()))
