"""A Kubernetes cluster from dumps of its objects: `kubectl get … -o json`, a file or many."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..cluster.ranking import Ranked, troubles
from ..errors import InputError
from ..telemetry.cluster_state import ClusterState, state_of
from ..telemetry.sources.cluster_rows import rows_in
from ..telemetry.sources.clusters import ANYWHERE, ClusterFiles
from ..telemetry.sources.datasource import SourceLabels
from .look import Health, Look

SURE = 0.75
"""From which a trouble is called bad; below that it is a warning."""


def look_at_cluster(folder: Path) -> list[Look]:
    """Every trouble, the one that others follow from first. Raises InputError as `read_cluster`."""
    unread = list[str]()
    seen = read_cluster(folder, unread).seen
    counted = f"{len(seen.objects):,} objects of {len(seen.listed)} kinds were read"
    well = Look("cluster", str(folder), Health.well, f"{counted}, and nothing is wrong")
    found = [_look(one) for one in troubles(seen)] or [well]
    return found + [Look("cluster", str(folder), Health.warning, text) for text in unread]


def read_cluster(folder: Path, unread: list[str] | None = None) -> ClusterState:
    """The objects of all JSON files in a folder, or of one file; `unread` takes which are none.

    Raises InputError where there are none, or too many, TelemetryError where no file is JSON.
    """
    dumped, unread = ClusterFiles(folder, ANYWHERE), [] if unread is None else unread
    files = [file for file in dumped.files() if file.is_file()]
    rows = rows_in(files, SourceLabels().service, dumped.logs(), unread) if files else ()
    state = state_of(
        ("", row["at"], row.get("service", ""), row["object"]) for row in rows if row["object"]
    )
    if not state.seen.listed:
        why = f" ({unread[0]})" if unread else ""
        raise InputError(
            f"{folder} holds no dump of a cluster{why}: write one there with "
            f"`kubectl get all,events,nodes,configmaps -A -o json > {folder}/objects.json`"
        )
    return state


def cluster_alert(folder: Path) -> dict[str, Any] | None:
    """The first trouble as an alert, for a dump that nothing else tells about; None: there is none.
    Raises InputError as `read_cluster`."""
    state = read_cluster(folder)
    first = next(iter(troubles(state.seen)), None)
    if first is None:
        return None
    hurt = [first.trouble.object, *sorted(first.trouble.victims)]
    service = next((state.services[ref] for ref in hurt if ref in state.services), "")
    at = datetime.fromtimestamp(state.at, UTC).isoformat()
    named = {"name": "ClusterTrouble", "service": service, "starts_at": at}
    return {**named, "summary": first.trouble.statement}


def _look(one: Ranked) -> Look:
    trouble = one.trouble
    bad = one.sure >= SURE and not one.follows
    shown = "; ".join(f"{s.object} {s.field}: {s.value}" for s in trouble.signs[:2])
    after = f"; it follows from {one.follows}" if one.follows else ""
    says = f"{trouble.statement}{after} ({shown})"
    health = Health.bad if bad else Health.warning
    return Look("cluster", trouble.cause, health, says, trouble.about.cure, trouble.object)
