"""The response on one screen: five phases, thirteen steps, one incident document.

    detect and triage -> investigate -> resolve and recover -> learn
                 \\-> communicate, beside the others from declaration on

Every node reads the document from the store and files its report there; the state carries only
where to go next. A person decides at `commander`, `whether` and `approval`, time at
`looked_again`, `looked_anew`, `stabilised`, `held_back`, `undo_owed` and `waited`; the only nodes
with effects on the world are `act`, `undo`, `send_internal` and `send_approved`.
"""

from functools import cache
from typing import Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from .agents import steps
from .agents.runtime import gate, waits
from .agents.runtime.context import ResponseContext
from .agents.runtime.effects import act, undo
from .agents.runtime.node import (
    is_investigated,
    is_noise,
    is_sure,
    next_round,
    outcome_of,
    specialist,
)
from .agents.runtime.outbox import send
from .agents.runtime.whether import ask_whether, await_whether
from .incident.action import WAITS, WELL, Outcome
from .state import Acted, CommunicationState, IncidentState, Told

Phase = CompiledStateGraph[Any, ResponseContext, Any, Any]

WRAP_UP = ["tell_outcome", "learn"]
"""What a response ends with, side by side."""
LOOKS = 2
"""Further looks at an alert that is neither shown true nor shown to be noise."""
PATIENCE = 3
"""Measurements granted to symptoms that are on their way back."""
WATCHES = 7
"""Measurements until what is well so far is either called over or left open."""


@cache  # it is the same for every response, and takes as long as a step
def build() -> StateGraph[IncidentState, ResponseContext]:
    """The whole response: classify, then respond while communicating. Shared: never added to."""
    graph = StateGraph(IncidentState, context_schema=ResponseContext)
    graph.add_node("detect", specialist(steps.DETECT, is_noise))
    graph.add_node("look_again", waits.look_again)
    graph.add_node("looked_again", waits.looked_again)
    graph.add_node("respond", respond())
    graph.add_node("communicate", communicate())

    graph.add_edge(START, "detect")
    graph.add_conditional_edges(
        "detect", after_detect, ["look_again", "respond", "communicate", END]
    )
    graph.add_edge("look_again", "looked_again")
    graph.add_edge("looked_again", "detect")
    return graph


def respond() -> Phase:
    """Phases one to three, then tell the outcome while learning from it."""
    graph = StateGraph(IncidentState, context_schema=ResponseContext)
    # Phase 1, detect and triage: what hurts, and what may stop the hurting now.
    graph.add_node("sweep", specialist(steps.SWEEP))
    graph.add_node("mitigate", specialist(steps.MITIGATE, is_sure))
    # Phase 2, investigate: security and performance need the debugger's findings only.
    graph.add_node("debug", specialist(steps.INVESTIGATE))
    graph.add_node("security", specialist(steps.ASSESS_SECURITY))
    graph.add_node("performance", specialist(steps.ANALYSE_PERFORMANCE))
    graph.add_node("design_fix", specialist(steps.DESIGN_FIX, is_investigated))
    # Phases 4 and 5, once the outcome is known.
    graph.add_node("tell_outcome", communicate())
    graph.add_node("learn", learn())

    graph.add_edge(START, "sweep")
    graph.add_edge("sweep", "mitigate")
    graph.add_conditional_edges("mitigate", after_mitigate, ["ask", "debug"])
    graph.add_edge("debug", "security")
    graph.add_edge("debug", "performance")
    graph.add_edge(["security", "performance", *steps.beside(graph, "debug")], "design_fix")
    graph.add_conditional_edges("design_fix", after_design, ["ask", *WRAP_UP])
    recover(graph)
    return graph.compile()


