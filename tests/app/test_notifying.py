"""From the outbox to a real mail server: by severity, through an hour in which it is away, once."""

import json
import re
import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from warroom.agents.comms import communicate
from warroom.agents.runtime.outbox import dispatch, put_open
from warroom.app.escalating import page
from warroom.app.notifying import channels_of, file_tickets, gather, tried
from warroom.incident.communication import MessageState
from warroom.incident.report import FollowUp
from warroom.incident.severity import Severity
from warroom.record.outbox import Outbox
from warroom.tests.support.hooks import hook
from warroom.tests.support.incidents import full
from warroom.tests.support.mail_server import Mailbox, free_port, mail_server
from warroom.tests.support.nights import Night, night

SHOP = """
notifications:
  mail: {host: 127.0.0.1, port: PORT, tls: none, sender: warroom@example.org}
  channels: [{name: ops, to: [ops@example.org], carries: email}]
  fallback: ops
oncall:
  schedules: [{name: primary, layers: [{participants: [ann], start: 2026-10-19T09:00}]}]
"""
AT = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)


@pytest.fixture
def box() -> Mailbox:
    return Mailbox(free_port())


@pytest.fixture
def shop(tmp_path, place, monkeypatch, box: Mailbox) -> Night:
    found = night(tmp_path / "home", place, SHOP.replace("PORT", str(box.port)), AT, servers=2)
    monkeypatch.setenv("WARROOM_CONFIG", str(tmp_path / "home" / "warroom.yaml"))
    return found


def rounds(shop: Night, many: int = 1) -> int:
    """Both servers deliver what is due, as when time has passed before each."""
    arrived = 0
    for _ in range(many):
        with shop.store.engine.begin() as connection:
            connection.execute(text("UPDATE outbox SET next_at = 0 WHERE sent_at IS NULL"))
        for store in shop.stores:
            arrived += dispatch(store, shop.settings, channels=channels_of(store.engine))
    return arrived


def test_a_page_waits_for_its_mail_server_and_arrives_once_with_its_link(shop: Night, box: Mailbox):
    channel = shop.way("ann", "email", address="ann@example.org")
    shop.incident()
    shop.look()
    assert shop.outbox() == [f"22:00 {channel}"]
    assert rounds(shop, 12) == 0  # it is away
    [waits] = Outbox(shop.store.engine).of("page:INC-1:0:ann")
    assert waits.waits and "cannot be reached" in waits.error
    with mail_server(box):
        box.says = "451 not now"
        assert rounds(shop) == 0
        box.says = "250 OK"
        assert rounds(shop, 5) == 1
    [letter] = box.letters
    assert box.takers == [["ann@example.org"]]
    said = letter.get_body(("plain",))
    assert said and "/on-call/acknowledge/" in said.get_content()


def test_who_gave_no_way_is_told_by_the_fallback(shop: Night, box: Mailbox):
    shop.incident()
    shop.look()
    with mail_server(box):
        assert rounds(shop, 2) == 1
        tried(channels_of(shop.store.engine), "ops")
    assert box.takers == [["ops@example.org"], ["ops@example.org"]]
    assert [one["Subject"][:4] for one in box.letters] == ["P0 c", "Warr"]


def test_one_that_is_away_is_waited_for_once_in_a_round(shop: Night):
    for number in range(5):
        shop.incident(name=f"INC-{number}")
    shop.look()
    assert rounds(shop) == 0
    with shop.store.engine.connect() as connection:
        query = text("SELECT attempts, error FROM outbox")
        rows = connection.execute(query).all()
    assert {row.attempts for row in rows} == {1} and all("reached" in row.error for row in rows)


