"""A backup is whole or none; putting it back never does again what was done since."""

import subprocess
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from warroom.agents.runtime.context import ResponseContext
from warroom.errors import ApprovalError, InputError, StoreError
from warroom.incident.action import Verdict
from warroom.record import audit
from warroom.record.backup import MANIFEST, after_restore, back_up, restore
from warroom.record.claims import Does, Effect
from warroom.record.ledger import Request
from warroom.record.store import Store
from warroom.response import Response
from warroom.settings import Settings
from warroom.targets.stand_ins import Rehearsal
from warroom.tests.support.databases import bare, fresh
from warroom.tests.support.people import person
from warroom.tests.support.postgres import tool
from warroom.tests.support.responses import begin, decide, finish, inventory, room_over


def closed(context: ResponseContext, *responses: Response) -> None:
    """Nothing of this process has the databases open any more."""
    for response in responses:
        response.__exit__()
    context.store.engine.dispose()


def test_an_effect_that_happened_after_the_backup_does_not_happen_again(tmp_path: Path) -> None:
    hands = Rehearsal(inventory())
    context = room_over(tmp_path, hands=hands)
    first, incident = begin(context)
    (subject,) = decide(context, incident, Verdict.approved)
    back_up(context.settings, tmp_path / "saved")  # while it works, approved and not begun
    list(first.run(incident))
    assert len(hands.acted) == 1
    closed(context, first)
    assert restore(context.settings, tmp_path / "saved") >= 1
    again = room_over(tmp_path, hands=hands)
    decision = again.store.ledger.decision(incident, subject)
    assert (
        decision and decision.verdict is Verdict.expired and "see what was done" in decision.reason
    )
    with Response(again) as second:
        list(second.run(incident))
        assert len(hands.acted) == 1
        assert audit.verify(again.store.engine).fault == ""


def test_only_what_was_begun_stays_approved(place: Path | str) -> None:
    store = Store.open(place)
    ledger, now = store.ledger, time.time()

    def approve(subject: str) -> Request:
        asked = ledger.ask(Request("INC-1", subject, "action", "restart", now, now + 60))
        ledger.decide("INC-1", subject, Verdict.approved, person())
        return asked

    for subject in ("begun", "again"):
        approve(subject)
        assert ledger.claim(Effect("INC-1", Does.execute, subject)) is None
    ledger.finish("INC-1:execute:again", {}, void=True)  # nothing was done: asked anew
    assert approve("again").number == 2
    approve("not begun")
    ledger.ask(Request("INC-1", "open", "action", "restart", now, now + 60))
    assert after_restore(store.engine, now) == 3
    answers = {name: ledger.decision("INC-1", name) for name in ledger.subjects("INC-1")}
    verdicts = {name: answer.verdict for name, answer in answers.items() if answer}
    assert verdicts.pop("begun") is Verdict.approved
    assert verdicts == dict.fromkeys(("again", "not begun", "open"), Verdict.expired)
    with pytest.raises(ApprovalError):
        ledger.claim(Effect("INC-1", Does.execute, "again", 2))


def test_what_was_saved_goes_on(tmp_path: Path) -> None:
    context = room_over(tmp_path, hands=Rehearsal(inventory()))
    response, incident = begin(context)
    saved = back_up(context.settings, tmp_path / "saved")
    assert set(saved.digests) == {"checkpoints.db", "warroom.db"}
    assert saved.key_file == (tmp_path / "audit.key").resolve()
    names = {path.name for path in (tmp_path / "saved").iterdir()}
    assert names >= {MANIFEST, "incidents"} and "audit.key" not in names
    before = context.store.load(incident)
    closed(context, response)
    for name in ("warroom.db", "checkpoints.db"):
        (tmp_path / name).unlink()
    restore(context.settings, tmp_path / "saved")
    again = room_over(tmp_path, hands=Rehearsal(inventory()))
    assert again.store.load(incident) == before
    with Response(again) as other:
        finish(other, incident, Verdict.rejected)


