"""Acting without our database: one exact plan, one person, a file that has it before it begins."""

from pathlib import Path
from typing import Any

import pytest

from warroom.actions.inventory import Inventory
from warroom.actions.services import Restart, Scale
from warroom.app.recovery import Journal, Recovery
from warroom.console.recover import Menu
from warroom.errors import InputError, StoreError, ToolFailed, ToolRetry
from warroom.incident.identity import at_terminal
from warroom.tests.support.consoles import INVENTORY, paper, printed
from warroom.tests.support.hands import Hands


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
    assert isinstance(one.recovery.system, Hands)
    assert one.recovery.system.acted == [(Scale.kind, "checkout", {"instances": 2})]
    one.list_them()
    assert "  1 " in printed(one.console)


@pytest.mark.parametrize(
    "answers", [(), ("q",), ("1", "q"), ("1", "checkout", "y"), ("1", "checkout")]
)
def test_anything_but_yes_does_nothing(tmp_path: Path, answers: tuple[str, ...]) -> None:
    one = menu(tmp_path, *answers)
    one.run()
    assert "nothing was done" in printed(one.console)
    assert isinstance(one.recovery.system, Hands)
    assert one.recovery.system.acted == []
