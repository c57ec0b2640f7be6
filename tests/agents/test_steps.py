"""The thirteen records: one number, one report, one place in the graph each."""

import pytest
from pydantic import TypeAdapter

from warroom.agents.reasoning.question import Subject, asking
from warroom.agents.steps import STEPS, step_of
from warroom.graph import build
from warroom.incident.events import ModelWrites, ResponseEvent, StepStarted
from warroom.incident.lifecycle import Phase
from warroom.incident.report import Report
from warroom.tests.support import incidents
from warroom.tests.support.house import ROOT
from warroom.tools.base import REGISTRY, Effect, name_of


def test_numbers_are_those_of_the_reports():
    assert [step.number for step in STEPS] == list(range(1, 14))
    assert all(step.report.number() == step.number for step in STEPS)
    assert all(step_of(step.number) is step for step in STEPS)


def test_every_phase_and_specialist_has_a_step():
    assert {step.phase for step in STEPS} == set(Phase)
    files = {file.stem for file in (ROOT / "agents").glob("*.py")} - {"__init__", "steps"}
    assert {step.specialist for step in STEPS} == files, "agents/ lists the specialists"


def test_the_graph_works_every_step():
    nodes = build().compile().get_graph(xray=True).nodes.values()
    worked = {getattr(getattr(node.data, "func", None), "__name__", "") for node in nodes}
    assert {f"step_{step.number}_{step.specialist}" for step in STEPS} <= worked


@pytest.mark.parametrize("step", [s for s in STEPS if s.asked], ids=lambda s: str(s.number))
def test_a_model_is_asked_with_words_and_tools_that_exist(step):
    floor = Report(step=step.number, specialist=step.specialist, conclusion="concluded", summary="")
    assert asking(Subject(incidents.full(), floor, step.asked, step.prompt), rounds=3).strip()
    assert all(REGISTRY[name_of(tool)].effect is Effect.read for tool in step.asked.tools)


@pytest.mark.parametrize(
    "event",
    [
        StepStarted(step=4, specialist="debugger", attempt=2),
        ModelWrites(specialist="debugger", step=4, text="\x1b[31m"),
    ],
)
def test_an_event_is_stored_and_read_again_as_what_it_was(event):
    events = TypeAdapter(ResponseEvent)
    assert events.validate_json(events.dump_json(event)) == event
