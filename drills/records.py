"""What a drill writes on the record itself: who runs, what came with the alert, what is over.

An incident of a drill whose process has died is closed by the next drill: its shop is gone.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..incident.document import Alert, Incident
from ..incident.lifecycle import ACTIVE, State
from ..incident.store import Store
from ..incident.timeline import Event, EventKind, utc_now

LABEL = "environment"
LOCK = "drill.lock"


@contextmanager
def running(root: Path) -> Iterator[None]:
    """Says that the drill in this folder runs, until the block ends or the process dies."""
    with (root / LOCK).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def close_stale(store: Store, drills: Path) -> list[str]:
    """Close incidents of drills that no process runs any more; their ids.

    A new alert on the same service would otherwise be joined to one of them.
    """
    active = {state.value for state in ACTIVE}
    rows = [row for row in store.incidents() if row.state in active]
    stale = [row.id for row in rows if _is_stale(store.load(row.id), drills)]
    for incident_id in stale:
        close(store, incident_id)
    return stale


def join(store: Store, incident_id: str, alert: Alert) -> None:
    """Keep an alert that came in the same delivery, with the incident that has the first one."""
    store.attach_alert(store.keep_alert(alert), incident_id)
    text = f"{alert.name} {alert.status} in the same delivery: {alert.summary}"
    event = Event(at=utc_now(), actor=alert.source, kind=EventKind.alert, text=text)
    store.update(incident_id, lambda doc: doc.record(event))


def close(store: Store, incident_id: str) -> None:
    """Close the incident because its shop is gone."""
    reason = "the drill is over and its shop was taken down"
    store.update(incident_id, lambda doc: doc.move(State.closed, utc_now(), "drill", reason))


def _is_stale(incident: Incident, drills: Path) -> bool:
    name = incident.alert.labels.get(LABEL, "")
    return bool(name) and name.startswith("drill-") and not _runs(drills / name / LOCK)


def _runs(lock: Path) -> bool:
    try:
        with lock.open("r") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
