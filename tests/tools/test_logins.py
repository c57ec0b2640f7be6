"""Failed logins and access patterns, request by request, with known attackers."""

from itertools import product

import pytest

from warroom.errors import ToolRetry
from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.model import LogRecord, Window
from warroom.tests.support.benches import ONSET, ReadBench, bench_over
from warroom.tests.support.bundles import START, BundleWriter
from warroom.tests.support.edge_traffic import customers, edge_bundle, refused_login, request
from warroom.tools.base import Frame
from warroom.tools.logins import is_failed_login


def login(bundle: BundleWriter, second: float, client: str, status: int = 200, user="") -> None:
    """A login at the gateway and at the login service; a refusal is logged with its user."""
    trace = f"login-{second}-{client}"
    facts = {"http.route": "/login", "client.address": client, "http.response.status_code": status}
    bundle.span(START + second, "gateway", "POST /login", (trace, "a", ""), **facts)
    bundle.span(START + second + 0.01, "login", "POST /login", (trace, "b", "a"), **facts)
    if user:
        named = {"client.address": client, "user.name": user}
        message = f"login failed for {user}"
        bundle.log(START + second, "login", message, "warning", trace_id=trace, **named)


def usual_logins(bundle: BundleWriter, upto: int = 80) -> None:
    """Eight customers; one login a second, every tenth is mistyped."""
    for second in range(15, upto):
        client, wrong = f"10.0.0.{second % 8}", second % 10 == 0
        login(bundle, second, client, 401 if wrong else 200, user=f"u{second}" if wrong else "")


def botnet(bundle: BundleWriter, nets: int = 2, addresses: int = 40) -> None:
    """Every address of every network tries twice in the twenty seconds of the incident."""
    for turn, net, number in product(range(2), range(nets), range(addresses)):
        second = 60 + 10 * turn + number * 10 / addresses + net / 1000
        client = f"198.51.{100 + net}.{number + 1}"
        login(bundle, second, client, 401, user=f"user{turn}{net}{number}")


def test_an_attack_from_many_addresses_is_named_by_its_networks(tmp_path):
    with edge_bundle(tmp_path) as bundle:
        usual_logins(bundle)
        botnet(bundle)
    rows = bench_over(tmp_path).rows("auth_failures")
    attackers = [row for row in rows if row["pattern"]]
    assert sorted(row["value"] for row in attackers) == ["198.51.100.0/24", "198.51.101.0/24"]
    for row in attackers:
        assert (row["attempts"], row["failures"], row["users"]) == (80, 80, 80)
        assert (row["baseline_failures"], row["pattern"]) == (0, "stuffing")
        assert row["share"] == pytest.approx(80 / 162, abs=1e-3)  # two customers mistyped
        assert row["confidence"] > 0.9
    assert {row["kind"] for row in rows} == {"concentrated"}
    assert {row["confidence"] for row in rows if not row["pattern"]} == {0.0}


def test_a_network_in_which_a_customer_logs_in_is_not_named(tmp_path):
    with edge_bundle(tmp_path) as bundle:
        usual_logins(bundle)
        botnet(bundle, nets=1)
        login(bundle, 65, "198.51.100.250")
    rows = bench_over(tmp_path).rows("auth_failures")
    assert {row["kind"] for row in rows} == {"distributed"}
    assert not any("/" in row["value"] or row["pattern"] for row in rows)
    assert min(row["confidence"] for row in rows) > 0.5


def test_an_attack_from_everywhere_has_no_name(tmp_path):
    with edge_bundle(tmp_path) as bundle:
        usual_logins(bundle)
        for number in range(200):
            login(bundle, 60 + number / 10, f"198.{number}.7.7", 401, user=f"x{number}")
    table = bench_over(tmp_path).call("auth_failures")
    assert {row.kind for row in table.rows} == {"distributed"}
    assert table.summary.endswith("rows are not shown")  # 200 attackers and two customers
    assert "pattern distributed" in table.summary


