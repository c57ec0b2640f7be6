"""The whole of it over a real websocket: answers in time, comes back by itself, ends when told."""

import time

import pytest

from warroom.chat import bot as module
from warroom.chat.bot import Bot
from warroom.tests.support.chats import PAGE, Chat, chat
from warroom.tests.support.slack_workspace import FakeSlack, buttons, fake_slack, waited

pytestmark = pytest.mark.parametrize("place", ["sqlite"], indirect=True)


@pytest.fixture
def slack():
    with fake_slack() as found:
        yield found


@pytest.fixture
def here(tmp_path, place, slack: FakeSlack) -> Chat:
    return chat(tmp_path / "home", place, slack)


@pytest.fixture
def bot(here: Chat, monkeypatch):
    monkeypatch.setattr(module, "LOOK_S", 0.1)
    found = Bot(here.poster.settings, here.store, here.told, PAGE)
    found.start()
    yield found
    found.stop()


def test_a_person_approves_over_the_socket_within_seconds(here: Chat, slack: FakeSlack, bot: Bot):
    plan = here.asks(here.incident())
    waited(lambda: slack.open)
    bot.soon.set()
    head = waited(lambda: slack.heads() and slack.heads()[0])
    button = buttons(head)["approve"]
    payload = {"type": "block_actions", "user": {"id": "U1ANN"}, "channel": {"id": "C100"}}
    payload |= {"actions": [{"action_id": button["action_id"], "value": button["value"]}]}
    begun = time.monotonic()
    slack.sends("interactive", payload)
    assert time.monotonic() - begun < 3
    waited(lambda: here.store.ledger.decision("INC-1", plan.hash))
    waited(lambda: "approve" not in buttons(slack.heads()[0]))
    asked = {"command": "/warroom", "text": "why checkout", "user_id": "U3OBS"}
    said = slack.sends("slash_commands", asked, "e2")
    assert "% sure." in said["payload"]["blocks"][0]["text"]["text"]


@pytest.mark.thorough  # it waits for what never comes
def test_a_connection_that_breaks_or_says_nothing_is_replaced(
    monkeypatch, here: Chat, slack: FakeSlack, bot: Bot
):
    waited(lambda: slack.open)
    monkeypatch.setattr(module, "GREETING_S", 0.5)
    slack.open[-1].close()
    waited(lambda: bot.connections >= 2 and len(slack.open) >= 2)
    slack.greets = False  # connected, and silent
    slack.open[-1].close()
    waited(lambda: bot.connections >= 4)
    slack.greets = True
    waited(lambda: bot._greeted)
    answer = slack.sends("slash_commands", {"command": "/warroom", "text": "list", "user_id": "U9"})
    assert "do not know who" in answer["payload"]["blocks"][0]["text"]["text"]
