"""Propagation, sources, changes and fusion: who and what gets the blame."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.analysis.code.tokens import changed_text, inert, tokens_of
from warroom.analysis.fusion import CONCLUSIVE, Observation, fuse
from warroom.analysis.propagation import rank_origins
from warroom.analysis.quantities import span
from warroom.analysis.sources import (
    AuthEvent,
    attacking_sources,
    by_network,
)

CHAIN = [("gateway", "cart"), ("cart", "stock"), ("gateway", "login"), ("gateway", "catalog")]


def test_blame_by_hand():
    # b explains 0.4^2 / (0.4^2 + 0.2^2) = 0.8 of a; a holds 2/3 of the start, b 1/3
    first, second = rank_origins({"a": 0.8, "b": 0.4}, [("a", "b")])
    assert (first.service, first.path) == ("b", ("a", "b"))
    assert first.blame == pytest.approx(1 / 3 + 0.8 * 2 / 3)
    assert second.blame == pytest.approx(0.2 * 2 / 3)


def test_a_loud_victim_does_not_outrank_a_quiet_culprit():
    ranking = rank_origins({"gateway": 1.0, "cart": 0.9, "stock": 0.4, "login": 0.05}, CHAIN)
    assert ranking[0].service == "stock"
    assert ranking[0].path == ("gateway", "cart", "stock")


def test_noise_below_does_not_acquit_the_culprit():
    scores = {"gateway": 0.9, "cart": 0.1, "stock": 0.1, "login": 0.1, "catalog": 0.1}
    assert rank_origins(scores, CHAIN)[0].service == "gateway"


def test_a_silent_service_is_a_suspect():
    top = rank_origins({"gateway": 0.8, "cart": 0.7}, CHAIN, silent={"stock"})[0]
    assert (top.service, top.silent) == ("stock", True)


def test_a_healthy_call_carries_no_blame():
    scores = {"gateway": 0.9, "login": 0.6, "cart": 0.5}
    edges = {("gateway", "login"): 0.0, ("gateway", "cart"): 1.0}
    ranking = {s.service: s.blame for s in rank_origins(scores, CHAIN, edges=edges)}
    # login keeps its own start alone, cart takes 0.25 / 0.29 of the gateway's
    assert ranking["login"] == pytest.approx(0.6 / 2)
    assert ranking["cart"] == pytest.approx(0.5 / 2 + 0.9 / 2 * 0.25 / 0.29)


def test_loops_and_self_calls_end():
    ranking = rank_origins({"a": 0.9, "b": 0.9}, [("a", "b"), ("b", "a"), ("a", "a")])
    assert [s.blame for s in ranking] == pytest.approx([0.5, 0.5])


def test_nothing_anomalous_names_nobody():
    assert rank_origins({"a": 0.0, "b": math.nan}, [("a", "b")]) == []
    assert rank_origins({}, []) == []


names = st.sampled_from("abcdefgh")
graphs = st.lists(st.tuples(names, names), max_size=15)
scores = st.dictionaries(names, st.floats(0, 1), min_size=1, max_size=8)


@given(scores, graphs)
def test_blame_is_a_share_and_renaming_changes_nothing(score, graph):
    ranking = rank_origins(score, graph)
    if not ranking:
        return
    assert sum(s.blame for s in ranking) == pytest.approx(1)
    assert all(s.blame >= -1e-12 for s in ranking)
    renamed = rank_origins(
        {f"x{104 - ord(k)}": v for k, v in score.items()},
        [(f"x{104 - ord(a)}", f"x{104 - ord(b)}") for a, b in graph],
    )
    blame = {s.service: s.blame for s in renamed}
    for suspect in ranking:
        new_name = f"x{104 - ord(suspect.service)}"
        assert blame[new_name] == pytest.approx(suspect.blame, abs=1e-9)


@given(scores, graphs, st.floats(0, 1))
def test_an_unrelated_service_moves_nobody_by_more_than_one_rank(score, graph, extra):
    before = [s.blame for s in rank_origins(score, graph)]
    ranking = rank_origins(score | {"zzz": extra}, graph)
    after = [s.blame for s in ranking if s.service != "zzz"]
    if before and sum(after) > 0:
        assert [b / sum(after) for b in after] == pytest.approx(before, abs=1e-9)


def logins(count, source, failed, users=1):
    return [AuthEvent(source, f"u{i % users}", failed) for i in range(count)]


def usual_logins():
    return [
        e
        for n in range(20)
        for e in (*logins(5, f"10.0.0.{n}", False), *logins(1, f"10.0.0.{n}", True))
    ]


def test_credential_stuffing_is_named_with_its_sources():
    attack = logins(300, "10.9.9.9", True, users=280) + logins(80, "10.9.9.8", True, users=2)
    report = attacking_sources(usual_logins(), usual_logins() + attack, 60, 60)
    assert report.kind == "concentrated"
    assert [(s.source, s.pattern) for s in report.sources] == [
        ("10.9.9.9", "stuffing"),
        ("10.9.9.8", "brute force"),
    ]
    top = report.sources[0]
    assert (top.failures, top.users) == (300, 280)
    assert top.ratio == 50  # a usual source tries 6 times
    assert report.confidence == pytest.approx(1 - 1 / 50)


def test_a_broken_login_is_no_attack():
    broken = [event._replace(failed=True) for event in usual_logins()]
    report = attacking_sources(usual_logins(), broken, 60, 60)
    assert (report.kind, report.sources) == ("none", ())


def test_customers_who_are_locked_out_and_try_again_are_no_attack():
    broken = [event._replace(failed=True) for event in usual_logins()] * 3
    assert attacking_sources(usual_logins(), broken, 60, 60).kind == "none"


def test_a_busy_office_that_logs_in_is_no_attack():
    report = attacking_sources(
        usual_logins(), usual_logins() + logins(100, "10.7.7.7", False, users=100), 60, 60
    )
    assert report.kind == "none"


def test_an_attack_from_everywhere_names_no_source():
    spread = [e for n in range(200) for e in logins(2, f"172.16.{n}.1", True, users=2)]
    report = attacking_sources(usual_logins(), usual_logins() + spread, 60, 60)
    assert (report.kind, report.sources) == ("distributed", ())
    assert report.confidence == pytest.approx(1)


def test_without_a_baseline_a_source_is_compared_with_its_peers():
    attack = logins(200, "10.9.9.9", True, users=150)
    report = attacking_sources([], usual_logins() + attack, 0, 60)
    assert [s.source for s in report.sources] == ["10.9.9.9"]
    assert attacking_sources([], [], 0, 0).kind == "none"


def test_sources_widen_to_their_network():
    events = by_network([AuthEvent("10.1.2.3", "u", True), AuthEvent("host", "u", True)])
    assert [e.source for e in events] == ["10.1.2.0/24", "host"]


DIFF = """--- a/shop/checkout.py
+++ b/shop/checkout.py
@@ -10,3 +10,3 @@ def order_total(cart):
 unchanged_helper()