def test_what_is_replaced_is_saved_first(tmp_path: Path) -> None:
    context = room_over(tmp_path)
    response, incident = begin(context)
    back_up(context.settings, tmp_path / "saved")
    context.store.update(incident, lambda doc: setattr(doc, "title", "later"))
    closed(context, response)
    restore(context.settings, tmp_path / "saved")
    (kept,) = tmp_path.glob("before-restore-*")
    restore(context.settings, kept)
    assert Store.open(tmp_path / "warroom.db").load(incident).title == "later"


def test_checkpoints_that_the_backup_has_not_are_gone(tmp_path: Path) -> None:
    context = room_over(tmp_path)
    assert set(back_up(context.settings, tmp_path / "saved").digests) == {"warroom.db"}
    response, incident = begin(context)
    closed(context, response)
    restore(context.settings, tmp_path / "saved")
    with Response(room_over(tmp_path)) as again:
        assert not again.graph.get_state({"configurable": {"thread_id": incident}}).values


@pytest.mark.parametrize("busy", ["store", "checkpoints"])
def test_it_refuses_while_something_works_with_it(tmp_path: Path, busy: str) -> None:
    context = room_over(tmp_path)
    response, incident = begin(context)
    back_up(context.settings, tmp_path / "saved")
    if busy == "store":
        response.__exit__()
    else:
        context.store.engine.dispose()
    with pytest.raises(InputError, match="stop it, then restore"):
        restore(context.settings, tmp_path / "saved")
    assert context.store.load(incident)


def test_a_damaged_backup_is_not_put_back(tmp_path: Path) -> None:
    context = room_over(tmp_path)
    context.store.incidents()
    saved = tmp_path / "saved"
    back_up(context.settings, saved)
    closed(context)
    damaged = saved / "warroom.db"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match=r"warroom\.db is not what was saved"):
        restore(context.settings, saved)
    (saved / MANIFEST).unlink()
    with pytest.raises(InputError, match="no whole backup"):
        restore(context.settings, saved)


def test_one_whose_audit_log_does_not_hold_is_not_put_back(tmp_path: Path) -> None:
    context = room_over(tmp_path)
    with context.store.engine.begin() as connection:
        audit.add(connection, "ann", "approve")
    with context.store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE audit_head SET number = 7"))
    assert "head row" in back_up(context.settings, tmp_path / "saved").fault
    closed(context)
    with pytest.raises(StoreError, match="audit log does not hold"):
        restore(context.settings, tmp_path / "saved")


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    context = room_over(tmp_path)
    (tmp_path / "saved").mkdir()
    with pytest.raises(InputError, match="exists"):
        back_up(context.settings, tmp_path / "saved")


def test_a_server_is_saved_by_its_own_tools(tmp_path: Path, server: str) -> None:
    settings = Settings(home=tmp_path, database_url=fresh(server))
    with pytest.raises(InputError, match="pg_dump"):
        back_up(settings, tmp_path / "saved")


@pytest.mark.thorough
@pytest.mark.parametrize("told", [True, False])
def test_after_pg_restore_nothing_is_done_again(tmp_path: Path, server: str, told: bool) -> None:
    """Whether or not somebody says that it was restored."""
    hands, old, new = Rehearsal(inventory()), fresh(server), bare(server)
    context = room_over(tmp_path, hands=hands, place=old)
    response, incident = begin(context)
    (subject,) = decide(context, incident, Verdict.approved)
    dump = tmp_path / "dump"
    subprocess.run([tool("pg_dump"), "-Fc", "-f", dump, old], check=True)
    list(response.run(incident))
    assert len(hands.acted) == 1
    closed(context, response)
    subprocess.run([tool("pg_restore"), "-d", new, dump], check=True)
    again = room_over(tmp_path, hands=hands, place=new)
    if told:
        assert after_restore(again.store.engine, now=0.0) >= 1
    decision = again.store.ledger.decision(incident, subject)
    assert decision and decision.verdict is Verdict.expired
    with pytest.raises(ApprovalError):
        again.store.ledger.claim(Effect(incident, Does.execute, subject))
    with Response(again) as other:
        list(other.run(incident))
    assert len(hands.acted) == 1
    again.store.engine.dispose()
