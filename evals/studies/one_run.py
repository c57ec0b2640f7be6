"""One measured run in a process of its own.

    python -m warroom.evals.studies.one_run BUNDLE WHO STARTED

Prints one JSON object. `responder` works the bundle's alert through all five phases with the
playbooks alone; `baseline` reads the bundle and blames the service that the alert names.
STARTED is when the process was started (unix seconds): what imports cost is part of the truth.
"""

import json
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ...agents.runtime.context import ResponseContext
from ...errors import InputError
from ...incident.action import Verdict
from ...incident.alert import Alert
from ...incident.ledger import Request
from ...telemetry.alerts import read_alerts
from ...telemetry.bundle import Bundle

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
    telemetry, alert = Bundle(bundle), alert_of(bundle)
    rows = sum(cover.rows for cover in telemetry.coverage())
    return {"answer": alert.service, "rows": rows}


def responder(bundle: Path, started: float) -> dict[str, Any]:
    """The whole response. No time is spent waiting: what the bundle holds is history."""
    from ...agents.runtime.context import ResponseContext
    from ...incident.store import Store
    from ...response import Response
    from ...session import work
    from ...settings import Settings
    from ...targets.rehearsal import Rehearsal
    from ...targets.survey import FILE, Recorded

    imported = time.time()
    opened, alert = time.perf_counter(), alert_of(bundle)
    with TemporaryDirectory() as home:
        # One attempt, and no short cut past the investigation: every step is worked once.
        settings = Settings(home=Path(home), max_attempts=1, act_confidence=NEVER)
        telemetry = Bundle(bundle)
        survey = Recorded.load(bundle / FILE) if (bundle / FILE).exists() else None
        store = Store.open(settings.database)
        context = ResponseContext(settings, store, telemetry, survey=survey, sleep=lambda _: None)
        context.operations = Rehearsal(context.inventory)
        taken = time.perf_counter()
        with Response(context) as response:
            incident, _ = response.take(alert)
            decisions = Decisions(context)
            work(response, incident, decisions.listen, decisions.answer)
        document = store.load(incident)
    leading = document.leading()
    return {
        "answer": f"{leading.service}: {leading.kind.value}" if leading else "none",
        "severity": document.severity.value if document.severity else "",
        "steps": sorted({report.step for report in document.reports}),
        "import_s": imported - started,
        "open_s": taken - opened,
        "severity_s": decisions.severity_at - taken,
        "respond_s": time.perf_counter() - taken,
        "evidence": len(document.evidence),
    }


def main() -> None:
    """Run and print."""
    bundle, who = Path(sys.argv[1]), sys.argv[2]
    found = {"responder": responder, "baseline": baseline}[who](bundle, float(sys.argv[3]))
    used = resource.getrusage(resource.RUSAGE_SELF)
    found["peak_mb"] = used.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
    found["cpu_s"] = used.ru_utime + used.ru_stime
    print(json.dumps(found))


BY = "benchmark (automatic)"


class Decisions:
    """Answers through the ledger, as a person does, and notes when the severity was known."""

    def __init__(self, context: ResponseContext) -> None:
        self.context = context
        self.severity_at = float("nan")

    def listen(self, event: dict[str, Any]) -> None:
        """Step 1 done: the severity is in the document."""
        if (event["event"], event.get("status"), event.get("step")) == ("step", "done", 1):
            self.severity_at = time.perf_counter()

    def answer(self, request: Request) -> bool:
        """An action here touches nothing; a text would go to customers, so it stays."""
        verdict = Verdict.approved if request.kind == "action" else Verdict.rejected
        reason = "a measurement: nothing is sent" if request.kind != "action" else "rehearsal"
        ledger = self.context.store.ledger
        ledger.decide(request.incident_id, request.subject, verdict, BY, reason)
        return True


if __name__ == "__main__":
    main()
