"""Connect, doctor, what fires now, a person's words: over fakes made from the published APIs."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from warroom.app.configuration_file import NAMED
from warroom.console.exits import Exit
from warroom.tests.support.alertmanager_backend import AlertmanagerBackend
from warroom.tests.support.consoles import CommandLine
from warroom.tests.support.failing_system import write_failing
from warroom.tests.support.log_backends import LokiBackend
from warroom.tests.support.prometheus_backend import PrometheusBackend
from warroom.tests.support.trace_backends import JaegerBackend


class Servers(NamedTuple):
    """What a team has."""

    prometheus: PrometheusBackend
    loki: LokiBackend
    alertmanager: AlertmanagerBackend


@pytest.fixture
def servers() -> Iterator[Servers]:
    made = Servers(PrometheusBackend(), LokiBackend(), AlertmanagerBackend())
    write_failing(made.prometheus, made.loki)
    yield made
    for server in made:
        server.close()


@pytest.fixture
def warroom(tmp_path, monkeypatch, capsys) -> CommandLine:
    monkeypatch.setenv(NAMED, str(tmp_path / "warroom.yaml"))
    return CommandLine(tmp_path / "home", monkeypatch, capsys)


@pytest.fixture
def connected(warroom: CommandLine, servers: Servers) -> CommandLine:
    for kind, server in servers._asdict().items():
        assert warroom("connect", kind, server.where).code == Exit.done
    return warroom


def ago(seconds: float) -> str:
    return datetime.fromtimestamp(time.time() - seconds, UTC).isoformat()


def test_connect_says_what_was_found_and_what_to_paste(warroom, servers, tmp_path):
    said = warroom("connect", "loki", servers.loki.where, "--name", "logs")
    assert said.code == Exit.done
    assert "logs: loki, services: 1 by service_name" in said.out
    assert "warroom triage --now" in said.out
    said = warroom("connect", "alertmanager", servers.alertmanager.where)
    assert "/hooks/alertmanager" in said.out
    assert f"credentials_file: {warroom.home / 'alertmanager.secret'}" in said.out
    assert warroom("config", "check").code == Exit.done


def test_connect_without_a_file_makes_one_here_that_is_found(
    warroom, servers, tmp_path, monkeypatch
):
    monkeypatch.delenv(NAMED)
    monkeypatch.chdir(tmp_path)
    said = warroom("connect", "loki", servers.loki.where)
    assert "type: loki" in (tmp_path / "warroom.yaml").read_text()
    assert "export" not in said.out
    assert "loki" in warroom("doctor").out


def test_connect_says_how_a_file_elsewhere_is_named(warroom, servers, tmp_path):
    elsewhere = tmp_path / "team.yaml"
    said = warroom("connect", "loki", servers.loki.where, "--config", str(elsewhere))
    assert f"export {NAMED}={elsewhere}" in said.out


def test_a_file_here_that_anybody_may_write_is_not_believed(warroom, tmp_path, monkeypatch):
    monkeypatch.delenv(NAMED)
    monkeypatch.chdir(tmp_path)
    here = tmp_path / "warroom.yaml"
    here.touch()
    here.chmod(0o666)
    said = warroom("doctor")
    assert said.code == Exit.bad_input
    assert "others may write" in said.err
    here.chmod(0o644)
    assert "no datasource is configured" in warroom("doctor").err


def test_connect_refuses_what_does_not_answer(warroom, servers, tmp_path):
    servers.loki.failing = "401"
    said = warroom("connect", "loki", servers.loki.where)
    assert said.code == Exit.bad_input
    assert "renew the file" in said.err
    assert not (tmp_path / "warroom.yaml").exists()


def test_doctor_says_who_sees_what(connected, servers):
    said = connected("doctor")
    assert said.code == Exit.done
    lines = [line.split() for line in said.out.splitlines()]
    assert ["debugger", *["what", "services", "themselves", "say", "is", "wrong", "loki"]] in lines
    assert any(line[:2] == ["performance", "how"] for line in lines)
    assert "\x1b" not in said.out
    told = connected("doctor", "--json").json
    assert [one["name"] for one in told["datasources"]] == ["prometheus", "loki", "alertmanager"]
    assert told["datasources"][0]["services"] == ["checkout"]


def test_doctor_ends_with_1_where_one_cannot_be_read(connected, servers):
    servers.loki.failing = "403"
    said = connected("doctor")
    assert said.code == Exit.failed
    assert "give this login the right to read" in " ".join(said.out.split())


def test_doctor_without_datasources_says_how_to_get_one(warroom, monkeypatch):
    monkeypatch.setenv(NAMED, "")
    said = warroom("doctor")
    assert said.code == Exit.bad_input
    assert "warroom connect" in said.err


def test_what_fires_now_is_worked_the_worst_first_each_over_its_own_telemetry(connected, servers):
    servers.alertmanager.fire("Queue", "billing", "warning", ago(30))
    servers.alertmanager.fire("HighErrorRate", "checkout", "critical", ago(30))
    servers.alertmanager.fire("Slow", "checkout", "warning", ago(20))
    said = connected("triage", "--now", "--json")
    first, second = (connected.store.load(one["incident"]) for one in said.json)
    assert (first.alert.service, second.alert.service) == ("checkout", "billing")
    assert [joined.alert.name for joined in first.joined] == ["Slow"]
    assert "3 alerts, by alertmanager" in said.err
    assert said.json[0]["cause"]["service"] == "checkout"
    assert any("billing" in one.get("match[]") for one in servers.prometheus.asked)


def test_what_fires_of_neighbours_is_one_incident_and_says_why(connected, servers):
    """No catalogue says who calls whom: the first look at the traces does."""
    servers.alertmanager.fire("HighErrorRate", "gateway", "critical", ago(30))
    servers.alertmanager.fire("HighErrorRate", "checkout", "warning", ago(30))
    servers.alertmanager.fire("Queue", "billing", "warning", ago(30))
    traces = JaegerBackend()
    for number in range(5):
        ids, start = {"trace_id": f"{number + 1:032x}"}, time.time() - 60 - number
        known = ids | {"start": start, "duration_ms": 10.0, "name": "pay"}
        above = {"span_id": f"{number + 1:016x}", "service": "gateway", "kind": "client"}
        below = {"span_id": f"{number + 99:016x}", "parent_id": above["span_id"]}
        traces.write("traces", known | above, known | below | {"service": "checkout"})
    assert connected("connect", "jaeger", traces.where).code == Exit.done
    said = connected("triage", "--now", "--json")
    first, second = (connected.store.load(one["incident"]) for one in said.json)
    assert (first.alert.service, second.alert.service) == ("gateway", "billing")
    [joined] = first.joined
    assert joined.reason == "checkout is called by gateway, which alerts too"
    traces.close()


def test_nothing_fires(connected, servers):
    servers.alertmanager.fire("Watchdog", "", "none", ago(30))
    said = connected("triage", "--now")
    assert said.code == Exit.done
    assert "0 alerts" in said.out
    assert "Watchdog" in said.out
    assert connected.store.incidents() == []
    assert connected("triage", "--now", "--json").json == []


def test_nobody_tells_what_fires(warroom, servers, tmp_path):
    (tmp_path / "warroom.yaml").write_text("# nothing yet\n")
    said = warroom("triage", "--now")
    assert said.code == Exit.bad_input
    assert "warroom connect alertmanager" in said.err
    warroom("connect", "alertmanager", servers.alertmanager.where)
    servers.alertmanager.failing = "401"
    said = warroom("triage", "--now")
    assert said.code == Exit.bad_input
    assert "does not accept our credentials" in said.err


def test_a_persons_words_are_an_alert(connected, servers):
    said = connected("triage", "checkout is failing since 1 minute", "--json")
    assert "service checkout" in said.err
    assert re.search(r", 6\d s ago", said.err)
    document = connected.store.load(said.json[0]["incident"])
    assert (document.alert.service, document.alert.source) == ("checkout", "plain")
    assert document.alert.starts_at
    assert said.json[0]["cause"]["service"] == "checkout"


def test_words_that_may_mean_two_things_open_nothing(connected):
    said = connected("triage", "chekout is slow")
    assert said.code == Exit.bad_input
    assert "did you mean checkout" in said.err
    assert connected.store.incidents() == []


@pytest.mark.parametrize("arguments", [(), ("alert.json", "--now")])
def test_triage_wants_one_thing(warroom, arguments):
    said = warroom("triage", *arguments)
    assert said.code == Exit.bad_input
    assert "--now" in said.err
