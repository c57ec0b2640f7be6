"""Our own tables: no alert lost, one answer per question, one claim per effect."""

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from warroom.errors import ApprovalError, NotFound, StoreError
from warroom.incident.action import Verdict
from warroom.incident.document import Incident
from warroom.incident.timeline import Event, EventKind, utc_now
from warroom.record.claims import Does, Effect
from warroom.record.ledger import Request
from warroom.record.store import Store
from warroom.tests.support.incidents import full, minimal
from warroom.tests.support.people import person


@pytest.fixture
def store(place: Path | str) -> Store:
    return Store.open(place)


def ask(store: Store, subject: str = "abc", seconds: float = 60) -> None:
    now = time.time()
    store.ledger.ask(Request("INC-1", subject, "action", "restart", now, now + seconds))


def test_writers_side_by_side_lose_nothing(store: Store) -> None:
    document = minimal()
    store.create(document)

    def write(name: str) -> None:
        for number in range(10):
            event = Event(at=utc_now(), actor=name, kind=EventKind.note, text=f"{name} {number}")
            store.update(document.id, lambda doc, event=event: doc.record(event))

    threads = [threading.Thread(target=write, args=(name,)) for name in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    texts = [event.text for event in store.load(document.id).timeline]
    assert {f"{name} {number}" for name in "abc" for number in range(10)} <= set(texts)


def test_a_reader_inside_a_write_does_not_wait_for_it(store: Store) -> None:
    document = minimal()
    store.create(document)
    seen = []
    store.update(document.id, lambda doc: seen.append(store.load(document.id).title))
    assert seen == [document.title]


def test_a_document_that_could_not_be_read_again_is_not_written(store: Store) -> None:
    document = full()
    store.create(document)

    def spoil(found: Incident) -> None:
        found.hypotheses = [h.model_copy(update={"confidence": 4.3}) for h in found.hypotheses]

    with pytest.raises(StoreError, match="confidence"):
        store.update(document.id, spoil)
    assert store.load(document.id).hypotheses == document.hypotheses


def test_an_answer_counts_once(store: Store) -> None:
    ask(store)
    store.ledger.decide("INC-1", "abc", Verdict.approved, by=person())
    with pytest.raises(ApprovalError, match="already approved"):
        store.ledger.decide("INC-1", "abc", Verdict.rejected, by=person("somebody else"))
    decision = store.ledger.decision("INC-1", "abc")
    assert decision and decision.verdict is Verdict.approved


def test_asking_again_changes_nothing(store: Store) -> None:
    ask(store)
    first = store.ledger.request("INC-1", "abc")
    ask(store, seconds=9999)
    assert store.ledger.request("INC-1", "abc") == first


def test_only_the_exact_subject_can_be_answered(store: Store) -> None:
    ask(store)
    with pytest.raises(NotFound, match="asks nothing under abd"):
        store.ledger.decide("INC-1", "abd", Verdict.approved, by=person())


def test_a_question_expires(store: Store) -> None:
    ask(store, seconds=-1)
    assert store.ledger.waiting("INC-1") == []
    with pytest.raises(ApprovalError, match="expired"):
        store.ledger.decide("INC-1", "abc", Verdict.approved, by=person())
    decision = store.ledger.decision("INC-1", "abc")
    assert decision and decision.verdict is Verdict.expired


def test_an_approval_that_was_not_used_in_time_is_none(store: Store) -> None:
    ask(store, seconds=60)
    store.ledger.decide("INC-1", "abc", Verdict.approved, by=person())
    store.ledger.clock = lambda: time.time() + 61
    late = store.ledger.decision("INC-1", "abc")
    assert late and late.verdict is Verdict.expired and "asked again" in late.reason


def test_an_approval_that_was_used_in_time_still_covers_its_undo(store: Store) -> None:
    ask(store, seconds=60)
    store.ledger.decide("INC-1", "abc", Verdict.approved, by=person())
    store.ledger.claim(Effect("INC-1", Does.execute, "abc"))
    store.ledger.clock = lambda: time.time() + 61
    used = store.ledger.decision("INC-1", "abc")
    assert used and used.verdict is Verdict.approved


def test_of_many_claims_one_wins(store: Store) -> None:
    won = []
    ask(store)
    store.ledger.decide("INC-1", "abc", Verdict.approved, by=person())

    def claim() -> None:
        if store.ledger.claim(Effect("INC-1", Does.execute, "abc")) is None:
            won.append(threading.get_ident())

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    store.ledger.finish("INC-1:execute:abc", {"receipt": {"pid": 7}})
    effect = store.ledger.claim(Effect("INC-1", Does.execute, "abc"))
    assert effect and effect.done_at and effect.result == {"receipt": {"pid": 7}}


def test_a_file_that_is_no_database_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "warroom.db"
    path.write_text("not a database, but long enough to be taken for one " * 40)
    with pytest.raises(StoreError, match="may write to it"):
        Store.open(path)


def test_a_database_of_a_newer_warroom_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "warroom.db"
    Store.open(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer Warroom"):
        Store.open(path)


def test_a_payload_that_was_altered_is_not_believed(tmp_path: Path) -> None:
    from zlib import compress

    from warroom.tests.support.evidence_shelf import PAYLOAD, shelf

    store = Store.open(tmp_path / "warroom.db")
    record, _ = shelf()
    kept = store.add_evidence("INC-1", record["E1"], PAYLOAD)
    with sqlite3.connect(tmp_path / "warroom.db") as connection:
        connection.execute("UPDATE payloads SET body = ?", (compress(b'{"rows":[]}'),))
    with pytest.raises(StoreError, match="not what was recorded"):
        store.payload(kept.digest)
