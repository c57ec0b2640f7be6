"""What docs/datasources.md says of backends is what the suite knows of them."""

import re

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
