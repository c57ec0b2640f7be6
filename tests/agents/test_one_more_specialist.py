"""A specialist is added the way docs/architecture.md says: its file, its record, its node."""

from pathlib import Path

import pytest
from langgraph.graph import END, START, StateGraph
from rich.console import Console

from warroom.agents import steps
from warroom.agents.runtime.context import ResponseContext
from warroom.agents.runtime.node import specialist
from warroom.console.live import Live
from warroom.incident.document import Incident
from warroom.response import Response
from warroom.state import IncidentState
from warroom.tests.support.responses import alert, room_over
from warroom.tests.support.scribe import KEEP_MINUTES


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a line more in agents/steps.py."""
    monkeypatch.setattr(steps, "STEPS", (*steps.STEPS, KEEP_MINUTES))


def worked(context: ResponseContext, incident: str) -> list:
    """The events of a graph in which the scribe follows the first step."""
    graph = StateGraph(IncidentState, context_schema=ResponseContext)
    graph.add_node("detect", specialist(steps.DETECT))
    graph.add_node("scribe", specialist(KEEP_MINUTES))
    graph.add_edge(START, "detect")
    graph.add_edge("detect", "scribe")
    graph.add_edge("scribe", END)
    state = IncidentState(incident_id=incident)
    return list(graph.compile().stream(state, context=context, stream_mode="custom"))


@pytest.mark.usefixtures("known")
def test_one_file_and_one_record_make_a_specialist(tmp_path: Path) -> None:
    context = room_over(tmp_path)
    with Response(context) as response:
        incident, _ = response.take(alert())
    console = Console(record=True, width=120, file=(tmp_path / "screen").open("w"))
    show = Live(console, context, incident, verbose=True)
    for event in worked(context, incident):
        show(event)
    document = context.store.load(incident)
    report = document.reports[-1]
    assert (report.step, report.specialist, report.conclusion) == (14, "scribe", "concluded")
    (asked,) = [item for item in document.follow_ups if item.step == 14]
    assert asked.title == "Read the minutes"
    assert any(event.text == "minutes are kept" for event in document.timeline)
    assert Incident.model_validate_json(document.model_dump_json()) == document
    assert "step 14: keep the minutes" in console.export_text()
