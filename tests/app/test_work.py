"""Working an incident with whoever decides: one answer at a time."""

from pathlib import Path

from warroom.app.work import work
from warroom.incident.action import Verdict
from warroom.record.ledger import Asks, Request
from warroom.response import Response
from warroom.tests.support.hands import Hands
from warroom.tests.support.people import person
from warroom.tests.support.responses import alert, inventory, room_over


def test_an_approved_action_is_begun_before_a_text_is_asked_about(tmp_path: Path) -> None:
    hands = Hands(inventory())
    context = room_over(tmp_path, hands=hands)
    asked: list[tuple[str, int]] = []

    def commander(request: Request) -> bool:
        asked.append((request.kind, len(hands.acted)))
        verdict = Verdict.approved if request.kind == Asks.action else Verdict.rejected
        subject = request.subject
        context.store.ledger.decide(request.incident_id, subject, verdict, person(), "a test")
        return True

    with Response(context) as response:
        incident, _ = response.take(alert())
        work(response, incident, lambda _event: None, commander)
    kinds = [kind for kind, _acted in asked]
    assert kinds[0] == Asks.action
    assert asked[kinds.index(Asks.text)][1] >= 1


def test_what_is_left_open_is_asked_once_and_holds_nothing_up(tmp_path: Path) -> None:
    hands = Hands(inventory())
    context = room_over(tmp_path, hands=hands)
    asked: list[str] = []

    def commander(request: Request) -> bool:
        asked.append(request.kind)
        if request.kind == Asks.action:
            return False
        ledger = context.store.ledger
        ledger.decide(request.incident_id, request.subject, Verdict.rejected, person(), "a test")
        return True

    with Response(context) as response:
        incident, _ = response.take(alert())
        work(response, incident, lambda _event: None, commander)
        assert {request.kind for request in response.waiting(incident)} == {Asks.action}
    assert asked.count(Asks.action) == 1
    assert Asks.text in asked
    assert hands.acted == []
