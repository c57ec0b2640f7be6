"""MCP with real others: two servers that teams have, asked by us; the inspector, asking us."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from warroom.incident.evidence import EvidenceStatus
from warroom.telemetry.sources.datasource import McpServer
from warroom.tests.support.benches import empty_bench
from warroom.tests.support.consoles import kept
from warroom.tests.support.hooks import hook
from warroom.tests.support.incidents import full
from warroom.tests.support.services import asked
from warroom.tests.support.serving import WARROOM
from warroom.tools.mcp_servers import offer
from warroom.tools.toolbox import Toolbox

pytestmark = pytest.mark.conformance
CLUSTER = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "prod", "cluster": {"server": "https://127.0.0.1:9"}}],
    "contexts": [{"name": "prod", "context": {"cluster": "prod", "user": "reader"}}],
    "current-context": "prod",
    "users": [{"name": "reader", "user": {}}],
}


def npm(folder: Path, *packages: str) -> Path:
    """Where npm puts their commands."""
    words = ["install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *packages]
    subprocess.run(["npm", *words], check=True, timeout=600)
    return folder / "node_modules/.bin"


def toolbox(folder: Path) -> Toolbox:
    return Toolbox(
        empty_bench(folder), "debugger", lambda one, _all: one.model_copy(update={"id": "E1"})
    )


def test_a_call_of_mcp_grafana_is_evidence(tmp_path: Path):
    pip = [sys.executable, "-m", "pip", "install", "-q", "--target", str(tmp_path / "pip")]
    subprocess.run([*pip, "mcp-grafana"], check=True, timeout=600)
    tools = {"list_datasources": ("observability",), "create_folder": ("observability",)}
    with hook() as grafana:
        source = {"id": 1, "uid": "p1", "name": "Prometheus", "type": "prometheus"}
        grafana.answers = [[source]] * 9
        server = McpServer(
            name="grafana",
            command=(str(tmp_path / "pip/bin/mcp-grafana"),),
            environment={"GRAFANA_URL": grafana.url, "PYTHONPATH": str(tmp_path / "pip")},
            tools=tools,
        )
        assert [what for what, _why in offer([server])] == ["create_folder of grafana"]
        found = toolbox(tmp_path / "bench").by_name("grafana_list_datasources", {})
    assert found.status is EvidenceStatus.ok, found.summary
    assert "Prometheus" in json.dumps([row.record() for row in found.rows])


def test_a_call_of_kubernetes_mcp_server_is_evidence(tmp_path: Path):
    place = npm(tmp_path, "kubernetes-mcp-server")
    (tmp_path / "kube.json").write_text(json.dumps(CLUSTER))
    tools = {"configuration_view": ("debugger",), "pods_delete": ("debugger",)}
    server = McpServer(
        name="kubernetes",
        command=(str(place / "kubernetes-mcp-server"),),
        environment={"KUBECONFIG": str(tmp_path / "kube.json"), "PATH": os.environ["PATH"]},
        tools=tools,
    )
    assert [what for what, _why in offer([server])] == ["pods_delete of kubernetes"]
    found = toolbox(tmp_path / "bench").by_name("kubernetes_configuration_view", {})
    assert found.status is EvidenceStatus.ok, found.summary
    assert "127.0.0.1:9" in json.dumps([row.record() for row in found.rows])


def test_the_inspector_asks_ours(tmp_path: Path):
    inspector = npm(tmp_path, "@modelcontextprotocol/inspector") / "mcp-inspector"
    with asked(tmp_path / "home") as service:
        kept(service.service.store, full())
    asks = ["--cli", str(WARROOM), "mcp", "--method", "tools/call"]
    asks += ["--tool-name", "get_incident", "--tool-arg", "incident=INC-1"]
    home = {**os.environ, "WARROOM_HOME": str(tmp_path / "home")}
    said = subprocess.run(
        [inspector, *asks], env=home, capture_output=True, text=True, check=False, timeout=240
    )
    assert said.returncode == 0, said.stderr
    told = json.loads(said.stdout)["structuredContent"]
    assert told["data"]["cause"]["statement"] == "bad deploy at checkout"
