"""Small parts of the floor's reasoning: onset, networks, learning from what did not help."""

import numpy as np
import pytest

from warroom.agents.causes import judgement
from warroom.agents.causes.access import covered, networks
from warroom.agents.causes.candidate import Candidate
from warroom.agents.causes.judgement import judge
from warroom.agents.causes.observations import Observations
from warroom.analysis.departure import last_departure
from warroom.incident.action import Outcome
from warroom.incident.finding import FaultKind
from warroom.tests.support.incidents import full, minimal


@pytest.mark.parametrize(
    ("values", "index"),
    [
        ([0, 0, 0, 0, 1, 1, 1], 3),  # the last calm point before the step
        ([0, 1, 0, 0, 0, 0, 1, 1], 5),  # a blip long before is not the begin
        ([0, 0, 0, 0.1, 0.2, 0.5, 1], 4),  # a ramp leaves at a quarter of the way
        ([0, 0, 0, np.nan, np.nan, 1, 1], 2),  # missing points are passed over
        ([1, 1, 1, 1], None),  # never healthy
        ([0, 0, 0, 0], None),  # never ill
        ([], None),
    ],
)
def test_the_onset_is_where_the_series_last_left_its_level(
    values: list[float], index: int | None
) -> None:
    assert last_departure(values, healthy=0.0, ill=1.0) == index


def test_attackers_of_one_network_are_named_by_it() -> None:
    sources = ["203.0.113.5", "203.0.113.9", "203.0.113.77", "198.51.100.7"]
    assert networks(sources, good={}) == ["203.0.113.0/24", "198.51.100.7"]


def test_a_network_with_a_good_neighbour_is_not_blocked_whole() -> None:
    sources = ["203.0.113.5", "203.0.113.9", "203.0.113.77"]
    assert networks(sources, good={"203.0.113.200": 12}) == sources


def test_what_is_no_address_is_left_out() -> None:
    assert networks(["", "unknown", "2001:db8::1"], good={}) == ["2001:db8::1"]
    assert covered("10.0.0.5", ["10.0.0.0/24"]) and not covered("x", ["10.0.0.0/24"])


def backed(candidate: Candidate, weight: float, note: str) -> Candidate:
    candidate.backed(weight, 1, note)
    return candidate


def candidates() -> list[Candidate]:
    strong = Candidate("checkout", FaultKind.bad_deploy, "the release")
    weak = Candidate("payments", FaultKind.hung_process, "the process")
    return [backed(strong, 4, "seen"), backed(weak, 3, "seen")]


def test_the_better_backed_cause_leads_and_unknown_keeps_its_share() -> None:
    ranked = judge(candidates(), minimal())
    assert [h.service for h in ranked] == ["checkout", "payments"]
    assert 0 < sum(h.confidence for h in ranked) < 1


def test_a_place_leaves_a_kind_that_is_named_to_its_own_hypothesis(monkeypatch) -> None:
    """Both say that the processor is at fault: neither may take the other's reasons."""
    busy = Candidate("checkout", FaultKind.cpu_saturation, "busy")
    place = Candidate("checkout", FaultKind.cpu_saturation, "there")
    backed(busy, 2, "at its limit")
    backed(place, 5, "slow inside")
    monkeypatch.setattr(judgement, "RECOGNISERS", (lambda _: [busy],))
    monkeypatch.setattr(judgement, "somewhere", lambda _: [place])
    monkeypatch.setattr(judgement, "with_accounts", lambda _, named, places: (named, places))
    ranked = judge(judgement.candidates(Observations(None)), minimal())  # type: ignore[arg-type]
    assert [h.kind for h in ranked] == [FaultKind.cpu_saturation, FaultKind.unknown]
    assert {a.text for a in ranked[0].support} == {"at its limit", "it begins there: slow inside"}


def test_an_action_that_changed_nothing_counts_against_its_cause() -> None:
    document = full(FaultKind.bad_deploy, "checkout")
    cause = document.hypotheses[0]
    assert (cause.service, cause.kind) == ("checkout", FaultKind.bad_deploy)
    document.executions = document.executions[:1]
    document.executions[0].outcome = Outcome.unchanged
    before = judge(candidates(), minimal())[0].confidence
    after = next(h for h in judge(candidates(), document) if h.service == "checkout")
    assert after.confidence < before
    assert any("left things unchanged" in a.text for a in after.contradiction)


def test_what_ended_it_speaks_for_its_cause_with_the_levels_that_were_measured() -> None:
    document = full(FaultKind.bad_deploy, "checkout")
    done = document.executions[-1]
    assert done.outcome is Outcome.better
    alone = full(FaultKind.bad_deploy, "checkout")
    alone.executions = []
    before = judge(candidates(), alone)[0].confidence
    document.executions = [done]
    after = next(h for h in judge(candidates(), document) if h.service == "checkout")
    assert after.confidence > before
    reason = next(a for a in after.support if "ended it, as measured" in a.text)
    well = [m for m in done.measures if m.decisive and m.healthy]
    assert [q.value for q in reason.quotes] == [m.after for m in well] != []


def test_what_was_undone_ended_nothing() -> None:
    document = full(FaultKind.bad_deploy, "checkout")
    document.executions[-1].undone = True
    told = [a.text for h in judge(candidates(), document) for a in h.support]
    assert not any("ended it" in text for text in told)
