"""Workers on PostgreSQL, any number on any machine. procrastinate carries: a job says that an
incident may be due. Our table of work is the truth: whoever gets the job takes the lease, or there
is nothing to do.

A sweeper in each process makes a job of each due incident that has none, so that none depends on a
job that is lost. A reaper takes away the jobs of processes that died, before their workers are
forgotten: what these held is due when its lease has run out, and gets a job again.
"""

import asyncio
import logging
import os
import signal
from contextlib import suppress
from datetime import timedelta
from functools import partial

import procrastinate
import psycopg
from procrastinate import exceptions
from procrastinate.jobs import Status
from procrastinate.schema import SchemaManager

from ..app.configuration import Sources
from ..errors import InputError, StoreError
from ..incident.evidence import digest
from ..record.database import url_of
from ..settings import Settings
from .chores import Chores
from .falling import Falling
from .worker import GRACE_S, SLOTS, Turns

QUEUE = "incidents"
MADE = SchemaManager.get_schema()
SCHEMA = f"procrastinate_{digest(MADE)[:8]}"
"""Its tables lie apart from ours, in the same database. A release of procrastinate with others has
a schema of its own: no job that counts is in the old one, and processes of both may run."""
SETTING_UP = 0x57AA
"""Number of the advisory lock under which one process makes them."""
SWEEP_S = 0.25
MOST = 200
"""Due incidents that are looked at together."""
BEAT_S, STALLED_S = 3.0, 12.0
"""Between two signs of life of a process; and after how long without one it is taken for dead."""
log = logging.getLogger(__name__)


def work_on(settings: Settings, sources: Sources | None = None, slots: int = SLOTS) -> None:
    """Work incidents until SIGTERM or SIGINT. Raises InputError where the database is a file."""
    url = url_of(settings.database)
    if url.get_backend_name() != "postgresql":
        raise InputError(
            "workers of their own need PostgreSQL: set WARROOM_DATABASE_URL; beside a file, "
            "`warroom serve` works the incidents itself"
        )
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    set_up(dsn)
    asyncio.run(Queue(settings, sources or Sources(), dsn, slots).run())


def set_up(dsn: str) -> None:
    """procrastinate's tables, where they are not there yet."""
    try:
        with psycopg.connect(dsn, options=PATH) as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [SETTING_UP])
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}".encode())
            found = connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()
            if found is None or found[0] is None:
                connection.execute(MADE)
    except psycopg.Error as error:
        raise StoreError(
            f"the queue's tables cannot be made: {error}; let this user create a schema, or have "
            f"an administrator `CREATE SCHEMA {SCHEMA} AUTHORIZATION` them"
        ) from error


PATH = f"-c search_path={SCHEMA}"


class Queue:
    """One process of workers: jobs, sweeper, reaper and chores over one event loop."""

    def __init__(self, settings: Settings, sources: Sources, dsn: str, slots: int) -> None:
        self.turns = Turns(settings, sources)
        self.chores = Chores(settings, self.turns.store)
        self.slots = slots
        connector = procrastinate.PsycopgConnector(
            conninfo=dsn, kwargs={"options": PATH}, min_size=2, max_size=4
        )
        self.app = procrastinate.App(connector=connector)
        self.job = self.app.task(name="turn", queue=QUEUE)(self._turn)

    async def run(self) -> None:
        """Until a signal comes: then turns end at their next event, or are given back.

        Raises WarroomError when a part of it ended by an error.
        """
        async with self.app.open_async():
            loop = asyncio.get_running_loop()
            each = {"worker": self._work, "sweeper": self._sweep, "reaper": self._reap}
            parts = [asyncio.create_task(run(), name=name) for name, run in each.items()]
            stop = partial(self._stop, parts)
            falling = Falling(partial(loop.call_soon_threadsafe, stop))
            for part in parts:
                part.add_done_callback(partial(_ended, falling))
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, stop)
            self.chores.start()
            await asyncio.gather(*parts, return_exceptions=True)
            self.chores.stop()
        self.turns.close()
        falling.check()

    def _turn(self, incident_id: str) -> None:
        """The job: a turn of this incident, if it is due."""
        work = self.turns.store.work
        lease = work.claim_next(self.turns.owner, self.turns.lease_s, only=incident_id)
        if lease is not None:
            self.turns.work(lease)

    async def _work(self) -> None:
        """Until it is cancelled: whoever was stopped for long was taken for dead, and its place in
        the queue is gone; and servers restart."""
        while True:
            try:
                return await self._take_jobs()
            except exceptions.ConnectorException as error:
                log.warning("the queue is away, or forgot this worker: %s", error)
                await asyncio.sleep(BEAT_S)

    async def _take_jobs(self) -> None:
        # It prunes workers when it starts, before anybody has reaped their jobs: not ours.
        await self.app.run_worker_async(
            queues=[QUEUE],
            concurrency=self.slots,
            delete_jobs="always",
            install_signal_handlers=False,
            update_heartbeat_interval=BEAT_S,
            stalled_worker_timeout=timedelta(days=3650).total_seconds(),
        )

    def _stop(self, parts: list[asyncio.Task[None]]) -> None:
        self.turns.end()
        for part in parts:
            part.cancel()
        asyncio.get_running_loop().call_later(GRACE_S, self._leave)

    def _leave(self) -> None:
        """A turn that still thinks would keep the process: its incident is given back."""
        self.turns.let_go()
        os._exit(0)

    async def _sweep(self) -> None:
        while True:
            try:
                due = await asyncio.to_thread(self.turns.store.work.due, MOST)
                for incident_id in await self._unknown(due):
                    await self._defer(incident_id)
            except (StoreError, exceptions.ConnectorException) as error:
                log.warning("the database is away: %s", error)
            await asyncio.sleep(SWEEP_S)

    async def _unknown(self, due: list[str]) -> list[str]:
        """Those of them that have no job yet."""
        if not due:
            return []
        jobs = await self.app.job_manager.list_jobs_async(status="todo", queue=QUEUE)
        known = {job.queueing_lock for job in jobs}
        return [incident_id for incident_id in due if incident_id not in known]

    async def _defer(self, incident_id: str) -> None:
        with suppress(exceptions.AlreadyEnqueued):  # by another process, in this moment
            await self.job.configure(queueing_lock=incident_id).defer_async(incident_id=incident_id)

    async def _reap(self) -> None:
        manager = self.app.job_manager
        while True:
            try:
                for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_S):
                    assert job.id is not None
                    await manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)
                await manager.prune_stalled_workers(2 * STALLED_S)
            except exceptions.ConnectorException as error:
                log.warning("the queue is away: %s", error)
            await asyncio.sleep(BEAT_S)


def _ended(falling: Falling, part: asyncio.Task[None]) -> None:
    if not part.cancelled() and (error := part.exception()):
        falling.fell(part.get_name(), error)
