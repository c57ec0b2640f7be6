"""The disk is full, the server restarts or fails over, the audit log is edited."""

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from warroom.tests.support.alerts import delivery, posted
from warroom.tests.support.databases import fresh
from warroom.tests.support.installations import Asked, Installation
from warroom.tests.support.postgres import postgres, restart
from warroom.tests.support.supervisor_world import World

pytestmark = pytest.mark.reliability


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "none", str(folder)],
        check=False,
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave not a byte."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as out:
        for size in (65536, 4096, 512, 1):
            try:
                while out.write(b"x" * size) == size:
                    pass
            except OSError:
                continue
    return ballast


def exhaust(warroom: Asked) -> None:
    """Use up what room the journal of a full disk still has; every refusal says so."""
    for size in (500_000, 50_000, 5_000, 0, 0):
        refused = warroom.post(delivery(posted(note="n" * size)))
        while refused.status_code == 200:
            refused = warroom.post(delivery(posted(note="n" * size)))
        assert refused.status_code == 503 and refused.headers["Retry-After"]


def test_a_full_disk_has_no_effect_and_recovers_unaided(on_a_file: Installation) -> None:
    with small_disk(on_a_file.home, 100), on_a_file.serve() as warroom:
        warroom.send()
        question = warroom.asked_for()
        assert warroom.client.get("/readyz").status_code == 200
        ballast = fill(on_a_file.home)
        exhaust(warroom)
        answer = warroom.answer(question)
        assert answer.status_code == 503, answer.text
        assert warroom.client.get("/readyz").status_code == 503
        assert on_a_file.world.acted == []
        ballast.unlink()
        warroom.send(posted("login", 2))
        warroom.approve_until_over()
        assert on_a_file.world.starts("payments-1") == 1
        assert warroom.whole()


def test_a_disk_that_fills_as_the_action_begins(on_a_file: Installation) -> None:
    """Claimed, done, and the report does not fit: it is asked about, never done again."""
    world = on_a_file.world
    with small_disk(on_a_file.home, 100), on_a_file.serve() as warroom:
        filled: list[Path] = []

        def full(method: str, _name: str) -> None:
            if method == "stopProcess":
                filled.append(fill(on_a_file.home))

        world.before = full
        warroom.send()
        question = warroom.asked_for()
        warroom.answer(question)
        while not world.starts():
            assert warroom.client.get("/healthz").status_code == 200
        assert world.starts() == 1
        world.before = lambda *_: None
        for path in filled:
            path.unlink(missing_ok=True)
        warroom.approve_until_over()
        assert world.starts() == 1
        assert warroom.get(f"/incidents/{question['incident_id']}")["state"] != "resolved"


def test_a_locked_database_answers_503_and_loses_nothing(on_a_file: Installation) -> None:
    with on_a_file.serve() as warroom:
        with closing(sqlite3.connect(on_a_file.home / "warroom.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            answer = warroom.post(delivery())
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
            other.execute("ROLLBACK")
        warroom.send()
        warroom.approve_until_over()
        assert len(warroom.incidents()) == 1


@pytest.mark.parametrize("when", ["waiting", "acting"])
def test_a_server_that_restarts(tmp_path: Path, recording: Path, shop: World, when: str) -> None:
    with postgres(tmp_path, ()) as server:
        installation = Installation(tmp_path, recording, shop, fresh(server))
        with installation.serve() as warroom:
            warroom.send()
            question = warroom.asked_for()
            if when == "acting":

                def crash(method: str, _name: str) -> None:
                    if method == "stopProcess":
                        shop.before = lambda *_: None
                        restart(tmp_path)

                shop.before = crash
            else:
                restart(tmp_path)
            warroom.answer(question)
            warroom.approve_until_over()
            assert shop.starts() == 1
            assert warroom.whole()
            assert len(warroom.incidents()) == 1


TAMPERING = {
    "a row": "UPDATE audit SET actor = 'token:mallory' WHERE number = 1",
    "a decision": "UPDATE audit SET act = 'rejected' WHERE act = 'approved'",
    "the tail": "DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)",
    "the head": "UPDATE audit_head SET number = number - 1",
    "all": "DELETE FROM audit",
}


def test_an_audit_log_that_was_edited_says_so(on_a_file: Installation) -> None:
    with on_a_file.serve() as warroom:
        warroom.send()
        warroom.asked_for()
        warroom.approve_until_over()
    assert on_a_file.command("audit", "verify")[0] == 0
    path = on_a_file.home / "warroom.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM INTO ?", [str(on_a_file.folder / "whole.db")])
    for what, statement in TAMPERING.items():
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in triggers.fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            assert connection.execute(statement).rowcount > 0, what
        assert on_a_file.command("audit", "verify")[0] != 0, what
        for name in ("warroom.db-wal", "warroom.db-shm"):
            (on_a_file.home / name).unlink(missing_ok=True)
        shutil.copy(on_a_file.folder / "whole.db", path)
    assert on_a_file.command("audit", "verify")[0] == 0
