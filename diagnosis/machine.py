"""What this machine has left: processor, memory, disks."""

import psutil

from .look import Health, Look, measured

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
