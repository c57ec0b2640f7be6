"""What was sent to us by OTLP, out of the rolling store on this machine.

Each ask goes on where the last one of its scope ended, file by file, so that a span that ends late
is not missed. A trace is of a scope when one of its spans is, and comes whole. Of more rows than
are taken a share is drawn, by the trace (of logs, by the line), each of which stands for as many;
what fails is taken as far as there is room, and stands for none.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zlib import crc32

from ...errors import TelemetryError
from ..model import Window
from ..rolling import KEPT, MINUTE_S, read_notes, segments
from ..tables import WEIGHT
from .datasource import Datasource
from .source import Batch, Scope, Source, SourceQuery, closed

MOST_ROWS = {"traces": 100_000, "logs": 100_000, "metrics": 500_000}
"""Of one ask, about; of traces and logs half as many again that fail."""
LINE = re.compile(
    rb'^\{"(?:ts|start)": (-?[0-9.]+(?:e[+-]?[0-9]+)?), "service": ("(?:[^"\\\n]|\\.)*")'
    rb'(?:, "trace_id": "([^"\n]*)")?[^\n]*\n',
    re.MULTILINE,
)
"""As the store begins a line: its time, its service, its trace."""
FAILS = re.compile(rb'"status": "error"|"level": "(?:warning|error|critical)"')
Line = re.Match[bytes]


@dataclass(frozen=True)
class Place:
    """Where reading stands."""

    ends: dict[str, int] = field(default_factory=dict)  # bytes that were read of each file
    ahead: bytes = b""  # lines among them that lie after the window
    traces: frozenset[bytes] = frozenset()  # that are handed out
    drawn: int = 1  # one of so many; once it is above 1 it stays, so that no rate jumps
    failing: int = 1  # the same of what fails


class Received:
    """One modality of the store in a folder."""

    whole = False

    def __init__(self, source: Datasource, modality: str) -> None:
        self.root, self.modality = Path(source.url), modality
        self.name = f"{source.name}, {modality} received by OTLP"

    def read(self, ask: SourceQuery) -> Batch:
        """What has come of the scope and window since the last ask, or a stated part of it.

        Raises TelemetryError where nothing was ever received.
        """
        if not (self.root / self.modality).is_dir():
            raise TelemetryError(
                f"nothing was received in {self.root}: does `warroom serve` run, with otlp: in "
                "warroom.yaml?"
            )
        window, place = closed(ask.window), ask.after or Place()
        files = segments(self.root, self.modality).items()
        inside = [p for p, at in files if window.start - MINUTE_S < at < window.end]
        choice = Choice(self.modality, ask.scope, window, place, inside)
        rows = list(choice.rows())
        said = (*self._missing(window), *choice.said)
        facts = {"after": choice.after(), "sampled": choice.drawn > 1}
        return Batch.of_lines(rows, ask.budget, left_out=said, **facts)

    def _missing(self, window: Window) -> Iterator[str]:
        """What the store says is not in it."""
        notes = read_notes(self.root)
        left = notes.left.get(self.modality, 0.0)
        if window.start < left:
            yield (
                f"{self.modality} from before {_clock(left)} have left the store: raise hours or "
                "megabytes of otlp:"
            )
        for why, at in notes.refused.get(self.modality, {}).items():
            if at >= window.start:
                yield f"{self.modality} were refused as they came: {why}"


@dataclass
class Choice:
    """Which lines of some files are handed out, and what is said of the others."""

    modality: str
    scope: Scope
    window: Window
    place: Place
    files: Sequence[Path]
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        names, place = self.scope.services, self.place
        self.services = names and {json.dumps(name).encode() for name in names}
        self.ends, self.ahead = dict[str, int](), list[bytes]()
        self.traces = set(place.traces)
        self.drawn, self.failing = place.drawn, place.failing
        self.since = self.window.start

    def after(self) -> Place:
        """Where reading stands now."""
        ends = {**self.place.ends, **self.ends}
        return Place(ends, b"".join(self.ahead), frozenset(self.traces), self.drawn, self.failing)

    def rows(self) -> Iterator[bytes]:
        """What there is is looked through first, then what is taken of it is read."""
        if self.modality == "traces":
            yield from self._whole_traces()
            return
        failing, minutes = 0, Counter[int]()
        for line in filter(self._meant, self._new()):
            failing += _fails(line)
            minutes[int(float(line[1]) // MINUTE_S)] += 1
        if self.modality == "metrics":
            self._newest(minutes)
        else:
            self._share(minutes.total(), failing)
        for line in filter(self._meant, self._new()):
            if self._takes(line[0], _fails(line)) and float(line[1]) >= self.since:
                yield self._weighed(line[0], line[0])

    def _whole_traces(self) -> Iterator[bytes]:
        spans, failing, meant = Counter[bytes](), set[bytes](), set[bytes]()
        for line in self._new():
            spans[line[3]] += 1
            if self._meant(line):
                meant.add(line[3])
            if _fails(line):
                failing.add(line[3])
        self._share(_sum(spans, meant), _sum(spans, meant & failing))
        fresh = {one for one in meant - self.traces if self._takes(one, one in failing)}
        self.traces |= fresh
        yield from self._spans(self._new(), self.traces)
        if fresh and self.place.ends:
            yield from self._spans(self._earlier(), fresh)

    def _spans(self, lines: Iterator[Line], of: set[bytes]) -> Iterator[bytes]:
        return (self._weighed(line[0], line[3]) for line in lines if line[3] in of)

    def _weighed(self, line: bytes, key: bytes) -> bytes:
        """A line of a sample with how many it stands for."""
        if self.drawn == 1:
            return line
        weight = self.drawn if crc32(key) % self.drawn == 0 else 0
        return line[:-2] + f', "{WEIGHT}": {weight:.1f}}}\n'.encode()

    def _meant(self, line: Line) -> bool:
        return self.services is None or line[2] in self.services

    def _takes(self, key: bytes, fails: bool) -> bool:
        number = crc32(key)
        return number % self.drawn == 0 or (fails and number % self.failing == 0)

    def _share(self, rows: int, failing: int) -> None:
        """How many of so many are taken; a share that was told stays."""
        most = MOST_ROWS[self.modality]
        self.drawn = max(self.drawn, _one_of(rows, most))
        self.failing = max(self.failing, _one_of(failing, most // 2))
        if self.drawn > 1:
            what = "trace" if self.modality == "traces" else "line"
            self.said.append(
                f"{self.modality} are a sample: one {what} in {self.drawn} was drawn, and of those "
                f"that fail one in {self.failing} was taken besides"
            )

    def _newest(self, minutes: Counter[int]) -> None:
        """Metrics that are too many: those of the last minutes that fit."""
        room = MOST_ROWS["metrics"]
        for minute in sorted(minutes, reverse=True):
            room -= minutes[minute]
            if room < 0:
                self.since = float(MINUTE_S * (minute + 1))
                self.said.append(
                    f"metrics from before {_clock(self.since)} were too many: left out"
                )
                return

    def _new(self) -> Iterator[Line]:
        """The lines in the window that the last ask did not see; the same ones each time."""
        self.ahead = []
        for block in self._blocks():
            for line in LINE.finditer(block):
                if float(line[1]) >= self.window.end:
                    self.ahead.append(line[0])
                elif float(line[1]) >= self.window.start:
                    yield line

    def _blocks(self) -> Iterator[bytes]:
        yield self.place.ahead
        for path in self.files:
            begin = self.place.ends.get(path.name, 0)
            block = _read(path, begin, self.ends.get(path.name))
            self.ends[path.name] = begin + len(block)
            yield block

    def _earlier(self) -> Iterator[Line]:
        """What was seen before of the files that have grown and of the minute before those: the
        rest of a trace that was not meant then."""
        begins = {path: self.place.ends.get(path.name, 0) for path in self.files}
        grown = {path.name[:10] for path, at in begins.items() if self.ends[path.name] > at}
        for path, begin in begins.items():
            if {path.name[:10], f"{int(path.name[:10]) + MINUTE_S:010d}"} & grown:
                lines = LINE.finditer(_read(path, 0, begin))
                yield from (
                    line for line in lines if self.window.start <= float(line[1]) < self.window.end
                )


def _fails(line: Line) -> bool:
    return FAILS.search(line[0]) is not None


def _sum(counted: Counter[bytes], keys: set[bytes]) -> int:
    return sum(counted[key] for key in keys)


def _one_of(rows: int, most: int) -> int:
    """The least power of two by which these become no more than that."""
    return 1 << max(0, (max(0, rows - 1) // most)).bit_length()


def _clock(ts: float) -> str:
    return f"{datetime.fromtimestamp(ts, UTC):%H:%M:%S} UTC"


def _read(path: Path, begin: int, end: int | None) -> bytes:
    """Whole lines of a file; none where it has left meanwhile."""
    try:
        with path.open("rb") as file:
            file.seek(begin)
            block = file.read() if end is None else file.read(end - begin)
    except OSError:
        return b""
    return block[: block.rfind(b"\n") + 1]


def open_otlp(source: Datasource) -> Sequence[Source]:
    """Its three sources."""
    return [Received(source, modality) for modality in KEPT]
