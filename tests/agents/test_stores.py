"""What may be lost of a data store: asked of a Prometheus by what the catalogue names."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from warroom.agents.health.stores import data_measures
from warroom.agents.reporting.recovery import COPY, ROWS
from warroom.agents.runtime.context import StepBench
from warroom.incident.action import Measure
from warroom.incident.document import Incident
from warroom.incident.evidence import Evidence, digest
from warroom.incident.impact import ServiceState
from warroom.models.redaction import Redaction
from warroom.telemetry.model import Catalogue, Goals, Service, Window
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.registry import connected
from warroom.tests.support.bundles import START
from warroom.tests.support.incidents import declared
from warroom.tests.support.prometheus_backend import PrometheusBackend
from warroom.tools.base import Frame
from warroom.tools.toolbox import Toolbox

STORE, ONSET, NOW = "orders-db", START + 960, START + 1200
FRAME = Frame(Window(START + 300, START + 900), Window(ONSET, NOW), service=STORE)
QUERY = f'{{__name__="copied_at_seconds",service="{STORE}"}}'
BROKEN = f'{{__name__="broken_rows",service="{STORE}"}}'


@pytest.fixture(scope="module")
def tools() -> Iterator[tuple[Toolbox, list[Evidence]]]:
    """A copy every five minutes until it fails; two rows break at the onset."""
    prom, known = PrometheusBackend(), list[Evidence]()
    for second in range(0, 1200, 10):
        row = {"ts": START + second, "service": STORE, "labels": {}}
        copied = START + min(second // 300 * 300, 600)
        prom.write("metrics", row | {"name": "copied_at_seconds", "value": copied})
        rows = 2 if second >= 960 else 0
        prom.write("metrics", row | {"name": "broken_rows", "value": rows})
    kind = Datasource(name="prom", type="prometheus", url=prom.where)  # pyright: ignore
    recorder = Recorder(connected([kind]), clock=lambda: NOW)
    recorder.focus(STORE, START)
    bench = StepBench(recorder.advance(), FRAME, live=recorder.live())

    def keep(evidence: Evidence, payload) -> Evidence:
        sealed = {"id": f"E{len(known) + 1}", "digest": digest(payload)}
        known.append(evidence.model_copy(update=sealed))
        return known[-1]

    yield Toolbox(bench, "observability", keep, redact=Redaction()), known
    prom.close()
    recorder.close()


def measured(tools: Toolbox, goals: Goals) -> dict[str, Measure]:
    document: Incident = declared()
    document.services.append(ServiceState(name=STORE, role="dependency", kind="database"))
    document.onset = document.opened_at = datetime.fromtimestamp(ONSET, UTC)
    document.alert.starts_at = document.onset
    catalogue = Catalogue(services=[Service(name=STORE, goals=goals)])
    return {m.signal: m for m in data_measures(document, catalogue, tools)}


def test_a_copy_is_as_old_as_it_was_when_it_began_and_broken_rows_are_those_of_now(tools):
    box, known = tools
    found = measured(box, Goals(newest=QUERY, broken=BROKEN, rpo_s=300))
    copy, rows = found[COPY], found[ROWS]
    assert (copy.after, copy.healthy) == (360.0, False), "the copy of minute 10, at minute 16"
    assert (rows.after, rows.healthy, rows.threshold) == (2.0, False, 0.0)
    assert not copy.decisive and not rows.decisive
    asked = next(one for one in known if one.id == copy.evidence)
    assert asked.backends[0].query == QUERY
    assert measured(box, Goals(newest=QUERY, rpo_s=3600))[COPY].healthy


def test_what_nobody_answers_has_no_level_and_what_is_not_named_is_not_asked(tools):
    box, known = tools
    found = measured(box, Goals(newest=f'{{__name__="nothing",service="{STORE}"}}'))
    assert found.keys() == {COPY} and found[COPY].after is None and found[COPY].healthy is None
    before = len(known)
    assert measured(box, Goals()) == {} and len(known) == before
