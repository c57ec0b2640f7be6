"""What spans do now and never did: events, oddities, and whom they speak against."""

import numpy as np
import pytest

from warroom.analysis.requests.pattern_counts import events_of, wilson
from warroom.analysis.requests.span_patterns import blamed, oddities
from warroom.tests.support.request_trees import Node, Requests

NOTHING = np.zeros(0, np.int64), np.zeros(0, np.int64), (), np.zeros(0, bool)
ONSET = 1000.0


def compared(requests: Requests, lines=()):
    """Oddities and blame; `lines` are (row, statement, loud)."""
    table = requests.table()
    said = tuple(sorted({text for _, text, _ in lines}))
    logged = (
        (
            np.array([row for row, _, _ in lines], np.int64),
            np.array([said.index(text) for _, text, _ in lines], np.int64),
            said,
            np.array([loud for _, _, loud in lines], bool),
        )
        if lines
        else NOTHING
    )
    events = events_of(table, *logged)
    began = np.full(table.traces, np.inf)
    np.minimum.at(began, table.trace, table.start)
    now = began[table.trace] >= ONSET
    found = oddities(table, events, ~now, now)
    return found, blamed(table, found)


def page(*calls: Node) -> Node:
    return Node("web", "page", 100, calls)


CART = Node("web", "GetCart", 20, (Node("cart", "GetCart", 15, (Node("cart", "read", 5),)),))
ADS = Node("web", "GetAds", 20, (Node("ads", "GetAds", 15),), after_ms=50)


def test_wilson_bounds_by_hand():
    # k = 5 of 10, z = 1.2816: centre .5, half = 1.2816 / 1.16425 * sqrt(.025 + .0041062) = .1878
    low, high = wilson(np.array([5]), np.array([10]))
    assert low[0] == pytest.approx(0.3122, abs=1e-3)
    assert high[0] == pytest.approx(0.6878, abs=1e-3)


def test_the_same_requests_show_nothing():
    same = Requests().add(0, page(CART, ADS), 50).add(ONSET, page(CART, ADS), 50)
    assert compared(same) == ([], [])


def test_a_call_that_is_gone_speaks_against_who_no_longer_makes_it():
    broken = Requests().add(0, page(CART, ADS), 50).add(ONSET, page(ADS), 50)
    _, blame = compared(broken)
    assert blame[0].service == "web"
    assert blame[0].weight > 0.9


def test_the_deepest_odd_span_takes_the_blame():
    slim = Node("web", "GetCart", 20, (Node("cart", "GetCart", 15),))  # cart no longer reads
    found, blame = compared(Requests().add(0, page(CART), 50).add(ONSET, page(slim), 50))
    assert {b.service for b in blame if b.weight > 0.1} == {"cart"}
    assert any(o.event == "calls nobody" and o.new for o in found)


def test_a_new_error_line_is_odd_and_a_vanished_one_is_not():
    requests = Requests().add(0, page(ADS), 30).add(ONSET, page(ADS), 30)
    table = requests.table()
    ads = [r for r in range(len(table)) if table.ops[table.op[r]].service == "ads"]
    failing = [(row, "no such ad", True) for row in ads if table.start[row] >= ONSET]
    _, blame = compared(requests, failing)
    assert blame[0].service == "ads"
    assert "no such ad" in blame[0].oddity.event
    cured = [(row, "no such ad", True) for row in ads if table.start[row] < ONSET]
    assert compared(requests, cured) == ([], [])


def test_a_caller_that_asks_less_makes_no_callee_odd():
    """Ads are picked by category for most pages, at random for few: only the few are left."""
    chosen = Node("ads", "GetAds", 9, (Node("ads", "by category"),))
    random = Node("ads", "GetAds", 9, (Node("ads", "at random"),))
    before = Requests().add(0, page(chosen), 80).add(100, page(random), 20)
    now = before.add(ONSET, page(), 80).add(ONSET + 100, page(random), 20)
    _, blame = compared(now)
    assert "ads" not in {b.service for b in blame}
    assert blame[0].service == "web"


