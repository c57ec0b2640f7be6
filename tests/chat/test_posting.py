"""Slack shows what the record says: once, in order, through limits, lost answers, an hour away."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from warroom.app.decisions import approve
from warroom.incident.identity import token_holder
from warroom.incident.lifecycle import State
from warroom.incident.severity import Severity
from warroom.incident.timeline import utc_now
from warroom.record.chat import Chats
from warroom.tests.support.chats import Chat, chat
from warroom.tests.support.incidents import noise
from warroom.tests.support.slack_workspace import FakeSlack, buttons, fake_slack, shown

ON_A_FILE = pytest.mark.parametrize("place", ["sqlite"], indirect=True)


@pytest.fixture
def slack():
    with fake_slack() as found:
        yield found


@pytest.fixture
def here(tmp_path, place, slack: FakeSlack) -> Chat:
    return chat(tmp_path / "home", place, slack)


def resolved(here: Chat) -> None:
    def over(document) -> None:
        document.move(State.resolved, utc_now(), "commander", "verified")

    here.store.update("INC-1", over)


def test_one_message_is_edited_and_its_thread_tells_what_changed(here: Chat, slack: FakeSlack):
    document = here.incident()
    here.round()
    [head] = slack.messages
    assert "P0 · investigating" in shown(head) and document.title in shown(head)
    assert set(buttons(head)) == {"acknowledge", "open"}
    plan = here.asks(document)
    here.round()
    [head] = slack.heads()
    assert {"approve", "reject"} <= set(buttons(head))
    assert plan.blast_radius in shown(head) and plan.short_hash in shown(head)
    assert len(slack.thread()) == 1 and "asked: " in slack.thread()[0]
    approve(here.store, "INC-1", plan.hash, token_holder("ann"))
    here.round()
    assert set(buttons(slack.heads()[0])) == {"acknowledge", "open"}  # decided: they are gone
    resolved(here)
    here.round()
    assert "Resolved" in shown(slack.heads()[0]) and "resolved" in slack.thread()[-1]
    assert set(buttons(slack.heads()[0])) == {"open"}
    calls = len(slack.calls)
    for _ in range(3):
        here.round()
    assert len(slack.calls) == calls and len(slack.heads()) == 1


@ON_A_FILE
def test_what_nobody_works_any_more_says_so(here: Chat, slack: FakeSlack):
    here.incident()
    lease = here.store.work.claim("INC-1", "worker")
    assert lease
    here.store.work.release(lease, None, "it ended unresolved")
    here.round()
    assert "a person has to take it over" in shown(slack.heads()[0])


def test_of_two_servers_one_posts(tmp_path, here: Chat, slack: FakeSlack):
    other = chat(
        tmp_path / "home", here.store.engine.url.render_as_string(hide_password=False), slack
    )
    for number in range(4):
        here.incident(f"INC-{number}")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda each: each.round(later=False), (here, other)))
    assert sorted(shown(m).split("\n")[1][:5] for m in slack.messages) == [
        f"INC-{number}" for number in range(4)
    ]


@ON_A_FILE
def test_what_was_sent_and_never_answered_is_found_and_not_sent_again(here: Chat, slack: FakeSlack):
    document = here.incident()
    slack.failing = ["lost"]
    here.round()
    assert Chats(here.store.engine).find("INC-1").unsure and len(slack.messages) == 1
    here.round()
    assert len(slack.messages) == 1 and not Chats(here.store.engine).find("INC-1").unsure
    here.asks(document)
    slack.failing = ["", "lost"]  # the edit arrives, the answer to the thread's post does not
    here.round()
    resolved(here)
    here.round()
    assert len(slack.heads()) == 1
    assert ["asked" in told for told in slack.thread()].count(True) == 1
    assert "resolved" in slack.thread()[-1]


@ON_A_FILE
def test_a_server_that_died_in_its_turn_is_taken_over(here: Chat, slack: FakeSlack):
    here.incident()
    chats = Chats(here.store.engine)
    assert chats.take(chats.find("INC-1"), "C100", 0.0)  # and nothing more comes of it
    here.round(later=False)
    assert slack.messages == []  # it may still be at it
    here.round()
    assert len(slack.messages) == 1


@ON_A_FILE
def test_a_limit_is_kept_to_and_an_hour_away_is_one_message_later(here: Chat, slack: FakeSlack):
    document = here.incident()
    slack.failing = ["429"]
    here.round()
    here.poster.workspace._quiet.clear()
    row, now = Chats(here.store.engine).find("INC-1"), here.poster.chats.clock()
    assert 5 < row.due_at - now <= 7 and not row.unsure
    here.round(later=False)
    assert slack.messages == []
    here.round()
    slack.down = True
    here.asks(document)
    here.round()
    approve(here.store, "INC-1", document.proposals[1].hash, token_holder("ann"))
    for _ in range(6):
        here.round()
    resolved(here)
    slack.down = False
    here.round()
    assert len(slack.heads()) == 1 and len(slack.thread()) == 1
    assert "Resolved" in shown(slack.heads()[0])


@ON_A_FILE
def test_what_asks_to_be_left_alone_is_left_alone_by_all(here: Chat, slack: FakeSlack):
    for number in range(3):
        here.incident(f"INC-{number}")
    slack.failing = ["429"]
    here.round()
    assert slack.calls == [] and slack.failing == []  # one of three was tried


@ON_A_FILE
def test_a_message_that_somebody_deleted_is_posted_anew(here: Chat, slack: FakeSlack):
    here.incident()
    here.round()
    slack.messages.clear()
    resolved(here)
    here.round()
    assert len(slack.heads()) == 1


@ON_A_FILE
def test_noise_exercises_and_what_has_no_channel_are_told_nobody(here: Chat, slack: FakeSlack):
    here.store.create(noise().model_copy(update={"id": "INC-2"}))
    here.round()
    assert slack.calls == []


@ON_A_FILE
def test_a_figure_of_our_own_rules_is_told_as_people_say_it(here: Chat, slack: FakeSlack):
    here.incident(title="gateway fails 123.7m of requests")
    here.round()
    assert "gateway fails 12% of requests" in shown(slack.messages[0])


@ON_A_FILE
def test_what_others_wrote_is_letters_and_secrets_are_masked(here: Chat, slack: FakeSlack):
    title = "<!channel> *down* <https://evil.example|x> password=hunter2hunter2"
    here.incident(title=title)
    here.round()
    [message] = slack.messages
    assert "hunter2hunter2" not in str(message)
    assert message["mrkdwn"] is False and "<!" not in message["text"]
    texts = [b["text"]["type"] for b in message["blocks"] if "text" in b]
    assert set(texts) == {"plain_text"}


@pytest.fixture
def daily(tmp_path, place, slack: FakeSlack) -> Chat:
    return chat(tmp_path / "home", place, slack, p3_hour=9)


def of_the_day(here: Chat, now: datetime) -> None:
    here.poster.digest.round(now)


def test_p3_incidents_are_told_once_a_day_in_one_message(tmp_path, daily: Chat, slack: FakeSlack):
    now = utc_now()
    for number in range(3):
        daily.incident(f"INC-{number}", severity=Severity.P3)
    daily.round()
    assert len(slack.messages) == 1  # of the hour that passed last
    assert "3 open, 0 over" in shown(slack.messages[0]) and "INC-2" in shown(slack.messages[0])
    place = daily.store.engine.url.render_as_string(hide_password=False)
    other = chat(tmp_path / "home", place, slack, p3_hour=9)
    of_the_day(other, now)
    of_the_day(daily, now)
    assert len(slack.messages) == 1
    of_the_day(other, now + timedelta(days=1))
    of_the_day(daily, now + timedelta(days=1))
    assert len(slack.messages) == 2


@ON_A_FILE
def test_the_day_is_told_in_chinese_where_a_team_reads_it(tmp_path, place, slack: FakeSlack):
    here = chat(tmp_path / "home", place, slack, p3_hour=9, p3_language="zh")
    for number in range(21):
        here.incident(f"INC-{number}", severity=Severity.P3)
    here.round()
    told = shown(slack.messages[0])
    assert all(words in told for words in ("21 起未结束", "0 起已结束", "另有 1 起"))
    assert " open" not in told and "investigating" not in told


@ON_A_FILE
def test_a_p3_that_asks_a_person_is_told_at_once(daily: Chat, slack: FakeSlack):
    document = daily.incident(severity=Severity.P3)
    daily.asks(document)
    daily.round()
    assert any("approve" in buttons(message) for message in slack.messages)


@ON_A_FILE
def test_a_day_without_p3_is_not_told(daily: Chat, slack: FakeSlack):
    daily.incident()
    of_the_day(daily, utc_now() + timedelta(days=1))
    assert slack.messages == []