def test_each_follow_up_of_what_is_over_becomes_one_ticket(shop: Night, tmp_path):
    due = datetime(2026, 12, 3, tzinfo=UTC)
    document = full().model_copy(update={"id": "INC-7"})
    document.follow_ups = [
        FollowUp(title=f"Add test {n}", kind="fix", owner="orders", due=due, evidence=["E4"])
        for n in (1, 2)
    ]
    shop.store.create(document)
    with hook() as there:
        told = (
            f"{{name: board, post: github, url: {there.url}, place: shop/orders, carries: ticket}}"
        )
        file = tmp_path / "home" / "warroom.yaml"
        file.write_text(f"notifications: {{channels: [{told}]}}\n")
        there.answers = [[], {"number": 1}, [], {"number": 2}]
        for _ in range(2):
            for store in shop.stores:
                file_tickets(shop.settings, store)
            rounds(shop)
    made = [
        json.loads(body)
        for body, how in zip(there.bodies, there.methods, strict=True)
        if how == "POST"
    ]
    assert sorted(one["title"] for one in made) == ["Add test 1 (INC-7)", "Add test 2 (INC-7)"]
    assert "Owner: orders; by 2026-12-03" in made[0]["body"] and "(E4)" in made[0]["body"]


def test_a_page_is_written_for_a_person(shop: Night):
    shop.incident()
    found = page(shop.store.load("INC-1"), "en", "sms:k", "declared P0", AT, "https://w/x")
    assert found.body.endswith("\n\nhttps://w/x\n")


DAILY = SHOP.replace("carries: email}", "carries: [email, email digest]}")


@pytest.fixture
def daily(tmp_path, shop: Night, box: Mailbox) -> Night:
    """Mail goes to a channel that also takes a day's digest."""
    (tmp_path / "home" / "warroom.yaml").write_text(DAILY.replace("PORT", str(box.port)))
    return shop


def speaks(shop: Night, name: str, severity: Severity = Severity.P3, language: str = "en") -> None:
    """An incident whose message is put on its way."""
    shop.incident(severity, name)
    document = shop.store.load(name)
    told = communicate(document, AT, (language,)).messages

    def add(newest) -> None:
        newest.communications += told

    shop.store.update(name, add)
    put_open(shop.store, name, lambda _document: AT, False, channels_of(shop.store.engine))


def days_end(shop: Night) -> int:
    """The day ends and a minute passes; how many messages of any kind go out."""
    with shop.store.engine.begin() as connection:
        held = "key NOT LIKE 'page:%' AND put_at > :now"
        past = text(f"UPDATE outbox SET put_at = put_at - 172800 WHERE {held}")
        connection.execute(past, {"now": time.time() - 3600})
    for store in shop.stores:
        gather(shop.settings, store)
    return rounds(shop, 2)


def states(shop: Night, *names: str) -> set[str]:
    found = [shop.store.load(name).communications for name in names]
    return {each.state.value for messages in found for each in messages}


def test_what_p3_incidents_say_goes_out_once_a_day_as_one_mail(daily: Night, box: Mailbox):
    speaks(daily, "INC-1")
    speaks(daily, "INC-2")
    assert rounds(daily, 2) == 0, "the day is not over"
    assert days_end(daily) == 0, "the server is away"
    assert states(daily, "INC-1", "INC-2") == {"approved"}
    with mail_server(box):
        assert days_end(daily) == 3  # the mail, and what is told by it
        assert days_end(daily) == 0
    [letter] = box.letters
    head = r"P3, the day until \d{4}-\d\d-\d\d 09:00 UTC \(2\)"
    assert re.fullmatch(head, letter["Subject"])
    said = letter.get_body(("plain",))
    assert said and all(name in said.get_content() for name in ("INC-1", "INC-2"))
    assert states(daily, "INC-1", "INC-2") == {MessageState.sent.value}


def test_what_is_worse_goes_out_at_once_by_the_same_channel(daily: Night, box: Mailbox):
    speaks(daily, "INC-1", Severity.P1)
    with mail_server(box):
        rounds(daily)
        speaks(daily, "INC-2")
        rounds(daily, 2)
    assert box.letters and all("INC-1" in each["Subject"] for each in box.letters)


def test_without_an_hour_each_is_a_mail_also_what_waited(tmp_path, daily: Night, box: Mailbox):
    speaks(daily, "INC-1")
    file = tmp_path / "home" / "warroom.yaml"
    file.write_text(file.read_text().replace("fallback: ops", "fallback: ops\n  p3_hour: null"))
    speaks(daily, "INC-2")
    with mail_server(box):
        assert days_end(daily) == 2
    assert len(box.letters) == 2
