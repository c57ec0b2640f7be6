"""One drill from end to end: start the shop, learn what healthy is, break it, respond, score.

The truth is read by the scorer alone; whatever happens, every process is ended.
"""

import json
import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from ..agents.runtime.context import ResponseContext
from ..app.configuration import Sources
from ..app.opening import open_context
from ..app.work import Commander, Tell
from ..incident.document import Alert
from ..incident.lifecycle import ACTIVE
from ..intake.handing import attach
from ..record.ledger import Request
from ..record.store import Store
from ..settings import Settings
from ..targets.operations import Operations
from ..telemetry.alerts import parse_alerts
from ..telemetry.bundle import open_bundle
from ..telemetry.detector import evaluate
from ..telemetry.model import Window
from ..telemetry.recorder import Recorder
from ..telemetry.rules import default_rules, prometheus_rules
from .alarm import Alarm, Bodies, listening
from .environment import Shop
from .fault import LOOK_S, Fault
from .host import Host
from .keep import LABEL, Keeping, check_free, close, close_stale, running, tell_beside, tidy
from .score import DrillObservation, Score
from .world import world

if TYPE_CHECKING:
    from ..response import Response

SETTLED_S = 4.0
"""Healthy seconds before the baseline begins: a start is no ordinary operation."""
CALM_S = 90.0
"""Waited at most until nothing fires."""


