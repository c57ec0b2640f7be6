"""What docs/datasources.md says of backends is what the suite knows of them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from warroom.evals.conformance.servers import LIVE, SERVERS, TAPED, row
from warroom.telemetry.sources.checkup import checkup
from warroom.telemetry.sources.datasource import ALERTS_ONLY, Datasource
from warroom.telemetry.sources.registry import OPENERS
from warroom.tests.support.house import ROOT
from warroom.tests.support.real_servers import REAL
from warroom.tests.support.ways import NOWHERE, RUN, TAPES, folder_of


def test_the_documented_table_is_the_tables():
    document = (ROOT / "docs" / "datasources.md").read_text()
    table = document.partition("| backend | type |")[2].partition("\n\n")[0]
    documented = table.splitlines()[2:]
    assert documented == [row(name, server) for name, server in SERVERS.items()]


def test_every_kind_of_source_has_a_backend_in_it():
    assert {server.type for server in SERVERS.values()} == {*OPENERS, *ALERTS_ONLY}


def test_what_is_said_to_run_for_real_does():
    assert LIVE.keys() == REAL.keys()
    for server in LIVE.values():
        built = server.go or (server.main and not server.jars)
        assert bool(built) != bool(server.command)


def test_tapes_are_of_the_versions_in_the_table():
    assert {path.name for path in TAPES.iterdir()} == set(map(folder_of, TAPED))


@pytest.mark.parametrize("server", TAPED)
def test_tapes_are_small_and_name_no_host(server):
    texts = [path.read_text() for path in (TAPES / folder_of(server)).glob("*.yaml")]
    assert sum(map(len, texts)) < 130_000
    hosts = {host for text in texts for host in re.findall(r"https?://[^/\s\"']+", text)}
    assert hosts - {"https://opensearch.org"} == {NOWHERE}  # it introduces itself by that


@pytest.mark.conformance
@RUN
@pytest.mark.parametrize(
    "name", ["Prometheus", "Thanos", "Loki", "VictoriaLogs", "OpenSearch", "Jaeger"]
)
def test_doctor_reads_the_version_of_a_real_one(name, tmp_path):
    server = REAL[name](tmp_path)
    try:
        source = {"name": "a", "type": server.kind, "url": server.where}
        found = checkup(Datasource.model_validate(source))
    finally:
        server.close()
    assert found.fault == ""
    assert found.version.startswith(LIVE[name].version)


RECORDING = """
import json
from pathlib import Path
import httpx
import pytest
from warroom.tests.support import cluster_tape, ways
from warroom.tests.support.log_backends import LokiBackend

HERE = Path(__file__).parent
ways.TAPES, cluster_tape.TAPE = HERE / "tapes", HERE / "rollout.json"


@pytest.fixture
def ending():
    yield
    assert {ending!r} != "torn down badly"


def test_one(tmp_path, ending):
    server = LokiBackend(tmp_path)
    with ways.tape("Loki", "test_one", record=True):
        httpx.get(f"{{server.where}}/loki/api/v1/labels", trust_env=False)
    server.close()
    with ways.tape("Loki", "test_nothing_is_asked", record=True):
        pass
    recorder = cluster_tape.Recorder("http://127.0.0.1:1", "token")
    recorder.writes.append({{"of": "now"}})
    recorder.keep()
    recorder.close()


def test_another():
    assert {ending!r} != "failed"
"""


@pytest.mark.parametrize("ending", ["good", "failed", "torn down badly"])
def test_what_a_run_records_counts_only_where_all_of_it_is_good(ending: str, tmp_path: Path):
    tapes = tmp_path / "tapes" / folder_of("Loki")
    kept = [tapes / "one.yaml", tapes / "nothing_is_asked.yaml", tmp_path / "rollout.json"]
    tapes.mkdir(parents=True)
    for file in kept:
        file.write_text("of before")
    (tmp_path / "test_recording.py").write_text(RECORDING.format(ending=ending))
    ours = ["-p", "warroom.tests.conftest", "-p", "no:cacheprovider"]
    ours += ["--basetemp", str(tmp_path / "own")]  # else it shuts the folder of all runs to others
    command = [sys.executable, "-m", "pytest", "-q", *ours, str(tmp_path / "test_recording.py")]
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        command, cwd=tmp_path, env=own, capture_output=True, text=True, check=False
    )
    assert done.returncode == (ending != "good"), done.stdout
    said = [file.read_text() if file.exists() else "" for file in kept]
    if ending != "good":
        assert said == ["of before"] * 3
    else:
        assert "/loki/api/v1/labels" in said[0]
        assert said[1] == ""
        assert json.loads(said[2])["write"] == {"of": "now"}
