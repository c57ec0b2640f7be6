"""A small shop sends its telemetry by OTLP: the response over it names the right service."""

import json
from pathlib import Path

import pytest

from warroom.agents.runtime.context import ResponseContext
from warroom.incident.document import Incident
from warroom.incident.timeline import from_ts
from warroom.record.store import Store
from warroom.response import Response
from warroom.settings import Settings
from warroom.telemetry.bundle import CatalogueFile
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.rolling import KEPT
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.registry import connected
from warroom.tests.support.bundles import START
from warroom.tests.support.otlp_backend import OtlpBackend
from warroom.tests.support.responses import NOW, ONSET, alert
from warroom.tests.support.shop_bundle import Fault, write_shop

AT_ONCE = 2000
"""Rows of a request."""


def sent(bundle: Path, folder: Path, modalities: tuple[str, ...]) -> OtlpBackend:
    """What the bundle has of these, sent by OTLP."""
    backend = OtlpBackend(folder)
    backend.now = START + NOW
    for modality in modalities:
        texts = (file.read_text() for file in sorted((bundle / modality).glob("*.jsonl")))
        rows = [json.loads(line) for text in texts for line in text.splitlines()]
        for first in range(0, len(rows), AT_ONCE):
            backend.write(modality, *rows[first : first + AT_ONCE])
    return backend


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


@pytest.mark.parametrize(
    ("kind", "service", "modalities"),
    [
        ("errors", "checkout", ("traces",)),
        pytest.param("errors", "checkout", KEPT, marks=pytest.mark.thorough),
        pytest.param("hang", "payments", KEPT, marks=pytest.mark.thorough),
    ],
    ids=["spans alone", "errors", "hang"],
)
def test_triage_over_what_was_sent_names_the_service(tmp_path, kind, service, modalities):
    bundle = write_shop(tmp_path / "bundle", Fault(kind, service, at=ONSET))
    backend = sent(bundle, tmp_path / "kept", modalities)
    where = Datasource(name="otlp", type="otlp", url=backend.where)
    recorder = Recorder(
        connected([where]),
        CatalogueFile(bundle / "catalogue.json").catalogue,
        clock=lambda: START + NOW,
    )
    incident = responded(tmp_path / "home", recorder)
    leading = incident.leading()
    assert leading
    assert leading.service == service
    assert recorder.recording.gaps == ()
    recorder.close()
    backend.store.close()
