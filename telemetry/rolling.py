"""Telemetry that was sent to us, as rows of a bundle, in files of a minute of its own time each.

    FOLDER/traces/1700000040-000.jsonl    FOLDER/notes.json

It is bound in bytes and in hours. Of what takes most room the oldest leaves first, so that a flood
of one kind does not drive out the others. What has left, and why something was refused, is noted
beside it for whoever reads. One process writes; others read meanwhile.
"""

import fcntl
import json
import os
import re
import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ..errors import InputError, StoreUnavailable
from ..incident.private import write_private
from .tables import NEEDED, SERVICE, TIME

KEPT = ("traces", "logs", "metrics")
MINUTE_S = 60
AHEAD_S = 600.0
"""So far ahead of ours a sender's clock may be."""
LEAST_FREE = 256 * 2**20
"""Bytes of the disk that telemetry leaves to alerts and incidents."""
PARTS = 64
"""A file holds at most such a part of the bound."""
NOTES, NOTED_S = "notes.json", 10.0
NAME = re.compile(r"(\d{10})-\d{3,}\.jsonl")
FIRST = (SERVICE, "trace_id")
"""After its time these begin a line: who reads needs not parse what it passes over."""

Row = dict[str, Any]


class Notes(BaseModel):
    """What is not here, by modality; times in unix seconds."""

    left: dict[str, float] = {}
    """What was before this has left, in part at least."""
    refused: dict[str, dict[str, float]] = {}
    """Why something was refused, and when last."""


def read_notes(root: Path) -> Notes:
    """Nothing noted where there is nothing that can be read."""
    try:
        return Notes.model_validate_json((root / NOTES).read_bytes())
    except (OSError, ValidationError):
        return Notes()


def segments(root: Path, modality: str) -> dict[Path, int]:
    """The files of a modality, oldest first, and when each begins, unix seconds."""
    try:
        names = sorted(os.listdir(root / modality))
    except OSError:
        return {}
    return {root / modality / name: int(m[1]) for name in names if (m := NAME.fullmatch(name))}


class RollingStore:
    """The writing end. Not thread-safe.

    Raises InputError where another process writes there, or nothing can be made.
    """

    def __init__(
        self, root: Path, hours: float, megabytes: float, clock: Callable[[], float] = time.time
    ) -> None:
        self.root, self.clock = root, clock
        self.seconds, self.bytes = 3600 * hours, int(megabytes * 2**20)
        try:
            for modality in KEPT:
                (root / modality).mkdir(mode=0o700, parents=True, exist_ok=True)
            root.chmod(0o700)
            self.lock = (root / "lock").open("w")
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.sizes = {path: _whole(path) for one in KEPT for path in segments(root, one)}
        except OSError as error:
            reason = error.strerror or "cannot be used"
            raise InputError(
                f"{root}: {reason}; end what else receives telemetry there, or name another "
                "folder in otlp.folder"
            ) from error
        self.notes, self.saved = read_notes(root), 0.0
        self.prune()

    def close(self) -> None:
        """Let another one write."""
        self._save()
        self.lock.close()

    def add(
        self, modality: str, rows: Iterable[Row], refused: Mapping[str, int] | None = None
    ) -> Counter[str]:
        """Keep rows, all of them or none; why some are not taken, and how many.

        `refused`: the same of rows that were not even handed over. Raises StoreUnavailable where
        the disk has no room now.
        """
        found, minutes = Counter(refused or {}), defaultdict[int, list[bytes]](list)
        for row in rows:
            if problem := self._problem(modality, row):
                found[problem] += 1
            else:
                minutes[int(row[TIME[modality]] // MINUTE_S)].append(_line(modality, row))
        self._append({self._segment(modality, at): lines for at, lines in minutes.items()})
        self._refuse(modality, found)
        self.prune()
        return found

    def _refuse(self, modality: str, refused: Mapping[str, int]) -> None:
        """Note why something was not taken."""
        noted, now = self.notes.refused.setdefault(modality, {}), self.clock()
        fresh = not noted.keys() >= refused.keys()
        noted.update(dict.fromkeys(refused, now))
        if fresh or (refused and now - self.saved > NOTED_S):
            self._save()

    def prune(self) -> None:
        """Have what is too old leave, and of the largest modality what is too much."""
        horizon = self.clock() - self.seconds
        gone = [path for path in self.sizes if _start(path) + MINUTE_S <= horizon]
        left = sum(self.sizes.values()) - sum(self.sizes[path] for path in gone)
        while left > self.bytes:
            rest = [path for path in self.sizes if path not in gone]
            room = Counter[str]()
            for path in rest:
                room[path.parent.name] += self.sizes[path]
            ((most, _),) = room.most_common(1)
            gone.append(min(path for path in rest if path.parent.name == most))
            left -= self.sizes[gone[-1]]
        for path in gone:
            path.unlink(missing_ok=True)
            del self.sizes[path]
            known = self.notes.left.get(path.parent.name, 0.0)
            self.notes.left[path.parent.name] = max(known, float(_start(path) + MINUTE_S))
        if gone:
            self._save()

    def _problem(self, modality: str, row: Row) -> str:
        """Why a row is refused; empty: it is not."""
        if not row.get(SERVICE):
            return "without service.name"
        if missing := next((name for name in NEEDED[modality] if row.get(name) in (None, "")), ""):
            return f"without {missing}"
        ago = self.clock() - row[TIME[modality]]
        if ago < -AHEAD_S:
            return f"from a clock more than {AHEAD_S / 60:g} min ahead of ours: set it"
        return (
            f"older than the {self.seconds / 3600:g} h that are kept" if ago > self.seconds else ""
        )

    def _segment(self, modality: str, minute: int) -> Path:
        """The file that rows of a minute go to."""
        stem = f"{minute * MINUTE_S:010d}"
        same = [p for p in self.sizes if p.parent.name == modality and p.name.startswith(stem)]
        last = max(same, default=None)
        if last and self.sizes[last] < self.bytes // PARTS:
            return last
        number = int(last.stem.partition("-")[2]) + 1 if last else 0
        return self.root / modality / f"{stem}-{number:03d}.jsonl"

    def _append(self, parts: Mapping[Path, list[bytes]]) -> None:
        if parts and shutil.disk_usage(self.root).free < LEAST_FREE:
            raise StoreUnavailable(f"the disk has less than {LEAST_FREE >> 20} MB left: make room")
        try:
            for path, lines in parts.items():
                with path.open("ab") as file:
                    file.write(b"".join(lines))
        except OSError as error:
            for path in parts:  # they are sent again
                if path.is_file():
                    os.truncate(path, self.sizes.get(path, 0))
            raise StoreUnavailable(f"{self.root}: {error.strerror or error}") from error
        self.sizes |= {path: path.stat().st_size for path in parts}

    def _save(self) -> None:
        horizon = self.clock() - self.seconds
        for modality, noted in self.notes.refused.items():
            kept = {why: at for why, at in noted.items() if at > horizon}
            self.notes.refused[modality] = kept
        try:
            write_private(self.root / NOTES, self.notes.model_dump_json())
            self.saved = self.clock()
        except OSError:
            return  # with the next one


def _line(modality: str, row: Row) -> bytes:
    first = {name: row[name] for name in (TIME[modality], *FIRST) if name in row}
    return json.dumps(first | row).encode() + b"\n"


def _start(path: Path) -> int:
    return int(path.name[:10])


def _whole(path: Path) -> int:
    """Its size once a line that a crash left half-written is cut off."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        if size and file.read(1) != b"\n":
            file.seek(0)
            size = file.read().rfind(b"\n") + 1
            file.truncate(size)
    return size
