"""The audit log: whatever is changed in it afterwards shows, and by name."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from warroom.errors import InputError, StoreError
from warroom.record import audit
from warroom.record.database import open_database

DROP = {
    "sqlite": ("DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"),
    "postgresql": ("DROP TRIGGER audit_only_grows ON audit",),
}


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "audit.key"


@pytest.fixture
def engine(place: Path | str, key_file: Path) -> Engine:
    key_file.parent.mkdir()
    engine = open_database(place, key_file)
    write(engine, "ann", "bob", "cleo", "dan", "eve")
    return engine


def write(engine: Engine, *actors: str) -> None:
    for actor in actors:
        with engine.begin() as connection:
            audit.add(connection, actor, "approve", "INC-1", {"plan": f"of {actor}"})


def attack(engine: Engine, *statements: str) -> None:
    """As one who may do everything in the database and has no key."""
    with engine.begin() as connection:
        for statement in (*DROP[engine.dialect.name], *statements):
            connection.execute(text(statement))


def test_a_log_that_nobody_touched_is_whole(engine: Engine) -> None:
    found = audit.verify(engine)
    assert (found.number, found.fault) == (5, "")
    assert audit.verify(engine, found.head).fault == ""


def test_an_empty_log_is_whole(place: Path | str) -> None:
    assert audit.verify(open_database(place)).fault == ""


SWAPPED = (
    "UPDATE audit SET number = 99 WHERE number = 2",
    "UPDATE audit SET number = 2 WHERE number = 3",
    "UPDATE audit SET number = 3 WHERE number = 99",
)
FORGED = (
    "INSERT INTO audit SELECT 6, at, actor, act, incident_id, detail, seal FROM audit"
    " WHERE number = 5"
)
CUT = "DELETE FROM audit WHERE number > 3"


@pytest.mark.parametrize(
    ("statements", "whole", "fault"),
    [
        (["UPDATE audit SET actor = 'mallory' WHERE number = 3"], 2, "row 3 is not what"),
        (["UPDATE audit SET at = at + 1 WHERE number = 1"], 0, "row 1 is not what"),
        (["UPDATE audit SET detail = '{}' WHERE number = 5"], 4, "row 5 is not what"),
        (["DELETE FROM audit WHERE number = 3"], 2, "row 3 is missing"),
        (["DELETE FROM audit WHERE number = 1"], 0, "row 1 is missing"),
        (SWAPPED, 1, "row 2 is not what"),
        ([FORGED], 5, "row 6 is not what"),
        ([CUT], 3, "row 4 is missing: there were 5"),
        ([CUT, "UPDATE audit_head SET number = 3"], 3, "head row is not what was written"),
        (
            [CUT, "UPDATE audit_head SET number = 3, last = (SELECT seal FROM audit"
             " WHERE number = 3)"],
            3,
            "head row is not what was written",
        ),
        (["DELETE FROM audit_head"], 5, "head row is gone"),
        (["DELETE FROM audit"], 0, "row 1 is missing: there were 5"),
    ],
)  # fmt: skip
def test_what_was_done_to_it_shows(
    engine: Engine, statements: Sequence[str], whole: int, fault: str
) -> None:
    attack(engine, *statements)
    found = audit.verify(engine)
    assert found.number == whole and fault in found.fault


def test_an_older_whole_log_shows_against_a_head_that_was_written_down(
    engine: Engine, place: Path | str, key_file: Path
) -> None:
    with engine.begin() as connection:
        old = connection.execute(text("SELECT * FROM audit_head")).mappings().one()
    write(engine, "fay")
    head = audit.verify(engine).head
    back = "UPDATE audit_head SET number = {number}, last = '{last}', seal = '{seal}'"
    attack(engine, "DELETE FROM audit WHERE number = 6", back.format(**old))
    assert audit.verify(engine).fault == ""  # as the docstring says
    assert audit.verify(engine, head).fault == "row 6 is missing: 6 were written down"


def test_a_log_that_was_written_anew_shows_against_a_head(engine: Engine) -> None:
    head = audit.verify(engine).head
    attack(engine, "DELETE FROM audit", "DELETE FROM audit_head")
    write(engine, *"abcdefg")
    assert "row 5 is another one" in audit.verify(engine, head).fault


def test_the_database_refuses_to_change_or_remove_a_row(engine: Engine) -> None:
    for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit WHERE number = 5"):
        with (
            pytest.raises((DBAPIError, StoreError), match="only grows"),
            engine.begin() as connection,
        ):
            connection.execute(text(statement))
    assert audit.verify(engine).fault == ""


def test_another_key_writes_nothing_and_is_told(
    engine: Engine, place: Path | str, tmp_path: Path
) -> None:
    other = open_database(place, tmp_path / "other.key")
    with pytest.raises(StoreError, match="another key"):
        write(other, "ann")
    with pytest.raises(StoreError, match="another key"):
        audit.check_key(other)
    audit.check_key(engine)
    assert "another key" in audit.verify(other).fault
    assert audit.verify(engine).number == 5


def test_a_lost_head_stops_writing(engine: Engine) -> None:
    attack(engine, "DELETE FROM audit_head")
    with pytest.raises(StoreError, match="lost its head row"):
        write(engine, "ann")


def test_it_is_a_part_of_the_transaction(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), engine.begin() as connection:
        audit.add(connection, "ann", "approve")
        raise ZeroDivisionError
    assert audit.verify(engine).number == 5


def test_writers_side_by_side_make_one_chain(place: Path | str, engine: Engine, key_file: Path):
    engines = [open_database(place, key_file) for _ in range(4)]
    threads = [threading.Thread(target=write, args=(each, *"abcde")) for each in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = audit.verify(engine)
    assert (found.number, found.fault) == (25, "")


def test_the_key_is_private_and_made_once(engine: Engine, key_file: Path, tmp_path: Path) -> None:
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in key_file.parent.iterdir()] == ["audit.key"]
    key = key_file.read_text()
    write(open_database(tmp_path / "second.db", key_file), "ann")
    assert key_file.read_text() == key and len(bytes.fromhex(key)) == 32


def test_a_head_that_is_none_is_told_so(engine: Engine) -> None:
    with pytest.raises(InputError, match="NUMBER:SEAL"):
        audit.verify(engine, "yesterday")
