"""Messages: the response waits for no channel, nothing is lost, nothing goes out twice."""

from pathlib import Path

from warroom.agents.runtime.outbox import dispatch
from warroom.incident.action import Verdict
from warroom.incident.communication import MessageState
from warroom.incident.lifecycle import State
from warroom.tests.support.hands import Hands
from warroom.tests.support.responses import begin, decide, inventory, room_over


def test_a_channel_that_is_down_holds_nothing_up_and_loses_nothing(tmp_path: Path) -> None:
    hands = Hands(inventory())
    context = room_over(tmp_path, hands=hands)
    blocked = context.settings.home / "incidents"
    blocked.write_text("in the way")
    response, incident = begin(context)
    decide(context, incident, Verdict.approved, kind="text")
    decide(context, incident, Verdict.approved)
    list(response.run(incident))
    assert len(hands.acted) >= 1  # the action did not wait for a message
    document = context.store.load(incident)
    states = {message.state for message in document.communications}
    assert MessageState.approved in states
    assert MessageState.sent not in states
    unsent = [gap for gap in document.gaps if "was not sent" in gap.what]
    assert len(unsent) == len({gap.what for gap in unsent}) > 0

    blocked.unlink()
    hour = context.store.engine
    arrived = 0
    for _ in range(2):
        make_due(hour)
        arrived += dispatch(context.store, context.settings)
    document = context.store.load(incident)
    out = [m for m in document.communications if m.state is MessageState.sent]
    assert arrived == sum(len(message.channels) for message in out) > 0
    assert not [gap for gap in document.gaps if "was not sent" in gap.what]
    files = list(context.outbox(incident).glob("*.txt"))
    assert len(files) == arrived
    assert document.state is not State.resolved


def make_due(engine) -> None:
    """As when the hour is over."""
    from sqlalchemy import text

    with engine.begin() as connection:
        connection.execute(text("UPDATE outbox SET next_at = 0 WHERE sent_at IS NULL"))
