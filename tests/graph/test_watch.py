"""Where nobody acts: what ends by itself is watched before it is called over."""

import json
from datetime import timedelta
from pathlib import Path

from warroom.agents.postmortem import draft
from warroom.agents.reporting.incident_status import by_hand
from warroom.agents.runtime.context import ResponseContext
from warroom.incident.action import Outcome
from warroom.incident.document import Incident
from warroom.incident.finding import FaultKind, Hypothesis
from warroom.incident.lifecycle import State
from warroom.incident.report import VerificationReport
from warroom.incident.timeline import Event, EventKind, from_ts
from warroom.record.timers import Timers
from warroom.record.work import Work
from warroom.tests.support.bundles import START
from warroom.tests.support.responses import begin, room_over
from warroom.tests.support.shop_bundle import Fault, write_shop

BEGUN = 110


def left_alone(
    home: Path, until: int, seconds: int = 400, kind: str = "errors", said: str = ""
) -> tuple[Incident, ResponseContext]:
    """A response without hands to a fault that ends at `until`; time passes where it waits for it.
    said: by a person, when it has just ended."""
    fault = Fault(kind, "checkout", at=60, until=until)
    write_shop(home / "bundle", fault, seconds=seconds)
    stays_busy(home / "bundle", seconds)
    context = room_over(home, fault)
    now = [from_ts(START + BEGUN)]
    context.clock = lambda: now[0]
    context.pace = 1.0
    context.store.work = Work(context.store.engine, lambda _: now[0].timestamp())
    context.store.timers = Timers(context.store.engine, context.store.work.clock)
    response, incident = begin(context)
    rival = Hypothesis(id="H9", statement="the database is flooded", **FLOODED)
    context.store.update(incident, lambda doc: doc.hypotheses.append(rival))
    if said:
        line = Event(at=from_ts(START + until), actor="ann", kind=EventKind.person, text=said)
        context.store.update(incident, lambda doc: doc.record(line))
    while (wait := response.timer(incident)) is not None:
        assert wait > 0
        now[0] += timedelta(seconds=wait)
        list(response.run(incident))
    return context.store.load(incident), context


FLOODED = {"service": "database", "kind": FaultKind.traffic_surge, "confidence": 0.01}


def stays_busy(bundle: Path, seconds: int) -> None:
    """The database, from when the fault begins to the end, long after it is well again."""
    with (bundle / "metrics" / "scrape.jsonl").open("a") as file:
        for second in range(seconds):
            levels = {"http_requests_in_flight": 19.0 if second >= 60 else 1.0}
            for name, value in (levels | {"service_concurrency_limit": 32.0}).items():
                row = {"ts": START + second, "name": name, "service": "database", "value": value}
                file.write(json.dumps(row | {"labels": {}, "instance": "database-1"}) + "\n")


def test_what_ends_by_itself_is_watched_then_resolved_and_credited_to_nobody(tmp_path: Path):
    document, context = left_alone(tmp_path, until=80)
    last = document.report(VerificationReport)
    assert last is not None
    assert (last.outcome, document.executions) == (Outcome.by_itself, [])
    assert document.state in (State.resolved, State.post_incident)
    assert last.since and last.until
    watched = (last.until - last.since).total_seconds()
    assert watched >= context.catalogue.windows.verify_s
    assert document.hypotheses[0].service == "checkout"  # the cause stays as it is
    assert "the response had not acted" in last.reason
    (flooded,) = (h for h in document.hypotheses if h.statement == "the database is flooded")
    (against,) = flooded.contradiction  # its signal stays
    assert "database concurrency_share has not gone back" in against.text and against.quotes
    assert flooded.confidence < 0.01


def test_what_ends_after_what_people_did_is_credited_to_them(tmp_path: Path):
    document, _ = left_alone(tmp_path, until=80, kind="hang", said="I restarted checkout")
    last = document.report(VerificationReport)
    assert last is not None
    assert (last.outcome, document.executions) == (Outcome.better, [])
    assert by_hand(document) == "ann: “I restarted checkout”"
    text = draft(document, document.opened_at).markdown
    assert "What ended it was done by hand, as far as anybody can say: ann: “I restarted" in text
    assert "ann did this by hand" in document.hypotheses[0].support[-1].text


def test_what_people_did_that_cures_no_cause_known_leaves_open_what_ended_it(tmp_path: Path):
    document, _ = left_alone(tmp_path, until=80, said="I cleared the cache of login")
    last = document.report(VerificationReport)
    assert last is not None and last.outcome is Outcome.by_itself
    text = draft(document, document.opened_at).markdown
    assert "What ended it is not known. Right before it, this was done by hand: ann" in text


def test_what_goes_on_stays_open(tmp_path: Path):
    document, _ = left_alone(tmp_path, until=500)
    last = document.report(VerificationReport)
    assert last is not None
    assert (last.outcome, last.well) == (Outcome.unverified, False)
    assert document.state in (State.investigating, State.identified)


def test_what_nobody_can_measure_any_more_stays_open(tmp_path: Path):
    document, _ = left_alone(tmp_path, until=80, seconds=95)
    last = document.report(VerificationReport)
    assert last is not None
    assert (last.outcome, last.well) == (Outcome.unverified, False)
    assert document.state in (State.investigating, State.identified)