def recover(graph: StateGraph[IncidentState, ResponseContext]) -> None:
    """Phase three: ask, act once, measure, undo if worse. What may not happen now is held back; of
    what nobody reported on, action or undo, a person says whether it was done."""
    graph.add_node("ask", gate.ask_commander)
    graph.add_node("commander", gate.await_commander)
    graph.add_node("refused", gate.note_refusal)
    graph.add_node("act", act)
    graph.add_node("held_back", waits.held_back)
    graph.add_node("ask_whether", ask_whether)
    graph.add_node("whether", await_whether)
    graph.add_node("stabilise", waits.stabilise)
    graph.add_node("stabilised", waits.waited)
    graph.add_node("verify", specialist(steps.VERIFY, outcome_of))
    graph.add_node("undo", undo)
    graph.add_node("undo_owed", waits.held_back)
    graph.add_node("watch", specialist(steps.WATCH, outcome_of))
    graph.add_node("wait", waits.wait_on)
    graph.add_node("waited", waits.waited)
    graph.add_node("again", next_round)
    graph.add_node("look_anew", waits.look_anew)
    graph.add_node("looked_anew", waits.looked_anew)

    graph.add_conditional_edges(
        "ask", after_ask, ["commander", "debug", "again", "verify", "watch", *WRAP_UP]
    )
    graph.add_conditional_edges("commander", after_commander, ["act", "refused"])
    graph.add_conditional_edges("refused", after_refused, ["wait", "ask", *WRAP_UP])
    graph.add_conditional_edges("act", after_act, [*AFTER_ACT.values(), *WRAP_UP])
    graph.add_edge("held_back", "ask")
    graph.add_conditional_edges(
        "ask_whether", after_whether, ["whether", "stabilise", "ask", "undo"]
    )
    graph.add_edge("whether", "ask_whether")
    graph.add_edge("stabilise", "stabilised")
    graph.add_edge("stabilised", "verify")
    graph.add_conditional_edges(
        "verify", after_verify, ["debug", "stabilise", "undo", "act", "ask", "again", *WRAP_UP]
    )
    graph.add_conditional_edges(
        "undo", after_undo, ["undo_owed", "ask_whether", "undo", "debug", "wait", "again", *WRAP_UP]
    )
    graph.add_edge("undo_owed", "undo")
    graph.add_conditional_edges("again", after_again, ["debug", "watch"])
    graph.add_conditional_edges(
        "watch", after_watch, ["wait", "ask", "sweep", "look_anew", *WRAP_UP]
    )
    graph.add_conditional_edges(
        "look_anew", lambda s: ["looked_anew"] if s.timer else WRAP_UP, ["looked_anew", *WRAP_UP]
    )
    graph.add_edge("looked_anew", "watch")
    graph.add_edge("wait", "waited")
    graph.add_edge("waited", "watch")


def communicate() -> Phase:
    """Phase four: draft, ask where text leaves the house, send. Its own branch, its own pace."""
    graph = StateGraph(CommunicationState, output_schema=Told, context_schema=ResponseContext)
    graph.add_node("customer_impact", specialist(steps.CUSTOMER_IMPACT))
    graph.add_node("announce", specialist(steps.ANNOUNCE))
    graph.add_node("send_internal", send)
    graph.add_node("ask_text", gate.ask_for_text)
    graph.add_node("approval", gate.await_text)
    graph.add_node("send_approved", send)

    graph.add_edge(START, "customer_impact")
    graph.add_edge("customer_impact", "announce")
    graph.add_edge("announce", "send_internal")
    graph.add_edge("send_internal", "ask_text")
    graph.add_edge("ask_text", "approval")
    graph.add_edge("approval", "send_approved")
    graph.add_edge("send_approved", END)
    return graph.compile()


def learn() -> Phase:
    """Phase five: what would have warned earlier and hurt less, then the blameless draft."""
    graph = StateGraph(IncidentState, context_schema=ResponseContext)
    graph.add_node("monitoring", specialist(steps.IMPROVE_MONITORING))
    graph.add_node("hardening", specialist(steps.HARDEN))
    graph.add_node("postmortem", specialist(steps.WRITE_POSTMORTEM))

    graph.add_edge(START, "monitoring")
    graph.add_edge(START, "hardening")
    graph.add_edge(["monitoring", "hardening", *steps.beside(graph, START)], "postmortem")
    graph.add_edge("postmortem", END)
    return graph.compile()


def after_detect(state: IncidentState) -> list[str]:
    """Noise ends here, what is not confirmed is looked at again, a few times; otherwise
    communication starts beside the response."""
    if state.stop:
        return [END]
    again = state.look_again and state.looks < LOOKS
    return ["look_again"] if again else ["respond", "communicate"]