@dataclass
class Drill:
    """One run of one fault."""

    fault: Fault
    settings: Settings
    host: Host
    prometheus: bool = False
    keep: Path | None = None
    looks: int = 2  # at what nothing is known to do about: nobody stays for hours

    @property
    def target(self) -> Path | None:
        """The bundle that is kept; None: none."""
        return self.keep / self.fault.name if self.keep else None

    def run(self) -> Score:
        """Run and score it.

        Raises DrillError where the shop or the fault did not start, InputError where the
        bundle cannot be kept because there is one.
        """
        check_free(self.target)
        root = claimed(self.settings.home.resolve() / "drills")
        with ExitStack() as open_until_the_end:
            open_until_the_end.callback(tidy, root)
            open_until_the_end.enter_context(running(root))
            return self._in(root, open_until_the_end)

    def reads(self, _shop: Shop, files: Recorder, _scope: ExitStack) -> Recorder:
        """What the responder reads: the shop's files, unless a drill says otherwise."""
        return files

    def _in(self, root: Path, scope: ExitStack) -> Score:
        shop, bodies = self._start(root, scope)
        recorder = open_bundle(shop.telemetry)
        scope.callback(recorder.close)
        read = self.reads(shop, recorder, scope)
        self._learn(recorder)
        early = _firing(recorder)
        times: dict[str, float | None] = {}
        with Alarm(recorder, bodies) as alarm:
            times["begun"] = time.time()
            for course in self.fault.courses():
                scope.callback(course.end)
                course.begin(shop)
            times["injected"] = injected = time.time()
            self.host.note("the fault is in; nobody has told the responder")
            fired = self._alert(alarm)
        body = self.fault.told(fired, time.time())
        times["alerted"] = alerted = time.time() if body else None
        detect_s = round(max(0.0, alerted - injected), 1) if alerted else None
        seen = DrillObservation(detect_s, false_alarms=early, by_hand=fired is None)
        if body is None:
            return self.fault.score(None, seen)
        scope.callback(tell_beside, self.target, self.fault.truth.to_json(), times)
        incident_id, context = self._respond(shop, read, body, scope)
        seen = replace(seen, left=self._left(recorder))
        self.host.finished(context, incident_id)
        return self.fault.score(context.store.load(incident_id), seen)

    def _left(self, recorder: Recorder) -> dict[str, float | None]:
        """By symptom, what is left of it once the response is over."""
        time.sleep(self.fault.wait_s)
        telemetry, now = recorder.advance(), time.time()
        window = Window(now - (self.fault.worst_s or LOOK_S), now)
        symptoms, steady = self.fault.truth.symptoms, not self.fault.worst_s
        return {str(one): one.left(telemetry, window, steady) for one in symptoms}

    def _start(self, root: Path, scope: ExitStack) -> tuple[Shop, Bodies | None]:
        """The shop, and the queue of what Alertmanager posts (None: our own detector alone)."""
        known = world(self.fault.world)
        rules = default_rules(known.windows)
        url, bodies = scope.enter_context(listening()) if self.prometheus else (None, None)
        self.host.note(f"starting the {known.name}: {known.parts}")
        shop = Shop.start(
            root / "shop",
            rules=[rule.model_dump() for rule in rules],
            webhook=url,
            alerting=json.dumps(prometheus_rules(rules)) if url else "",
            links=self.fault.links,
            world=known.name,
        )
        return scope.enter_context(shop), bodies

    def _learn(self, recorder: Recorder) -> None:
        """Let customers shop until there is a healthy baseline to compare with, and until nothing
        fires any more: a busy machine is slow of itself, and that is no alert of the fault."""
        Thread(target=_preload, name="imports", daemon=True).start()
        total = recorder.recording.catalogue().windows.baseline_s + SETTLED_S
        begun, last = time.monotonic(), total + CALM_S
        what = "business as usual; learning what healthy looks like"
        while (done := time.monotonic() - begun) < total or (done < last and _firing(recorder)):
            self.host.waiting(what, min(done, total), total)
            time.sleep(min(1.0, max(0.1, total - done)))
        self.host.waiting(what, total, total)

    def _alert(self, alarm: Alarm) -> dict[str, Any] | None:
        if given := self.fault.webhook(time.time()):
            return given
        what, limit = "waiting for an alert", self.fault.patience_s
        fired = alarm.wait(limit, lambda waited: self.host.waiting(what, waited, limit))
        if fired is None:
            self.host.note(f"no alert within {limit:.0f} s")
        return fired

    def _respond(
        self, shop: Shop, recorder: Recorder, body: dict[str, Any], scope: ExitStack
    ) -> tuple[str, ResponseContext]:
        from ..response import Response  # langgraph takes seconds to import: see _preload

        operations = Operations.load(shop.layout.operations)
        sources = Sources(operations=shop.layout.operations, drill=True)
        context = open_context(self.settings, sources, recorder=recorder)
        context.looks = self.looks
        store = context.store
        close_stale(store, self.settings.home / "drills")
        keeping = Keeping(shop.telemetry, self.target)
        keeping.begin(body, operations)
        first, *others = parse_alerts(body)
        response = scope.enter_context(Response(context))
        incident_id, _new = response.take(_labelled(first, shop.layout.root.parent.name))
        scope.callback(_end, store, incident_id)
        tell = self.host.listener(context, incident_id)
        if others:
            attach(store, incident_id, others, "in the same delivery", context.clock())
        for other in others:
            self.host.note(f"the same delivery says: {other.summary or other.name}")
        commander = self.host.commander(context)

        def decide(request: Request) -> bool:
            keeping.snapshot()
            return commander(request)

        self._work(response, incident_id, tell, decide)
        keeping.snapshot()
        return incident_id, context

    def _work(self, response: "Response", incident_id: str, tell: Tell, decide: Commander) -> None:
        from ..app.work import work

        work(response, incident_id, tell, decide)


def _firing(recorder: Recorder) -> tuple[str, ...]:
    """The rules that fire."""
    return tuple(sorted({one.rule for one in evaluate(recorder.advance(), time.time())}))


def _labelled(alert: Alert, run: str) -> Alert:
    """Of this run and no other: an alert of an earlier drill is not the same one."""
    labels = {**alert.labels, LABEL: run}
    return alert.model_copy(update={"labels": labels, "fingerprint": f"{alert.fingerprint}-{run}"})


def _end(store: Store, incident_id: str) -> None:
    if store.load(incident_id).state in ACTIVE:
        close(store, incident_id)


def claimed(drills: Path) -> Path:
    """A folder of its own. The responder sees its name (in stack traces), so it does not name the
    fault."""
    while True:
        name = f"drill-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        try:
            (drills / name).mkdir(parents=True)
        except FileExistsError:  # of one that began in the same second
            continue
        return drills / name


def _preload() -> None:
    from .. import response  # noqa: F401 (so that the alert does not wait for it)
