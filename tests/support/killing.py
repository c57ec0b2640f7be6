"""Kills and stops real processes at each write of a whole response, on a real database.

A run is cut into points: before and after each commit into our tables, and between any two
statements of a transaction that writes. What lies between two commits (an effect, a checkpoint) is
cut from both sides. One nursery process has everything imported
and forks a child for each run: `python -m warroom.tests.support.killing JOB.json` prints a line of
JSON for each point. A row more is another `Job`, or another field of `Ending`.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from sqlalchemy import Connection, Engine, Pool, event

from warroom.actions.base import Action
from warroom.agents.runtime.context import ResponseContext
from warroom.errors import InputError, LeaseLost
from warroom.incident.action import Verdict
from warroom.record.store import Store
from warroom.response import Response
from warroom.targets.stand_ins import Rehearsal, Rehearsed
from warroom.tests.support.crashing import writes
from warroom.tests.support.databases import fresh
from warroom.tests.support.responses import alert, decide, inventory, room_over

LEASE_S = 0.6
LOST = 7
"""Exit code of a process that found its incident with somebody else."""
LOCKED = 8
"""It was stopped within a transaction: until it goes on, or is killed, a file stays locked."""


@dataclass(frozen=True)
class Job:
    """What to do at which points."""

    root: str  # an empty folder
    server: str  # a PostgreSQL to make databases on; empty: files
    points: list[int]  # numbers of commits, from 1; 0: none, the run is left alone
    signal: int = signal.SIGKILL
    # The commit; "inside": before a statement; "step": what a node hands on is kept.
    when: tuple[str, ...] = ("before", "after")


@dataclass(frozen=True)
class Ending:
    """What a run ended with."""

    point: int = 0
    when: str = ""
    cut: bool = False  # whether the point was reached
    commits: int = 0
    statements: int = 0  # of transactions that write
    state: str = ""
    executions: list[list[str]] = field(default_factory=list)
    acted: list[str] = field(default_factory=list)  # what reached the system, in order
    decisions: int = 0
    told: list[str] = field(default_factory=list)  # audiences that a message went out to
    events: list[int] = field(default_factory=list)  # their numbers in the incident
    code: int = 0  # of the process that was stopped and went on
    changed: bool = False  # whether anything was written after it went on


def run(job: Job) -> list[Ending]:
    """The endings, in a process of its own."""
    file = Path(job.root) / "job.json"
    file.write_text(json.dumps(asdict(job)))
    command = [sys.executable, "-m", "warroom.tests.support.killing", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stderr, file=sys.stderr)  # pytest shows it where the test fails
    assert done.returncode == 0, done.stderr
    return [Ending(**json.loads(line)) for line in done.stdout.splitlines()]


class Hands(Rehearsal):
    """Rehearsed hands whose deeds lie in a file: they outlive the process, as real ones do."""

    def __init__(self, file: Path) -> None:
        super().__init__(inventory())
        self.file = file

    def perform(self, action: Action) -> Rehearsed:
        with self.file.open("a") as out:
            out.write(f"{action.kind} {action.target}\n")
        return super().perform(action)


def room(home: Path, url: str) -> ResponseContext:
    """A small recording, rehearsed hands, one attempt."""
    return room_over(home, hands=Hands(home / "acted"), place=url, max_attempts=1)


def respond(home: Path, url: str) -> None:
    """From the alert to the end, every question approved; from wherever it stands."""
    context = room(home, url)
    with Response(context, lease_s=LEASE_S) as response:
        rows = context.store.incidents()
        incident = rows[0].id if rows else response.take(alert())[0]
        for _ in range(20):
            list(_patiently(lambda: list(response.run(incident))))
            if response.over(incident):
                return
            decide(context, incident, Verdict.approved)
            decide(context, incident, Verdict.approved, kind="text")
            decide(context, incident, Verdict.approved, kind="effect")
    raise AssertionError("the response did not end")


def _patiently(work: Callable[[], list]) -> list:
    """Again while somebody else holds the incident: one who was stopped does so for a while."""
    for _ in range(100):
        try:
            return work()
        except InputError:
            time.sleep(LEASE_S / 10)
    raise AssertionError("the lease did not run out")


class Cut:
    """Sends this process a signal at the n-th commit of what writes."""

    def __init__(self, point: int, when: str, number: int) -> None:
        self.point, self.when, self.number = point, when, number
        self.commits = self.statements = 0
        self.open: set[int] = set()  # connections that write now
        event.listen(Engine, "commit", self._commit)
        event.listen(Engine, "begin", self._begin)
        event.listen(Engine, "before_cursor_execute", self._statement)
        event.listen(Pool, "checkin", self._back)
        self.steps = 0
        for saver in (SqliteSaver, PostgresSaver):
            saver.put_writes = self._stepped(saver.put_writes)  # type: ignore[method-assign]

    def _stepped(self, put_writes: Callable[..., None]) -> Callable[..., None]:
        """What a node hands on is kept, and the step is not over yet."""

        def stepped(*given: Any, **named: Any) -> None:
            put_writes(*given, **named)
            self.steps += 1
            if self.when == "step" and self.steps == self.point:
                os.kill(os.getpid(), self.number)

        return stepped

    def _commit(self, connection: Connection) -> None:
        if _counts(connection):
            self.commits += 1
            self._at("before")

    def _begin(self, connection: Connection) -> None:
        if not self.open:  # whoever is stopped within a transaction keeps a file locked
            self._at("after")
        if writes(connection):
            self.open.add(id(connection.connection.dbapi_connection))

    def _statement(self, connection: Connection, *_statement: object) -> None:
        if _counts(connection):
            self.statements += 1
            if self.when == "inside" and self.statements == self.point:
                os.kill(os.getpid(), self.number)

    def _back(self, connection: object, _record: object) -> None:
        self.open.discard(id(connection))

    def _at(self, when: str) -> None:
        if self.when == when and 0 < self.point <= self.commits:
            self.point = 0
            os.kill(os.getpid(), self.number)


def _counts(connection: Connection) -> bool:
    """Whether it writes what a run always writes: what goes by the clock is more in a slow one."""
    beside = threading.current_thread().name.startswith(("lease of", "events of"))
    return writes(connection) and not beside


def child(body: Callable[[], None]) -> int:
    """A forked process that runs this; its id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        body()
        code = 0
    except LeaseLost:
        code = LOST
    finally:
        if code == 1:
            import traceback

            traceback.print_exc()
        sys.stderr.flush()
        os._exit(code)