def after_mitigate(state: IncidentState) -> Literal["ask", "debug"]:
    """Restoring service comes first, where triage is sure enough."""
    return "ask" if state.act_now else "debug"


def after_design(state: IncidentState) -> list[str]:
    """Nothing more to do when service is restored already, or well as far as anybody can say."""
    return WRAP_UP if state.outcome in WELL or state.well else ["ask"]


def after_ask(state: IncidentState) -> list[str]:
    """No plan: investigate; when that is done too, look whether it ended by itself. Where the
    system is not as it was planned for any more, plan anew. What a person called over is over; and
    where traffic is not to be brought back, it is over with the limit in force."""
    if state.acted == Acted.over:
        return WRAP_UP
    if state.plan:
        return ["commander"]
    if state.next:
        return ["verify"] if state.outcome == Outcome.better else ["watch"]
    if not state.investigated:
        return ["debug"]
    return ["again"] if state.acted == Acted.unfit else ["watch"]


def after_commander(state: IncidentState) -> Literal["act", "refused"]:
    """Only an approved plan acts."""
    return "act" if state.approved else "refused"


def after_refused(state: IncidentState) -> list[str]:
    """What the sender calls resolved is watched before anything is asked anew."""
    if state.acted == Acted.over:
        return WRAP_UP
    return ["wait"] if state.acted == Acted.withdrawn else ["ask"]


AFTER_ACT = {
    Acted.begun: "stabilise",
    Acted.unknown: "ask_whether",
    Acted.void: "ask",
    Acted.lapsed: "ask",
    Acted.held: "held_back",
    Acted.unfit: "again",
}
"""Where to go by what became of the action."""
AFTER_UNDO = {Acted.held: "undo_owed", Acted.unknown: "ask_whether", Acted.void: "undo"}
"""Where to go while its undo is not over."""


def after_act(state: IncidentState) -> list[str]:
    """Carried out or not, nobody knows, not now, not as planned, not any more."""
    return WRAP_UP if state.acted == Acted.over else [AFTER_ACT[Acted(state.acted)]]


def after_whether(state: IncidentState) -> list[str]:
    """As long as nobody knows, somebody is asked."""
    if state.acted == Acted.unknown:
        return ["whether"]
    return ["undo"] if state.take_back else after_act(state)


def after_verify(state: IncidentState) -> list[str]:
    """Watched longer, taken back, on to the next stage or to what brings traffic back, or on to
    the cause; where it did not help, learn from it."""
    if state.improving and state.checks <= (WATCHES if state.well else PATIENCE):
        return ["stabilise"]
    if state.take_back:
        return ["undo"]
    return [state.next] if state.next and state.well else _on(state)


def after_undo(state: IncidentState) -> list[str]:
    """What may not be taken back yet is owed, what was not begun or nobody reported is found out;
    after that it ends as the recovery does, also where the action had no part in it. With traffic
    as before it is watched."""
    if state.take_back:
        return [AFTER_UNDO[Acted(state.acted)]]
    return ["wait"] if state.next else _on(state)


def _on(state: IncidentState) -> list[str]:
    """Restored, contained or well so far: on to the cause, if it is not known yet."""
    if state.well or state.outcome in (*WELL, Outcome.contained):
        return WRAP_UP if state.investigated else ["debug"]
    return ["again"]


def after_again(state: IncidentState) -> list[str]:
    """Another round, unless the attempts are spent: then a last look."""
    return ["watch"] if state.stop else ["debug"]


def after_watch(state: IncidentState) -> list[str]:
    """While it is well it is watched for long enough; then it is told as it is. What was withdrawn
    and hurts all the same is asked anew; where nothing is known to do, it is looked at anew."""
    if state.improving and state.checks <= WATCHES:
        return ["wait"]
    if state.next:
        return [state.next]
    if state.acted == Acted.withdrawn and not state.well and state.outcome not in WELL:
        return ["ask"]
    ends = state.stop and state.outcome not in WAITS
    if ends or state.well or state.outcome in (*WELL, Outcome.contained):
        return WRAP_UP
    return ["sweep" if state.anew and not state.investigated else "look_anew"]


graph = build().compile()
"""For LangGraph Studio; `response.py` compiles it again with durable checkpoints."""
