"""`datasources:` of warroom.yaml: read, asked where no bundle is named, kept by name."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from warroom.app.configuration import KEPT, Sources, asked, recall, remember
from warroom.app.configuration_file import NAMED, read_configuration
from warroom.app.opening import open_context, playbooks
from warroom.errors import InputError, TableError
from warroom.record.changes import SentChanges
from warroom.record.store import Store
from warroom.settings import Settings
from warroom.telemetry.sources.source import EVER
from warroom.tests.support.consoles import CommandLine
from warroom.tests.support.log_backends import LokiBackend
from warroom.tests.support.prometheus_backend import PrometheusBackend


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Writes warroom.yaml and names it."""

    def written(text: str) -> None:
        file = tmp_path / "warroom.yaml"
        file.write_text(text)
        monkeypatch.setenv(NAMED, str(file))

    return written


@pytest.fixture
def servers() -> Iterator[tuple[PrometheusBackend, LokiBackend]]:
    """A system that fails since a minute."""
    made, loki, now = PrometheusBackend(), LokiBackend(), time.time()
    for ago in range(900, 0, -10):
        failing = ago < 60
        for code, total in (("200", 100 * (900 - ago)), ("500", failing * 90 * (60 - ago))):
            row = {"ts": now - ago, "name": "http_requests_total", "service": "checkout"}
            made.write("metrics", row | {"labels": {"code": code}, "value": total})
        text = "ERROR connection refused by payments" if failing else "INFO served"
        loki.write("logs", {"ts": now - ago, "service": "checkout", "message": text})
    yield made, loki
    made.close()
    loki.close()


