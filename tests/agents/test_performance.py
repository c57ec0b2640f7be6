"""Step 6 on telemetry with known loads: the bottleneck, why, and how many instances it takes."""

import pytest

from warroom.agents.follow_ups.action_items import harden
from warroom.agents.performance import analyse
from warroom.agents.performance import harden as exported
from warroom.agents.steps import ANALYSE_PERFORMANCE
from warroom.telemetry.sources.datasource import SourceLabels
from warroom.telemetry.sources.log_lines import Line
from warroom.tests.support.bundles import START, BundleWriter, counter, gauge
from warroom.tests.support.shop_bundle import Fault, write_shop
from warroom.tests.support.specialists import case_on, filed
from warroom.tools.load import instance_load

HEALTHY, ILL = 60, 30
"""Seconds before and after the onset."""


def analysed(bundle, home, **options):
    """The report, after checking that every one of its claims resolves."""
    case = case_on(bundle, home, step=ANALYSE_PERFORMANCE, **options)
    report = analyse(case)
    assert not filed(case, report, home).dropped
    return report


def shop(tmp_path, fault):
    return analysed(write_shop(tmp_path / "bundle", fault), tmp_path / "home")


def system(tmp_path, *services):
    return BundleWriter(tmp_path / "bundle", {"services": list(services)})


def looked_at(writer, tmp_path):
    writer.flush()
    return analysed(writer.root, tmp_path / "home")


def phases(before, after):
    """One value a second: healthy, then ill."""
    return [float(before)] * HEALTHY + [float(after)] * ILL


def served(writer, service, rates, seconds_each, instance="", route="/", code="200"):
    """Request counters of one instance: rates and seconds per request, both (before, after)."""
    spent = [rate * each for rate, each in zip(rates, seconds_each, strict=True)]
    name = "http_request_duration_seconds"
    labels = {"instance": instance or f"{service}-1", "route": route}
    counter(writer, "http_requests_total", service, phases(*rates), **labels, code=code)
    counter(writer, f"{name}_count", service, phases(*rates), **labels)
    counter(writer, f"{name}_sum", service, phases(*spent), **labels)


def statements(report, kind):
    return [finding.statement for finding in report.findings if finding.kind == kind]


@pytest.mark.parametrize("kind", ["none", "quota"])
def test_nothing_is_full_so_nothing_is_named(tmp_path, kind):
    report = shop(tmp_path, Fault(kind))
    assert (report.bottleneck, report.advice, report.findings) == ("", [], [])
    assert report.conclusion == "concluded"


def test_a_slow_statement_belongs_to_the_service_that_sends_it(tmp_path):
    report = shop(tmp_path, Fault("slow", "catalog"))
    assert report.bottleneck == "catalog: database time"
    assert any("takes 900 ms" in text for text in statements(report, "query"))
    assert "EXPLAIN" in report.advice[0]


def test_n_plus_one_is_told_from_a_slow_statement(tmp_path):
    report = shop(tmp_path, Fault("fanout", "catalog"))
    assert all("(N+1)" in text for text in statements(report, "query"))
    assert "fetch in one statement" in report.advice[0]


def test_the_silent_callee_is_the_bottleneck_not_its_caller(tmp_path):
    report = shop(tmp_path, Fault("hang", "inventory"))
    assert report.bottleneck == "inventory: answers"
    assert "waited for by checkout" in report.findings[0].statement


def test_a_leak_says_what_a_restart_buys(tmp_path):
    """From 80 of 256 MB by 2.2% of the limit a second: (1 - 80/256) / 0.022 = 31 s."""
    writer = system(tmp_path, {"name": "api"})
    grown = [80e6 + max(0, second - HEALTHY) * 0.022 * 256e6 for second in range(90)]
    gauge(writer, "process_resident_memory_bytes", "api", grown)
    gauge(writer, "service_memory_limit_bytes", "api", phases(256e6, 256e6))
    report = looked_at(writer, tmp_path)
    assert report.bottleneck == "api: memory"
    assert len(statements(report, "leak")) == 1
    assert report.advice == [
        "api memory_bytes: more room only delays it; a restart buys about 31 s"
    ]


def test_a_leak_that_restarts_reset_is_still_a_leak(tmp_path):
    """Up to its limit of 100 MB in twenty seconds, killed, and again."""
    writer = system(tmp_path, {"name": "api"})
    teeth = [20e6 + (second % 20) * 4e6 for second in range(ILL)]
    gauge(writer, "process_resident_memory_bytes", "api", [20e6] * HEALTHY + teeth)
    gauge(writer, "service_memory_limit_bytes", "api", phases(100e6, 100e6))
    counter(writer, "process_restarts_total", "api", [0.0] * 80 + [1.0] + [0.0] * 9)
    report = looked_at(writer, tmp_path)
    assert report.bottleneck == "api: memory"
    assert statements(report, "leak") == [
        "api filled 96% of its memory, was restarted and fills it again"
    ]


