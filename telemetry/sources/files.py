"""Append-only files of JSON lines: the modalities of a bundle, live or kept.

Each read gives the complete new lines, never half of one. Files are untrusted: a line without end
is skipped as it comes, a link that leads out of the bundle is not followed.
"""

import json
import os
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from ..tables import SERVICE, TIME
from .source import BEYOND, EVER, EVERYTHING, OPTIONAL, Batch, SourceQuery

PATTERNS = {
    "metrics": "metrics/*.jsonl",
    "logs": "logs/*.jsonl",
    "traces": "traces/*.jsonl",
    "changes": "changes.jsonl",
    "state": "state.jsonl",
    "kubernetes": "kubernetes/*.json",
}
CHUNK_BYTES = 16 * 2**20
"""How much a batch holds: bounds memory on large bundles."""
LONGEST_LINE = 8 * 2**20
"""Bytes of a line that may be a record; what is longer is skipped without being kept."""
OUTSIDE = "is a link that leads out of the bundle; it is not followed"


@dataclass(frozen=True)
class Place:
    """Where reading stands in one file."""

    offset: int = 0
    half: int = 0  # bytes of an unfinished last line
    endless: int = 0  # lines that were too long
    inside: bool = False  # in the middle of such a line
    problem: str = ""  # why it could not be read


Places = dict[str, Place]
"""By the file's name."""


@dataclass(frozen=True)
class Files:
    """One modality of the bundle in `root`."""

    root: Path
    modality: str
    whole = True

    @property
    def name(self) -> str:
        """As a person knows it."""
        return f"{self.modality} of {self.root.name}"

    def read(self, ask: SourceQuery) -> Batch:
        """The lines that were appended since `ask.after`, a chunk at a time."""
        before: Places = ask.after or {}
        paths, places, blocks = self.files(), dict[str, Place](), []
        room, more = min(CHUNK_BYTES, ask.budget.bytes), False
        for path in paths:
            place, block, ended = before.get(path.name, Place()), b"", False
            if room > 0:
                place, block, ended = _next(self.root, path, place, room)
            places[path.name] = place
            blocks.append(block)
            room -= len(block)
            more |= not ended
        lines, cut = _within(b"".join(blocks), ask, self.modality)
        gap = (
            ""
            if paths or self.modality in OPTIONAL
            else f"no {PATTERNS[self.modality]} in the bundle"
        )
        return Batch(lines, cut + _left_out(places), gap, places, more)

    def files(self) -> list[Path]:
        """The files there are now, by name; `*.ndjson` counts as well."""
        folder, _, pattern = PATTERNS[self.modality].rpartition("/")
        try:  # listed anew each time: a listing is many times quicker than a glob
            names = os.listdir(self.root / folder)
        except OSError:
            return []
        patterns = pattern, pattern.replace(".jsonl", ".ndjson")
        found = (name for name in names if any(fnmatchcase(name, one) for one in patterns))
        return [self.root / folder / name for name in sorted(found)]


def within(root: Path, path: Path) -> bool:
    """Whether a path still lies in a folder once links are followed."""
    return path.resolve().is_relative_to(root.resolve())


def _next(root: Path, path: Path, place: Place, room: int) -> tuple[Place, bytes, bool]:
    """The next complete lines of a file, about `room` bytes of them; where reading stands, and
    whether that is its end."""
    try:
        size = path.stat().st_size
        if size < place.offset:  # it was replaced by a shorter one: read it from its beginning
            place = Place()
        if size == place.offset + place.half:
            return place, b"", True
        if not within(root, path):
            return replace(place, problem=f"{path.name} {OUTSIDE}"), b"", True
        with path.open("rb") as file:
            file.seek(place.offset)
            block = file.read(max(room, LONGEST_LINE + 1))
    except OSError as error:
        problem = f"cannot read {path.name}: {error.strerror or error}"
        return replace(place, problem=problem), b"", True
    ended = place.offset + len(block) >= size
    return *_taken(replace(place, problem=""), block, ended=ended), ended


def _taken(place: Place, block: bytes, *, ended: bool) -> tuple[Place, bytes]:
    """The lines of a block that are records, and the place behind them."""
    offset, start = place.offset, 0
    if place.inside:  # of a line that was given up: to its end
        start = block.find(b"\n") + 1
        if not start:
            return replace(place, offset=offset + len(block), half=0), b""
    stop = block.rfind(b"\n") + 1 or start
    lines, rest = block[start:stop], block[stop:]
    place = replace(place, inside=False, offset=offset + stop, half=len(rest))
    past = offset + len(block)
    if len(rest) > LONGEST_LINE:
        return replace(place, offset=past, half=0, inside=True, endless=place.endless + 1), lines
    if ended and _whole(rest):  # the last line of a file that ends without a newline
        return replace(place, offset=past, half=0), lines + rest + b"\n"
    return place, lines


def _whole(line: bytes) -> bool:
    """Whether an unterminated line is a complete object: no prefix of an object is one."""
    try:
        return line.rstrip().endswith(b"}") and isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _left_out(places: Places) -> tuple[str, ...]:
    """What is in the files and not among the rows, in words."""
    said = [place.problem for place in places.values() if place.problem]
    for name, place in places.items():
        if place.half:
            said.append(f"the last line of {name} is half-written")
        if place.endless:
            what = "a line" if place.endless == 1 else f"{place.endless} lines"
            said.append(f"{what} of more than {LONGEST_LINE // 2**20} MB in {name} left out")
    return tuple(said)


def _within(lines: bytes, ask: SourceQuery, modality: str) -> tuple[bytes, tuple[str, ...]]:
    """The lines that were asked for, and what of them the budget does not reach."""
    if (ask.scope, ask.window) != (EVERYTHING, EVER):
        every = lines.splitlines(keepends=True)
        lines = b"".join(line for line in every if _asked(line, ask, modality))
    fit = lines[: lines.rfind(b"\n", 0, max(0, ask.budget.bytes)) + 1]
    if fit.count(b"\n") > ask.budget.rows:
        fit = b"".join(fit.splitlines(keepends=True)[: max(0, ask.budget.rows)])
    return fit, (() if len(fit) == len(lines) else (BEYOND,))


def _asked(line: bytes, ask: SourceQuery, modality: str) -> bool:
    """Whether a line is of the scope and the window; what is no record is not."""
    try:
        row = json.loads(line)
        at, service = float(row[TIME[modality]]), row.get(SERVICE)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False
    return ask.window.start <= at < ask.window.end and ask.scope.holds(str(service or ""))
