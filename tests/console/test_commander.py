"""The commander's prompt and the edits made there, with scripted answers."""

import os
import sys
import threading
from collections.abc import Iterator

import pytest

from warroom.actions.catalogue import plan
from warroom.actions.policy import Policy
from warroom.actions.services import Reroute, Restart, RollBack
from warroom.app.decisions import approve, changed, put_edited
from warroom.console.commander import Prompt
from warroom.errors import ApprovalError, ToolRetry
from warroom.incident.action import ActionPlan, Verdict
from warroom.incident.communication import Audience, Message, MessageState
from warroom.incident.document import Incident
from warroom.tests.support.consoles import INVENTORY, asked, context, kept, paper, printed
from warroom.tests.support.incidents import at, declared, full
from warroom.tests.support.people import person


def roll_back() -> ActionPlan:
    because = full().proposals[-1]
    return plan(
        RollBack.kind,
        "checkout",
        {"to_version": "v1.0.0"},
        "the release just before the errors",
        inventory=INVENTORY,
        hypothesis="H1",
        quotes=because.quotes,
    )


def scripted(*answers: str):
    """Answers in turn; then the input ends."""
    left: Iterator[str] = iter(answers)

    def ask(_question: str) -> str:
        try:
            return next(left)
        except StopIteration:
            raise EOFError from None

    return ask


@pytest.fixture
def here(tmp_path):
    return context(tmp_path)


def incident(here, message: bool = False) -> Incident:
    document = full()
    document.proposals = [roll_back()]
    if message:
        document.communications = [
            Message(
                id="M1",
                template="status_page.en.md@1",
                audience=Audience.status_page,
                channels=["status page"],
                subject="Service disruption: checkout",
                body="**Investigating**\n\nSome requests fail. [bold]\x1b[2J",
                state=MessageState.awaiting_approval,
                created_at=at(10),
            )
        ]
    return kept(here.store, document)


def prompted(here, request, *answers: str) -> tuple[bool, str]:
    console = paper(90)
    answered = Prompt(console, here, scripted(*answers), by="tester")(request)
    return answered, printed(console)


def test_everything_that_matters_is_shown_before_the_question(here):
    document = incident(here)
    request = asked(here.store, document)
    answered, screen = prompted(here, request)
    assert not answered  # the input ended: the question stays open
    chosen = document.proposals[0]
    for text in (
        "roll back checkout",
        "to_version = v1.0.0",
        "medium",
        "is gone for users",
        "Switch checkout back",
        "H1, 91%",
        "E5 recent_changes: version = v1.1.0",
        chosen.short_hash,
        "expires",
    ):
        assert text in screen
    assert here.store.ledger.decision(document.id, request.subject) is None


@pytest.mark.parametrize(("answer", "verdict"), [("a", "approved"), ("approve", "approved")])
def test_approving(here, answer, verdict):
    request = asked(here.store, incident(here))
    answered, screen = prompted(here, request, "maybe", answer)
    decision = here.store.ledger.decision(request.incident_id, request.subject)
    assert answered
    assert decision is not None
    assert (decision.verdict.value, decision.by) == (verdict, "tester")
    assert "approved by tester" in screen


def test_rejecting_asks_why(here):
    request = asked(here.store, incident(here))
    assert prompted(here, request, "r", "wrong service")[0]
    decision = here.store.ledger.decision(request.incident_id, request.subject)
    assert decision is not None
    assert (decision.verdict, decision.reason) == (Verdict.rejected, "wrong service")


def test_an_edit_is_checked_shown_with_its_hash_and_approved(here):
    document = incident(here)
    request = asked(here.store, document)
    answers = ("e", "to_version=v7", "nonsense", "to_version=v0.9.0", "a")
    answered, screen = prompted(here, request, *answers)
    assert answered
    assert "v7" in screen  # named in the correction
    after = here.store.load(document.id)
    old, new = after.proposals
    assert new.parameters == {"to_version": "v0.9.0"}
    assert new.short_hash in screen
    assert new.hash != old.hash
    first = here.store.ledger.decision(document.id, old.hash)
    second = here.store.ledger.decision(document.id, new.hash)
    assert first is not None
    assert (first.verdict, first.reason) == (Verdict.edited, new.hash)
    assert second is not None
    assert second.verdict is Verdict.approved
    assert first in after.decisions