def test_failed_waits_for_a_connection_are_no_slow_statements(tmp_path):
    writer = system(tmp_path, {"name": "pay"}, {"name": "database", "kind": "database"})
    text = "INSERT INTO payments VALUES (%s)"
    facts = {"peer.service": "database", "db.system": "postgresql", "db.query.text": text}
    for second in range(HEALTHY + ILL):
        stuck = second >= HEALTHY
        names = (f"{second:032x}", f"{second:016x}", "")
        ms, error = (1500.0, "PoolTimeout") if stuck else (2.0, "")
        at = START + second
        writer.span(at, "pay", "INSERT", names, ms=ms, kind="client", error=error, **facts)
    gauge(writer, "db_pool_size", "pay", phases(6, 6))
    gauge(writer, "db_pool_in_use", "pay", phases(0, 6))
    report = looked_at(writer, tmp_path)
    assert report.bottleneck == "pay: db pool"
    assert not statements(report, "query")


def test_memory_that_stays_high_is_no_leak(tmp_path):
    writer = system(tmp_path, {"name": "api"})
    gauge(writer, "process_resident_memory_bytes", "api", phases(200e6, 201e6))
    gauge(writer, "service_memory_limit_bytes", "api", phases(256e6, 256e6))
    report = looked_at(writer, tmp_path)
    assert (report.bottleneck, report.findings) == ("", [])


def crowded(tmp_path, **facts):
    """10 requests/s of 0.1 s become 45/s in 4 slots: one instance carries 40/s, 28/s with room."""
    writer = system(tmp_path, {"name": "api", "instances_max": 3} | facts)
    served(writer, "api", (10, 45), (0.1, 0.4))
    gauge(writer, "http_requests_in_flight", "api", phases(1, 12))
    gauge(writer, "service_concurrency_limit", "api", phases(4, 4))
    return looked_at(writer, tmp_path)


def test_a_surge_gets_as_many_instances_as_littles_law_asks_for(tmp_path):
    report = crowded(tmp_path)
    assert report.bottleneck == "api: concurrency"
    assert (
        "arrivals x4.5, time per request x4.0: more work than there is room for" in report.summary
    )
    # ceil(45 / (40 * 0.7)) = 2
    (need,) = statements(report, "capacity")
    assert "45 requests/s of 100 ms need 2 instances with 30% head-room, 1 work" in need
    assert any("scale out above 28 requests/s per instance" in text for text in report.advice)


def test_more_than_there_may_be_is_said(tmp_path):
    report = crowded(tmp_path, instances_max=1)
    assert "it may have 1 at most: throttle or shed the rest" in report.advice[0]


def test_heavier_requests_are_not_a_want_of_instances(tmp_path):
    writer = system(tmp_path, {"name": "api"})
    served(writer, "api", (10, 10), (0.1, 0.8))
    gauge(writer, "http_requests_in_flight", "api", phases(1, 8))
    gauge(writer, "service_concurrency_limit", "api", phases(4, 4))
    report = looked_at(writer, tmp_path)
    assert "each request holds its place longer" in report.summary
    assert not statements(report, "capacity")
    # ceil(10 / (4 / 0.8 * 0.7)) = 3
    assert any("would need 3 instances: make the request cheap" in text for text in report.advice)


def test_the_mix_of_routes_is_not_taken_for_slowness(tmp_path):
    """More of the slow page: 5/s of 0.01 s and 5/s of 0.2 s become 5/s and 45/s."""
    writer = system(tmp_path, {"name": "api"})
    served(writer, "api", (5, 5), (0.01, 0.01), route="/quick")
    served(writer, "api", (5, 45), (0.2, 0.2), route="/slow")
    gauge(writer, "service_concurrency_limit", "api", phases(10, 10))
    writer.flush()
    case = case_on(writer.root, tmp_path / "home")
    (row,) = case.tools.call(instance_load).rows
    assert row.mean_s_before == pytest.approx(0.105)
    assert row.usual_s == pytest.approx((5 * 0.01 + 45 * 0.2) / 50)
    assert row.usual_s == pytest.approx(row.mean_s)


def test_connections_that_nobody_works_on_are_held(tmp_path):
    writer = system(tmp_path, {"name": "pay", "kind": "service"})
    served(writer, "pay", (5, 5), (0.01, 1.5))
    gauge(writer, "db_pool_size", "pay", phases(6, 6))
    gauge(writer, "db_pool_in_use", "pay", phases(0, 6))
    gauge(writer, "db_pool_waiting", "pay", phases(0, 7))
    report = looked_at(writer, tmp_path)
    assert report.bottleneck == "pay: db pool"
    assert "connections are held and not given back" in report.summary
    assert "a larger pool only delays it" in report.advice[0]


def pair(tmp_path, second, code="200"):
    """Two instances of one service; the second with its own rates and seconds per request."""
    writer = system(tmp_path, {"name": "api"})
    served(writer, "api", (10, 10), (0.1, 0.1), "api-1")
    served(writer, "api", second[0], second[1], "api-2")
    return writer


def test_uneven_load_is_named(tmp_path):
    report = looked_at(pair(tmp_path, ((10, 40), (0.1, 0.1))), tmp_path)
    assert statements(report, "balance") == ["api-2 gets 80% of the requests; a fair share is 50%"]


