"""A change is named above one half only where structure ties it to what fails."""

import json
from dataclasses import replace

import pytest

from warroom.agents.causes.calibration import Basis
from warroom.agents.causes.candidate import Candidate
from warroom.agents.causes.judgement import candidates, judge
from warroom.agents.causes.observations import Observations
from warroom.agents.causes.structure import OPEN, WANTED
from warroom.agents.reasoning.causes import Hearing, combined
from warroom.agents.reasoning.proof import Proof
from warroom.agents.reasoning.reliability import Reliability
from warroom.agents.steps import INVESTIGATE
from warroom.analysis.code.contact import Contact, meet, study
from warroom.analysis.code.mechanisms import Mention
from warroom.incident.finding import FaultKind
from warroom.tests.support.bundles import START
from warroom.tests.support.incidents import minimal
from warroom.tests.support.shop_bundle import Fault, write_shop
from warroom.tests.support.specialists import case_on

DIFF = """diff --git a/cart/pricing.py b/cart/pricing.py
--- a/cart/pricing.py
+++ b/cart/pricing.py
@@ -10,3 +10,3 @@ def total_of(cart):
-    return cart["sum"]
+    return cart["total_cents"]
"""


def contact(text: str, source: str = "log") -> Contact:
    work = study(["cart/pricing.py"], DIFF)
    return meet(work, [Mention("cart", source, text, 1.0)], {}, [work])


@pytest.mark.parametrize(
    "text",
    [
        "KeyError: 'total_cents'",
        'File "/app/cart/pricing.py", line 12, in total_of',
        "total_of failed",
    ],
)
def test_the_path_runs_through_a_file_a_function_or_a_name_of_the_change(text: str) -> None:
    assert contact(text).on_the_path


@pytest.mark.parametrize(
    ("text", "source"),
    [("cart is slow", "log"), ("500 of 900", "log"), ("total_of_seconds total_of", "metric")],
)
def test_likeness_is_not_on_the_path(text: str, source: str) -> None:
    assert contact(text, source).on_the_path is None


def accused(tied: bool) -> list[Candidate]:
    change = Candidate("cart", FaultKind.bad_deploy, "the release", change="abc", tied=tied)
    change.backed(5.0, 1.0, "it would do what is seen")
    place = Candidate("cart", FaultKind.unknown, "somewhere in cart")
    place.backed(1.0, 1.0, "it begins there")
    return [change, place]


def test_an_untied_change_stays_open_and_its_place_keeps_the_rest() -> None:
    tied, open_ = judge(accused(True), minimal()), judge(accused(False), minimal())
    assert tied[0].confidence > 0.9 and not tied[0].reserved
    assert open_[0].confidence == OPEN and open_[0].reserved == WANTED
    assert WANTED in open_[0].missing
    assert sum(h.confidence for h in open_) == pytest.approx(
        sum(h.confidence for h in tied), abs=0.02
    )


def test_a_model_that_names_no_cause_does_not_lift_the_reservation() -> None:
    found = judge(accused(False), minimal())
    nothing = Hearing(Proof({}, {}.get), Reliability(Basis.requests, "silent"))
    assert combined(found, [], nothing)[0].confidence == OPEN


def test_another_kind_of_fault_is_not_reserved() -> None:
    leak, place = accused(False)
    assert judge([replace(leak, kind=FaultKind.memory_leak), place], minimal())[0].confidence > 0.9


@pytest.mark.parametrize(
    ("file", "said", "tied"),
    [("shop/checkout.py", "release v2 of checkout raises errors", True), ("x/login.py", "", False)],
)
def test_a_release_that_names_no_service_is_of_the_one_that_fails_in_its_files(
    tmp_path, file, said, tied
) -> None:
    """As a repository's tag tells it: the commit, and that it was released."""
    bundle = write_shop(tmp_path / "bundle", Fault("errors", "checkout"))
    told = {"at": START + 58, "id": "c0ffee", "files": [file], "summary": "Tidy up"}
    changes = [told | {"kind": "commit"}, told | {"kind": "release", "version": "v2"}]
    (bundle / "changes.jsonl").write_text("".join(json.dumps(one) + "\n" for one in changes))
    case = case_on(bundle, tmp_path / "home", step=INVESTIGATE, service="checkout")
    cause = judge(candidates(Observations(case)), case.document)[0]
    assert cause.service == "checkout"
    assert said in cause.statement
    assert (cause.kind is FaultKind.bad_deploy and cause.confidence > OPEN) == tied
