"""From the outbox to a real mail server: by severity, through an hour in which it is away, once."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from warroom.agents.runtime.outbox import dispatch
from warroom.app.escalating import page
from warroom.app.notifying import channels_of, file_tickets, tried
from warroom.incident.report import FollowUp
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
