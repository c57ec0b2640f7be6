"""A day of 200 services, asked for whole: what it takes of time, memory and wire.

Made up, and held by a real Prometheus: requests by their status, and histograms of what they took.
"""

import resource
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from ...telemetry.recorder import Recorder
from ...telemetry.sources.datasource import Datasource
from ...telemetry.sources.prometheus import MOST_SAMPLES
from ...telemetry.sources.registry import connected, loads
from ..conformance.metric_stores import RealPrometheus
from ..framework.grid import ResultGrid

SERVICES, HOURS, EVERY_S = 200, 24, 60
EDGES = ("0.1", "0.5", "1", "5", "+Inf")
MOST_MB = 2000.0
"""Of memory that the whole may take."""


def series() -> Iterator[tuple[str, str, float]]:
    """Each metric's name, its labels, and by how much it grows a second."""
    for number in range(SERVICES):
        own = f'service="service-{number:03d}",instance="service-{number:03d}-1"'
        rate = 1.0 + number % 17
        for code, share in (("200", 0.99), ("500", 0.01)):
            labels = f'{own},route="/",method="GET",code="{code}"'
            yield "http_requests_total", labels, share * rate
        for place, edge in enumerate(EDGES, 1):
            labels = f'{own},route="/",le="{edge}"'
            yield "http_request_duration_seconds_bucket", labels, rate * place / len(EDGES)
        for part in ("sum", "count"):
            yield f"http_request_duration_seconds_{part}", f'{own},route="/"', rate


def write(file: Path, end: float) -> int:
    """The samples as OpenMetrics, each metric's together; how many."""
    times, written = range(int(end) - HOURS * 3600, int(end), EVERY_S), 0
    found = sorted(series())
    with file.open("w") as out:
        for name in dict.fromkeys(one[0] for one in found):
            out.write(f"# TYPE {name} unknown\n")
            for _, labels, rate in (one for one in found if one[0] == name):
                head = f"{name}{{{labels}}} "
                out.writelines(f"{head}{rate * (at - times[0]):.3f} {at}\n" for at in times)
                written += len(times)
        out.write("# EOF\n")
    return written


def window() -> tuple[list[ResultGrid], bool]:
    """The table, and whether it stayed within bounds."""
    with TemporaryDirectory() as name:
        server, now = RealPrometheus(Path(name)), time.time()
        try:
            held = server.hold(lambda file: write(file, now))
            before = _peak_mb()
            source = Datasource(name="prometheus", type="prometheus", url=server.where)
            recorder = Recorder(connected([source]))
            recorder.focus("", now - HOURS * 3600)
            began = time.perf_counter()
            recording = recorder.advance()
            took = time.perf_counter() - began
            rows = recording.held["metrics"]
            [load] = loads(recorder.sources)
            said = recording.unseen["metrics"]
            recorder.close()
        finally:
            server.close()
    peak = _peak_mb()
    met = 0 < rows <= 2 * MOST_SAMPLES and peak <= MOST_MB
    figures = {
        "samples there are": f"{held:,}",
        "samples taken": f"{rows:,} (at most {2 * MOST_SAMPLES:,})",
        "seconds": f"{took:.1f}",
        "requests": f"{load.requests}",
        "MB over the wire": f"{load.bytes / 1e6:.1f}",
        "peak memory, MB": f"{peak:.0f} (before it asked {before:.0f}; at most {MOST_MB:.0f})",
    }
    title = f"{HOURS} h of {SERVICES} services, a sample a minute, asked for whole"
    cells = [[name, value] for name, value in figures.items()]
    return [ResultGrid(title, ["", ""], cells, [f"said: {text}" for text in said])], met


def _peak_mb() -> float:
    """Of this process, so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
