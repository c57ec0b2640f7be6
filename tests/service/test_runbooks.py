"""The page of runbooks: found by words, tried by a button, what another team tried stays theirs."""

import pytest

from warroom.app.dry_runs import DryRun, dry_runs, text_of
from warroom.app.runbooks import Written, kept, library
from warroom.incident.evidence import digest
from warroom.incident.identity import WARROOM
from warroom.incident.severity import Severity
from warroom.record.teams import Teams
from warroom.tests.support.consoles import kept as put
from warroom.tests.support.incidents import declared
from warroom.tests.support.people import person
from warroom.tests.support.services import Asked, asked

TEXT = """---
name: orders-fail
owner: payments
around: {commander: payments-lead, escalation: the shop's desk}
steps:
- {kind: assess, text: "See <b>who</b> is hurt", tool: gremlins}
- {kind: communicate, text: Tell them}
---
# Orders fail

Vouchers are refused.
"""


@pytest.fixture
def service(tmp_path):
    with asked(tmp_path / "home") as found:
        store = found.service.store
        body = Written(file="orders.md@1a2b", digest=digest(TEXT), listed=True, texts=[TEXT])
        kept(store).put("orders-fail", body, WARROOM)
        put(store, declared(Severity.P2, "checkout"))
        yield found


def test_they_are_found_by_words_and_tried_by_a_button(service: Asked):
    observer, responder = service["observer"], service["responder"]
    told = observer.get("/runbooks", params={"words": "voucher"}).text
    for said in ("Orders fail", "«Vouchers»", "never tried", "payments-lead", "orders.md@1a2b"):
        assert said in told, said
    assert "See &lt;b&gt;who" in told and "Try it" not in told
    assert "No runbook has these words" in observer.get("/runbooks?words=gremlin").text
    assert observer.post("/runbooks/orders-fail").status_code == 403
    (row,) = service.service.store.incidents()
    answer = responder.post(f"/runbooks/orders-fail?incident={row.id}", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/runbooks?incident={row.id}#orders-fail"
    told = observer.get("/runbooks", params={"words": "voucher"}).text
    for said in ("by responder", f"on {row.id}", "1 of its steps would fail", "No tool"):
        assert said in told, said
    assert responder.post("/runbooks/gremlins").status_code == 404
    assert responder.post("/runbooks/orders-fail?incident=INC-9").status_code == 404


def test_one_is_followed_from_the_list_where_one_came_from_an_incident(service: Asked):
    responder = service["responder"]
    (row,) = service.service.store.incidents()
    bare, page = responder.get("/runbooks").text, responder.get(f"/runbooks?incident={row.id}").text
    assert "come here from an incident" in bare and "Follow it on" not in bare
    assert page.count("Shipped with Warroom") == 1 and ", shipped" not in page
    assert page.index("Orders fail") < page.index("Shipped with Warroom")
    assert "1. See who is hurt" in page and "Look at recent changes: migration" in page
    sent = {"runbook": "data-corruption"}
    assert responder.post(f"/incidents/{row.id}/change/follow", data=sent).status_code == 200
    assert service.service.store.load(row.id).plans[-1].name == "data-corruption"


def test_what_another_team_tried_on_its_incident_is_not_told(service: Asked):
    store = service.service.store
    (row,) = store.incidents()
    text = text_of(library(store)["orders-fail"])
    run = DryRun(digest=text, incident=row.id, steps=[("ready", "Scale checkout")], advice=[])
    dry_runs(store).put("orders-fail", run, person("ann"))
    assert "Scale checkout" in service["observer"].get("/runbooks").text
    Teams(store.engine).add("search", "observer", "admin")
    assert "Scale checkout" not in service["observer"].get("/runbooks").text
