"""Every route asks who it is, and of every incident that it names whether they see it."""

import re

from warroom.service.auth import _asked_of, _named, _who, from_us
from warroom.tests.support.routes import routes
from warroom.tests.support.services import asked

OPEN = re.compile(
    r"/healthz|/readyz|/api/v1/openapi\.json|/hooks/.*|/slack/events|/sign-in.*|/set-password/.*|/static.*|/theme"
    r"|/on-call/(acknowledge|calendar)/\{secret\}.*"
)
"""Nothing of an incident is told there, but for the one that a secret link was made for."""
INCIDENT = re.compile(r"\{(incident|id|inc)\w*(:\w+)?\}")


def test_every_route_asks_who_it_is_and_whose_the_incident_is(tmp_path):
    with asked(tmp_path / "home") as service:
        found = routes(service[""].app)
    assert len(found) > 40
    assert not [one for one in found if _who not in one.needs and not OPEN.fullmatch(one.path)]
    named = [one for one in found if INCIDENT.search(one.path) or "/incidents/{" in one.path]
    assert len(named) > 10
    assert not [one for one in named if _named not in one.needs], "take `incident: IncidentId`"
    told = [one for one in found if "/events" in one.path and one not in named]
    assert not [one for one in told if _asked_of not in one.needs], "take `incident: Which`"


def test_what_signs_in_takes_no_other_sites_form(tmp_path):
    with asked(tmp_path / "home") as service:
        found = routes(service[""].app)
    before = [one for one in found if one.method == "POST" and _who not in one.needs]
    assert {one.path for one in before if from_us not in one.needs} <= {
        "/hooks/{receiver}",
        "/theme",
    }
