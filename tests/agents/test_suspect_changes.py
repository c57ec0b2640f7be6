"""Which change could have done it: when, where, and whether it touches what fails."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.agents.causes.suspect_changes import correlate
from warroom.tools.change_feed import ChangeRecord

DIFF = """--- a/shop/checkout.py
+++ b/shop/checkout.py
@@ -10,3 +10,3 @@ def order_total(cart):
 unchanged_helper()
-    return subtotal
+    return subtotal * discount
"""


def changed(
    at: float, kind: str, service: str, id: str, summary: str = "", files: str = "", diff: str = ""
) -> ChangeRecord:
    return ChangeRecord(at, 0.0, kind, service, id, "", "", "", summary, files, diff)


GUILTY = changed(900, "deploy", "checkout", "abc123", "tidy up", "shop/checkout.py", DIFF)
DECOY = changed(
    990, "deploy", "recommendations", "def456", "fix checkout", "shop/ranking.py", "+sort = best"
)


def test_the_innocent_deploy_just_before_is_demoted():
    found = correlate([DECOY, GUILTY], 1000, {"checkout": 0.9}, ["order_total"])
    assert [change.id for change, _ in found] == ["abc123", "def456"]
    guilty, decoy = (score for _, score in found)
    assert guilty.score > 0.9
    assert decoy.score < 0.2
    assert "touching order_total" in guilty.reasons_for
    assert decoy.reasons_for == ["10 s before the onset"]
    assert decoy.reasons_against == [
        "is in recommendations, which shows nothing unusual",
        "touches nothing that fails",
    ]


def test_a_change_after_the_onset_is_ruled_out_unless_clocks_may_differ():
    late = changed(1004, "flag", "checkout", "new_price")
    assert not correlate([late], 1000, {"checkout": 1}, skew_s=5)[0][1].ruled_out
    ruled = correlate([late], 1000, {"checkout": 1}, skew_s=1)[0][1]
    assert (ruled.ruled_out, ruled.score) == (True, 0)
    assert ruled.reasons_against == ["came 4 s after the onset"]


def test_an_old_change_can_still_be_guilty():
    old = changed(1000 - 86400, *("deploy", "checkout", "abc"), "", "shop/checkout.py", DIFF)
    (change, score), _ = correlate([DECOY, old], 1000, {"checkout": 0.9}, ["order_total"])
    assert change is old
    assert score.reasons_against == ["came 24.0 h before the onset, long before"]


def test_a_flag_is_known_by_its_name_and_a_callee_by_its_caller():
    flag = changed(995, "flag", "", "express_checkout")
    assert correlate([flag], 1000, {}, ["flag express_checkout is on"])[0][1].score > 0.7
    stock = changed(995, "deploy", "stock", "s")
    scored = correlate([stock], 1000, {"cart": 1}, calls=[("cart", "stock")])[0][1]
    assert "in stock, called where failures show" in scored.reasons_for


def test_documentation_alone_is_against():
    docs = changed(995, "deploy", "checkout", "d", "", "README.md", "+order_total explained")
    scored = correlate([docs], 1000, {"checkout": 1}, ["order_total"])[0][1]
    assert scored.reasons_against == ["touches only documentation or tests"]


@given(st.floats(-1e8, 1e8))
def test_shifting_all_times_changes_no_score(offset):
    shifted = [replace(c, at=c.at + round(offset)) for c in (GUILTY, DECOY)]
    one = correlate([GUILTY, DECOY], 1000, {"checkout": 0.9}, ["order_total"])
    other = correlate(shifted, 1000 + round(offset), {"checkout": 0.9}, ["order_total"])
    assert [s.score for _, s in other] == pytest.approx([s.score for _, s in one])
