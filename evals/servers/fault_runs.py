"""Whole responses on top of a model server that misbehaves: each one has to come through.

    python -m warroom.evals.servers.fault_runs

The server is a fake that only injects faults (`faulty_model.py`); everything else is real: the
client, the retries, the graph, the recorded incident.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from ...app.opening import open_context
from ...incident.document import Incident
from ...models.endpoint import KNOWN
from ...settings import Settings
from ...telemetry.bundle import open_bundle
from ..incidents.cases import IncidentCase, recorded
from ..incidents.run import respond
from .fake_chat import NAME, Behaviour
from .fault_modes import FAULTS
from .faulty_model import faulty_model

CASE = "bad-deploy"
RETRIES = 1
CALL_S = 0.5


@dataclass(frozen=True)
class FaultRun:
    """What a whole response came to with a server in one mode."""

    mode: str
    document: Incident
    requests: int
    seconds: float

    @property
    def calls(self) -> int:
        """Questions that were asked or would have been."""
        return len(self.document.model_calls)

    @property
    def answered(self) -> int:
        """Questions that were answered."""
        return sum(call.outcome == "answered" for call in self.document.model_calls)

    @property
    def fallbacks(self) -> int:
        """Reports in which the playbook answered because the model did not."""
        return sum(bool(report.fallback) for report in self.document.reports)

    @property
    def said(self) -> str:
        """What the document says happened: the first reason or remark."""
        fell = [report.fallback for report in self.document.reports if report.fallback]
        notes = [call.note for call in self.document.model_calls if call.note]
        return (fell + notes + [""])[0]


def fault_run(mode: str, case: IncidentCase, home: Path) -> FaultRun:
    """The whole response to a case with a server in this mode."""
    behaviour = Behaviour(mode, retry_after="0")
    with faulty_model(behaviour) as server, closing(open_bundle(case.bundle)) as recorder:
        KNOWN.pop((server.url + "/", NAME), None)  # ports come round again
        settings = Settings(
            home=home,
            model=NAME,
            model_base_url=server.url,
            retries=RETRIES,
            call_s=CALL_S,
            context_tokens=128_000,  # every step is asked, with its tools
        )
        context = open_context(settings, recorder=recorder, pace=0)
        started = time.monotonic()
        incident = respond(case.alert, context)
        seconds = time.monotonic() - started
        return FaultRun(mode, context.store.load(incident), behaviour.requests, seconds)


def fault_runs(modes: Iterable[str] = tuple(FAULTS)) -> Iterator[FaultRun]:
    """One whole response per mode, on a recorded drill."""
    with TemporaryDirectory() as folder:
        case = recorded(Path(folder), [CASE])[0]
        for mode in modes:
            with TemporaryDirectory() as home:
                yield fault_run(mode, case, Path(home))


def table(runs: Iterable[FaultRun]) -> Table:
    """One row per mode."""
    shown = Table(title=f"Whole responses to {CASE}; {RETRIES} retry, {CALL_S} s a request")
    for column in ("fault", "state", "cause", "asked", "answered", "HTTP", "floor", "s", "said"):
        shown.add_column(column)
    for run in runs:
        cause = run.document.leading()
        figures = (run.calls, run.answered, run.requests, run.fallbacks, f"{run.seconds:.1f}")
        named = f"{cause.service}, {cause.kind.value}" if cause else "none"
        state = run.document.state.value
        shown.add_row(run.mode, state, named, *map(str, figures), run.said[:70])
    return shown


if __name__ == "__main__":
    Console(width=170).print(table(fault_runs()))
