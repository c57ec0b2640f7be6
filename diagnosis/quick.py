"""All looks at once, each in bounded time; the worst first."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import psutil
from pydantic import ValidationError

from ..errors import InputError, TelemetryError
from ..targets.operations import Access
from ..telemetry.bundle import open_bundle
from ..telemetry.model import Window
from ..telemetry.signal_catalogue import SignalName
from ..telemetry.signals import read_signals
from .look import Health, Look, Looking, measured
from .network import Place, look_at
from .system import looks_of

AT_ONCE = 16
ORDER = {health: number for number, health in enumerate(Health)}


def diagnose(operations: Path | None, places: Sequence[str]) -> list[Look]:
    """Look at this machine, at the system that the file gives access to, and at these places.

    Args:
        operations: operations.json; none: nothing but machine and places.
        places: URLs and HOST:PORT.

    Raises:
        InputError: the file cannot be used, or a place is none.
    """
    todo = list(_looking(operations, places))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = [look for looks in pool.map(lambda look: look(), todo) for look in looks]
    worst = sorted(found, key=lambda look: (ORDER[look.health], look.about))
    return list({look.about: look for look in reversed(worst)}.values())[::-1]


def _looking(operations: Path | None, places: Sequence[str]) -> Iterator[Looking]:
    yield look_at_machine
    yield from (partial(look_at, place) for place in map(Place.parse, places))
    if operations is not None:
        yield from looks_of(access(operations))
        if (recorded := operations.parent / "telemetry").is_dir():  # as a drill's is
            yield partial(look_at_services, recorded)


def access(path: Path) -> Access:
    """operations.json. Raises InputError that says what is wrong with it."""
    try:
        return Access.model_validate_json(path.read_text())
    except (OSError, ValidationError) as error:
        raise InputError(f"{path} cannot be used: {error}; docs/bundle.md has its keys") from error


def changes(before: Sequence[Look], now: Sequence[Look]) -> list[Look]:
    """What is otherwise than at the last look, for whoever watches; what is well and was not known
    before is no change."""
    was = {look.about: look.health for look in before}
    gone = was.keys() - {look.about for look in now}
    lost = [
        Look(area, subject, Health.unseen, "is not seen any more", what=what)
        for area, subject, what in sorted(gone)
    ]
    return [*(look for look in now if was.get(look.about, Health.well) is not look.health), *lost]


# What this machine has left: processor, memory, disks.

SAMPLE_S = 0.5
PSEUDO = {"squashfs", "overlay", "tmpfs", "devtmpfs", "iso9660"}
"""File systems that are full by nature, or not disks."""


def look_at_machine() -> list[Look]:
    """Of the machine on which this runs, and of no other."""
    looks = [
        measured("resource", "this machine", "processor in use", psutil.cpu_percent(SAMPLE_S)),
        measured("resource", "this machine", "memory in use", psutil.virtual_memory().percent),
    ]
    disks = {one.device: one for one in psutil.disk_partitions() if one.fstype not in PSEUDO}
    places = [one.mountpoint for one in disks.values()] or ["/"]
    return [*looks, *map(_disk, places)]


def _disk(place: str) -> Look:
    try:
        return measured("resource", place, "disk in use", psutil.disk_usage(place).percent)
    except OSError as error:
        return Look("resource", place, Health.unseen, f"cannot be read: {error.strerror}")


# Whether users are served, by the metrics that are recorded beside operations.json.

LAST_S = 60.0
MEASURES = {
    SignalName.error_rate: ("requests that fail", 100.0),
    SignalName.queue_oldest_s: ("age of the oldest job", 1.0),
}
"""Signals, how levels.yaml calls what is measured, and how much of its unit one is."""


def look_at_services(bundle: Path, clock: Callable[[], float] = time.time) -> list[Look]:
    """The last minute of each service, of a bundle that is being written."""
    try:
        with closing(open_bundle(bundle)) as recorder:
            last = Window((now := clock()) - LAST_S, now)
            found = read_signals(recorder.advance(), last, None, [*MEASURES])
    except TelemetryError as error:
        return [Look("service", bundle.name, Health.unseen, str(error))]
    means = [(each, each.values[np.isfinite(each.values)]) for each in found]
    looks = [
        measured("service", each.service, what, float(values.mean()) * factor)
        for each, values in means
        if values.size
        for what, factor in [MEASURES[SignalName(each.name)]]
    ]
    nothing = Look("service", bundle.name, Health.unseen, "no metrics of the last minute")
    return looks or [nothing]
