"""What is done each second beside the incidents, in every process that works them. Each chore may
run in several at once, and once more after a crash in its middle."""

import logging
import time
from collections.abc import Callable, Sequence
from functools import wraps
from threading import Event, Thread

from ..agents.runtime.outbox import dispatch
from ..app.cadence import remind, remind_of_drills
from ..app.configuration import Sources, declared
from ..app.configuration_file import read_configuration
from ..app.dry_runs import remind as ask_for_dry_runs
from ..app.escalating import escalate
from ..app.events_out import tell_followers
from ..app.notifying import channels_of, file_tickets, gather
from ..app.oncall import Rota, drop_links, refresh
from ..app.rules import settle
from ..app.runbooks import refresh as refresh_runbooks
from ..app.status_page import status, write
from ..errors import WarroomError
from ..incident.timeline import utc_now
from ..record.changes import drop_changes
from ..record.failures import Failures
from ..record.memories import catch_up
from ..record.retention import drop_deliveries, drop_evidence
from ..record.sessions import Sessions
from ..record.store import Store
from ..settings import Settings

EVERY_S, TICKETS_S = 1.0, 60.0
HOUR_S, CALENDARS_S, UPDATES_S = 3600.0, 300.0, 5.0
log = logging.getLogger(__name__)
Chore = Callable[[Settings, Store], object]


def bury(_settings: Settings, store: Store) -> None:
    """Leases of processes of this machine that died end at once."""
    store.work.bury()


def deliver(settings: Settings, store: Store) -> None:
    """Messages that are due go out."""
    dispatch(store, settings, channels=channels_of(store.engine))


def every(seconds: float) -> Callable[[Chore], Chore]:
    """At the first round, then once in so long."""

    def slowly(chore: Chore) -> Chore:
        due = 0.0

        @wraps(chore)
        def when_due(settings: Settings, store: Store) -> None:
            nonlocal due
            if time.monotonic() >= due:
                due = time.monotonic() + seconds
                chore(settings, store)

        return when_due

    return slowly


@every(HOUR_S)
def age(settings: Settings, store: Store) -> None:
    """What is older than it has to be is dropped."""
    drop_evidence(store.engine, time.time(), settings.evidence_days)
    drop_deliveries(store.engine, time.time(), settings.delivery_days)
    drop_changes(store.engine, time.time(), settings.delivery_days)
    Sessions(store.engine).forget()
    Failures(store.engine).forget()
    drop_links(store.engine, time.time())


@every(CALENDARS_S)
def read_calendars(_settings: Settings, store: Store) -> None:
    """What teams' calendars say of who is on call."""
    refresh(Rota(store.engine, read_configuration()))


@every(CALENDARS_S)
def read_runbooks(settings: Settings, store: Store) -> None:
    """The team's, from where they are kept: nobody who is told of an alert waits for a server."""

    def read() -> None:
        for fault in refresh_runbooks(store, settings.home):
            log.warning("runbooks: %s", fault)
        ask_for_dry_runs(store)

    Thread(target=read, name="runbooks", daemon=True).start()


@every(UPDATES_S)
def updates(settings: Settings, store: Store) -> None:
    """The next update is drafted when its time has come."""
    remind(settings, store)


@every(UPDATES_S)
def rules(settings: Settings, store: Store) -> None:
    """What came of what rules did is written down, and one that fails is stopped."""
    settle(settings, store)


@every(HOUR_S)
def drills(_settings: Settings, store: Store) -> None:
    """Who runs drills is reminded of what is due."""
    remind_of_drills(store)


@every(TICKETS_S)
def tickets(settings: Settings, store: Store) -> None:
    """Follow-ups of what is over become tickets."""
    file_tickets(settings, store)


@every(TICKETS_S)
def mail_of_the_day(settings: Settings, store: Store) -> None:
    """What P3 incidents had to say goes out once a day."""
    gather(settings, store)


@every(TICKETS_S)
def status_page(settings: Settings, store: Store) -> None:
    """What the public is told is written anew."""
    told = read_configuration().status_page
    if told and told.folder:
        catalogue = declared(Sources()).catalogue
        write(status(settings, store, catalogue, utc_now()), told.folder, told.title)


@every(TICKETS_S)
def remember(_settings: Settings, store: Store) -> None:
    """What ended before there was a memory is remembered, some at a time."""
    catch_up(store.engine)


def events(_settings: Settings, store: Store) -> None:
    """Other systems hear what happened; nothing here waits for them."""
    tell_followers(store)


CHORES: Sequence[Chore] = (
    bury,
    remember,
    read_calendars,
    read_runbooks,
    escalate,
    updates,
    rules,
    drills,
    tickets,
    mail_of_the_day,
    status_page,
    deliver,
    events,
    age,
)


class Chores:
    """Does the chores, in a thread of its own, until it is stopped."""

    def __init__(self, settings: Settings, store: Store, chores: Sequence[Chore] = CHORES) -> None:
        self.settings = settings
        self.store = store
        self.chores = chores
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="chores", daemon=True)

    def start(self) -> None:
        """Begin: the first round at once."""
        self._thread.start()

    def stop(self) -> None:
        """End with the round that is under way, at most a second or so later."""
        self._stopping.set()
        self._thread.join(2 * EVERY_S)

    def _run(self) -> None:
        while True:
            for chore in self.chores:
                self._do(chore)
            if self._stopping.wait(EVERY_S):
                return

    def _do(self, chore: Chore) -> None:
        try:
            chore(self.settings, self.store)
        except WarroomError as error:  # the next round tries again
            log.warning("%s: %s", chore.__name__, error)
