"""Deliveries of many requests in one commit: a disk that syncs a hundred times a second keeps
thousands of alerts all the same. Who puts one in hears when it is durable.

Memory holds a bounded number of deliveries, and none that anybody was told is kept.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from ..errors import StoreError, StoreUnavailable
from .identity import DEFAULT, Labels
from .taking import Delivery, keep

MOST_WAITING = 500
"""Deliveries in memory; more are refused until some are kept."""
MOST_ALERTS = 5000
"""Alerts of one commit: others should not wait longer for theirs."""

Waiting = tuple[Delivery, "Future[None]"]


class Committer:
    """Keeps deliveries from one thread, as many at once as wait. A context manager."""

    def __init__(
        self,
        engine: Engine,
        labels: Labels = DEFAULT,
        kept: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`kept` is told after each commit."""
        self.engine, self.labels, self.kept, self.clock = engine, labels, kept, clock
        self._queue: Queue[Waiting] = Queue(MOST_WAITING)
        self._stop = Event()
        self._thread = Thread(target=self._run, name="intake", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def put(self, delivery: Delivery) -> "Future[None]":
        """Resolves once the delivery is durable, or with the StoreError for which it is not.

        Raises StoreUnavailable when too many wait already, or it was stopped.
        """
        waiting: Future[None] = Future()
        try:
            self._queue.put_nowait((delivery, waiting))
        except Full:
            raise StoreUnavailable("more alerts come in than can be kept: send it again") from None
        if self._stop.is_set() and not self._thread.is_alive():
            raise StoreUnavailable("this service stops: send it again")
        return waiting

    def _run(self) -> None:
        while not (self._stop.is_set() and self._queue.empty()):
            try:
                batch = self._batch(_begun(self._queue.get(timeout=0.2)))
            except Empty:
                continue
            self._keep(batch)
            self.kept()

    def _batch(self, first: Waiting) -> list[Waiting]:
        """What waits already, up to a bound."""
        batch, alerts = [first], len(first[0].alerts)
        while alerts < MOST_ALERTS:
            try:
                batch.append(_begun(self._queue.get_nowait()))
            except Empty:
                break
            alerts += len(batch[-1][0].alerts)
        return batch

    def _keep(self, batch: list[Waiting]) -> None:
        try:
            keep(self.engine, [delivery for delivery, _ in batch], self.clock(), self.labels)
        except (StoreError, SQLAlchemyError) as error:
            if len(batch) > 1 and not isinstance(error, StoreUnavailable):
                for one in batch:  # so that one that cannot be kept takes no other with it
                    self._keep([one])
                return
            for _, waiting in batch:
                waiting.set_exception(error)
            return
        for _, waiting in batch:
            waiting.set_result(None)


def _begun(waiting: Waiting) -> Waiting:
    """Nobody can take it back from here on; whose sender has gone is kept all the same."""
    delivery, future = waiting
    return delivery, future if future.set_running_or_notify_cancel() else Future()