def ended(pid: int) -> int:
    """How it ended: its code, or minus its signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def each(job: Job) -> Iterator[Ending]:
    """One ending for each point and time."""
    # The telemetry that all runs read; in a child: what has threads cannot be forked any more.
    assert ended(child(lambda: _written(Path(job.root)))) == 0
    for point in job.points:
        for when in job.when if point else ("",):
            home = Path(job.root) / f"{point}{when}"
            home.mkdir()
            (home / "bundle").symlink_to(Path(job.root) / "bundle")
            url = fresh(job.server) if job.server else ""
            yield _cut(job, home, url, point, when)


def _written(root: Path) -> None:
    room_over(root)


def _cut(job: Job, home: Path, url: str, point: int, when: str) -> Ending:
    counted = home / "commits"

    def first() -> None:
        cut = Cut(point, when, job.signal)
        respond(home, url)
        counted.write_text(json.dumps([cut.commits, cut.statements]))

    pid = child(first)
    if job.signal != signal.SIGSTOP or not point:
        code = ended(pid)
        cut = code == -signal.SIGKILL
        assert cut or code == 0, f"the first process ended with {code}"
        if cut:
            assert ended(child(lambda: respond(home, url))) == 0
        commits, statements = json.loads(counted.read_text()) if counted.exists() else (0, 0)
        return Ending(point, when, cut, commits, statements, **found(home, url))
    _pid, status = os.waitpid(pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), f"it ended ({status}) before the point at which to stop"
    if ended(child(lambda: respond(home, url))):  # it holds a lock: nobody gets past it
        os.kill(pid, signal.SIGCONT)
        ended(pid)
        assert ended(child(lambda: respond(home, url))) == 0
        return Ending(point, when, True, **found(home, url), code=LOCKED)
    before = found(home, url)
    os.kill(pid, signal.SIGCONT)
    code = ended(pid)
    after = found(home, url)
    return Ending(point, when, True, **after, code=code, changed=before != after)


def found(home: Path, url: str) -> dict:
    """What the record and the system say."""
    store = Store.open(url or home / "warroom.db")
    (row,) = store.incidents()
    document = store.load(row.id)
    file = home / "acted"
    told = {
        "state": document.state.value,
        "executions": [[e.title, e.outcome.value] for e in document.executions],
        "acted": file.read_text().splitlines() if file.exists() else [],
        "decisions": len(document.decisions),
        "told": sorted({m.audience.value for m in document.communications if m.sent_at}),
        "events": [each.number for each in store.events.after(0, row.id, 10_000)],
    }
    store.engine.dispose()
    return told


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text())
    for one in each(Job(**{**given, "when": tuple(given["when"])})):
        print(json.dumps(asdict(one)), flush=True)