def test_what_several_callers_stop_after_is_the_callees():
    stock = Node("web", "GetStock", 10, (Node("stock", "GetStock", 8),))
    reserve = Node("order", "GetStock", 10, (Node("stock", "GetStock", 8),))
    later = Node("web", "Render", 5, after_ms=30)
    charge = Node("order", "Charge", 5, after_ms=30)
    full = Requests().add(0, page(stock, later), 60)
    full.add(100, Node("order", "place", 50, (reserve, charge)), 60)
    cut = full.add(ONSET, page(stock), 60).add(
        ONSET + 100, Node("order", "place", 50, (reserve,)), 60
    )
    _, blame = compared(cut)
    assert blame[0].service == "stock"
    assert set(blame[0].callers) == {"web", "order"}


def test_one_caller_that_stops_is_likelier_than_its_callee():
    stock = Node("web", "GetStock", 10, (Node("stock", "GetStock", 8),))
    later = Node("web", "Render", 5, after_ms=30)
    _, blame = compared(Requests().add(0, page(stock, later), 60).add(ONSET, page(stock), 60))
    weights = {b.service: b.weight for b in reversed(blame)}
    assert weights["web"] > weights["stock"] > 0


def test_a_job_that_nobody_takes_any_more_speaks_against_who_took_it():
    insert = Node("orders", "INSERT jobs", 2, kind="client", peer="database")
    taken = Node("labels", "process labels", 9, kind="consumer", after_ms=4)
    send = [
        Node("orders", "send labels", 3, c, kind="producer") for c in ((insert, taken), (insert,))
    ]
    _, blame = compared(Requests().add(0, send[0], 60).add(ONSET, send[1], 60))
    assert blame[0].service == "labels"
    assert blame[0].callers == ("orders",)
    assert "database" not in {one.service for one in blame}


def test_few_spans_prove_little():
    many = compared(Requests().add(0, page(CART), 50).add(ONSET, page(ADS), 50))[1]
    few = compared(Requests().add(0, page(CART), 4).add(ONSET, page(ADS), 4))[1]
    assert 0 < few[0].weight < many[0].weight
    assert compared(Requests().add(0, page(CART), 2).add(ONSET, page(ADS), 2))[1] == []


@pytest.mark.parametrize("seed", range(5))
def test_names_and_times_do_not_matter(seed):
    """Other names give the same weights; so does another day."""
    rng = np.random.default_rng(seed)
    names: dict[str, str] = dict(
        zip(["web", "cart", "ads"], rng.permutation(["q", "m", "z"]).tolist(), strict=True)
    )

    def renamed(node: Node) -> Node:
        calls = tuple(map(renamed, node.calls))
        return Node(names[node.service], node.name, node.ms, calls, node.error, node.after_ms)

    slim = Node("web", "GetCart", 20, (Node("cart", "GetCart", 15),))
    plain = compared(Requests().add(0, page(CART, ADS), 40).add(ONSET, page(slim, ADS), 40))[1]
    other = compared(
        Requests()
        .add(300, renamed(page(CART, ADS)), 40)
        .add(ONSET + 300, renamed(page(slim, ADS)), 40)
    )[1]
    assert sorted((names[b.service], round(b.weight, 9)) for b in plain) == sorted(
        (b.service, round(b.weight, 9)) for b in other
    )


def test_another_order_of_the_same_calls_is_odd():
    """Charged before it is reserved: the same calls, none new and none gone."""
    reserve, charge = Node("order", "Reserve", 5), Node("order", "Charge", 5, after_ms=20)
    early, late = Node("order", "Charge", 5), Node("order", "Reserve", 5, after_ms=20)
    before = Requests().add(0, Node("order", "place", 50, (reserve, charge)), 60)
    found, blame = compared(before.add(ONSET, Node("order", "place", 50, (early, late)), 60))
    assert blame[0].service == "order"
    assert "calls Reserve after Charge" in {odd.event for odd in found if odd.new}
