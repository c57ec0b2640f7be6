"""The drills with a responder that reads servers, beside the same ones over files: the same faults,
the same questions, one table."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ...app.record import Record
from ...console.desk import Desk
from ...console.drill import ConsoleHost
from ...drills.environment import Shop
from ...drills.fault import Fault
from ...drills.runner import Drill
from ...drills.score import Check, Score, not_run
from ...errors import WarroomError
from ...incident.document import Incident
from ...incident.timeline import Event, EventKind
from ...record.changes import SentChanges
from ...settings import Settings
from ...telemetry.bundle import CatalogueFile
from ...telemetry.recorder import Recorder
from ...telemetry.sources.files import Files
from ...telemetry.sources.registry import connected
from ...telemetry.sources.sent import Sent
from ..framework.files import write_json
from ..framework.grid import NOTHING, ResultGrid
from .stores import shipped


class LiveDrill(Drill):
    """Its responder reads Prometheus, VictoriaLogs, Jaeger, and changes as pipelines tell them; of
    files, as everywhere, what `warroom watch` writes of the system's state."""

    def reads(self, shop: Shop, files: Recorder, scope: ExitStack) -> Recorder:
        """A recorder over servers that are filled from now on."""
        stores = scope.enter_context(shipped(shop, self.settings.home))
        store = Record(self.settings).store
        told = Sent(SentChanges(store.engine).within)
        sources = [*connected(stores), told, Files(shop.telemetry, "state")]
        live = Recorder(sources, CatalogueFile(shop.telemetry / "catalogue.json").catalogue)
        scope.callback(live.close)
        return live


SOURCES: dict[str, type[Drill]] = {"files": Drill, "live": LiveDrill}
ASKED = {
    "level": ("severity", "level"),
    "place": ("service", "place"),
    "cause": ("kind", "cause"),
    "better": ("recovery", "better"),
}
"""The questions of the table by what named and drawn drills call them."""
MARKS = {True: "✓", False: "✖", None: NOTHING}


@dataclass(frozen=True)
class Run:
    """One drill, once."""

    fault: str
    sources: str  # files or live
    score: Score
    incident: Incident | None = None

    def check(self, question: str) -> Check | None:
        """Of one of ASKED; None: it was not asked."""
        return next((one for one in self.score.checks if one.name in ASKED[question]), None)

    @property
    def cause_s(self) -> float | None:
        """Seconds from the alert to the first cause that is told, or the first proposal."""
        if self.incident is None:
            return None
        told = [e.at for e in self.incident.timeline if _tells_cause(e)]
        opened = self.incident.opened_at
        return (min(told) - opened).total_seconds() if told else None

    def to_json(self) -> dict[str, Any]:
        """For a program."""
        loads = [one.model_dump() for one in self.incident.loads] if self.incident else []
        known = {"fault": self.fault, "sources": self.sources, "cause_s": self.cause_s}
        return {**known, "loads": loads, "score": self.score.to_json()}


def _tells_cause(event: Event) -> bool:
    return event.kind is EventKind.proposal or event.text.startswith("step 4:")


def run(fault: Fault, sources: str, folder: Path) -> Run:
    """One drill in a home of its own; one that does not run is scored so, and says why."""
    settings = Settings(home=folder, database_url="")
    folder.mkdir(mode=0o700, parents=True)
    host = ConsoleHost(Desk.open(False), approve_all=True)
    try:
        score = SOURCES[sources](fault, settings, host, prometheus=True).run()
    except WarroomError as error:
        return Run(fault.name, sources, not_run(fault.name, str(error)))
    store = Record(settings).store
    return Run(fault.name, sources, score, store.load(score.incident) if score.incident else None)


def both(faults: Iterable[Fault], over: Sequence[str], kept: Path | None) -> list[Run]:
    """Every fault over each; the file is written after each run."""
    runs = list[Run]()
    with TemporaryDirectory() as folder:
        for fault in faults:
            for sources in over:
                runs.append(run(fault, sources, Path(folder) / f"{len(runs)}"))
                if kept:
                    write_json({"runs": [one.to_json() for one in runs]}, kept)
    return runs


def compared(runs: Sequence[Run]) -> ResultGrid:
    """A row a run, the sums, and what fell short in words."""
    heads = ["drill", "over", *ASKED, "not met besides", "to level s", "to cause s", "requests, MB"]
    rows, notes = [_row(one) for one in runs], list[str]()
    for sources in dict.fromkeys(one.sources for one in runs):
        every = [one for one in runs if one.sources == sources]
        sums = [_sum([one.check(question) for one in every]) for question in ASKED]
        passed = f"{sum(one.score.passed for one in every)} of {len(every)} met all"
        rows.append(["all", sources, *sums, passed, "", "", ""])
    for one in runs:
        for check in (check for check in one.score.checks if check.met is False and check.wanted):
            said = f"{check.name}: {check.answer}; wanted: {check.wanted}"
            notes.append(f"{one.fault} over {one.sources}: {said}")
    return ResultGrid("The same drills over files and over servers", heads, rows, notes)


def _row(one: Run) -> list[str]:
    known = {name for names in ASKED.values() for name in names}
    others = [c.name for c in one.score.checks if c.met is False and c.name not in known]
    level_s = one.score.seconds.get("severity")
    times = ["" if value is None else f"{value:.1f}" for value in (level_s, one.cause_s)]
    loads = one.incident.loads if one.incident else []
    asked = f"{sum(each.requests for each in loads)}, {sum(each.bytes for each in loads) / 1e6:.1f}"
    marks = [MARKS[check.met] if (check := one.check(name)) else NOTHING for name in ASKED]
    return [one.fault, one.sources, *marks, ", ".join(others), *times, asked if loads else ""]


def _sum(checks: Sequence[Check | None]) -> str:
    asked = [check.met for check in checks if check and check.met is not None]
    return f"{sum(asked)} of {len(asked)}"
