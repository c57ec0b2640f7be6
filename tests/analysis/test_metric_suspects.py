"""The ranking of services by metrics and calls."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warroom.analysis.metrics.case import Complaint, build_case
from warroom.analysis.metrics.suspects import blame_metrics
from warroom.analysis.metrics.table import MetricColumn

CALLS = [("web", "cart"), ("web", "search"), ("cart", "db"), ("search", "db")]
LATENCY, FAILING = Complaint("web", "latency_avg"), Complaint("web", "availability")


def column(service, name, before, now, seed=0):
    """Five healthy rows repeated, with a percent of noise, then the incident's."""
    noise = np.random.default_rng([seed, *map(ord, service + name)]).normal(size=40)
    return MetricColumn(service, name, before * (1 + 0.01 * noise), np.array(now, float))


def shop(seed=0, /, **now):
    """Latencies (s), requests; `now` gives the incident's latencies of a service."""
    healthy = {"web": 0.1, "cart": 0.05, "search": 0.04, "db": 0.01}
    found = []
    for name, base in healthy.items():
        found.append(column(name, "latency_avg", base, now.get(name, [base] * 6), seed))
        found.append(column(name, "requests", 100, [100] * 6, seed))
    return found


DB_SLOW = {
    "web": [0.1, 0.1, 0.3, 0.3, 0.3, 0.1],
    "cart": [0.05, 0.05, 0.25, 0.25, 0.25, 0.05],
    "db": [0.01, 0.01, 0.21, 0.21, 0.21, 0.01],
}
CART_SLOW = {key: DB_SLOW[key] for key in ("web", "cart")}


def order(*args):
    return [blame.service for blame in blame_metrics(*args)]


@pytest.mark.parametrize("symptom", [LATENCY, None])
def test_the_deepest_that_explains_is_guilty(symptom):
    assert order(shop(**DB_SLOW), CALLS, symptom)[0] == "db"
    assert order(shop(**CART_SLOW), CALLS, symptom)[0] == "cart"
    assert order(shop(web=DB_SLOW["web"]), CALLS, symptom)[0] == "web"


def test_seconds_decide_not_surprise():
    """db is far out of its band, by a hundredth of the seconds that web lost."""
    slow = {**CART_SLOW, "db": [0.01, 0.01, 0.012, 0.012, 0.012, 0.01]}
    assert order(shop(**slow), CALLS, LATENCY)[0] == "cart"


def test_the_budget_by_hand():
    """web loses 20 s a row and cart all of it: web keeps 1 - 0.95 * 0.95, cart the rest of 0.95^2,
    less what it hands on; db is healthy."""
    found = build_case(shop(**CART_SLOW), CALLS, LATENCY)
    held = dict(zip(found.table.services, found.kept.tolist(), strict=True))
    assert held["web"] == pytest.approx(1 - 0.95**2, abs=0.01)
    assert held["cart"] == pytest.approx(0.95**2, abs=0.01)


def availability(**now):
    full = [100.0] * 6
    names = ("web", "cart", "search", "db")
    return [
        MetricColumn(n, "availability", np.full(40, 100.0), np.array(now.get(n, full)))
        for n in names
    ] + [column(n, "requests", 100, [100] * 6) for n in names]


def test_a_drop_of_availability_is_a_rise_of_failures():
    ill = [100, 100, 97, 96, 98, 100]
    found = blame_metrics(availability(web=ill, search=ill), CALLS, FAILING)
    assert found[0].service == "search"
    assert found[0].deciding is not None
    assert found[0].deciding.kind == "failure"
    # Weighted by the symptom's own excess: (9 + 16 + 4) / 9 percent, less a little for quiet rows.
    assert found[0].deciding.now == pytest.approx(100 - 3.22, abs=0.05)


def test_latency_does_not_explain_failures():
    ill = [100, 100, 97, 96, 98, 100]
    columns = [
        *availability(web=ill, cart=ill),
        column("search", "latency_avg", 0.04, [0.04, 0.04, 0.1, 0.1, 0.1, 0.04]),
    ]
    assert order(columns, CALLS, FAILING)[0] == "cart"


def test_a_resource_of_its_own_keeps_the_blame():
    columns = [*shop(**DB_SLOW), column("db", "cpu_usage", 20, [20, 20, 90, 95, 90, 20])]
    first = blame_metrics(columns, CALLS, None)[0]
    assert first.service == "db"
    assert any("cpu_usage rose from" in reason for reason in first.reasons_for)


def test_processor_that_serves_more_requests_is_not_ill():
    grown = [column(s, "requests", 100, [300] * 6) for s in ("web", "cart")]
    columns = [*grown, column("cart", "cpu_usage", 20, [60] * 6)]
    found = build_case(columns, CALLS)
    assert found.ill.own["cpu"].evidence[found.table.services.index("cart")] < 1


