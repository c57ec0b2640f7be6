"""The same system seen through servers and through its files: one answer."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

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
from warroom.tests.support.http_backends import serving
from warroom.tests.support.log_backends import LokiBackend
from warroom.tests.support.prometheus_server import INSTALLED, as_openmetrics, prometheus
from warroom.tests.support.real_servers import REAL
from warroom.tests.support.responses import NOW, ONSET, alert
from warroom.tests.support.shop_bundle import Fault, write_shop
from warroom.tests.support.ways import RUN

NEEDED = pytest.mark.skipif(not INSTALLED, reason="prometheus and promtool are not on PATH")


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


def rows(bundle: Path, modality: str) -> Iterator[dict[str, Any]]:
    for file in (bundle / modality).glob("*.jsonl"):
        yield from map(json.loads, file.read_text().splitlines())


@contextmanager
def faked(bundle: Path, root: Path) -> Iterator[list[Datasource]]:
    """A real Prometheus; a fake of Loki with levels and ids as metadata, as agents ship them."""
    loki = LokiBackend()
    for row in rows(bundle, "logs"):
        labels = {name: row[name] for name in ("instance", "level", "trace_id") if row.get(name)}
        known = {name.replace(".", "_"): str(one) for name, one in row["attributes"].items()}
        loki.write("logs", {**row, "labels": labels | known})
    with serving(loki), prometheus(root, as_openmetrics(bundle)) as url:
        yield [
            Datasource(name="prom", type="prometheus", url=url),
            Datasource(name="loki", type="loki", url=loki.where),
        ]


@contextmanager
def real(bundle: Path, root: Path, names: Sequence[str]) -> Iterator[list[Datasource]]:
    """These servers, each with the rows of its modality."""
    with ExitStack() as stack:
        made = [REAL[name](root / name) for name in names]
        for server in made:
            stack.callback(server.close)
            server.write(server.modality, *rows(bundle, server.modality))
        yield [
            Datasource(name=one.name.lower(), type=one.table.type, url=one.where) for one in made
        ]


def told(found: Hypothesis | None) -> tuple[str, str, float]:
    assert found
    return found.service, found.kind, round(found.confidence, 1)


@pytest.mark.parametrize(
    "servers",
    [
        pytest.param(faked, id="faked", marks=[pytest.mark.thorough, NEEDED]),
        *(
            pytest.param(
                partial(real, names=(metrics, logs, "Jaeger")),
                id=f"{metrics}, {logs}, Jaeger",
                marks=[pytest.mark.conformance, RUN],
            )
            for metrics, logs in (
                ("Prometheus", "Loki"),
                ("VictoriaMetrics", "VictoriaLogs"),
                ("Thanos", "OpenSearch"),
            )
        ),
    ],
)
@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind, service, at=ONSET)
        for kind, service in (("errors", "checkout"), ("hang", "payments"))
    ],
    ids=lambda fault: fault.kind,
)
def test_servers_and_files_lead_to_the_same_cause(tmp_path, servers, fault):
    bundle = write_shop(tmp_path / "bundle", fault)
    (tmp_path / "data").mkdir()
    with servers(bundle, tmp_path / "data") as datasources:
        asked = connected(datasources)
        had = {"changes", *(one.modality for one in asked)}
        rest = [one for one in sources_of("files", str(bundle)) if one.modality not in had]
        recorder = Recorder(
            [*asked, *rest],
            CatalogueFile(bundle / "catalogue.json").catalogue,
            clock=lambda: START + NOW,
        )
        over_servers = responded(tmp_path / "servers", recorder)
    over_files = responded(tmp_path / "files", open_bundle(bundle))
    assert told(over_servers.leading()) == told(over_files.leading())
    assert over_servers.severity == over_files.severity
    assert recorder.recording.gaps == ()
