"""A copy of all that an installation on SQLite keeps, taken while it works, and putting it back.

Each database is copied as of one moment, the checkpoints first: so they are never newer than our
tables, and a run that goes on from the copy works its last node again, as after a crash. The copy
holds the documents and evidence in our tables and the incidents' files; not the key that seals the
audit log, which belongs elsewhere.

What was approved and not claimed when the copy was taken may have been carried out since. So
whatever waits or was approved is void once a copy is put back: it has to be asked again. After
another tool put a database back (pg_restore, Litestream, a snapshot), `after_restore` does that. On
PostgreSQL approvals show by themselves that they are from another past (`lineage`), also after a
standby took over that may lack the last transactions.
"""

import hashlib
import shutil
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import ColumnElement, Engine, String, case, cast, exists, or_, update

from ..errors import InputError, StoreError
from ..incident.action import Verdict
from ..incident.private import make_private, write_private
from ..incident.timeline import utc_now
from ..settings import Settings
from . import audit
from .claims import Does
from .database import durable, open_database, url_of
from .people_tables import ACCOUNTS, SESSIONS
from .tables import APPROVALS, EFFECTS, OUTBOX, WORK

DATABASES = ("checkpoints.db", "warroom.db")
"""In the order in which they are copied and put back."""
FILES = "incidents"
MANIFEST = "backup.json"
RESTORE = "restore"
"""Who voids what waited."""


class Backup(BaseModel):
    """What lies in a backup's folder, beside it."""

    made_at: datetime = Field(description="UTC")
    digests: dict[str, str] = Field(description="SHA-256 of each database, hex")
    audit: str = Field(description="NUMBER:SEAL of the audit log's last whole row")
    fault: str = Field(default="", description="what was wrong with the audit log already")
    key_file: Path = Field(description="where the audit log's key lay: it is not in here")


def back_up(settings: Settings, into: Path) -> Backup:
    """Copy the installation into a new folder, whole or not at all.

    Raises InputError for PostgreSQL and where the folder exists, StoreError where something cannot
    be read or written.
    """
    home = _home(settings)
    if into.exists():
        raise InputError(f"{into} exists: name a folder that does not")
    fresh = into.with_name(f".{into.name}.new")
    with _said(into):
        fresh.mkdir(mode=0o700, parents=True)
        try:
            for name in DATABASES:
                if (home / name).exists():
                    _copy(home / name, fresh / name)
            if (home / FILES).exists():
                shutil.copytree(home / FILES, fresh / FILES)
            made = _manifest(settings, fresh)
            write_private(fresh / MANIFEST, made.model_dump_json(indent=1) + "\n")
            fresh.rename(into)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return made


def restore(settings: Settings, backup: Path) -> int:
    """Put a backup back; how many questions and approvals are void by it.

    What is there now is kept as a backup of its own first. Raises InputError where something works
    with the installation or the folder holds no whole backup, StoreError where the audit log in it
    does not hold or a file cannot be read or written.
    """
    home = _home(settings)
    made = _read(backup)
    with _said(backup), TemporaryDirectory(dir=home, prefix=".restore-") as folder:
        for name in made.digests:
            shutil.copyfile(backup / name, Path(folder) / name)
        void = _prepared(settings, Path(folder))
        if (home / DATABASES[1]).exists():
            back_up(settings, home / f"before-restore-{utc_now():%Y%m%d-%H%M%S-%f}")
        _put_back(Path(folder), home, made.digests)
        if (backup / FILES).exists():
            shutil.copytree(backup / FILES, home / FILES, dirs_exist_ok=True)
    return void


