"""Works what is due: several incidents at once, each in a context of its own that is opened for a
turn and closed when the incident waits. What it is to know later is in the record.

Our table of work says what is due; here threads of one process take from it. A crash of the process
is a lease that runs out: somebody else goes on, or the next process, from the last step.
"""

import logging
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from threading import Event, Lock, Semaphore, Thread, local
from time import monotonic

from ..agents.runtime.waits import ANEW_LOOKS
from ..app.configuration import Sources, recall
from ..app.record import Record
from ..app.work import reopen
from ..errors import LeaseLost, StoreError
from ..graph import Phase
from ..record.holding import Held, holding
from ..record.leases import LEASE_S, Lease, new_owner
from ..record.waking import ENDED
from ..response import Response, durable_graph, prune
from ..settings import Settings
from ..telemetry.recorder import Recorder
from .chores import Chores

SLOTS = 4
"""Incidents at once: most of their time they wait for telemetry and for models."""
MOST_KEPT, KEPT_S = 4, 60.0
"""Recordings of incidents that wait which stay open, and for how long: they take memory."""
POLL_S = 0.25
"""Between two looks for what is due."""
GRACE_S = 5.0
"""For turns to end at the next event, when we stop."""
log = logging.getLogger(__name__)


class Turns:
    """Works incidents that are leased, one call a turn; each thread has a graph of its own.

    Args:
        settings: where the record is, limits, which model.
        sources: what an incident is worked over that came without sources of its own.
        lease_s: seconds that a lease lasts unless it is renewed.
    """

    def __init__(self, settings: Settings, sources: Sources, lease_s: float = LEASE_S) -> None:
        self.settings = settings
        self.sources = sources
        self.lease_s = lease_s
        self.store = Record(settings).store
        self.owner = new_owner()
        self._held: dict[str, Held] = {}
        self._ending = False
        self._lock = Lock()
        self._mine = local()
        self._kept: dict[str, tuple[Recorder, float]] = {}  # by incident, until when
        self._open = ExitStack()

    def work(self, lease: Lease) -> None:
        """One turn. Raises what ended it; the incident is given back then, to be tried again."""
        with (
            holding(self.store.work, lease, self.lease_s) as held,
            self._known(held),
            self._response(lease.incident_id) as response,
        ):
            for _event in response.turn(held):
                pass
        if held.status in ENDED:
            self._close(lease.incident_id)
            prune(self._graph(), lease.incident_id)

    def end(self) -> None:
        """Have every turn end at its next event, also one that begins now."""
        with self._lock:
            self._ending = True
            for held in self._held.values():
                held.ended.set()

    def let_go(self) -> None:
        """Give back what is still held: whatever a straggler writes is refused from now on."""
        with self._lock:
            held = list(self._held.values())
        for each in held:
            with suppress(LeaseLost):
                self.store.work.release(each.lease, each.until, each.why)

    def close(self) -> None:
        """Close what the threads have open; when their turns are over."""
        self._close(*self._kept)
        self._open.close()

    @contextmanager
    def _known(self, held: Held) -> Iterator[None]:
        with self._lock:
            self._held[held.incident_id] = held
            if self._ending:
                held.ended.set()
        try:
            yield
        finally:
            with self._lock:
                self._held.pop(held.incident_id, None)

    @contextmanager
    def _response(self, incident_id: str) -> Iterator[Response]:
        kept = recall(self.settings, incident_id)
        sources = self.sources if kept == Sources() else kept
        with self._lock:
            over = [one for one, (_, until) in self._kept.items() if until < monotonic()]
        self._close(*over)
        with self._lock:
            recorder, _until = self._kept.pop(incident_id, (None, 0.0))
        given = sources, self.store, self._graph(), recorder
        with reopen(self.settings, incident_id, *given) as response, ExitStack() as stack:
            response.context.looks = ANEW_LOOKS
            stack.callback(self._keep, incident_id, response.context.recorder)
            yield response

    def _keep(self, incident_id: str, recorder: Recorder) -> None:
        """What backends answered, for the next turn: it asks for what is new alone. What lies here
        is as quickly read again."""
        if recorder.live() is None:
            recorder.close()
            return
        with self._lock:
            self._kept[incident_id] = recorder, monotonic() + KEPT_S
            over = list(self._kept)[:-MOST_KEPT]
        self._close(*over)

    def _close(self, *incidents: str) -> None:
        for incident_id in incidents:
            with self._lock:
                recorder, _until = self._kept.pop(incident_id, (None, 0.0))
            if recorder:
                recorder.close()

    def _graph(self) -> Phase:
        if not hasattr(self._mine, "graph"):
            with self._lock:
                self._mine.graph = self._open.enter_context(durable_graph(self.settings))
        return self._mine.graph


class Worker:
    """Takes what is due from the table, in threads of this process; `start` it, `stop` it."""

    def __init__(
        self,
        settings: Settings,
        sources: Sources | None = None,
        slots: int = SLOTS,
        lease_s: float = LEASE_S,
    ) -> None:
        self.turns = Turns(settings, sources or Sources(), lease_s)
        self._chores = Chores(settings, self.turns.store)
        self._free = Semaphore(slots)
        self._pool = ThreadPoolExecutor(slots, thread_name_prefix="turn")
        self._running: set[Future[None]] = set()
        self._stopping = Event()
        self._thread = Thread(target=self._take, name="worker", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether it still takes what is due."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to take what is due, and to do the chores."""
        self._chores.start()
        self._thread.start()

    def stop(self, grace_s: float = GRACE_S) -> bool:
        """Take nothing more; turns end at their next event, those that do not are given back.

        Whether all have ended: a thread that still thinks keeps the process until it is through,
        unless that is ended by os._exit.
        """
        self._stopping.set()
        self._thread.join()
        self._chores.stop()
        self.turns.end()
        _done, late = wait(self._running, grace_s)
        if late:
            self.turns.let_go()
        self._pool.shutdown(wait=not late)
        if not late:
            self.turns.close()
        return not late

    def _take(self) -> None:
        while self._await_slot():
            lease = self._next()
            if lease is None:
                self._free.release()
                self._stopping.wait(POLL_S)
                continue
            future = self._pool.submit(self.turns.work, lease)
            self._running.add(future)
            future.add_done_callback(self._done)

    def _next(self) -> Lease | None:
        try:
            return self.turns.store.work.claim_next(self.turns.owner, self.turns.lease_s)
        except StoreError as error:  # it may pass: looked at again soon
            log.warning("nothing can be taken: %s", error)
            return None

    def _await_slot(self) -> bool:
        """Whether there is room for one more; False: we stop."""
        while not self._stopping.is_set():
            if self._free.acquire(timeout=POLL_S):
                return True
        return False

    def _done(self, future: Future[None]) -> None:
        self._running.discard(future)
        self._free.release()
        if error := future.exception():
            log.warning("a turn ended early: %s: %s", type(error).__name__, error)
