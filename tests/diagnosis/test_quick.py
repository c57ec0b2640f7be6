"""The quick diagnostic over real things: sockets, a supervisord, a PostgreSQL, this machine."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from warroom.console.diagnose import watch_command
from warroom.diagnosis.look import Health, Look, levels, measured
from warroom.diagnosis.quick import changes, diagnose, look_at_services
from warroom.errors import InputError, ToolFailed
from warroom.targets.fleet import Fleet
from warroom.tests.support.bundles import START
from warroom.tests.support.canary import canary
from warroom.tests.support.consoles import CommandLine
from warroom.tests.support.shop_bundle import Fault, write_shop
from warroom.tests.support.supervised import free_ports, supervised
from warroom.tests.support.working import until


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with supervised(tmp_path_factory.mktemp("fleet")) as made:
        yield made


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Signed by itself, for 127.0.0.1, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    begin = datetime.now(UTC) - timedelta(days=1)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    built = built.public_key(key.public_key()).serial_number(1).not_valid_before(begin)
    signed = built.not_valid_after(begin + timedelta(days=9)).sign(key, hashes.SHA256())
    kept = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = serialization.Encoding.PEM
    (tmp_path / "mine.pem").write_bytes(key.private_bytes(pem, *kept) + signed.public_bytes(pem))
    return tmp_path / "mine.pem"


def access(folder: Path, **keys: object) -> Path:
    path = folder / "operations.json"
    path.write_text(json.dumps(keys, default=str))
    return path


def healths(looks: list[Look]) -> dict[tuple[str, str], Health]:
    return {(look.area, look.what or look.subject): look.health for look in looks}


def of(looks: list[Look], subject: str) -> dict[str, Health]:
    return {look.area: look.health for look in looks if look.subject == subject}


def test_what_comes_after_the_first_thing_that_is_wrong_is_not_asked() -> None:
    [port] = free_ports(1)
    found = diagnose(None, [f"http://127.0.0.1:{port}/x", "http://nowhere.invalid/"])
    assert of(found, f"127.0.0.1:{port}") == {"port": Health.bad}
    assert of(found, "nowhere.invalid") == {"name": Health.bad}
    assert not of(found, f"http://127.0.0.1:{port}/x")
    assert not of(found, "http://nowhere.invalid/")


def test_a_place_that_answers_is_well_and_one_that_is_not_there_is_named(fleet: Fleet) -> None:
    (endpoint, _spare) = fleet.endpoints("web")
    found = diagnose(None, [endpoint.url])
    assert of(found, endpoint.url) == {"endpoint": Health.well}
    [port] = [look for look in found if look.area == "port"]
    assert (port.what, port.health) == ("connected after", Health.well)
    assert measured("port", "x", port.what, 1.0).health is Health.warning  # §6: latency of 1 s
    with pytest.raises(InputError, match="HOST:PORT"):
        diagnose(None, ["ftp://example.org"])


def test_what_a_machine_has_left_is_held_against_the_table() -> None:
    whats = {"processor in use", "memory in use", "disk in use"}
    assert whats <= {look.what for look in diagnose(None, []) if look.area == "resource"}
    level = levels()["disk in use"]
    told = {value: measured("resource", "/", "disk in use", value).health for value in (1, 90, 95)}
    assert (level.warning, level.bad) == (90, 95)
    assert told == {1: Health.well, 90: Health.warning, 95: Health.bad}
    assert measured("certificate", "x", "days left", 2).health is Health.bad


def test_a_certificate_that_nobody_trusts_is_bad(certificate: Path) -> None:
    with canary(certificate) as (url, asked):
        found = diagnose(None, [url.replace("http:", "https:")])
    [look] = [look for look in found if look.area == "certificate"]
    assert look.health is Health.bad
    assert "self" in look.says
    assert asked == []


def test_processes_restarts_and_errors_of_a_system(fleet: Fleet, tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match="did not start"):
        fleet.supervisor.start("bad-1")
    config, url = fleet.configuration.folder, fleet.supervisor.url
    found = diagnose(access(tmp_path, supervisor_url=url, config=config), [])
    assert of(found, "bad-1") == {"process": Health.bad, "errors": Health.warning}
    assert of(found, "web-2") == {"process": Health.well}  # a spare: nobody wanted it
    assert of(found, "web-1")["restarts"] is Health.warning  # seconds ago
    (endpoint, spare) = fleet.endpoints("web")
    assert of(found, f"{endpoint.url}/healthz") == {"endpoint": Health.well}
    assert of(found, f"{spare.url}/healthz") == {}
    [errors] = [look for look in found if look.subject == "bad-1" and look.area == "errors"]
    assert "ZeroDivisionError" in errors.says
    order = [list(Health).index(look.health) for look in found]
    assert order == sorted(order)


def test_what_was_started_together_was_not_restarted(fleet: Fleet, tmp_path: Path) -> None:
    config, url = fleet.configuration.folder, fleet.supervisor.url
    file = access(tmp_path, supervisor_url=url, config=config)
    fleet.supervisor.start("web-2")
    try:
        found = diagnose(file, [])
    finally:
        fleet.supervisor.stop("web-2")
    assert of(found, "web-1")["restarts"] is of(found, "web-2")["restarts"] is Health.well


def test_who_is_not_served_is_seen_where_metrics_are_recorded_beside(tmp_path: Path) -> None:
    write_shop(tmp_path / "telemetry", Fault("hang", "payments", at=60))
    found = look_at_services(tmp_path / "telemetry", clock=lambda: START + 100.0)
    looks = {look.subject: look for look in found}
    assert {look.what for look in found} == {"requests that fail"}
    assert (looks["gateway"].health, looks["catalog"].health) == (Health.bad, Health.well)
    assert "requests that fail" in looks["gateway"].says and "its log" in looks["gateway"].do
    file = access(tmp_path, supervisor_url="http://127.0.0.1:1/RPC2")
    late = [look.says for look in diagnose(file, []) if look.area == "service"]
    assert late == ["no metrics of the last minute"]
    (tmp_path / "telemetry" / "catalogue.json").write_text("{")
    assert [look.health for look in look_at_services(tmp_path / "telemetry")] == [Health.unseen]


def test_a_database_by_what_waits_in_it(server: str, tmp_path: Path) -> None:
    dsn = server.replace("postgresql+psycopg", "postgresql")
    file = access(tmp_path, database_dsn=dsn)
    lock = "SELECT pg_advisory_lock(4711)"
    with psycopg.connect(dsn) as holder, psycopg.connect(dsn) as waiter:
        holder.execute(lock)
        waits = threading.Thread(target=waiter.execute, args=(lock,))
        waits.start()
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        until(lambda: holder.execute(waiting).fetchone() == (1,), "one waits")
        found = healths(diagnose(file, []))
        holder.execute("SELECT pg_advisory_unlock(4711)")
        waits.join(60)
    assert found["database", "sessions that wait for a lock"] is Health.warning
    assert found["database", "replica behind"] is Health.well


def test_what_cannot_be_reached_is_bad_or_not_seen_never_well(tmp_path: Path) -> None:
    [first, second] = free_ports(2)
    url, dsn = f"http://127.0.0.1:{first}/RPC2", f"postgresql://u@127.0.0.1:{second}/x"
    found = diagnose(access(tmp_path, supervisor_url=url, database_dsn=dsn), [])
    assert of(found, "supervisor") == {"process": Health.unseen}
    assert of(found, "database") == {"database": Health.bad}


def test_who_watches_is_told_what_changed() -> None:
    well, bad = (Look("port", "a:1", health, "said") for health in (Health.well, Health.bad))
    other = Look("port", "b:1", Health.well, "connects")
    assert changes([], [well]) == []
    assert changes([well], [bad]) == [bad]
    assert changes([bad], [bad]) == []
    assert changes([bad], [well]) == [well]
    [gone] = changes([well, other], [well])
    assert (gone.subject, gone.health) == ("b:1", Health.unseen)


def test_the_command_says_the_worst_first_and_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [port] = free_ports(1)
    warroom = CommandLine(tmp_path / "home", monkeypatch, capsys)
    ran = warroom("diagnose", f"127.0.0.1:{port}")
    assert ran.code == 1
    assert ran.out.startswith("✖ bad")
    assert "→" in ran.out
    told = json.loads(warroom("diagnose", f"127.0.0.1:{port}", "--json").out)
    assert told[0]["health"] == "bad"


def test_watching_prints_what_changes(
    fleet: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = access(tmp_path, config=fleet.configuration.folder, supervisor_url=fleet.supervisor.url)
    watch_command(file, every_s=0.01, rounds=2)
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if "bad-1" in line and "process" in line]) <= 1
    assert lines[0].startswith("looking every")
