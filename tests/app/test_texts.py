"""A text in a person's own words: what the record bears out goes, what is ours alone never does."""

import json

import pytest
from sqlalchemy import select

from warroom.actions.policy import Policy
from warroom.agents.comms import communicate
from warroom.agents.runtime.gate import ask_texts
from warroom.agents.runtime.outbox import put_open
from warroom.app.texts import checked_text, edit_text
from warroom.errors import ApprovalError, InputError, NotFound
from warroom.incident.action import Verdict
from warroom.incident.communication import Audience, Message, MessageState
from warroom.record.store import Store
from warroom.record.tables import AUDIT
from warroom.settings import Settings
from warroom.tests.support.consoles import kept
from warroom.tests.support.incidents import at, running
from warroom.tests.support.people import person

ANN, BOB = person("ann"), person("bob")
SAYS = "Some requests fail since 09:59 UTC. We are looking into it."


@pytest.fixture
def store(tmp_path) -> Store:
    settings = Settings(home=tmp_path)
    found = Store.open(settings.database)
    document = running()
    document.communications = communicate(document, at(10)).messages
    kept(found, document)
    ask_texts(found, settings, document.id, drill=False)
    return found


def asked(store: Store) -> tuple[str, Message]:
    """The incident, and the text for outside that it asks about."""
    (request,) = store.ledger.waiting()
    document = store.load(request.incident_id)
    (text,) = [m for m in document.communications if m.hash == request.subject]
    assert text.audience is Audience.status_page
    return document.id, text


def edited(store: Store, subject: str, body: str, policy: Policy | None = None, **how) -> Message:
    incident, old = asked(store)
    policy = policy or Policy()
    return edit_text(store, policy, incident, old.hash[:12], subject, body, ANN, **how)


def test_an_edit_is_another_text_that_is_asked_about_in_its_place(store):
    incident, old = asked(store)
    new = edited(store, "Some requests fail", SAYS)
    assert new.hash != old.hash
    assert new.created_at == old.created_at  # of a recording: what comes later is still to be told
    assert asked(store)[1].body == SAYS
    answer = store.ledger.decision(incident, old.hash)
    assert answer is not None
    assert (answer.verdict, answer.by, answer.reason) == (Verdict.edited, "ann", new.hash)
    states = {m.hash: m.state for m in store.load(incident).communications}
    assert states[old.hash] is MessageState.rejected
    assert states[new.hash] is MessageState.awaiting_approval
    store.ledger.decide(incident, new.hash, Verdict.approved, ANN)
    document = put_open(store, incident, lambda _document: at(30), drill=True)
    sent = [m.body for m in document.communications if m.state is MessageState.approved]
    assert SAYS in sent
    assert old.body not in sent


def test_an_approval_of_what_it_was_does_not_count_for_it(store):
    incident, old = asked(store)
    store.ledger.decide(incident, old.hash, Verdict.approved, BOB)
    with pytest.raises(ApprovalError, match="already approved by bob"):
        edit_text(store, Policy(), incident, old.hash, "Some requests fail", SAYS, ANN)
    assert store.ledger.waiting() == []


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("The checkout-v2 host db-17 is down.", "db-17"),
        ("payments-v2 is down.", "payments-v2"),
        ("Bob should have tested this.", "should have"),
    ],
)
def test_what_is_ours_alone_never_leaves(store, body, why):
    incident, old = asked(store)
    with pytest.raises(InputError, match=why):
        edited(store, "Some requests fail", body, anyway=True)
    assert asked(store)[1].hash == old.hash
    assert any(one.firm for one in checked_text(store, incident, old.hash, "Trouble", body))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("37.21% of requests fail.", "37.21%"),
        ("It is resolved.", "no recovery"),
        ("Seven of our data centres burn.", "seven"),
        ("Some orders fail.", "orders is what a part of ours is called"),
    ],
)
def test_what_the_record_lacks_is_said_by_whoever_knows_it_under_their_name(store, body, why):
    with pytest.raises(InputError, match=why):
        edited(store, "Some requests fail", body)
    new = edited(store, "Some requests fail", body, anyway=True)
    assert asked(store)[1].hash == new.hash
    with store.reading.begin() as connection:
        rows = connection.execute(select(AUDIT).where(AUDIT.c.act == "edit text")).all()
    assert [row.actor for row in rows] == [str(ANN)]
    assert why in json.dumps(json.loads(rows[0].detail)["despite"])


def test_about_one_in_ten_is_as_good_as_its_percentage(store):
    incident, old = asked(store)
    share = store.load(incident).impact.hurt_share
    said = "About one request in {} fails."
    true, less = (said.format(round(times / share)) for times in (1, 4))
    assert not checked_text(store, incident, old.hash, "Trouble", true)
    assert checked_text(store, incident, old.hash, "Trouble", less)


def test_who_edits_does_not_approve_where_nobody_approves_their_own(store):
    new = edited(store, "Some requests fail", SAYS, Policy(own_proposals="refuse"))
    incident, _text = asked(store)
    with pytest.raises(ApprovalError, match="ann's own"):
        store.ledger.decide(incident, new.hash, Verdict.approved, ANN)
    assert store.ledger.decide(incident, new.hash, Verdict.approved, BOB).by == "bob"


@pytest.mark.parametrize("text", [("", SAYS), ("Requests fail", " \n"), ("x" * 201, SAYS)])
def test_what_is_no_text_is_refused(store, text):
    with pytest.raises(InputError, match="a subject"):
        edited(store, *text)


def test_only_a_text_that_is_asked_about_is_edited(store):
    incident, old = asked(store)
    with pytest.raises(InputError, match="nothing was changed"):
        edit_text(store, Policy(), incident, old.hash, old.subject, old.body, ANN)
    with pytest.raises(NotFound):
        edit_text(store, Policy(), incident, "f" * 64, "Trouble", SAYS, ANN)
