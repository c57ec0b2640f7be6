"""The same system seen through servers (a real Prometheus, a fake of Loki) and through its files:
one answer."""

import json
from pathlib import Path

import pytest

from warroom.agents.runtime.context import ResponseContext
from warroom.incident.document import Hypothesis, Incident
from warroom.incident.timeline import from_ts
from warroom.record.store import Store
from warroom.response import Response
from warroom.settings import Settings
from warroom.telemetry.bundle import CatalogueFile, open_bundle
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.registry import connected, sources_of
from warroom.tests.support.bundles import START
from warroom.tests.support.log_backends import LokiBackend
from warroom.tests.support.prometheus_server import INSTALLED, as_openmetrics, prometheus
from warroom.tests.support.responses import NOW, ONSET, alert
from warroom.tests.support.shop_bundle import Fault, write_shop

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(not INSTALLED, reason="prometheus and promtool are not on PATH"),
]


def responded(home: Path, recorder: Recorder) -> Incident:
    """The document once somebody has to answer, or nothing is left to do."""
    settings = Settings(home=home)
    store = Store.open(settings.database)
    context = ResponseContext(
        settings, store, recorder, clock=lambda: from_ts(START + NOW), pace=0.0
    )
    with Response(context) as response:
        incident, _ = response.take(alert())
        list(response.run(incident))
    return store.load(incident)


def filled(bundle: Path) -> LokiBackend:
    """With the bundle's logs, as an agent ships them: levels and ids as metadata."""
    loki = LokiBackend()
    for file in (bundle / "logs").glob("*.jsonl"):
        for row in map(json.loads, file.read_text().splitlines()):
            labels = {
                name: row[name] for name in ("instance", "level", "trace_id") if row.get(name)
            }
            known = {name.replace(".", "_"): str(one) for name, one in row["attributes"].items()}
            loki.write("logs", {**row, "labels": labels | known})
    return loki


def told(found: Hypothesis | None) -> tuple[str, str, float]:
    assert found
    return found.service, found.kind, round(found.confidence, 1)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind, service, at=ONSET)
        for kind, service in (("errors", "checkout"), ("hang", "payments"))
    ],
    ids=lambda fault: fault.kind,
)
def test_servers_and_files_lead_to_the_same_cause(tmp_path, fault):
    bundle = write_shop(tmp_path / "bundle", fault)
    (tmp_path / "prometheus").mkdir()
    loki = filled(bundle)
    with prometheus(tmp_path / "prometheus", as_openmetrics(bundle)) as url:
        servers = connected(
            [
                Datasource(name="prom", type="prometheus", url=url),
                Datasource(name="loki", type="loki", url=loki.where),
            ]
        )
        rest = [
            one for one in sources_of("files", str(bundle)) if one.modality in ("traces", "state")
        ]
        recorder = Recorder(
            [*servers, *rest],
            CatalogueFile(bundle / "catalogue.json").catalogue,
            clock=lambda: START + NOW,
        )
        over_servers = responded(tmp_path / "servers", recorder)
    loki.close()
    over_files = responded(tmp_path / "files", open_bundle(bundle))
    assert told(over_servers.leading()) == told(over_files.leading())
    assert over_servers.severity == over_files.severity
    assert recorder.recording.gaps == ()
