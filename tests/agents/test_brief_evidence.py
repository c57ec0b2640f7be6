"""Which evidence a model is shown first: what decides, whoever looked at it."""

import pytest

from warroom.agents.reasoning.brief import brief
from warroom.agents.runtime.case import Step
from warroom.agents.steps import DESIGN_FIX, DETECT, INVESTIGATE, SWEEP
from warroom.incident.report import FixReport
from warroom.tests.support import incidents
from warroom.tests.support.thinkers import TABLE

ROWS = {"rows": [{"service": "checkout", "error_rate": 0.4}]}


def tables(characters: int) -> list[str]:
    """Ids of the tables of a brief for a fix that its playbook looked at nothing for."""
    nothing = FixReport(specialist="debugger", conclusion="inconclusive", summary="no safe action")
    asked = DESIGN_FIX.asked
    assert asked is not None
    told = brief(incidents.full(), nothing, asked, lambda _: ROWS, characters)
    return [match["id"] for match in TABLE.finditer(told)]


def test_a_fix_rests_on_what_the_leading_cause_rests_on_and_on_what_came_of_actions() -> None:
    document = incidents.full()
    leading = [q.evidence for a in document.hypotheses[0].support for q in a.quotes]
    assert set(leading) <= set(tables(3_500))
    assert {"E6", "E7"} <= set(tables(3_500)), "how the actions ended"
    assert tables(300)[0] == leading[0]


@pytest.mark.parametrize("step", [INVESTIGATE, SWEEP, DETECT], ids=lambda step: step.title)
def test_a_table_tells_of_reading_on_where_that_is_offered(step: Step) -> None:
    rows = {"rows": [{"n": n, "message": "m" * 300} for n in range(50)]}
    assert step.asked is not None
    told = brief(incidents.full(), incidents.full().reports[0], step.asked, lambda _: rows, 3_500)
    assert ("read_evidence" in told) is bool(step.asked.tools)
