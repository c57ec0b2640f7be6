"""What is remembered of an incident that ended, and by which signs it is known again."""

import pytest

from warroom.incident.action import Outcome
from warroom.incident.document import Incident
from warroom.incident.evidence import Quote
from warroom.incident.finding import Finding
from warroom.incident.memory import remembered, signs_of, time_to_resolve
from warroom.incident.report import InvestigationReport
from warroom.tests.support.incidents import declared, full, noise


def stack(place: str, exception: str = "AttributeError") -> Finding:
    """A new stack trace of checkout."""
    quotes = [
        Quote(evidence="E4", pointer="/rows/0/exception", value=exception),
        Quote(evidence="E4", pointer="/rows/0/location", value=place),
        Quote(evidence="E4", pointer="/rows/0/count", value=12),
    ]
    return Finding(statement="it raises", service="checkout", kind="stack", quotes=quotes, step=4)


def test_what_was_believed_tried_and_verified_is_kept():
    found = remembered(full())
    assert (found.service, found.fault, found.confidence) == ("checkout", "bad deploy", 0.91)
    assert found.tried == {"restart checkout": False, "roll back checkout": True}
    assert (found.team, found.minutes) == ("orders", 3.0)  # 30 s before the alert to 150 s after
    assert "roll back checkout ended it, as verified" in found.account


@pytest.mark.parametrize(
    "outcome",
    [Outcome.by_itself, Outcome.partly, Outcome.contained, Outcome.unverified, Outcome.failed],
)
def test_what_proved_nothing_is_not_kept(outcome: Outcome):
    document = full()
    for done in document.executions:
        done.outcome = outcome
    assert remembered(document).tried == {}


@pytest.mark.parametrize("doubt", [{"undone": True}, {"measures": []}])
def test_better_counts_only_where_telemetry_said_so_and_it_stayed(doubt: dict):
    document = full()
    document.executions = [e.model_copy(update=doubt) for e in document.executions]
    assert True not in remembered(document).tried.values()


def test_how_long_it_took_is_kept_where_telemetry_saw_the_end():
    document = full()
    document.ended_by = "ann"
    assert remembered(document).minutes is None


def test_noise_is_remembered_as_noise():
    found = remembered(noise())
    assert (found.cause, found.minutes) == ("nothing was behind the alert", None)


def signs(*findings: Finding) -> set[str]:
    return set(signs_of(declared(), findings))


def test_a_stack_trace_is_known_again_in_another_release_and_no_other_one_is():
    one, moved = stack("shop/pricing.py:16 total"), stack("shop/pricing.py:41 total")
    elsewhere = stack("shop/cart.py:16 total")
    assert signs(one) == signs(moved) != signs(elsewhere)
    assert "error AttributeError" in signs(one)


def test_what_programs_wrote_is_not_kept():
    line = "order 4711 of ann@example.org failed after 0.05 s"
    quote = Quote(evidence="E1", pointer="/rows/0/sample", value=line)
    told = Finding(statement=line, service="checkout", kind="log", quotes=[quote])
    other = quote.model_copy(update={"value": line.replace("4711", "12").replace("0.05", "2.5")})
    assert signs(told) == signs(told.model_copy(update={"quotes": [other]}))
    assert not [sign for sign in signs(told) if "ann" in sign or "4711" in sign]


def estimated(*minutes: float) -> Incident:
    document = declared()
    document.reports.append(
        InvestigationReport(
            specialist="debugger",
            conclusion="concluded",
            summary="s",
            minutes_before=list(minutes),
        )
    )
    return document


def test_how_long_it_takes_comes_of_similar_ones_where_there_are_enough():
    by_rule = (108.0, 54.0, 216.0)
    few, many = time_to_resolve(estimated(9, 5)), time_to_resolve(estimated(9, 5, 30))
    assert few and few[:3] == by_rule and few[3].endswith("2, too few")
    none = time_to_resolve(estimated())
    assert none and none[3] == "by severity and complexity"
    assert many == (9.0, 5.0, 30.0, "by 3 similar incidents")
