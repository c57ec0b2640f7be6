"""The same way by Slack alone: a real Alertmanager's word, a real websocket, a real process that is
restarted, and a server that is killed between the button and what it does."""

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from warroom.drills.monitoring import ALERTS, installed
from warroom.incident.action import Verdict
from warroom.incident.lifecycle import OVER
from warroom.record.ledger import Asks, Request
from warroom.record.lists import incidents
from warroom.tests.support.chats import configured
from warroom.tests.support.live_system import System, live_system
from warroom.tests.support.responses import HANGS
from warroom.tests.support.serving import PATIENCE_S
from warroom.tests.support.slack_workspace import (
    FakeSlack,
    Said,
    buttons,
    fake_slack,
    shown,
    waited,
)

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(installed(ALERTS) is None, reason="alertmanager is not on PATH"),
]
ANN = {"type": "block_actions", "user": {"id": "U1ANN"}, "channel": {"id": "C100"}}


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with fake_slack() as found:
        yield found


@pytest.fixture
def system(tmp_path, slack) -> Iterator[System]:
    told = configured(tmp_path / "secrets", slack).model_dump(mode="json", exclude_defaults=True)
    with live_system(tmp_path, slack=told) as found:
        with found.serving.client() as admin:
            form = {"name": "ann", "role": "commander"}
            admin.post("/api/v1/accounts", json=form).raise_for_status()
        waited(lambda: slack.open, PATIENCE_S)
        yield found


def offered(slack: FakeSlack, act: str, about: str = "") -> Said | None:
    """The button on the incident's message, once it is there; of this plan, where one is named."""
    blocks = [block for head in slack.heads() for block in head["blocks"]]
    found = [each for block in blocks for each in block.get("elements", ())]
    return next(
        (b for b in found if b["action_id"].startswith(act) and b["value"].endswith(about)), None
    )


def press(slack: FakeSlack, act: str, about: str = "") -> None:
    """Acknowledged at once, as Slack wants it."""
    button = waited(lambda: offered(slack, act, about), PATIENCE_S)
    actions = [{"action_id": button["action_id"], "value": button["value"]}]
    begun = time.monotonic()
    slack.sends("interactive", {**ANN, "actions": actions}, act)
    assert time.monotonic() - begun < 3


def test_from_the_alert_to_recovery_in_one_thread(system: System, slack: FakeSlack):
    first = system.process()
    labels = {"alertname": "HighErrorRate", "service": "gateway"}
    system.breaks(HANGS, lambda: system.process() != first, "requests fail", **labels)
    press(slack, "acknowledge")
    waited(lambda: "ann has it" in shown(slack.heads()[0]), PATIENCE_S)
    (line,) = incidents(system.store.engine).items
    question = waited(lambda: plan_of(system, line.id), PATIENCE_S)
    asked = {"command": "/warroom", "text": "why gateway", "user_id": "U1ANN"}
    said = slack.sends("slash_commands", asked, "why")["payload"]["blocks"][0]["text"]["text"]
    assert "payments" in said and "% sure." in said

    press(slack, "approve", question.subject)
    waited(lambda: system.store.ledger.decision(line.id, question.subject), PATIENCE_S)
    system.serving.process.kill()
    system.serve(token="-")
    waited(lambda: finished(system, line.id), PATIENCE_S)
    waited(lambda: "Resolved" in shown(slack.heads()[0]), PATIENCE_S)
    waited(lambda: "postmortem drafted" in "".join(slack.thread()), PATIENCE_S)

    decision = system.store.ledger.decision(line.id, question.subject)
    assert decision and (decision.verdict, decision.by) == (Verdict.approved, "ann")
    assert system.starts() == 2  # as it began, and once more
    (head,) = slack.heads()
    assert set(buttons(head)) == {"open"}
    lines = Counter(text.partition(" ")[2] for part in slack.thread() for text in part.splitlines())
    assert set(lines.values()) == {1}, lines
    assert len([text for text in lines if "— telemetry confirms the recovery" in text]) == 1
    assert not [text for text in lines if text.lower().count("restart payments") > 1]
    assert len(slack.thread()) <= 10, slack.thread()
    assert len(slack.whispers) == 1  # that it is hers


def plan_of(system: System, incident: str) -> Request | None:
    """The plan that is asked about."""
    asked = system.store.ledger.waiting(incident)
    return next((request for request in asked if request.kind == Asks.action), None)


def finished(system: System, incident: str) -> bool:
    """Whether it is over; what the kill left open is answered as it is, texts are turned down."""
    for question in system.store.ledger.waiting(incident):
        with system.serving.client() as client:
            place = f"/api/v1/incidents/{incident}/requests/{question.subject}"
            if question.kind == Asks.effect:
                word = "approve" if system.starts() > 1 else "reject"
                client.post(f"{place}/{word}", json={"reason": "looked"})
    return system.store.load(incident).state in OVER
