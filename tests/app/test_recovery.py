"""Acting without our database: one exact plan, one person, a file that has it before it begins."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from warroom.actions.inventory import Inventory
from warroom.actions.services import Restart, Scale
from warroom.agents.postmortem import draft
from warroom.app import lifecycle
from warroom.app.configuration import Sources, remember
from warroom.app.recovery import Journal, Recovery
from warroom.console.recover import Menu
from warroom.errors import InputError, StoreError, ToolFailed, ToolRetry
from warroom.incident.identity import at_terminal
from warroom.incident.timeline import EventKind, utc_now
from warroom.record import audit
from warroom.record.store import Store
from warroom.record.tables import AUDIT
from warroom.settings import Settings
from warroom.tests.support.consoles import INVENTORY, kept, paper, printed
from warroom.tests.support.hands import Hands
from warroom.tests.support.incidents import declared
from warroom.tests.support.people import person


def recovery(home: Path, inventory: Inventory = INVENTORY, before: Any = None) -> Recovery:
    return Recovery(Hands(inventory, before), home, at_terminal("ann"))


def test_it_is_on_the_disk_before_it_begins(tmp_path: Path) -> None:
    seen = []
    one = recovery(tmp_path, before=lambda: seen.append(Journal(tmp_path).entries()))
    plan = one.planned(Restart.kind, "checkout", {})
    done = one.carry_out(plan, plan.hash)
    [[begun]] = seen
    assert (begun.number, begun.ended, begun.plan) == (1, False, plan)
    assert done.receipt["changed"] is True
    assert [entry.ended for entry in one.journal.entries()] == [False, True]
    assert "ann" in done.by


def test_what_cannot_be_kept_is_not_done(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    one = recovery(tmp_path / "file")
    plan = one.planned(Restart.kind, "checkout", {})
    with pytest.raises(StoreError):
        one.carry_out(plan, plan.hash)
    assert isinstance(one.system, Hands)
    assert one.system.acted == []


def test_another_plan_or_another_state_is_not_done(tmp_path: Path) -> None:
    one = recovery(tmp_path)
    plan = one.planned(Scale.kind, "checkout", {"instances": 2})
    with pytest.raises(InputError, match="another plan"):
        one.carry_out(plan, one.planned(Restart.kind, "checkout", {}).hash)
    assert isinstance(one.system, Hands)
    part = INVENTORY.services["checkout"].model_copy(
        update={"instances": ["checkout-1", "checkout-3"], "spares": ["checkout-2"]}
    )
    one.system.becomes(Inventory(services={"checkout": part}))
    with pytest.raises(ToolRetry):
        one.carry_out(plan, plan.hash)
    assert one.system.acted == []
    assert one.journal.entries() == []


def test_it_is_undone_once(tmp_path: Path) -> None:
    one = recovery(tmp_path)
    plan = one.planned(Scale.kind, "checkout", {"instances": 2})
    number = one.carry_out(plan, plan.hash).number
    one.take_back(number)
    with pytest.raises(InputError, match="undone already"):
        one.take_back(number)
    with pytest.raises(InputError, match="--list"):
        one.take_back(7)
    assert isinstance(one.system, Hands)
    assert len(one.system.undone) == 1


def test_what_fails_is_said_to_have_failed(tmp_path: Path) -> None:
    def fails() -> None:
        raise ToolFailed("the supervisor went away")

    one = recovery(tmp_path, before=fails)
    plan = one.planned(Restart.kind, "checkout", {})
    assert one.carry_out(plan, plan.hash).error == "the supervisor went away"
    assert one.journal.entries()[-1].error


def test_what_was_begun_and_never_reported_is_said_before_anything_else(tmp_path: Path) -> None:
    def dies() -> None:
        raise KeyboardInterrupt

    one = recovery(tmp_path, before=dies)
    plan = one.planned(Restart.kind, "checkout", {})
    with pytest.raises(KeyboardInterrupt):
        one.carry_out(plan, plan.hash)
    [left] = one.journal.unreported()
    assert (left.number, left.plan) == (1, plan)
    shows = menu(tmp_path)
    shows.run()
    assert "number 1, execute restart checkout was begun" in printed(shows.console)


def test_an_edited_or_missing_line_shows(tmp_path: Path) -> None:
    one = recovery(tmp_path)
    for _ in range(2):
        plan = one.planned(Restart.kind, "checkout", {})
        one.carry_out(plan, plan.hash)
    lines = one.journal.path.read_text().splitlines(keepends=True)
    one.journal.path.write_text("".join([lines[0].replace("ann", "bob"), *lines[1:]]))
    with pytest.raises(StoreError, match=":2 does not follow"):
        one.journal.entries()
    one.journal.path.write_text("".join([lines[0], *lines[2:]]))
    with pytest.raises(StoreError, match=":2 does not follow"):
        one.journal.entries()


def opened(home: Path, *operations: Path, hours: int = 0) -> tuple[Store, Settings]:
    """A home with an incident that runs, and is over these operations."""
    configured = Settings(home=home, database_url="")
    store = Store.open(configured.database)
    since = utc_now() - timedelta(minutes=1)
    made = declared().model_copy(update={"opened_at": since, "timeline": []})
    made.alert.starts_at = since - timedelta(hours=hours)
    kept(store, made)
    for file in operations:
        remember(configured, made.id, Sources(operations=file, drill=True))
    return store, configured


def test_what_a_person_did_is_in_the_record_of_the_incident_that_was_open(tmp_path: Path) -> None:
    store, configured = opened(tmp_path, operations := tmp_path / "operations.json")
    one = recovery(tmp_path)
    plan = one.planned(Scale.kind, "checkout", {"instances": 2})
    one.take_back(one.carry_out(plan, plan.hash).number)
    [incident] = one.put_on_record(configured, operations)
    assert one.put_on_record(configured, operations) == []
    found = store.load(incident)
    acts = [(act.number, act.undo, act.by, bool(act.receipt)) for act in found.by_hand]
    assert acts == [(1, False, "ann", True), (1, True, "ann", True)]
    lines = [event for event in found.timeline if event.kind is EventKind.action]
    assert [event.text.split(":")[0] for event in lines] == ["done by hand", "taken back by hand"]
    assert [event.at for event in lines] == [act.at for act in found.by_hand]
    assert audit.verify(store.engine).fault == ""
    with store.engine.begin() as connection:
        acts = connection.execute(select(AUDIT.c.act).where(AUDIT.c.incident_id == incident))
        assert [*acts.scalars()] == ["recover", "recover"]
    text = draft(found, utc_now()).markdown
    assert "ann did this by hand" in text and "ann took this back by hand" in text
    assert "No action was taken" not in text and "Nothing was changed" not in text


def test_it_is_not_in_the_record_of_another_system_or_of_another_time(tmp_path: Path) -> None:
    store, configured = opened(tmp_path, tmp_path / "elsewhere.json")
    one = recovery(tmp_path)
    plan = one.planned(Restart.kind, "checkout", {})
    one.carry_out(plan, plan.hash)
    assert one.put_on_record(configured, tmp_path / "operations.json") == []
    [row] = store.incidents()
    lifecycle.resolve(store, row.id, "it works again", person("ann"))
    one.carry_out(plan, plan.hash)
    [incident] = one.put_on_record(configured, tmp_path / "elsewhere.json")
    assert [act.number for act in store.load(incident).by_hand] == [1], "the second came later"


@pytest.mark.parametrize(
    ("target", "hours", "theirs"),
    [("checkout", 1, True), ("labels", 1, False), ("checkout", 30, False)],
)
def test_an_incident_over_no_system_has_what_was_done_to_its_own_today(
    tmp_path: Path, target: str, hours: int, theirs: bool
) -> None:
    _, configured = opened(tmp_path, hours=hours)
    part = INVENTORY.services["checkout"]
    one = recovery(tmp_path, INVENTORY.model_copy(update={"services": {target: part}}))
    plan = one.planned(Restart.kind, target, {})
    one.carry_out(plan, plan.hash)
    assert bool(one.put_on_record(configured, tmp_path / "operations.json")) is theirs


def test_without_a_database_of_ours_none_is_made(tmp_path: Path) -> None:
    one = recovery(tmp_path)
    plan = one.planned(Restart.kind, "checkout", {})
    one.carry_out(plan, plan.hash)
    configured = Settings(home=tmp_path, database_url="")
    assert one.put_on_record(configured, tmp_path / "operations.json") == []
    assert not (tmp_path / "warroom.db").exists()


def menu(home: Path, *answers: str) -> Menu:
    said = iter(answers)

    def ask(_question: str) -> str:
        try:
            return next(said)
        except StopIteration:
            raise EOFError from None

    operations = home / "operations.json"
    operations.write_text('{"supervisor_url": "http://127.0.0.1:1/RPC2"}')
    offered = INVENTORY.model_copy(update={"offered": [Restart.kind, Scale.kind]})
    return Menu(paper(), recovery(home, offered), operations, ask)


def test_a_person_is_shown_the_whole_plan_and_says_yes(tmp_path: Path) -> None:
    one = menu(tmp_path, "2", "chekout", "2", "checkout", "2", "yes")
    assert one.run() == 0
    told = printed(one.console)
    assert "no service 'chekout'; known: checkout" in told
    assert all(word in told for word in ("risk", "instances 1", "undo", "plan"))
    assert told.count("on one of: checkout\n") == 1
    assert f"diagnose --operations {one.operations}` shows processes, logs and this machine" in told
    assert isinstance(one.recovery.system, Hands)
    assert one.recovery.system.acted == [(Scale.kind, "checkout", {"instances": 2})]
    one.list_them()
    assert "  1 " in printed(one.console)


@pytest.mark.parametrize(
    "answers",
    [(), ("q",), ("1", "q"), ("1", "checkout", "y"), ("1", "checkout"), ("2", "checkout", "q")],
)
def test_anything_but_yes_does_nothing(tmp_path: Path, answers: tuple[str, ...]) -> None:
    one = menu(tmp_path, *answers)
    one.run()
    assert "nothing was done" in printed(one.console)
    assert isinstance(one.recovery.system, Hands)
    assert one.recovery.system.acted == []