def test_a_machine_metric_on_several_services_counts_for_none():
    ill = [20, 20, 90, 95, 90, 20]
    one = column("cart", "node_cpu", 20, ill)
    columns = [*shop(), one, replace(one, service="search")]
    assert build_case(columns, CALLS).ill.local.sum() == 0


def test_who_stops_calling_made_the_drop():
    quiet = [100, 100, 5, 5, 5, 5]
    columns = [
        column(s, "requests", 100, quiet if s == "db" else [100] * 6) for s in ("web", "cart", "db")
    ]
    found = blame_metrics(columns, [("web", "cart"), ("cart", "db")], None)
    assert found[0].service == "cart"


def test_a_slow_way_to_a_healthy_callee():
    slow = [0.04, 0.04, 0.5, 0.5, 0.5, 0.04]
    columns = shop(web=DB_SLOW["web"])
    columns += [
        column("web", "client_latency", 0.04, slow),
        column("search", "client_latency", 0.02, [0.02] * 6),
        column("cart", "client_latency", 0.02, [0.02] * 6),
    ]
    found = order(columns, [*CALLS, ("search", "cart")], LATENCY)
    # search calls cart too and sees nothing, so the way to search is the slow one.
    assert found.index("search") < found.index("cart")


def test_what_is_not_measured_lets_its_callees_through():
    columns = [c for c in shop(**DB_SLOW) if c.service != "cart"]
    found = blame_metrics(columns, [("web", "cart"), ("cart", "db")], LATENCY)
    assert found[0].service == "db"
    cart = next(blame for blame in found if blame.service == "cart")
    assert cart.not_available == ("no metric at all",)


def test_cycles_and_missing_parts():
    assert blame_metrics([], []) == []
    assert order(shop(**DB_SLOW), [*CALLS, ("db", "web"), ("db", "db")], LATENCY)[0] == "db"
    assert order(shop(db=DB_SLOW["db"]), [], None)[0] == "db"
    assert len(order(shop(), CALLS, Complaint("elsewhere", "latency"))) == 5
    with pytest.raises(ValueError, match="same rows"):
        blame_metrics([*shop(), MetricColumn("a", "b", np.ones(3), np.ones(6))], [])


def test_probabilities_leave_room_for_the_unknown():
    ill, healthy = blame_metrics(shop(**DB_SLOW), CALLS, LATENCY), blame_metrics(shop(), CALLS)
    assert ill[0].probability > 0.5 > healthy[0].probability
    assert sum(b.probability for b in healthy) < sum(b.probability for b in ill) < 1
    assert len({b.score for b in healthy}) == len(healthy)


SLOW = st.lists(st.floats(0.011, 0.5), min_size=6, max_size=6)


@settings(max_examples=30, deadline=None)
@given(SLOW, st.permutations(range(8)), st.sampled_from([LATENCY, None]))
def test_the_order_of_columns_says_nothing(now, places, symptom):
    columns = shop(db=now, web=[0.1 + x for x in now])
    mixed = [columns[i] for i in places]
    one, other = blame_metrics(columns, CALLS, symptom), blame_metrics(mixed, CALLS[::-1], symptom)
    assert [b.service for b in one] == [b.service for b in other]
    assert np.allclose([b.score for b in one], [b.score for b in other])


@settings(max_examples=30, deadline=None)
@given(SLOW, st.integers(0, 99), st.sampled_from([LATENCY, None]))
def test_a_healthy_stranger_changes_little(now, seed, symptom):
    columns = shop(db=now, web=[0.1 + x for x in now])
    before = order(columns, CALLS, symptom).index("db")
    stranger = column("stranger", "latency_avg", 0.1, [0.1] * 6, seed)
    assert order([*columns, stranger], CALLS, symptom).index("db") <= before + 1


@settings(max_examples=20, deadline=None)
@given(SLOW, st.sampled_from([LATENCY, None]))
def test_columns_without_values_are_ignored(now, symptom):
    columns = shop(db=now)
    gap = np.full(40, math.nan)
    empty = [MetricColumn(s, "error_rate", gap, gap[:6]) for s in ("db", "web")]
    assert blame_metrics([*columns, *empty], CALLS, symptom) == blame_metrics(
        columns, CALLS, symptom
    )


def test_where_nothing_has_changed_nobody_is_likely():
    still = [MetricColumn(name, "depth", np.full(20, 0.036), np.full(8, 0.036)) for name in "ab"]
    found = blame_metrics(still, [("a", "b")])
    assert sum(one.probability for one in found) < 0.2
    assert not any(one.held or one.reasons_for for one in found)
