"""Added waits, and whose they are."""

import numpy as np
import pytest

from warroom.analysis.requests.delays import delays
from warroom.analysis.requests.waiting import Wait, waits
from warroom.tests.support.request_trees import Node, Requests

ONSET = 1000.0


def found(requests: Requests):
    table = requests.table()
    now = table.start >= ONSET
    return waits(table, ~now, now)


def wait(caller: str, callee: str, extra: float, noise: float = 1.0) -> Wait:
    return Wait((caller, callee), "call", 10.0, 10.0 + extra, extra, noise, 100, 1.0, ONSET)


def request(network: float = 4.0, work: float = 6.0) -> Node:
    """web calls cart: `network` ms on the way in all, `work` ms inside cart."""
    inner = Node("cart", "get", work, after_ms=network / 2)
    return Node(
        "web", "page", 50 + network + work, (Node("web", "call", network + work, (inner,)),)
    )


def test_time_on_the_way_is_the_edges_and_time_inside_the_services():
    slow = Requests().add(0, request(), 30).add(ONSET, request(network=104), 30)
    by_place = {w.place: w for w in found(slow)}
    assert by_place["web", "cart"].extra_ms == pytest.approx(100)
    assert by_place["cart", ""].extra_ms == pytest.approx(0, abs=1e-6)
    busy = Requests().add(0, request(), 30).add(ONSET, request(work=56), 30)
    by_place = {w.place: w for w in found(busy)}
    assert by_place["cart", ""].extra_ms == pytest.approx(50)
    assert by_place["web", "cart"].extra_ms == pytest.approx(0, abs=1e-6)
    # usual 6 ms, no spread: noise = 5 % of 6 + 0.1
    assert by_place["cart", ""].noise_ms == pytest.approx(0.4)


def test_a_wait_for_one_of_many_is_the_callees():
    edges = [wait("web", name, 0.5) for name in ("ads", "cart", "mail")] + [wait("web", "pay", 300)]
    assert delays(edges)[0].service == "pay"
    assert delays(edges)[0].ms == pytest.approx(300, rel=0.1)
    assert delays(edges)[0].strength > 0.7


def test_a_wait_for_everybody_is_the_callers():
    edges = [wait("web", name, 200 + i) for i, name in enumerate(("ads", "cart", "mail", "pay"))]
    assert delays(edges)[0].service == "web"
    assert sum(d.strength for d in delays(edges)[1:]) == 0


def test_of_two_ends_of_one_call_the_one_with_fewer_healthy_calls():
    edges = [wait("auth", "codes", 2000), wait("web", "auth", 0.5)]
    assert delays(edges)[0].service == "codes"


def test_callers_that_all_wait_for_one_leave_its_own_calls_alone():
    edges = [wait("web", "basic", 1300), wait("api", "basic", 1200), wait("basic", "db", 0.2)]
    assert delays(edges)[0].service == "basic"


def test_drift_is_no_delay():
    assert all(d.strength == 0 for d in delays([wait("a", "b", 9), wait("a", "c", 8)]))


def test_nothing_waits_nowhere():
    assert delays([]) == []
    assert delays([wait("web", "", -3)]) == []


def test_few_calls_are_not_compared():
    assert found(Requests().add(0, request(), 2).add(ONSET, request(), 9)) == []


@pytest.mark.parametrize("seed", range(5))
def test_an_unrelated_healthy_service_changes_no_rank_by_more_than_one(seed):
    rng = np.random.default_rng(seed)
    edges = [wait("web", n, float(rng.uniform(0, 2))) for n in "abcd"] + [wait("web", "pay", 250)]
    more = [*edges, wait("x", "y", 1.0), wait("y", "", 0.5)]
    assert delays(edges)[0].service == "pay"
    assert [d.service for d in delays(more)].index("pay") <= 1
