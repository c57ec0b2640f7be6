"""Which other incidents may have to do with one, and why."""

from datetime import timedelta
from pathlib import Path

import pytest

from warroom.app.related import related
from warroom.incident.document import Incident
from warroom.incident.severity import Severity
from warroom.record.memories import catch_up
from warroom.record.store import Store
from warroom.tests.support.consoles import kept
from warroom.tests.support.incidents import declared, full


@pytest.fixture
def store(place: Path | str) -> Store:
    return Store.open(place)


def incident(number: int, service: str, minutes: float = 0, whole: bool = False) -> Incident:
    document = full() if whole else declared(Severity.P2, service)
    document.id, document.alert.fingerprint = f"INC-{number}", f"f{number}"
    document.alert.service = service
    later = timedelta(minutes=minutes)
    document.opened_at += later
    document.alert.starts_at = document.opened_at
    document.onset = document.opened_at if document.onset else None
    return document


def test_what_began_at_once_and_calls_it_is_named_with_both_reasons(store: Store):
    one = incident(1, "checkout")
    one.services[0].name, one.services[0].depends_on = "checkout", ["payments"]
    kept(store, one)
    kept(store, incident(2, "payments", 2))
    kept(store, incident(3, "search", 25))
    kept(store, incident(4, "payments", 60 * 24))
    (found,) = related(store, one)
    assert (found.id, found.linked) == ("INC-2", False)
    assert found.strength == pytest.approx(1 - 0.7 * 0.75, abs=0.01)
    assert found.reasons == ("began 2 min apart", "checkout calls payments")


def test_what_began_at_once_elsewhere_is_nothing_and_what_a_change_touches_is_named(store: Store):
    """The alert came from the gateway; the release of checkout is blamed, which search calls."""
    one = incident(1, "gateway", whole=True)
    search = one.services[0].model_copy(update={"name": "search", "role": "healthy"})
    search.depends_on = ["checkout"]
    one.services.append(search)
    kept(store, one)
    for number, service in enumerate(("billing", "search", "checkout"), 2):
        kept(store, incident(number, service, 2))
    found = {each.id: each.reasons for each in related(store, one)}
    assert "INC-2" not in found
    assert "change abc1234 touches checkout, which search calls" in found["INC-3"]
    assert "change abc1234 touches checkout" in found["INC-4"]


def test_the_same_cause_is_known_again_after_weeks(store: Store):
    one, other = incident(1, "checkout", whole=True), incident(2, "checkout", -30000, whole=True)
    for document in (one, other):
        for cause in document.hypotheses:
            cause.change = ""
        kept(store, document)
    catch_up(store.engine)
    (found,) = related(store, one)
    assert found.id == "INC-2" and found.strength > 0.6
    assert any(why == "the same cause: bad deploy in checkout" for why in found.reasons)
    assert any(why.startswith("alike by ") for why in found.reasons)


def test_nothing_is_said_of_strangers_but_of_those_that_are_linked(store: Store):
    one, other = incident(1, "checkout"), incident(2, "search", 60 * 24 * 40)
    kept(store, other)
    assert related(store, one) == []
    one.related.append("INC-2")
    (found,) = related(store, one)
    assert (found.id, found.strength, found.linked, found.reasons) == ("INC-2", 0.0, True, ())


def test_another_teams_incidents_are_not_shown(store: Store):
    one, other = incident(1, "checkout"), incident(2, "checkout", 1)
    for document, team in ((one, "shop"), (other, "vault")):
        document.services[0].team = team
        kept(store, document)
    assert [found.id for found in related(store, one)] == ["INC-2"]
    assert related(store, one, frozenset({"shop"})) == []
