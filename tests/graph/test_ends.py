"""How a response ends: nothing that came in late is lost, and what is unresolved is somebody's."""

from pathlib import Path

from warroom.agents.runtime.case import PlaybookOnly
from warroom.agents.runtime.context import ResponseContext
from warroom.incident.action import Verdict
from warroom.incident.communication import MessageState
from warroom.incident.document import Incident
from warroom.incident.events import StepDone, StepStarted
from warroom.incident.lifecycle import ACTIVE
from warroom.incident.timeline import from_ts
from warroom.intake.grouping import group_due
from warroom.record.counts import counts
from warroom.record.waking import HANDED_OVER
from warroom.response import Response
from warroom.tests.support.alerts import NOW, put
from warroom.tests.support.bundles import START
from warroom.tests.support.responses import alert, begin, decide, finish, room_over
from warroom.tests.support.shop_bundle import Fault, write_shop


def told(document: Incident) -> list[str]:
    return [m.subject for m in document.communications if "unresolved, take it over" in m.subject]


def standing(context: ResponseContext, incident: str) -> str:
    found = context.store.work.standing(incident)
    return found.status if found else ""


def test_an_alert_that_joins_in_the_last_step_is_looked_at(
    tmp_path: Path, place: Path | str
) -> None:
    """Once the wake of its joining was cleared with the turn, and nothing looked at it again."""
    context = room_over(tmp_path, place=place)
    response = Response(context)
    first, _ = response.take(alert())
    late = alert(fingerprint="late").model_copy(update={"name": "ConnectionsRefused"})
    joined = []
    for event in response.run(first):
        if isinstance(event, StepDone) and event.report.step == 11:  # the last one
            joined.append(response.take(late))
    assert joined == [(first, False)]
    finish(response, first, Verdict.rejected)
    (second,) = group_due(context.store, context.clock())
    document = context.store.load(second)
    assert (document.alert.name, document.related) == ("ConnectionsRefused", [first])
    steps = [e.step for e in response.run(second) if isinstance(e, StepStarted)]
    assert steps[0] == 1 and 4 in steps  # from the beginning, and on to the cause


def test_what_ended_unresolved_is_handed_to_people_once(tmp_path: Path) -> None:
    context = room_over(tmp_path)
    response, incident = begin(context)
    finish(response, incident, Verdict.rejected)
    document = context.store.load(incident)
    assert document.state in ACTIVE
    assert standing(context, incident) == HANDED_OVER
    (message,) = [m for m in document.communications if "unresolved, take it over" in m.subject]
    assert message.state is MessageState.sent
    assert f"`warroom resume {incident}`" in message.body
    figures = {one.name: one.values for one in counts(context.store.engine)}
    assert figures["work"] == {HANDED_OVER: 1}
    assert figures["effects"].get("unrecorded", 0) == 0
    with Response(room_over(tmp_path)) as again:
        list(again.run(incident))
    assert told(context.store.load(incident)) == [message.subject]
    assert standing(context, incident) == HANDED_OVER


def test_a_text_that_is_answered_when_nothing_hurts_any_more_wakes_nobody(tmp_path: Path) -> None:
    """Somebody mended it by hand meanwhile, and what was left to answer was a text."""
    write_shop(tmp_path / "bundle", Fault("hang", "payments", at=60, until=90), seconds=170)
    context = room_over(tmp_path)
    response, incident = begin(context)
    ledger = context.store.ledger
    while [r for r in ledger.waiting(incident) if r.kind == "action"]:
        decide(context, incident, Verdict.rejected, "action")
        list(response.run(incident))
    assert {r.kind for r in ledger.waiting(incident)} == {"text"}
    context.clock = lambda: from_ts(START + 165)
    finish(response, incident, Verdict.approved)
    document = context.store.load(incident)
    assert document.state in ACTIVE and standing(context, incident) == HANDED_OVER
    assert told(document) == []
    (message,) = [m for m in document.communications if "quiet again" in m.subject]
    assert (document.severity, message.channels) == ("P1", ["chat"])
    assert f"`warroom resume {incident}` makes it yours" in message.body


def test_whoever_begins_says_who_answers_and_that_what_they_see_is_history(tmp_path: Path) -> None:
    """An alert that a sender tells of is opened by whoever groups, who knows neither."""
    context = room_over(tmp_path)
    context.recorded = True
    put(context.store, alert().model_copy(update={"starts_at": NOW}))
    (incident,) = group_due(context.store, NOW)
    with Response(context) as response:
        list(response.run(incident))
        list(response.run(incident))
    told = [event.text for event in context.store.load(incident).timeline]
    assert told.count(PlaybookOnly.note) == 1
    (ends,) = [text for text in told if "a recording that ends" in text]
    assert f"{context.clock():%Y-%m-%d %H:%M}" in ends
