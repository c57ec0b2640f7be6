"""Which evidence a model is shown first: what decides, whoever looked at it."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from warroom.agents.reasoning.brief import brief
from warroom.agents.reasoning.case_file import case_file
from warroom.agents.reasoning.question import Subject, asking
from warroom.agents.runtime.case import Asked, Step
from warroom.agents.steps import (
    ASSESS_SECURITY,
    DESIGN_FIX,
    DETECT,
    INVESTIGATE,
    MITIGATE,
    SWEEP,
)
from warroom.incident.document import Incident
from warroom.incident.evidence import Quote
from warroom.incident.finding import Finding
from warroom.incident.report import AnyReport, FixReport, Report
from warroom.models.allowance import Effort, allowance
from warroom.settings import Settings
from warroom.tests.support import incidents
from warroom.tests.support.thinkers import TABLE

ALLOWED = allowance(Settings(context_tokens=128_000), None, Effort.most)
ROWS = {"rows": [{"service": "checkout", "error_rate": 0.4}]}


def tables(characters: int) -> list[str]:
    """Ids of the tables of a brief for a fix that its playbook looked at nothing for."""
    nothing = FixReport(specialist="debugger", conclusion="inconclusive", summary="no safe action")
    asked = DESIGN_FIX.asked
    assert asked is not None
    return shown(incidents.full(), nothing, asked, characters)


def shown(document: Incident, floor: AnyReport, asked: Asked, characters: int) -> list[str]:
    """Ids of the tables of a brief."""
    sizes = replace(ALLOWED, tables=characters)
    told = brief(document, floor, asked, lambda _: ROWS, sizes, "Why?", reads_on=False)
    return [match["id"] for match in TABLE.finditer(told)]


def test_a_fix_rests_on_what_the_leading_cause_rests_on_and_on_what_came_of_actions() -> None:
    document = incidents.full()
    leading = [q.evidence for a in document.hypotheses[0].support for q in a.quotes]
    assert set(leading) <= set(tables(3_500))
    assert {"E6", "E7"} <= set(tables(3_500)), "how the actions ended"
    assert tables(300)[0] == leading[0]


@pytest.mark.parametrize("step", [INVESTIGATE, SWEEP, DETECT], ids=lambda step: step.title)
def test_a_table_tells_of_reading_on_where_that_is_offered(step: Step) -> None:
    rows = {"rows": [{"n": n, "message": f"{n}" + "m" * 300} for n in range(50)]}
    assert step.asked is not None
    floor = incidents.full().reports[0]
    subject = Subject(incidents.full(), floor, step.asked, step.prompt)
    reads_on = bool(step.asked.tools)
    told = brief(
        subject.document,
        floor,
        step.asked,
        lambda _: rows,
        ALLOWED,
        asking(subject, 3),
        reads_on=reads_on,
    )
    assert ("read_evidence" in told) is reads_on


def seen() -> Incident:
    """An incident of which a model was shown everything in an earlier step."""
    document = incidents.full()
    first = document.reports[0]
    searched = [record.id for record in document.evidence]
    document.reports[0] = first.model_copy(update={"source": "model", "searched": searched})
    return document


def test_a_table_that_was_shown_and_is_told_in_the_case_file_is_only_named() -> None:
    document, nothing = (
        seen(),
        Report(step=5, specialist="security", conclusion="concluded", summary=""),
    )
    assert ASSESS_SECURITY.asked is not None
    floor = nothing.model_copy(update={"searched": [r.id for r in document.evidence]})
    told = case_file(document, floor, ALLOWED.case_file)
    again = shown(document, floor, ASSESS_SECURITY.asked, 9_000)
    fresh = shown(incidents.full(), floor, ASSESS_SECURITY.asked, 9_000)
    repeated = [id for id in fresh if re.search(rf"\b{id}\b", told)]
    assert repeated
    assert again == [id for id in fresh if id not in repeated]


@pytest.mark.parametrize("step", [MITIGATE, INVESTIGATE, DESIGN_FIX], ids=lambda step: step.title)
def test_who_decides_sees_what_decides_whoever_was_shown_it(step: Step) -> None:
    document = seen()
    floor = Report(step=step.number, specialist=step.specialist, conclusion="concluded", summary="")
    leading = [q.evidence for a in document.hypotheses[0].support for q in a.quotes]
    assert step.asked is not None
    assert set(leading) <= set(shown(document, floor, step.asked, 9_000))


def test_values_of_the_report_stand_as_tables_show_them_and_a_models_are_marked() -> None:
    document, at = incidents.full(), incidents.full().fired
    moment = Quote(evidence="E5", pointer="/rows/0/at", value=at.timestamp() - 86_400)
    share = Quote(evidence="E4", pointer="/rows/0/share", value=0.33333)
    found = [
        Finding(statement="v2 came before it", quotes=[moment, share]),
        Finding(statement="v2 is guilty", kind="reasoned", quotes=[share]),
    ]
    floor = Report(
        step=5, specialist="security", conclusion="concluded", summary="", findings=found
    )
    assert ASSESS_SECURITY.asked is not None
    told = brief(
        document, floor, ASSESS_SECURITY.asked, lambda _: ROWS, ALLOWED, "Why?", reads_on=True
    )
    day = f"{at - timedelta(days=1):%Y-%m-%d %H:%M:%S}"
    assert f"- v2 came before it [E5: {day}; E4: 0.333]" in told
    assert "- Another specialist, proven by code: v2 is guilty [E4: 0.333]" in told
    assert f"fired {at:%Y-%m-%d %H:%M:%S} UTC" in told, "the day of every time of day"


def test_changes_that_may_matter_come_first_and_what_causes_name_before_all() -> None:
    document = incidents.full()
    document.hypotheses[0].change = "old"
    facts = [
        ("late", "deploy", "checkout", -600.0), ("near", "commit", "checkout", 20.0),
        ("other", "deploy", "mail", 30.0), ("ours", "deploy", "checkout", 300.0),
        ("old", "commit", "mail", 9_000.0),
    ]  # fmt: skip
    rows = [
        {
            "id": id,
            "kind": kind,
            "service": service,
            "seconds_before": before,
            "note": f"{id} it is",
        }
        for id, kind, service, before in facts
    ]
    changes = incidents.evidence(5, "change_history")
    document.evidence = [changes if e.id == "E5" else e for e in document.evidence]
    nothing = FixReport(specialist="debugger", conclusion="inconclusive", summary="no safe action")
    floor = nothing.model_copy(update={"searched": ["E5"]})
    assert DESIGN_FIX.asked is not None
    told = brief(
        document, floor, DESIGN_FIX.asked, lambda _: {"rows": rows}, ALLOWED, "Why?", reads_on=True
    )
    table = told[told.index("<<<E5") : told.index("E5>>>")]
    assert re.findall(r"(\w+) it is", table) == ["old", "ours", "other", "near", "late"]


def test_what_grows_slowly_stands_first() -> None:
    document, floor = incidents.full(), incidents.full().reports[0]
    assert INVESTIGATE.asked is not None
    told = brief(
        document, floor, INVESTIGATE.asked, lambda _: ROWS, ALLOWED, "Why is it so?", reads_on=True
    )
    parts = ["# Incident", "# Case file", "# The playbook's report", "# Evidence", "Why is it so?"]
    places = [told.index(part) for part in parts]
    assert places == sorted(places)


def test_the_row_that_a_cause_rests_on_is_shown_however_far_down_it_stands() -> None:
    document = incidents.full()
    support = document.hypotheses[0].support[0]
    quote = support.quotes[0].model_copy(update={"pointer": "/rows/180/error"})
    document.hypotheses[0].support[0] = support.model_copy(update={"quotes": [quote]})
    rows = {"rows": [{"n": n, "error": f"what happened in row {n}"} for n in range(200)]}
    nothing = FixReport(specialist="debugger", conclusion="inconclusive", summary="no safe action")
    assert DESIGN_FIX.asked is not None
    told = brief(
        document, nothing, DESIGN_FIX.asked, lambda _: rows, ALLOWED, "Why?", reads_on=True
    )
    assert "181 | what happened in row 180 | 180" in told