def test_the_one_slow_instance_is_named(tmp_path):
    report = looked_at(pair(tmp_path, ((10, 10), (0.1, 0.5))), tmp_path)
    assert statements(report, "balance") == ["api-2 takes 500 ms per request, its siblings 100 ms"]


def test_the_one_failing_instance_is_named(tmp_path):
    writer = pair(tmp_path, ((10, 8), (0.1, 0.1)))
    served(writer, "api", (0.01, 2), (0.1, 0.1), "api-2", code="500")
    report = looked_at(writer, tmp_path)
    assert statements(report, "balance") == ["api-2 fails 20% of its requests, its siblings 0%"]


def test_an_instance_that_joined_meanwhile_is_not_odd(tmp_path):
    report = looked_at(pair(tmp_path, ((0, 2), (0.1, 0.1))), tmp_path)
    assert not statements(report, "balance")


def test_even_instances_are_no_finding(tmp_path):
    report = looked_at(pair(tmp_path, ((10, 11), (0.1, 0.11))), tmp_path)
    assert report.findings == []


def test_a_cache_that_stopped_helping(tmp_path):
    writer = system(tmp_path, {"name": "api"})
    counter(writer, "page_cache_hits_total", "api", phases(9, 5))
    counter(writer, "page_cache_misses_total", "api", phases(1, 5))
    counter(writer, "price_cache_requests_total", "api", phases(8, 8), result="hit")
    counter(writer, "price_cache_requests_total", "api", phases(2, 2), result="miss")
    report = looked_at(writer, tmp_path)
    assert statements(report, "cache") == ["api page_cache: 50% of the lookups hit, 90% before"]
    assert "cache effectiveness" not in [gap.what for gap in report.gaps]


def test_a_gap_where_no_cache_says_anything(tmp_path):
    gaps = {gap.what: gap.why for gap in shop(tmp_path, Fault("none")).gaps}
    assert gaps["cache effectiveness"].startswith("no cache metrics among")


def test_what_real_users_saw_is_told_with_the_country_where_it_is_worst(tmp_path):
    """§3, step 2: real users' data, where present."""
    writer = system(tmp_path, {"name": "storefront"})
    for number in range(5 * (HEALTHY + ILL)):
        at = START + number / 5
        ill, country = at >= START + HEALTHY, "DE" if number % 5 else "BR"
        lasted, bad = (4000.0 if ill else 900.0), "aborted" if ill and number % 10 == 0 else ""
        ids = (f"{number:032x}", f"{number:016x}", "")
        load = ("storefront", "documentLoad", ids)
        writer.span(at, *load, ms=lasted, error=bad, geo__country__iso_code=country)
        felt = (9000 if country == "BR" else 3000) if ill else 1500
        ids = (ids[0], f"{number + 900:016x}", ids[1])
        writer.span(at, "storefront", "LCP", ids, lcp__value=felt, geo__country__iso_code=country)
        vital = {"name": "inp", "value": 450 if ill else 120}
        writer.log(at, "storefront", "browser.web_vital", **vital)
    told = "\n".join(statements(looked_at(writer, tmp_path), "real users"))
    assert "page load of 149 pages: 4 s at p75, 900 ms before; 10% failed, 0% before" in told
    assert "LCP of 149 pages: 3 s at p75, 1.5 s before; worst for country BR, 9 s" in told
    assert "INP of 149 pages: 450 ms at p75, 120 ms before" in told


FARO = "kind=measurement type=web-vitals lcp={}.0 app_name=shop app_version=1.4 geo_country_iso=DE"
DATADOG = '{{"view": {{"id": "x", "largest_contentful_paint": {}000000}}}}'
BEACON = '{{"name": "LCP", "value": {}, "rating": "poor", "id": "v4-1"}}'


@pytest.mark.parametrize("form", [FARO, DATADOG, BEACON])
def test_what_pages_say_to_other_products_is_read_from_their_log_lines(tmp_path, form):
    """§3, step 2: beacons of Grafana Faro, of Datadog's browser agent, of Google's web-vitals."""
    writer = system(tmp_path, {"name": "storefront"})
    for number in range(HEALTHY + ILL):
        text = form.format(3000 if number >= HEALTHY else 1500)
        row = Line(1, {}, text).row("rum", SourceLabels())
        writer.log(START + number, "rum", row["message"], **row["attributes"])
    told = statements(looked_at(writer, tmp_path), "real users")
    assert [text.split(": ", 1)[1] for text in told] == [
        "LCP of 29 pages: 3 s at p75, 1.5 s before"
    ]


def test_without_any_telemetry_it_is_inconclusive(tmp_path):
    writer = system(tmp_path, {"name": "api"})
    writer.metric(START, "up", "api", 1)
    report = looked_at(writer, tmp_path)
    assert (report.conclusion, report.bottleneck) == ("inconclusive", "")
    assert {"resources against their limits", "load per instance"} <= {g.what for g in report.gaps}


def test_hardening_is_the_performance_specialists_too():
    assert exported is harden