def test_one_account_tried_from_one_address(tmp_path):
    with edge_bundle(tmp_path) as bundle:
        usual_logins(bundle)
        for number in range(60):
            login(bundle, 60 + number / 3, "203.0.113.9", 401, user="ann")
    bench = bench_over(tmp_path)
    first = bench.rows("auth_failures")[0]
    assert (first["value"], first["failures"], first["users"]) == ("203.0.113.9", 60, 1)
    assert first["pattern"] == "brute force"
    account = bench.rows("auth_failures", by="user")[0]
    assert (account["value"], account["failures"], account["users"]) == ("ann", 60, 1)
    assert account["pattern"] == "brute force"


def test_an_attacker_is_named_where_the_healthy_window_saw_no_login(tmp_path):
    with edge_bundle(tmp_path) as bundle:
        customers(bundle, range(80))
        refused_login(bundle, 70, "10.0.0.3", "bob")
        for number in range(60):
            refused_login(bundle, 60 + number / 3, "203.0.113.9", "ann")
    rows = {row["value"]: row for row in bench_over(tmp_path).rows("auth_failures")}
    assert rows["203.0.113.9"]["pattern"] == "brute force"
    assert rows["10.0.0.3"]["pattern"] == ""


def test_a_login_that_fails_for_everybody_is_no_attack(tmp_path):
    with edge_bundle(tmp_path) as bundle:
        usual_logins(bundle, upto=60)
        for second in range(60, 80):
            login(bundle, second, f"10.0.0.{second % 8}", 401, user=f"u{second % 8}")
    rows = bench_over(tmp_path).rows("auth_failures")
    assert {row["kind"] for row in rows} == {"none"}
    assert sum(row["failures"] for row in rows) == 20


def test_a_refusal_that_two_services_log_counts_once(tmp_path):
    with edge_bundle(tmp_path) as bundle:
        login(bundle, 65, "10.0.0.1", 401, user="ann")
        trace, facts = "login-65-10.0.0.1", {"client.address": "10.0.0.1"}
        bundle.log(START + 65, "gateway", "Unauthorized", trace_id=trace, **facts)
        crash = {"client.address": "10.0.0.1", "exception.type": "OSError"}
        bundle.log(START + 66, "login", "login failed: no database", "error", **crash)
    rows = bench_over(tmp_path).rows("auth_failures")
    assert [(row["value"], row["failures"], row["users"]) for row in rows] == [("10.0.0.1", 1, 1)]


def test_without_logs_refused_requests_stand_in(tmp_path):
    with edge_bundle(tmp_path) as bundle:
        for second in range(20, 60):
            login(bundle, second, f"10.0.0.{second % 4}")
        for number in range(60):
            login(bundle, 60 + number / 3, "203.0.113.9", 401)
    bench = bench_over(tmp_path)
    first = bench.rows("auth_failures")[0]
    assert (first["value"], first["failures"], first["kind"]) == ("203.0.113.9", 60, "concentrated")
    users = bench.call("auth_failures", by="user")
    assert users.rows == []
    assert users.summary.endswith("none with a user")


def test_access_by_path_and_route(tmp_path):
    with edge_bundle(tmp_path) as bundle:
        customers(bundle, range(15, 80))
        for number in range(30):
            request(bundle, 61 + number / 2, "203.0.113.7", "/.env", 404)
    bench = bench_over(tmp_path)
    first, rest = bench.rows("access_patterns", by="path")
    assert (first["value"], first["requests"], first["errors"]) == ("/.env", 30, 30)
    assert (first["requests_before"], first["ratio"], first["error_share"]) == (0, None, 1)
    assert first["share"] == pytest.approx(30 / 190, abs=1e-3)
    assert first["rate"] == pytest.approx(1.5)
    assert first["score"] == pytest.approx(30 * 0.5119, rel=0.01)  # (20/65)**30 by chance
    assert (rest["value"], rest["requests"], rest["score"]) == ("/", 160, 0)
    assert bench.rows("access_patterns", by="route")[0]["value"] == "unmatched"
    sources = {row["value"]: row["requests"] for row in bench.rows("access_patterns")}
    assert sources == {f"10.0.0.{n}": 20 for n in range(8)} | {"203.0.113.7": 30}