def after_restore(engine: Engine, now: float, by: str = RESTORE) -> int:
    """Void whatever waits for an answer or was approved and not begun, and messages not known to be
    sent; sessions and one-time links end, as some had ended since; every incident looks at itself
    again. How many questions and approvals that were.

    now: unix seconds.
    """
    open_ones = (
        or_(APPROVALS.c.verdict.is_(None), APPROVALS.c.verdict == Verdict.approved.value),
        ~exists().where(EFFECTS.c.key.in_([_key_of(Does.execute), _key_of(Does.send)])),
    )
    void = {
        "verdict": Verdict.expired.value,
        "decided_by": RESTORE,
        "decided_at": now,
        "reason": "the record was put back to an earlier time: see what was done since",
    }
    unsent = {"next_at": None, "error": "put back to an earlier time: it may have been sent"}
    look = {"wake_at": now, "owner": None, "lease_until": None}
    with durable(engine).begin() as connection:
        count = connection.execute(update(APPROVALS).where(*open_ones).values(void)).rowcount
        connection.execute(update(OUTBOX).where(OUTBOX.c.next_at.is_not(None)).values(unsent))
        connection.execute(
            update(SESSIONS).where(SESSIONS.c.ended_at.is_(None)).values(ended_at=now)
        )
        connection.execute(update(ACCOUNTS).values(link=None))
        audit.add(connection, by, "restore", detail={"void": count})
        connection.execute(update(WORK).where(WORK.c.wake_at.is_not(None)).values(look))
    return count


def _key_of(does: Does) -> ColumnElement[str]:
    """Of the effect that an approval allows, as `Effect.key` has it."""
    again = case((APPROVALS.c.number > 1, ":" + cast(APPROVALS.c.number, String)), else_="")
    return APPROVALS.c.incident_id + f":{does}:" + APPROVALS.c.subject + again


def _home(settings: Settings) -> Path:
    if url_of(settings.database).get_backend_name() != "sqlite":
        raise InputError(
            "a PostgreSQL is saved by pg_dump or your provider and put back by pg_restore, while "
            "no worker runs; `warroom restore --after` then voids what was approved before"
        )
    return settings.home


def _copy(source: Path, target: Path) -> None:
    """SQLite's online backup: as of one moment, while others write."""
    make_private(target)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _manifest(settings: Settings, folder: Path) -> Backup:
    found = [name for name in DATABASES if (folder / name).exists()]
    engine = open_database(folder / DATABASES[1], settings.key_file)
    checked = audit.verify(engine)
    engine.dispose()
    return Backup(
        made_at=utc_now(),
        digests={name: _digest(folder / name) for name in found},
        audit=checked.head,
        fault=checked.fault,
        key_file=settings.key_file.resolve(),
    )


def _read(backup: Path) -> Backup:
    """The manifest, when everything is as it says. Raises InputError."""
    try:
        made = Backup.model_validate_json((backup / MANIFEST).read_text(encoding="utf-8"))
        changed = [name for name, was in made.digests.items() if _digest(backup / name) != was]
    except (OSError, ValidationError) as error:
        raise InputError(f"{backup} holds no whole backup: {error}") from error
    if changed or not set(made.digests) <= set(DATABASES):
        raise InputError(f"{backup}: {', '.join(changed)} is not what was saved; take another one")
    return made


def _prepared(settings: Settings, folder: Path) -> int:
    """Bring the copy to this version, check its audit log, void what was open."""
    engine = open_database(folder / DATABASES[1], settings.key_file)
    try:
        checked = audit.verify(engine)
        if checked.fault:
            raise StoreError(f"the backup's audit log does not hold: {checked.fault}")
        return after_restore(engine, utc_now().timestamp())
    finally:
        engine.dispose()


def _put_back(folder: Path, home: Path, names: Collection[str]) -> None:
    """The content of each database into the home's, once all of them are ours alone."""
    with ExitStack() as held:
        alone = {name: held.enter_context(_alone(home / name)) for name in DATABASES}
        for name in DATABASES:  # checkpoints that the backup has not are from after it
            source = folder / name if name in names else ":memory:"
            with closing(sqlite3.connect(source)) as old:
                old.backup(alone[name])


@contextmanager
def _alone(path: Path) -> Iterator[sqlite3.Connection]:
    """The database, while nobody else may open it. Raises InputError where somebody has it open."""
    make_private(path)
    with closing(sqlite3.connect(path, timeout=1)) as connection:
        try:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("PRAGMA journal_mode=DELETE")  # only the last that has it open may
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")  # and keeps the lock
        except sqlite3.OperationalError as error:
            raise InputError(f"something works with {path}: stop it, then restore") from error
        yield connection


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _said(what: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error, shutil.Error) as error:
        raise StoreError(f"{what}: {error}; make room or name another folder") from error
