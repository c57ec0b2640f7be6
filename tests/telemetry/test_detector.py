"""Warroom's own detector: what must fire, what must not, and how it is handed on."""

import json
import shutil
import subprocess
from threading import Event

import pytest

from warroom.errors import BundleError
from warroom.telemetry.alerts import parse_alerts
from warroom.telemetry.bundle import open_bundle, read_bundle
from warroom.telemetry.conditions import ConditionMet
from warroom.telemetry.detector import Firing, evaluate, fire, watch, webhook
from warroom.telemetry.model import Rule, Windows
from warroom.telemetry.recording import Recording
from warroom.telemetry.rules import default_rules, prometheus_rules
from warroom.tests.support.bundles import START, BundleWriter, counter, gauge
from warroom.tests.support.shop_bundle import Fault, write_shop

ONSET = 60


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Bundles of the synthetic shop by fault, each written once."""
    made: dict[Fault, Recording] = {}

    def get(kind: str, service: str = "") -> Recording:
        fault = Fault(kind, service, at=ONSET)
        if fault not in made:
            root = tmp_path_factory.mktemp(kind)
            made[fault] = read_bundle(write_shop(root, fault))
        return made[fault]

    return get


def fired(bundle: Recording, seconds: range, rules: list[Rule] | None = None) -> dict:
    """First firing of each (rule, service), looking every second."""
    first: dict[tuple[str, str], Firing] = {}
    for second in seconds:
        for firing in evaluate(bundle, START + second, rules):
            first.setdefault(firing.key, firing)
    return first


def test_ordinary_noise_fires_nothing(shop):
    assert fired(shop("none"), range(40, 90, 3)) == {}


@pytest.mark.parametrize(
    ("kind", "service", "rule", "alerting"),
    [
        ("errors", "payments", "HighErrorRate", "payments"),
        ("slow", "catalog", "LatencyAnomaly", "catalog"),
        ("hang", "inventory", "ServiceDown", "inventory"),
        ("leak", "checkout", "MemoryExhaustion", "checkout"),
        ("stuffing", "", "FailedLogins", "login"),
        ("quota", "", "ProviderErrors", "recommendations"),
        ("surge", "", "TrafficSurge", "gateway"),
    ],
)
def test_each_fault_fires_soon_and_not_before(shop, kind, service, rule, alerting):
    bundle = shop(kind, service)
    assert fired(bundle, range(50, ONSET, 8)) == {}
    found = fired(bundle, range(ONSET + 5, 85, 4))
    assert (rule, alerting) in found
    assert found[rule, alerting].started >= START + ONSET - 8


def test_a_leak_began_when_it_began_to_grow(tmp_path):
    levels = [0.3] * 20 + [0.3 + 0.02 * i for i in range(20)]
    with BundleWriter(tmp_path, {"windows": {"baseline_s": 20, "detect_s": 5}}) as bundle:
        gauge(bundle, "process_resident_memory_bytes", "cart", [1e6 * level for level in levels])
        gauge(bundle, "service_memory_limit_bytes", "cart", [1e6] * 40)
    found = fired(read_bundle(tmp_path), range(24, 40))
    leak = found["MemoryExhaustion", "cart"]
    assert leak.started == pytest.approx(START + 20, abs=2)
    assert leak.unit == "s"


def test_the_loudest_victim_is_critical_as_well(shop):
    found = fired(shop("hang", "inventory"), range(68, 80, 4))
    assert found["HighErrorRate", "checkout"].severity == "critical"
    assert "checkout fails" in found["HighErrorRate", "checkout"].summary


def tiny(root, **series) -> Recording:
    with BundleWriter(root, {"windows": {"baseline_s": 20, "detect_s": 5}}) as bundle:
        for name, values in series.items():
            gauge(bundle, name, "cart", values)
        gauge(bundle, "up", "cart", [1] * 40)
    return read_bundle(root)


def test_a_threshold_must_hold_for_its_time(tmp_path):
    rule = Rule(
        name="Waiting",
        kind="threshold",
        signal="db_pool_waiting",
        warning=2,
        critical=8,
        window_s=5,
        for_s=3,
    )
    bundle = tiny(tmp_path, db_pool_waiting=[0.0] * 20 + [5.0] * 6 + [9.0] * 14)
    assert evaluate(bundle, START + 22, [rule]) == []
    [warning] = evaluate(bundle, START + 25, [rule])
    assert (warning.severity, warning.value, warning.started) == ("warning", 5, START + 20)
    [critical] = evaluate(bundle, START + 35, [rule])
    assert (critical.severity, critical.started) == ("critical", START + 20)


def test_a_rule_fires_at_a_scrape_of_five_seconds_without_up(tmp_path):
    """Nor is the first metric that it could be made of there: what is there tells the scrape."""
    with BundleWriter(tmp_path) as bundle:
        for second in range(0, 120, 5):
            bundle.metric(START + second, "disk_used_share", "api", 0.95)
    rule = Rule(name="Full", kind="threshold", signal="disk_share", warning=0.8, for_s=20)
    (firing,) = evaluate(read_bundle(tmp_path), START + 118, [rule])
    assert firing.service == "api"


def test_one_failed_request_of_two_is_no_alert(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        counter(bundle, "http_requests_total", "cart", [0.2] * 40, code="200")
        counter(bundle, "http_requests_total", "cart", [0.2] * 40, code="500")
    rules = [rule for rule in default_rules(Windows(detect_s=5)) if rule.name == "HighErrorRate"]
    assert evaluate(read_bundle(tmp_path), START + 38, rules) == []


def test_log_pattern(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        for second in range(6):
            text = "could not connect to server: Connection refused"
            bundle.log(START + 30 + second / 10, "cart", text, "error")
            bundle.log(START + 30, "login", "all is well", "error")
    [firing] = [
        f for f in evaluate(read_bundle(tmp_path), START + 31) if f.rule == "DatabaseErrors"
    ]
    assert (firing.service, firing.value, firing.started) == ("cart", 6, START + 30)


def test_correlation_needs_all_of_its_rules(tmp_path):
    bundle = tiny(tmp_path, db_pool_waiting=[5.0] * 40)
    waiting = Rule(name="A", kind="threshold", signal="db_pool_waiting", warning=2, window_s=5)
    down = Rule(name="B", kind="threshold", signal="up", op="<", warning=1, window_s=5)
    busy = Rule(name="B", kind="threshold", signal="up", op=">=", warning=1, window_s=5)
    both = Rule(name="Both", kind="correlation", all_of=["A", "B"])
    assert [f.rule for f in evaluate(bundle, START + 39, [waiting, down, both])] == ["A"]
    found = {f.rule: f for f in evaluate(bundle, START + 39, [waiting, busy, both])}
    assert found["Both"].service == "cart"


def test_burn_rate_needs_both_windows(tmp_path):
    slo = {"name": "ok", "sli": "availability", "objective": 0.99}
    catalogue = {"services": [{"name": "cart", "slos": [slo]}]}
    with BundleWriter(tmp_path, catalogue) as bundle:
        good, bad = [9.0] * 40, [0.0] * 15 + [3.0] * 15 + [0.0] * 10
        counter(bundle, "http_requests_total", "cart", good, code="200")
        counter(bundle, "http_requests_total", "cart", bad, code="500")
    rule = Rule(name="Burn", kind="burn_rate", warning=6, critical=14.4, window_s=30)
    [firing] = evaluate(read_bundle(tmp_path), START + 29, [rule])
    # 25% fail in the short window, 42 of 303 over all: 13.9% / 1% is the slower burn.
    assert firing.value == pytest.approx(13.9, rel=0.1)
    assert firing.severity == "warning"
    assert evaluate(read_bundle(tmp_path), START + 39, [rule]) == []  # it is over


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Rule(name="R", kind="guess"), "kind 'guess'"),
        (Rule(name="R", kind="threshold", op="=="), "op '=='"),
        (Rule(name="R", kind="pattern", pattern="("), "no regular expression"),
    ],
)
def test_a_rule_that_cannot_be_evaluated_is_named(tmp_path, rule, said):
    bundle = tiny(tmp_path)
    with BundleWriter(tmp_path) as more:
        more.log(START, "cart", "x", "error")
    with pytest.raises(BundleError, match=said):
        evaluate(bundle, START + 10, [rule])


def test_watch_tells_news_once(tmp_path):
    tiny(tmp_path, db_pool_waiting=[0.0] * 10 + [5.0] * 10 + [9.0] * 20)
    times = iter(range(5, 40))
    stop = Event()

    def clock() -> float:
        second = next(times, None)
        if second is None:
            stop.set()
        return START + (second or 39)

    news = [item for batch in watch(open_bundle(tmp_path), stop, 0, clock) for item in batch]
    assert [(item.rule, item.severity) for item in news] == [
        ("DatabasePoolWaiting", "warning"),
        ("DatabasePoolWaiting", "critical"),
    ]


def test_a_firing_reads_back_as_an_alert():
    firing = Firing("HighErrorRate", "cart", "critical", 0.42, "share", START, "cart fails 42.0%")
    late = Firing("HighLatency", "login", "warning", 2.4, "s", START - 5, "login is slow")
    body = webhook([late, firing])
    alert, second = parse_alerts(body)
    assert (alert.name, alert.service, alert.severity) == ("HighErrorRate", "cart", "critical")
    assert alert.summary == "cart fails 42.0%"
    assert alert.starts_at is not None
    assert alert.starts_at.timestamp() == START
    assert second.name == "HighLatency"
    assert body["commonLabels"] == {}
    assert webhook([firing])["commonLabels"]["service"] == "cart"


def test_more_than_all_of_something_is_said_in_times():
    rule = next(r for r in default_rules(Windows()) if r.name == "Saturated")
    summary = fire(rule, ConditionMet("api", 7.0, "share", START, True)).summary
    assert summary == "api holds 7 times the requests it can serve at once"
    summary = fire(rule, ConditionMet("api", 0.9, "share", START, True)).summary
    assert summary == "api holds 90% of the requests it can serve at once"


def test_prometheus_rules_cover_the_thresholds():
    rules = default_rules(Windows(detect_s=5, baseline_s=45))
    [group] = prometheus_rules(rules)["groups"]
    thresholds = [rule for rule in rules if rule.kind == "threshold"]
    levels = [level for rule in thresholds for level in (rule.warning, rule.critical)]
    assert len(group["rules"]) == sum(level is not None for level in levels)
    first = group["rules"][0]
    assert first["labels"] == {"severity": "warning"}
    assert first["for"] == "2000ms"
    assert "[5000ms]" in first["expr"]
    assert " > 0.05 and (" in first["expr"]
    assert first["annotations"]["summary"].startswith("{{ $labels.service }} fails")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_accepts_the_rules(tmp_path):
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps(prometheus_rules(default_rules(Windows(detect_s=5)))))
    checked = subprocess.run(
        ["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def test_default_rules_keep_the_proportions_of_their_windows():
    long = {rule.name: rule for rule in default_rules(Windows(baseline_s=600, detect_s=60))}
    short = {rule.name: rule for rule in default_rules(Windows(baseline_s=60, detect_s=5))}
    assert (long["HighErrorRate"].window_s, long["HighErrorRate"].for_s) == (60, 24)
    assert (short["HighErrorRate"].window_s, short["HighErrorRate"].for_s) == (5, 2)
    assert short["HighErrorRate"].critical == long["HighErrorRate"].critical == 0.2
    assert (long["MemoryExhaustion"].warning, short["MemoryExhaustion"].warning) == (1440, 120)
    assert (long["Restarts"].window_s, short["Restarts"].window_s) == (600, 50)
    brief = {rule.name: rule for rule in default_rules(Windows(baseline_s=20, detect_s=1))}
    assert brief["Restarts"].window_s == 30


def test_default_thresholds_are_the_practices():
    """§6: warning and critical; connections are held as a share of what the database takes."""
    found = {rule.name: rule for rule in default_rules(Windows())}
    levels = {name: (rule.warning, rule.critical) for name, rule in found.items()}
    assert levels["HighErrorRate"] == (0.05, 0.20)
    assert levels["HighLatency"] == (2, 5)
    assert levels["HighCpu"] == (0.80, 0.95)
    assert levels["HighMemory"] == (0.85, 0.95)
    assert levels["Restarts"] == (3, 10)
    assert levels["DiskFilling"] == (0.90, 0.95)
    assert levels["NetworkLatency"] == (1, None)
    assert levels["DatabaseConnections"] == (0.80, 0.95)
    assert found["HighErrorRate"].window_s == 60
