"""An upgrade while incidents wait: they go on, or are set aside in words; none ends silently."""

from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from pydantic import BaseModel

from warroom import graph as graph_module
from warroom import response as response_module
from warroom.graph import build
from warroom.graph_version import Misfit, fitted, version_of
from warroom.incident.action import Verdict
from warroom.record.waking import STUCK, WAITING
from warroom.response import Response
from warroom.targets.stand_ins import Rehearsal
from warroom.tests.support.responses import begin, decide, inventory, room_over

CONFIG: Any = {"configurable": {"thread_id": "INC-1"}}


class Seen(BaseModel):
    nodes: list[str] = []


def pipeline(waits: str = "approval", then: str = "act", phase: str = "phase", **more: Any) -> Any:
    """A phase whose first node waits for an answer, inside of a graph; `saver` keeps it."""
    fields = {"state": Seen, "saver": InMemorySaver(), **more}
    state = fields["state"]

    def waiting(given: Any) -> dict:
        interrupt("?")
        return {"nodes": [*given.nodes, waits]}

    inner: Any = StateGraph(state)
    inner.add_node(waits, waiting)
    inner.add_node(then, lambda given: {"nodes": [*given.nodes, then]})
    inner.add_edge(START, waits)
    inner.add_edge(waits, then)
    inner.add_edge(then, END)
    outer = StateGraph(state)
    outer.add_node(phase, inner.compile())
    outer.add_edge(START, phase)
    return outer.compile(checkpointer=fields["saver"])


def answered(graph: Any) -> list[str]:
    """What ran once the question is answered, in whichever graph."""
    (pause,) = graph.get_state(CONFIG).interrupts or (None,)
    given = Command(resume={pause.id: "yes"}) if pause else None
    return graph.invoke(given, CONFIG, durability="sync")["nodes"]


def begun() -> InMemorySaver:
    saver = InMemorySaver()
    pipeline(saver=saver).invoke({"nodes": ["begin"]}, CONFIG, durability="sync")
    return saver


def test_langgraph_ends_a_run_silently_whose_node_is_gone() -> None:
    """The trap itself: should this fail one day, graph_version.py is not needed any more."""
    other = pipeline(waits="gate", saver=begun())
    assert other.get_state(CONFIG, subgraphs=True).tasks[0].state.next == ()


def test_the_same_graph_has_the_same_version_and_a_changed_one_another() -> None:
    assert version_of(pipeline()) == version_of(pipeline())
    assert version_of(build().compile()) == version_of(build().compile())
    different = [pipeline(waits="gate"), pipeline(then="perform"), pipeline(phase="respond")]
    assert len({version_of(graph) for graph in [pipeline(), *different]}) == 4


def test_a_graph_with_the_node_goes_on() -> None:
    other = pipeline(then="perform", saver=begun())
    fitted(other, CONFIG)
    assert answered(other) == ["begin", "approval", "perform"]


@pytest.mark.parametrize("changed", [{"waits": "gate"}, {"phase": "respond"}])
def test_a_graph_without_the_node_is_said_to_misfit(changed: dict) -> None:
    gone = {"waits": "approval", "phase": "phase"}[next(iter(changed))]
    with pytest.raises(Misfit, match=f"waits in {gone}, which this version does not have"):
        fitted(pipeline(saver=begun(), **changed), CONFIG)


def test_a_renamed_node_goes_on_under_its_new_name() -> None:
    other = pipeline(waits="gate", saver=begun())
    fitted(other, CONFIG, {"approval": "gate"})
    answered(other)  # it runs again, and asks again
    assert answered(other) == ["begin", "gate", "act"]


def test_a_state_that_cannot_be_read_is_said_to_misfit() -> None:
    class Wants(BaseModel):
        nodes: list[str] = []
        incident: str

    with pytest.raises(Misfit, match="no fitting 'incident'"):
        fitted(pipeline(state=Wants, saver=begun()), CONFIG)


def test_an_incident_that_waits_in_another_graph_is_set_aside_visibly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = Rehearsal(inventory())
    context = room_over(tmp_path, hands=hands)
    response, incident = begin(context)
    response.__exit__()
    decide(context, incident, Verdict.approved)
    with monkeypatch.context() as upgraded:
        upgraded.setattr(response_module, "build", _renamed)
        with Response(room_over(tmp_path, hands=hands)) as newer:
            with pytest.raises(Misfit, match="waits in commander"):
                list(newer.run(incident))
            standing = context.store.work.standing(incident)
    assert standing and standing.status == STUCK
    assert "commander" in standing.why and "warroom" in standing.why
    assert hands.acted == []
    with Response(room_over(tmp_path, hands=hands)) as older:
        list(older.run(incident))
    standing = context.store.work.standing(incident)
    assert standing and standing.status == WAITING
    assert len(hands.acted) == 1


def _renamed() -> Any:
    """The whole graph, whose gate has another name."""
    text = Path(graph_module.__file__).read_text()
    text = text.replace('"commander"', '"gatekeeper"').replace("graph = build().compile()", "")
    names = {**vars(graph_module)}
    exec(compile(text, "graph.py", "exec"), names)
    return names["build"]()
