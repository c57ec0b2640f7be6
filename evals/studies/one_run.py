"""One measured run in a process of its own.

    python -m warroom.evals.studies.one_run BUNDLE WHO STARTED

Prints one JSON object. `responder` works the bundle's alert through all five phases with the
playbooks alone; `live` does so while the bundle's last seconds are still being written (see
`live_feed`); `baseline` reads the bundle and blames the service that the alert names.
STARTED is when the process was started (unix seconds): what imports cost is part of the truth.
"""

import json
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ...errors import InputError
from ...incident.document import Alert
from ...telemetry.alerts import read_alerts
from ...telemetry.bundle import read_bundle
from .live_feed import Feed, cut

LAST_S, TIMES = 3.0, 0.75
"""Live: the seconds that come while the response runs, and how many times as fast. A drill's
bundle ends some three seconds after its alert."""
NEVER = 2.0
"""A confidence that nothing reaches."""


def alert_of(bundle: Path) -> Alert:
    """The alert that lies in the bundle. Raises InputError where none does."""
    try:
        return read_alerts((bundle / "alert.json").read_bytes())[0]
    except FileNotFoundError as error:
        raise InputError(
            f"{bundle} holds no alert.json; `warroom drill --keep` keeps one"
        ) from error


def baseline(bundle: Path, _started: float) -> dict[str, Any]:
    """What a person would do at first sight: read everything, blame the loudest."""
    telemetry, alert = read_bundle(bundle), alert_of(bundle)
    rows = sum(cover.rows for cover in telemetry.coverage())
    return {"answer": alert.service, "rows": rows}


def responder(bundle: Path, started: float, feed: Feed | None = None) -> dict[str, Any]:
    """The whole response. No time is spent waiting: what the bundle holds is history, or comes
    through the feed."""
    from ...app.configuration import Sources
    from ...app.opening import open_context, playbooks
    from ...app.work import work
    from ...response import Response
    from ...settings import Settings
    from .decisions import Decisions

    imported = time.time()
    opened, alert = time.perf_counter(), alert_of(bundle)
    with TemporaryDirectory() as home:
        # One attempt, and no short cut past the investigation: every step is worked once.
        settings = Settings(home=Path(home), max_attempts=1, act_confidence=NEVER)
        sources = Sources(telemetry=bundle)
        context = open_context(settings, sources, model_layer=playbooks, pace=0, rehearse=True)
        if feed:
            feed.start()
        taken, used = time.perf_counter(), time.process_time()
        with Response(context) as response:
            incident, _ = response.take(alert)
            decisions = Decisions(context)
            work(response, incident, decisions.listen, decisions.answer)
        document = context.store.load(incident)
    leading = document.leading()
    return {
        "answer": f"{leading.service}: {leading.kind.value}" if leading else "none",
        "severity": document.severity.value if document.severity else "",
        "steps": sorted({report.step for report in document.reports}),
        "import_s": imported - started,
        "open_s": taken - opened,
        "severity_s": decisions.severity_at - taken,
        "respond_s": time.perf_counter() - taken,
        "respond_cpu_s": time.process_time() - used,
        "evidence": len(document.evidence),
    }


def live(bundle: Path, _started: float) -> dict[str, Any]:
    """The whole response beside somebody who writes the bundle."""
    with TemporaryDirectory() as folder:
        growing = Path(folder) / bundle.name
        feed = Feed(growing, cut(bundle, growing, LAST_S), TIMES)
        found = responder(growing, time.time(), feed)
        feed.ended.set()
        feed.join()
    return found


RUNS = {"responder": responder, "live": live, "baseline": baseline}


def main() -> None:
    """Run and print."""
    bundle, who = Path(sys.argv[1]), sys.argv[2]
    found = RUNS[who](bundle, float(sys.argv[3]))
    used = resource.getrusage(resource.RUSAGE_SELF)
    found["peak_mb"] = used.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
    found["cpu_s"] = used.ru_utime + used.ru_stime
    print(json.dumps(found))


if __name__ == "__main__":
    main()