def test_an_edit_can_be_left_and_the_plan_approved_as_it_was(here):
    request = asked(here.store, incident(here))
    assert prompted(here, request, "e", "", "a")[0]
    assert len(here.store.load(request.incident_id).proposals) == 1


def test_a_plan_without_parameters_says_so(here):
    document = declared()
    document.proposals = [plan(Restart.kind, "checkout", {}, "it hangs", inventory=INVENTORY)]
    request = asked(here.store, kept(here.store, document))
    assert "no parameters to edit" in prompted(here, request, "e", "r", "no")[1]


def test_an_answer_given_elsewhere_meanwhile_counts(here):
    request = asked(here.store, incident(here))
    here.store.ledger.decide(
        request.incident_id, request.subject, Verdict.rejected, person("other")
    )
    answered, screen = prompted(here, request, "a")
    assert answered  # there is an answer, though not this one
    assert "already rejected" in screen


def test_a_text_is_shown_whole_and_cannot_steer_the_terminal(here):
    document = incident(here, message=True)
    request = asked(here.store, document, "text")
    answered, screen = prompted(here, request, "a")
    assert answered
    assert "Service disruption: checkout" in screen
    assert "Some requests fail. [bold]" in screen
    assert "\x1b" not in screen
    assert request.subject[:12] in screen


def test_edits_take_json_words_and_lists(here):
    chosen = plan(
        Reroute.kind,
        "checkout",
        {"away_from": ["checkout-1"]},
        "it hangs",
        inventory=INVENTORY,
    )
    same = changed(chosen, ["away_from=checkout-1"], INVENTORY)
    assert same.hash == chosen.hash
    assert changed(chosen, ['away_from=["checkout-1"]'], INVENTORY).hash == chosen.hash
    with pytest.raises(ToolRetry, match="is not key=value"):
        changed(chosen, ["away_from"], INVENTORY)


def test_who_edits_does_not_approve_where_nobody_approves_their_own(here):
    here.policy = Policy(own_proposals="refuse")
    document = incident(here)
    request = asked(here.store, document)
    new = changed(document.proposals[0], ["to_version=v0.9.0"], INVENTORY)
    assert put_edited(here, document.id, request.subject, new, person("ann")).by == "ann"
    assert [each.subject for each in here.store.ledger.waiting()] == [new.hash]
    with pytest.raises(ApprovalError, match="ann's own"):
        approve(here.store, document.id, new.hash, person("ann"))
    assert approve(here.store, document.id, new.hash, person("bob")).verdict is Verdict.approved


def test_an_edit_of_a_decided_plan_leaves_no_open_question(here):
    document = incident(here)
    request = asked(here.store, document)
    here.store.ledger.decide(document.id, request.subject, Verdict.approved, person("other"))
    new = changed(document.proposals[0], ["to_version=v0.9.0"], INVENTORY)
    with pytest.raises(ApprovalError, match="already approved"):
        put_edited(here, document.id, request.subject, new, person("tester"))
    assert here.store.ledger.waiting(document.id) == []


def test_an_answer_on_a_page_is_heard_at_the_prompt(here, monkeypatch):
    document = incident(here)
    request = asked(here.store, document)
    reading, _writing = os.pipe()
    monkeypatch.setattr(sys, "stdin", os.fdopen(reading))
    answer = (document.id, request.subject, person("zoe"))
    threading.Timer(0.3, approve, (here.store, *answer)).start()
    console = paper()
    assert Prompt(console, here)(request) is True
    assert "approved by zoe meanwhile" in printed(console)
