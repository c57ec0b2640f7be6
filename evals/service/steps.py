"""What a step costs beside the specialist's work: graph, tables, leases, events, checkpoints.

A response is worked once as it is. Then it is worked again with specialists that hand in at once
what they said the first time, over the evidence that they had: the document is as large as before.
Again and again in one process and one database, as a service does; the first time of it, with
statements that were never prepared and a graph that was never drawn, stands by itself.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, TypedDict

from langgraph.graph import START, StateGraph

from ...agents import steps
from ...agents.runtime.case import Case, Step
from ...agents.runtime.context import ResponseContext
from ...app.configuration import Sources
from ...app.opening import open_context, playbooks
from ...app.work import work
from ...graph import build
from ...incident.document import Incident
from ...incident.events import ResponseEvent, StepDone
from ...incident.report import AnyReport
from ...record.checkpoints import open_checkpointer
from ...response import Response
from ...settings import Settings
from ..framework.grid import ResultGrid
from ..studies import synthetic
from ..studies.decisions import Decisions
from ..studies.one_run import NEVER, alert_of
from .figure import Figure, shares, target
from .stages import sampled

TARGET_MS = 10.0
NODES = 13
"""Of the baseline, a graph of nodes that do nothing over the same kind of checkpoints."""


def orchestration(runs: int, seed: int) -> Figure:
    """Milliseconds a step on SQLite."""
    with TemporaryDirectory() as folder:
        root, stages = Path(folder), Counter[str]()
        first = _context(root / "first", synthetic.write(root / "bundle", seed))
        said, whole = _worked(first)
        cold, *without = _again(root / "again", first, said, stages, 1 + runs)
        bare = [_bare(root / f"bare-{n}") for n in range(runs)]
    rows = [
        [name, *(f"{ms:.1f}" for ms in (median(found), min(found), max(found)))]
        for name, found in (
            ("with the specialists' work", [whole]),
            ("without it", without),
            ("without it, the first time", [cold]),
            ("bare graph of empty nodes", bare),
        )
    ]
    notes = [
        f"{runs} runs, with what lies between them (asking, acting, "
        f"telling); {len(said.evidence)} pieces of evidence",
        f"without it, by stage: {shares(stages)}",
        target(f"at most {TARGET_MS:g} ms a step", met := median(without) <= TARGET_MS),
    ]
    heads = ["ms a step", "median", "least", "most"]
    return Figure(ResultGrid("Orchestration: sqlite", heads, rows, notes), met)


def _context(home: Path, bundle: Path) -> ResponseContext:
    settings = Settings(home=home, max_attempts=1, act_confidence=NEVER)
    sources = Sources(telemetry=bundle)
    return open_context(settings, sources, model_layer=playbooks, pace=0, rehearse=True)


def _worked(
    context: ResponseContext,
    graph: Any = None,
    before: Callable[[str], None] = lambda _id: None,
    number: int = 0,
) -> tuple[Incident, float]:
    """One response to its end: the document, and milliseconds a step."""
    assert context.recorder.origin
    alert = alert_of(context.recorder.origin)
    labels = {**alert.labels, "environment": str(number)}  # it joins no other
    with Response(context, graph) as response:
        alert = alert.model_copy(update={"labels": labels, "fingerprint": str(number)})
        incident, _new = response.take(alert)
        before(incident)
        began, told = time.perf_counter(), list[ResponseEvent]()
        work(response, incident, told.append, Decisions(context).answer)
        seconds = time.perf_counter() - began
    done = sum(isinstance(event, StepDone) for event in told)
    return context.store.load(incident), 1000 * seconds / done


def _again(
    home: Path, first: ResponseContext, said: Incident, stages: Counter[str], runs: int
) -> list[float]:
    """The same response so many times, with specialists that know their answers."""
    assert first.recorder.origin
    context = _context(home, first.recorder.origin)

    def give(incident: str) -> None:
        for record in said.evidence:
            context.store.add_evidence(incident, record, first.store.payload(record.digest))

    found: list[float] = []
    with _answering(said) as graph, open_checkpointer(context.settings) as saver:
        compiled = graph.compile(checkpointer=saver)
        for number in range(runs):
            with sampled() as seen:
                found.append(_worked(context, compiled, give, number)[1])
            stages.update(seen if number else {})
    return found


@contextmanager
def _answering(said: Incident) -> Iterator[Any]:
    """The response's graph with these reports for playbooks."""
    kept = {name: step for name, step in vars(steps).items() if isinstance(step, Step)}
    reports = {report.step: report for report in said.reports}

    def answer(case: Case) -> AnyReport:
        return reports[case.step.number]

    try:
        for name, step in kept.items():
            setattr(steps, name, replace(step, playbook=answer, assesses=False))
        yield build.__wrapped__()
    finally:
        for name, step in kept.items():
            setattr(steps, name, step)


class _Passed(TypedDict):
    nodes: int


def _pass(state: _Passed) -> _Passed:
    return {"nodes": state["nodes"] + 1}


def _bare(home: Path) -> float:
    """Milliseconds a node of the baseline."""
    graph = StateGraph(_Passed)
    for number in range(NODES):
        graph.add_node(str(number), _pass)
        graph.add_edge(str(number - 1) if number else START, str(number))
    with open_checkpointer(Settings(home=home)) as saver:
        chain: Any = graph.compile(checkpointer=saver)
        began = time.perf_counter()
        chain.invoke({"nodes": 0}, {"configurable": {"thread_id": "1"}}, durability="sync")
        return 1000 * (time.perf_counter() - began) / NODES
