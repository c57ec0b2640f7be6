"""A recorded bundle played as if it were being written: cut some seconds before its end, and what
came after that appended while the response runs."""

import json
import shutil
from pathlib import Path
from threading import Event, Thread

TIME = {"traces": "start", "changes.jsonl": "at"}
"""The field that holds a line's time, by its first folder or file; else `ts`."""
TICK_S = 0.1
"""How often lines are appended."""

Lines = list[tuple[float, str, str]]
"""(seconds after the cut, file below the bundle, line), oldest first."""


def cut(bundle: Path, target: Path, last_s: float) -> Lines:
    """Copy a bundle but for what its last seconds hold; that is what comes back."""
    shutil.copytree(bundle, target)
    timed = [
        (_time(line, file.relative_to(target)), str(file.relative_to(target)), line)
        for file in sorted(target.rglob("*.jsonl"))
        for line in file.read_text().splitlines(keepends=True)
    ]
    end = max((at for at, _, _ in timed), default=0.0) - last_s
    for file in target.rglob("*.jsonl"):
        name = str(file.relative_to(target))
        file.write_text("".join(line for at, where, line in timed if where == name and at < end))
    return sorted((at - end, where, line) for at, where, line in timed if at >= end)


def _time(line: str, file: Path) -> float:
    """When a line could be written: a span once it has ended."""
    row = json.loads(line)
    at = row[TIME.get(file.parts[0], "ts")]
    return at + row.get("duration_ms", 0.0) / 1000


class Feed(Thread):
    """Appends the rest of a bundle while it runs, `times` as fast as it came."""

    def __init__(self, bundle: Path, rest: Lines, times: float) -> None:
        super().__init__(name="feed", daemon=True)
        self.ended = Event()
        self.files = {name: (bundle / name).open("a") for name in {name for _, name, _ in rest}}
        self.ticks: dict[int, dict[str, str]] = {}
        for after, name, line in rest:
            files = self.ticks.setdefault(int(after / times / TICK_S), {})
            files[name] = files.get(name, "") + line

    def run(self) -> None:
        """Write tick by tick until all is written, or it is ended."""
        for tick in range(max(self.ticks, default=-1) + 1):
            for name, text in self.ticks.get(tick, {}).items():
                self.files[name].write(text)
                self.files[name].flush()
            if self.ended.wait(TICK_S):
                break
        for file in self.files.values():
            file.close()
