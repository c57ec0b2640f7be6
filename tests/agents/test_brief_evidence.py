"""Which evidence a model is shown first: what decides, whoever looked at it."""

from warroom.agents.reasoning.brief import brief
from warroom.agents.steps import DESIGN_FIX
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
