"""Drills that come again: when one is due, and that whoever runs them is told once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from warroom.agents.runtime.outbox import Letter
from warroom.app.cadence import remind_of_drills
from warroom.app.configuration_file import parse_configuration
from warroom.app.drill_schedules import Drills, DrillSchedule, standing
from warroom.errors import TableError
from warroom.incident.identity import at_terminal
from warroom.record.drills import Run, history, keep, last_run
from warroom.record.tables import OUTBOX
from warroom.tests.support.nights import Night, night

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
TEXT = """
drills:
  schedules: [{name: basic}, {name: full}, {name: parcels, every: week, drill: all, world: queue}]
  tell: [ann]
"""


def states(told: Drills, last: dict, days: float) -> list[str]:
    return [one.state for one in standing(told, last, NOW + timedelta(days=days))]


def test_the_practice_is_monthly_quarterly_and_yearly():
    told = [DrillSchedule.model_validate({"name": name}) for name in ("basic", "full", "disaster")]
    assert [one.every for one in told] == ["month", "quarter", "year"]
    assert told[1].command == "warroom drill comprehensive --score"


def test_due_from_its_time_and_overdue_a_quarter_of_it_later():
    told = Drills.model_validate({"schedules": [{"name": "basic"}]})
    assert states(told, {}, 0) == ["due"]
    last = {("bad-flag", "shop"): NOW}
    assert [states(told, last, days) for days in (30, 31, 38, 39)] == [
        ["done"],
        ["due"],
        ["due"],
        ["overdue"],
    ]


def test_only_what_was_asked_for_counts_and_only_there():
    told = parse_configuration(TEXT, Path("warroom.yaml")).drills
    ran = {("all", "shop"): NOW}
    assert states(told, ran, 1) == ["done", "due", "due"]
    assert states(told, {("all", "queue"): NOW}, 1) == ["done", "due", "done"]
    assert states(told, {("comprehensive", "queue"): NOW}, 1) == ["done", "done", "due"]


def test_one_that_nobody_knows_says_what_it_needs():
    with pytest.raises(TableError, match="every"):
        parse_configuration("drills: {schedules: [{name: mine}]}", Path("warroom.yaml"))


def ran(shop: Night, drill: str) -> None:
    score = {"passed": True, "incident": "", "checks": [], "seconds": {}}
    run = Run(drill, drill, "shop", 7, "ann", "0.1.0 abc", shop.now, score)
    keep(shop.store.engine, [run], at_terminal("ann"))


def told(shop: Night) -> list[str]:
    """Two servers look; what is on its way then."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda store: remind_of_drills(store, shop.clock), shop.stores))
    with shop.store.engine.begin() as connection:
        rows = connection.execute(select(OUTBOX.c.body).order_by(OUTBOX.c.put_at)).scalars()
        return [Letter.model_validate_json(body).message.subject for body in rows]


def test_who_is_named_is_told_once_that_it_is_due_and_once_that_it_is_overdue(
    tmp_path, place, monkeypatch
):
    monkeypatch.setenv("WARROOM_CONFIG", str(tmp_path / "home" / "warroom.yaml"))
    text = "drills: {schedules: [{name: basic}], tell: [ann]}"
    shop = night(tmp_path / "home", place, text, NOW, servers=2)
    due = ["Drill due: basic"]
    assert told(shop) == due, "it was never run"
    assert told(shop) == due
    ran(shop, "bad-flag")
    assert history(shop.store.engine)[0].seed == 7
    assert last_run(shop.store.engine) == {("bad-flag", "shop"): NOW}
    assert told(shop) == due
    shop.now += timedelta(days=32)
    assert told(shop) == told(shop) == 2 * due
    shop.now += timedelta(days=32)
    assert told(shop) == told(shop) == [*due, *due, "Drill overdue: basic"]
