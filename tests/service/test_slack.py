"""What Slack sends over HTTP: signed, fresh, done once."""

import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

import pytest

from warroom.app.configuration_file import Configuration
from warroom.incident.action import Verdict
from warroom.tests.support.chats import Chat, chat, configured
from warroom.tests.support.services import asked
from warroom.tests.support.slack_workspace import buttons, fake_slack, waited

SECRET = "secret-0123456789"


@pytest.fixture
def here(tmp_path):
    with fake_slack() as slack:
        home = tmp_path / "home"
        told = configured(home, slack, mode="http")
        with asked(home, configuration=Configuration(slack=told)) as service:
            yield service, chat(home, service.service.settings.database, slack)


def post(service, body: str, kind: str, at: float | None = None, secret: str = SECRET):
    when = str(int(time.time() if at is None else at))
    signed = hmac.new(secret.encode(), f"v0:{when}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": when, "X-Slack-Signature": f"v0={signed}"}
    headers["Content-Type"] = kind
    return service[""].post("/slack/events", content=body, headers=headers)


FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def test_only_what_is_signed_and_fresh_is_heard(here):
    service, _chat = here
    body = json.dumps({"type": "url_verification", "challenge": "c1"})
    assert post(service, body, JSON).json() == {"challenge": "c1"}
    assert post(service, body, JSON, secret="other").status_code == 401
    assert post(service, body, JSON, at=time.time() - 400).status_code == 401
    assert service[""].post("/slack/events", content=body).status_code == 401
    headers = {b"X-Slack-Request-Timestamp": b"\xb2"}  # a digit, and no number
    assert service[""].post("/slack/events", content=body, headers=headers).status_code == 401


def test_a_command_and_a_decision_come_by_form(here):
    service, there = here
    there: Chat
    plan = there.asks(there.incident())
    command = urlencode({"command": "/warroom", "text": "why checkout", "user_id": "U3OBS"})
    said = post(service, command, FORM).json()
    assert said["response_type"] == "ephemeral" and "% sure." in said["blocks"][0]["text"]["text"]
    there.round()
    button = buttons(there.slack.heads()[0])["approve"]
    pressed = {"type": "block_actions", "user": {"id": "U1ANN"}, "channel": {"id": "C100"}}
    pressed |= {"actions": [{"action_id": button["action_id"], "value": button["value"]}]}
    body = urlencode({"payload": json.dumps(pressed)})
    for _ in range(3):  # Slack sends it again when it heard nothing
        answer = post(service, body, FORM)
        assert (answer.status_code, answer.content) == (200, b"")
    decision = waited(lambda: there.store.ledger.decision("INC-1", plan.hash))
    assert decision and (decision.verdict, decision.by) == (Verdict.approved, "ann")


def test_a_question_that_comes_again_is_answered_once(here):
    service, there = here
    there.incident()
    there.round()
    event = {"type": "app_mention", "user": "U3OBS", "text": "<@U0> why?", "channel": "C100"}
    event |= {"ts": "9.9", "thread_ts": there.slack.heads()[0]["ts"]}
    body = json.dumps({"type": "event_callback", "event_id": "Ev1", "event": event})
    for _ in range(3):
        assert post(service, body, JSON).status_code == 200
    waited(there.slack.thread)
    assert len(there.slack.thread()) == 1


def test_without_slack_there_is_no_such_address(tmp_path):
    with asked(tmp_path / "home") as service:
        assert service[""].post("/slack/events", content="{}").status_code == 404
