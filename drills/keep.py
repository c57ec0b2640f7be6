"""What stays of a drill: its telemetry, its line on the record, and nothing that runs.

A kept bundle is what the responder had when it first asked: what came after the first action is
left out, since a bundle that is triaged again shall look as the incident looked. The truth lies
beside the bundle, never in it. An incident of a drill whose process has died is closed by the next
drill: its shop is gone.
"""

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

from ..errors import InputError, ToolFailed
from ..incident.document import Incident
from ..incident.lifecycle import ACTIVE, State
from ..incident.timeline import utc_now
from ..record.store import Store
from ..targets.survey import FILE, Surveying, keep

SURVEY_S = 30.0
"""Longest wait for the system's own word."""


class Keeping:
    """Writes alert and survey into the live bundle, and keeps a copy of it where one is wanted."""

    def __init__(self, telemetry: Path, target: Path | None) -> None:
        self.telemetry, self.target = telemetry, target
        self._survey = Thread(name="survey", daemon=True)

    def begin(self, body: dict[str, Any], system: Surveying) -> None:
        """Keep the alert now, and ask the system about itself while the response begins."""
        (self.telemetry / "alert.json").write_text(json.dumps(body, indent=1), encoding="utf-8")
        self._survey = Thread(target=self._ask, args=(system,), name="survey", daemon=True)
        self._survey.start()

    def snapshot(self) -> None:
        """Copy the bundle as it is, the first time this is called."""
        self._survey.join(SURVEY_S)
        if self.target and not self.target.exists():
            snapshot(self.telemetry, self.target)

    def _ask(self, system: Surveying) -> None:
        with suppress(ToolFailed, OSError):  # a system in trouble need not answer
            keep(system, self.telemetry / FILE)


def tell_beside(target: Path | None, truth: dict[str, Any], times: dict[str, Any]) -> None:
    """Write the truth beside a bundle that was kept, once the response is over.

    `times` (unix seconds) say when the fault began and was seen.
    """
    if target and target.exists():
        text = json.dumps({**truth, "times": times}, indent=1)
        target.with_name(f"{target.name}.truth.json").write_text(f"{text}\n", encoding="utf-8")


def check_free(target: Path | None) -> None:
    """Raise InputError where a bundle of this name was kept before."""
    if target and target.exists():
        raise InputError(f"{target} exists already; name another folder with --keep")


def snapshot(telemetry: Path, target: Path) -> None:
    """Copy a live bundle; a last line that is half written is cut off."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(telemetry, target)
    for file in target.rglob("*.jsonl"):
        whole = file.read_bytes()
        file.write_bytes(whole[: whole.rfind(b"\n") + 1])


STAYS = ("telemetry", "output")


def tidy(root: Path) -> None:
    """Remove what a shop that has ended needs no more."""
    shop = root / "shop"
    for path in shop.iterdir() if shop.is_dir() else ():
        if path.name in STAYS:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


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
