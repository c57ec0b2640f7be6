"""Who is at the other end of a call, and whom what happens there speaks against. By hand."""

import numpy as np
import pytest

from warroom.analysis.requests.delays import Delay, delays
from warroom.analysis.requests.edges import far_ends
from warroom.analysis.requests.pattern_counts import FAILS, NOBODY, events_of
from warroom.analysis.requests.span_patterns import EXPLAINED, SHARED, blamed, oddities
from warroom.analysis.requests.waiting import Wait, waits
from warroom.tests.support.request_trees import Node, Requests

ONSET = 1000.0


def ask(*answers: str, peer: str = "", error: bool = False) -> Node:
    """web's call, answered by these services."""
    served = tuple(Node(name, "serve", 5.0, kind="server") for name in answers)
    return Node("web", "Ask", 10.0, served, error, kind="client", peer=peer)


def page(*calls: Node) -> Node:
    return Node("web", "page", 50.0, calls, kind="server")


def ends(requests: Requests) -> dict[str, str]:
    table = requests.table()
    return {table.ops[op].name: name for op, name in far_ends(table).items()}


def test_who_answers_nine_in_ten_is_the_far_end():
    assert ends(Requests().add(0, ask("cart"), 9).add(50, ask("ads"))) == {"Ask": "cart"}
    assert ends(Requests().add(0, ask("cart"), 8).add(50, ask("ads"), 2)) == {}


def test_who_answers_counts_more_than_the_name_that_was_called():
    assert ends(Requests().add(0, ask(peer="lb"), 5)) == {"Ask": "lb"}
    assert ends(Requests().add(0, ask("cart", peer="lb"), 5)) == {"Ask": "cart"}
    mixed = Requests().add(0, ask("cart", peer="lb"), 5).add(50, ask("ads", peer="lb"), 5)
    assert ends(mixed) == {"Ask": "lb"}


def test_nobody_is_at_the_far_end_of_its_own_call():
    assert ends(Requests().add(0, ask(peer="web"), 5)) == {}
    assert ends(Requests().add(0, page(Node("web", "inner")), 5)) == {}


def compared(before: list[Node], now: list[Node]):
    """Oddities by event, and blame; each root comes 50 times."""
    requests = Requests()
    for start, roots in ((0, before), (ONSET, now)):
        for number, root in enumerate(roots):
            requests.add(start + 100 * number, root, 50)
    table = requests.table()
    nothing = np.zeros(0, np.int64)
    events = events_of(table, nothing, nothing, (), np.zeros(0, bool))
    late = table.start >= ONSET
    found = oddities(table, events, ~late, late)
    return {odd.event: odd for odd in found}, blamed(table, found)


def test_a_call_that_gets_no_answer_speaks_against_the_callee():
    odd, blame = compared([page(ask("cart"))], [page(ask())])
    assert odd[NOBODY].new
    about = [b for b in blame if b.oddity.operation == "Ask"]
    assert {(b.service, b.callers) for b in about} == {("cart", ("web",))}
    assert blame[0].weight == pytest.approx(odd[NOBODY].weight) and blame[0].weight > 0.9


def test_a_failing_call_to_who_leaves_no_spans_speaks_against_both_ends():
    odd, blame = compared([page(ask(peer="bank"))], [page(ask(peer="bank", error=True))])
    found = {b.service: (b.weight, b.callers, b.callee) for b in blame}
    half = pytest.approx(SHARED * odd[FAILS].weight)
    assert found == {"bank": (half, ("web",), ""), "web": (half, (), "bank")}


def test_a_failing_call_to_who_leaves_spans_speaks_against_the_caller():
    _, blame = compared([page(ask("cart"))], [page(ask("cart", error=True))])
    assert {b.service for b in blame} == {"web"}


def asking_stock(name: str, *later: str) -> Node:
    """A request to a service that asks stock, and then does other things."""
    stock = Node(name, "GetStock", 10, (Node("stock", "GetStock", 8),))
    return Node(name, "place", 100, (stock, *(Node(name, word, 5, after_ms=30) for word in later)))


def test_a_stop_that_a_common_callee_explains_counts_less():
    full = [asking_stock("web", "Render"), asking_stock("order", "Charge")]
    odd, blame = compared(full, [asking_stock("web"), asking_stock("order")])
    gone = odd["calls order Charge"]
    own = next(b for b in blame if b.oddity == gone)
    assert own.weight == pytest.approx(EXPLAINED * gone.weight)
    assert blame[0].service == "stock" and set(blame[0].callers) == {"web", "order"}
    odd, blame = compared(full, [full[0], asking_stock("order")])  # web goes on
    own = next(b for b in blame if b.oddity.event == gone.event)
    assert own.weight == pytest.approx(odd[gone.event].weight)
    half = max(b.weight for b in blame if b.service == "stock")
    assert half == pytest.approx(SHARED * odd["ends with order GetStock"].weight)


def test_a_call_without_an_answer_waits_for_who_usually_answers():
    requests = Requests().add(0, page(ask("cart")), 20).add(ONSET, page(ask("cart")), 18)
    table = requests.add(ONSET + 100, page(ask()), 2).table()
    now = table.start >= ONSET
    (found,) = [wait for wait in waits(table, ~now, now) if wait.operation == "Ask"]
    assert found.place == ("web", "cart")
    assert (found.calls, found.per_request, found.first) == (20, 1.0, ONSET + 0.001)
    # 10 ms less the 5 of cart; no answer: all 10, in the two of twenty that nine tenths leave out
    assert (found.before_ms, found.now_ms) == pytest.approx((5, 5))


def wait(caller: str, callee: str, extra: float) -> Wait:
    return Wait((caller, callee), "call", 10.0, 10.0 + extra, extra, 1.0, 100, 1.0, ONSET)


def test_strength_by_hand():
    assert [Delay("a", 1, x, ()).strength for x in (10, 100, 1000, 9999)] == [0, 0.5, 1, 1]
    assert Delay("a", 1, 100, (), behind="b").strength == pytest.approx(0.3 * 0.5)


def test_who_waits_for_a_slow_callee_is_slow_behind_it():
    edges = [wait("web", "", 400), wait("web", "pay", 300), wait("web", "ads", 0.1)]
    found = {d.service: d for d in delays(edges)}
    assert found["web"].behind == "pay"
    assert found["pay"].strength > found["web"].strength > 0
    alone = {d.service: d for d in delays([wait("web", "", 400), wait("web", "ads", 0.1)])}
    assert alone["web"].behind == ""


def test_a_known_call_that_no_span_shows_explains_a_wait_too():
    edges = [wait("web", "", 400), wait("api", "pay", 300), wait("api", "ads", 0.1)]
    assert {d.service: d.behind for d in delays(edges)}["web"] == ""
    assert {d.service: d.behind for d in delays(edges, {("web", "pay")})}["web"] == "pay"
    half = [wait("web", "", 700), *edges[1:]]  # pay's 300 are less than half of it
    assert {d.service: d.behind for d in delays(half, {("web", "pay")})}["web"] == ""