-    return subtotal
+    return subtotal * discount
"""


def test_tokens_of_a_diff_are_of_what_it_changes():
    tokens = tokens_of(changed_text(DIFF))
    assert {"order_total", "subtotal", "discount"} <= tokens
    assert "unchanged_helper" not in tokens
    assert "return" not in tokens
    assert tokens_of("shop/cart.py:12 GET /order-items") >= {
        "cart.py",
        "cart",
        "order-items",
        "items",
    }
    assert changed_text("plain words") == "plain words"


def test_documentation_and_tests_are_inert():
    assert inert(["docs/a.py", "tests/test_x.py", "README.md"])
    assert not inert(["docs/a.py", "shop/cart.py"])
    assert not inert([])


def test_lengths_of_time_for_people():
    assert [span(s) for s in (42, 720, 12600, 172800)] == ["42 s", "12 min", "3.5 h", "2.0 d"]


def test_fusion_by_hand():
    # log-odds 4 - 1 = 3: e^3 - 1 = 19.09 against e^1.5 = 4.48
    [verdict] = fuse(
        {
            "bad deploy": [
                Observation("stack", 4, 1.0),
                Observation("timing", 2, 0.5, supports=False),
                Observation("diff", 3, 1.0, available=False),
            ]
        }
    )
    assert verdict.log_odds == 3
    assert verdict.probability == pytest.approx((math.e**3 - 1) / (math.e**3 - 1 + math.e**1.5))
    assert verdict.probability > CONCLUSIVE


def test_weak_evidence_ties_and_nothing_are_inconclusive():
    assert fuse({"a": [Observation("s", 1, 0.5)]})[0].probability < CONCLUSIVE
    tie = fuse({"b": [Observation("s", 4, 1)], "a": [Observation("s", 4, 1)]})
    assert tie[0].probability == tie[1].probability < CONCLUSIVE
    assert [verdict.hypothesis for verdict in tie] == ["a", "b"]
    assert fuse({}) == []
    assert fuse({"a": [Observation("s", 3, math.nan)]})[0].probability == 0


def test_huge_evidence_does_not_overflow():
    assert fuse({"a": [Observation("s", 5000, 1)]})[0].probability == pytest.approx(1)


signals = st.lists(
    st.builds(Observation, st.just("s"), st.floats(0, 5), st.floats(0, 1), st.booleans()),
    max_size=5,
)


@given(st.dictionaries(names, signals, max_size=5))
def test_probabilities_share_one_whole_and_an_unsupported_rival_changes_none(hypotheses):
    verdicts = fuse(hypotheses)
    assert 0 <= sum(v.probability for v in verdicts) < 1 + 1e-9
    more = fuse(hypotheses | {"idle": []})
    before = {v.hypothesis: v.probability for v in verdicts}
    after = {v.hypothesis: v.probability for v in more}
    assert after.pop("idle") == 0
    assert after == pytest.approx(before)


@given(signals, st.floats(0.1, 5))
def test_support_never_lowers_a_probability(given_signals, weight):
    one = fuse({"a": given_signals, "b": [Observation("s", 2, 1)]})
    two = fuse(
        {"a": [*given_signals, Observation("more", weight, 1)], "b": [Observation("s", 2, 1)]}
    )

    def probability(fusion):
        return next(v.probability for v in fusion if v.hypothesis == "a")

    assert probability(two) >= probability(one) - 1e-12
