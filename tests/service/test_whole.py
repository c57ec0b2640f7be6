"""From Alertmanager's delivery to an incident that is over: a real process, over HTTP."""

import json
import signal
import subprocess
from pathlib import Path
from textwrap import dedent

import httpx
import pytest
import yaml

from warroom.drills.monitoring import ALERTS, installed
from warroom.record.waking import ENDED
from warroom.tests.support.alerts import delivery
from warroom.tests.support.responses import HANGS
from warroom.tests.support.serving import PATIENCE_S, Serving, serving, wait_for
from warroom.tests.support.shop_bundle import write_shop
from warroom.tests.support.supervised import free_ports, supervised

V1 = "/api/v1"


@pytest.fixture
def system(tmp_path):
    """A bundle in which payments hangs, and a real process of payments that can be restarted."""
    write_shop(tmp_path / "bundle", HANGS)
    with supervised(tmp_path) as fleet:
        endpoints = tmp_path / "config" / "endpoints.json"
        content = json.loads(endpoints.read_text())
        endpoints.write_text(json.dumps({"payments": content["web"]}))
        access = {"supervisor_url": fleet.supervisor.url, "config": str(tmp_path / "config")}
        (tmp_path / "operations.json").write_text(json.dumps(access))
        yield tmp_path


def arguments(system: Path) -> list[str]:
    operations = str(system / "operations.json")
    return ["--telemetry", str(system / "bundle"), "--operations", operations]


def send(service: Serving, home: Path) -> None:
    """What Alertmanager does, with the secret that the service gave it."""
    secret = (home / "alertmanager.secret").read_text().strip()
    headers = {"Authorization": f"Bearer {secret}"}
    answer = httpx.post(f"{service.url}/hooks/alertmanager", json=delivery(), headers=headers)
    assert answer.status_code // 100 == 2, answer.text


def the_incident(client: httpx.Client) -> str:
    (line,) = wait_for(lambda: client.get(f"{V1}/incidents").json()["items"], client)
    return line["id"]


def approve_all(client: httpx.Client, incident: str) -> None:
    """Approve whatever is asked until the work is over."""

    def over() -> bool:
        for line in client.get(f"{V1}/incidents/{incident}/requests").json():
            path = f"{V1}/incidents/{incident}/requests/{line['subject']}/approve"
            assert client.post(path).status_code in (200, 409)
        return client.get(f"{V1}/incidents/{incident}/work").json()["status"] in ENDED

    wait_for(over, client)


@pytest.mark.thorough
def test_an_alert_becomes_an_incident_that_is_worked_approved_and_over(system):
    home = system / "home"
    with serving(home, *arguments(system)) as service, service.client() as client:
        send(service, home)
        incident = the_incident(client)
        approve_all(client, incident)
        document = client.get(f"{V1}/incidents/{incident}").json()
        done = [each["title"] for each in document["executions"]]
        assert done[0] == "restart payments"
        assert len(set(done)) == len(done), "nothing is done twice"
        assert {decision["by"] for decision in document["decisions"]} == {"admin"}
        assert client.get(f"{V1}/incidents/{incident}/postmortem").json()["markdown"]
        assert client.get(f"{V1}/audit").json()["fault"] == ""
        send(service, home)  # the same once more: nothing new comes of it
        assert len(client.get(f"{V1}/incidents").json()["items"]) == 1
        assert service.stop() == 0


@pytest.mark.thorough
def test_killed_in_the_middle_it_goes_on_where_it_was(system):
    home = system / "home"
    with serving(home, *arguments(system)) as service, service.client() as client:
        send(service, home)
        incident = the_incident(client)
        wait_for(lambda: client.get(f"{V1}/requests").json(), client)
        service.stop(signal.SIGKILL)
    again = serving(home, *arguments(system), token=service.token)
    with again as service, service.client() as client:
        approve_all(client, incident)
        document = client.get(f"{V1}/incidents/{incident}").json()
        done = [each["title"] for each in document["executions"]]
        assert len(set(done)) == len(done) > 0, "nothing is done twice"
        assert not [line for line in service.said if "wr_" in line], "a token is shown once"


@pytest.mark.thorough
def test_what_is_printed_makes_a_real_alertmanager_send(tmp_path):
    program = installed(ALERTS)
    if program is None:
        pytest.skip("no Alertmanager here")
    (port,) = free_ports(1)
    with serving(tmp_path / "home") as service, service.client() as client:
        file = tmp_path / "alertmanager.yml"
        waits = {"group_wait": "0s", "group_interval": "1s"}
        file.write_text(
            yaml.safe_dump({"route": {"receiver": "warroom", **waits}}) + pasted(service)
        )
        sender = subprocess.Popen(
            [
                program,
                f"--config.file={file}",
                f"--storage.path={tmp_path / 'alerts'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            stderr=subprocess.DEVNULL,
        )
        try:
            fire(f"http://127.0.0.1:{port}", client)
            wait_for(lambda: client.get(f"{V1}/alerts").json()["items"], client)
        finally:
            sender.terminate()
            sender.wait(PATIENCE_S)


def pasted(service: Serving) -> str:
    """The lines that a person is told to paste."""
    said = "".join(service.said)
    return dedent(said[said.index("                receivers:") : said.index("  ready")])


def fire(url: str, client: httpx.Client) -> None:
    """An alert, as Prometheus sends it, once Alertmanager listens."""
    labels = {"alertname": "HighErrorRate", "service": "gateway", "severity": "critical"}

    def sent() -> bool:
        try:
            answer = httpx.post(f"{url}/api/v2/alerts", json=[{"labels": labels}])
        except httpx.TransportError:
            return False
        return answer.is_success

    wait_for(sent, client)