def test_programs_are_counted_once_a_request_in_the_logs_of_the_edge(tmp_path):
    with edge_bundle(tmp_path) as bundle:
        customers(bundle, range(15, 80))
        for number in range(40):
            agent = "curl/8"
            request(bundle, 61 + number / 4, "203.0.113.7", agent=agent)
            facts = {"user_agent.original": agent}
            bundle.log(START + 61 + number / 4, "login", "looked up", **facts)
    table = bench_over(tmp_path).call("access_patterns", by="user_agent")
    assert [(row.value, row.requests) for row in table.rows] == [
        ("curl/8", 40),
        ("Mozilla/5.0", 160),
    ]
    assert "200 logged requests" in table.summary


def test_without_traces_the_access_log_stands_in(tmp_path):
    with edge_bundle(tmp_path) as bundle:
        customers(bundle, range(15, 80))
        bundle.lines = {k: v for k, v in bundle.lines.items() if k.startswith("logs/")}
    rows = bench_over(tmp_path).rows("access_patterns")
    assert {row["value"]: row["requests"] for row in rows} == {f"10.0.0.{n}": 20 for n in range(8)}


def test_what_to_look_at_is_checked(tmp_path):
    edge_bundle(tmp_path)
    for name, said in (("auth_failures", "or 'user'"), ("access_patterns", "'user_agent'")):
        with pytest.raises(ToolRetry, match=f"by: Input should be 'source'.*{said}"):
            bench_over(tmp_path).call(name, by="colour")


def test_a_large_attack_is_counted_in_time(tmp_path):
    """More rows than may be shown: what is left out is said, the worst is kept."""
    with edge_bundle(tmp_path) as bundle:
        usual_logins(bundle)
        for number in range(3000):
            refused_login(bundle, 60 + number / 150, f"198.{number % 250}.{number // 250}.1", "a")
        for number in range(100):
            refused_login(bundle, 60 + number / 5, "203.0.113.9", f"u{number}")
    frame = Frame(Window(ONSET - 45, ONSET), Window(ONSET, ONSET + 20))
    table = ReadBench(read_bundle(tmp_path), frame).call("auth_failures")
    assert table.rows[0].value == "203.0.113.9"
    assert len(table.rows) == 200
    assert "rows are not shown" in table.summary


def test_one_certificate_of_several_instances(tmp_path):
    """Other exporters' names; a reading that failed (0) says nothing."""
    with edge_bundle(tmp_path) as bundle:
        name, end = "ssl_cert_not_after", ONSET - 3600
        for instance, value in (("a", end), ("b", end + 60), ("c", 0.0)):
            bundle.metric(ONSET, name, "gateway", value, instance, cn="shop.example")
        bundle.metric(ONSET, "probe_ssl_earliest_cert_expiry", "login", 0.0)
    table = bench_over(tmp_path).call("certificates")
    assert [row.record() for row in table.rows] == [
        {
            "service": "gateway",
            "subject": "shop.example",
            "not_after": end,
            "seconds_left": -3620,
        }
    ]


@pytest.mark.parametrize(
    ("message", "facts", "failed"),
    [
        ("login failed for eve: wrong password", {}, True),
        ("POST /login failed: request shed after 1.5 s in the queue", {}, False),
        ("POST /login failed: wrong password", {"http.response.status_code": 500}, False),
        ("bad credentials", {"http.response.status_code": 401}, True),
        ("auth failed", {"exception.type": "PoolTimeout"}, False),
    ],
)
def test_a_failing_route_of_that_name_is_no_failed_login(message, facts, failed):
    given = {"client.address": "a", **facts}
    record = LogRecord(START, "login", "", "warning", message, attributes=given)
    assert is_failed_login(record) is failed
