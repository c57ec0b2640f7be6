"""The part of a running service that takes alerts in: readers by name, the committer, and a thread
that groups what was kept. A context manager; whatever it had not grouped when it stops, the next
one does.
"""

import logging
import time
from collections.abc import Callable, Iterable
from threading import Event, Thread
from typing import Self

from ..errors import StoreError
from ..incident.timeline import utc_now
from ..record.store import Store
from .committing import Committer
from .configuration import Receiver
from .grouping import group_due
from .identity import DEFAULT, Labels
from .receiving import Reader
from .scopes import Calls, Owners
from .sns import Fetch, fetch

LOG = logging.getLogger(__name__)
PACE_S = 0.5
"""Between the first alert of a round and its grouping."""
REST = 3.0
"""Times as long as the last round took: taking alerts in has most of the time, whatever comes."""
LOOK_S = 1.0
"""Between two looks where nothing comes in: silences end, and other processes keep alerts too."""


class Reception:
    """Takes alerts in for all receivers of one installation."""

    def __init__(
        self,
        records: Store,
        receivers: Iterable[Receiver],
        labels: Labels = DEFAULT,
        calls: Callable[[], Calls] = dict,
        owners: Callable[[], Owners] = dict,
        fetch: Fetch = fetch,
    ) -> None:
        """`calls` tells who calls whom, `owners` whose each is, `fetch` asks SNS."""
        self.records, self.calls, self.owners = records, calls, owners
        self.readers = {one.name: Reader(one, fetch) for one in receivers}
        self._news, self._stop = Event(), Event()
        self.committer = Committer(records.engine, labels, kept=self._news.set)
        self._thread = Thread(target=self._group, name="grouping", daemon=True)

    def __enter__(self) -> Self:
        self.committer.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.committer.__exit__()
        self._stop.set()
        self._news.set()
        self._thread.join()

    def _group(self) -> None:
        took = 0.0
        while not self._stop.is_set():
            self._news.wait(LOOK_S)
            self._stop.wait(max(PACE_S, REST * took))  # more have come by then, for one go
            self._news.clear()
            began = time.monotonic()
            try:
                group_due(self.records, utc_now(), self.calls(), self.owners())
            except StoreError as error:  # what is due stays due
                LOG.warning("alerts wait to be grouped: %s", error)
                self._stop.wait(LOOK_S)
            took = time.monotonic() - began