def test_datasources_are_read_in_grafanas_and_prometheus_words(write, tmp_path):
    write(
        """
labels: {service: [app]}
datasources:
  - name: prom
    type: prometheus
    url: http://prometheus:9090/base
    jsonData: {timeInterval: 1m}
    authorization: {credentials_file: token}
    http_headers: {X-Scope-OrgID: {values: [team]}, X-Key: {files: [key]}}
    tls_config: {ca_file: ca.pem}
    timeout: 1m30s
  - {name: loki, type: loki, url: http://loki:3100, labels: {service: [job]}}
"""
    )
    prom, loki = read_configuration().asked
    assert prom.authorization
    assert prom.authorization.credentials_file == tmp_path / "token"
    assert prom.http_headers["X-Key"].files == (tmp_path / "key",)
    assert prom.tls_config.ca_file == tmp_path / "ca.pem"
    assert (prom.jsonData.timeInterval, prom.timeout) == (60, 90)
    assert prom.whose.service == ("app",)
    assert loki.whose.service == ("job",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{name: p, type: prometeus, url: 'http://a'}", "warroom.yaml:2: datasources.0.type: "),
        ("{name: p, type: loki, url: loki}", "warroom.yaml:2: datasources.0: url: write http://"),
        ("{name: p, type: loki, url: 'http://u:p@a'}", "keep user, password and ?parameters out"),
        ("{name: p, type: loki, url: 'http://a', password: x}", "there is no such key here"),
        ("{name: p, type: loki, url: 'http://a', jsonData: {maxLines: 9999}}", "jsonData.maxLines"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(write, text, said):
    write(f"datasources:\n- {text}\n")
    with pytest.raises(TableError) as error:
        read_configuration()
    assert said in str(error.value)


def test_two_of_one_name_are_refused(write):
    one = "{name: p, type: loki, url: 'http://a'}"
    write(f"datasources: [{one}, {one}]\n")
    with pytest.raises(TableError, match="datasources: two are called p"):
        read_configuration()


def test_an_incident_keeps_them_by_name_and_without_secrets(write, tmp_path):
    (tmp_path / "token").write_text("s3cret")
    loki = "{name: loki, type: loki, url: 'http://a:1', authorization: {credentials_file: token}}"
    write(f"datasources: [{loki}]\n")
    settings = Settings(home=tmp_path / "home")
    remember(settings, "INC-1", Sources())
    kept = (settings.files("INC-1") / KEPT).read_text()
    assert json.loads(kept)["datasources"] == ["loki"]
    assert "s3cret" not in kept
    assert "http" not in kept
    more = "{name: more, type: loki, url: 'http://b:1'}"
    write(f"datasources: [{loki}, {more}]\n")
    context = open_context(settings, recall(settings, "INC-1"), model_layer=playbooks)
    names = [source.name for source in context.recorder.sources]
    assert names == ["loki, loki at http://a:1", "changes sent to Warroom"]
    write(f"datasources: [{more}]\n")
    with pytest.raises(InputError, match="has no datasource loki any more"):
        open_context(settings, recall(settings, "INC-1"), model_layer=playbooks)


def test_a_bundle_and_an_exercise_ask_no_server(write, tmp_path):
    write("datasources: [{name: loki, type: loki, url: 'http://a:1'}]\n")
    settings = Settings(home=tmp_path / "home")
    context = open_context(settings, Sources(drill=True), model_layer=playbooks)
    assert context.recorder.sources == ()


def test_what_is_sent_to_us_is_a_data_source_without_further_words(write, tmp_path, monkeypatch):
    monkeypatch.setenv("WARROOM_HOME", str(tmp_path / "home"))
    loki = "{name: loki, type: loki, url: 'http://a:1'}"
    write(f"otlp: {{}}\ndatasources: [{loki}]\n")
    sent, asked_too = asked(Sources())
    assert (sent.name, sent.type, sent.url) == ("otlp", "otlp", str(tmp_path / "home/otlp"))
    assert asked_too.name == "loki"
    write("otlp: {folder: sent}\n")
    assert [one.url for one in asked(Sources())] == [str(tmp_path / "sent")]
    write("otlp: {}\ndatasources: [{name: mine, type: otlp, url: /srv/sent}]\n")
    assert [one.name for one in asked(Sources())] == ["mine"]
    write(f"datasources: [{loki}]\n")
    assert [one.name for one in asked(Sources())] == ["loki"]


@pytest.mark.parametrize(
    "wrong", ["{listen: 4318}", "{hours: 0}", "{megabytes: 1}", "{authorization: {}, hour: 1}"]
)
def test_what_is_wrong_about_otlp_is_said(write, wrong):
    write(f"\notlp: {wrong}\n")
    with pytest.raises(TableError, match=r"warroom\.yaml:2: otlp"):
        read_configuration()


def test_an_alert_is_triaged_over_the_servers_of_the_file(
    write, servers, tmp_path, monkeypatch, capsys
):
    prometheus, loki = servers
    write(
        f"""
datasources:
  - {{name: prom, type: prometheus, url: '{prometheus.where}', jsonData: {{timeInterval: 10s}}}}
  - {{name: loki, type: loki, url: '{loki.where}'}}
"""
    )
    alert = tmp_path / "alert.json"
    about = {"name": "HighErrorRate", "service": "checkout", "severity": "critical", "summary": "x"}
    alert.write_text(json.dumps(about))
    said = CommandLine(tmp_path / "home", monkeypatch, capsys)("triage", str(alert), "--json")
    (found,) = said.json
    assert found["cause"]["service"] == "checkout"
    assert {"metrics", "logs"}.isdisjoint(gap["what"] for gap in found["gaps"])
    document = Path(found["files"][0]).read_text()
    assert "ERROR connection refused by payments" in document
    assert "checkout error_rate" in document
    assert f"{prometheus.where}/graph?g0.expr=" in document


def test_what_pipelines_sent_is_read_beside_the_datasources(write, servers, tmp_path):
    prom, _ = servers
    write(f"datasources: [{{name: prom, type: prometheus, url: '{prom.where}'}}]")
    settings = Settings(home=tmp_path / "home")
    store = Store.open(tmp_path / "record.db")
    row = {"at": time.time() - 60, "kind": "helm-upgrade", "service": "checkout", "id": "sent-1"}
    SentChanges(store.engine).keep("1", row | {"version": "2", "diff": "+x", "files": ["a"]})
    context = open_context(settings, model_layer=playbooks, store=store)
    context.recorder.focus("checkout", time.time() - 600)
    (change,) = context.recorder.advance().changes(EVER)
    assert (change.kind, change.service, change.version) == ("deploy", "checkout", "2")
    assert (change.summary, change.files, change.diff) == ("helm-upgrade: ", ("a",), "+x")
    assert not [gap for gap in context.recorder.recording.gaps if gap[0] == "changes"]
    context.recorder.close()
