"""The commander's prompt and the edits made there, with scripted answers."""

import os
import sys
import threading
from collections.abc import Iterator

import pytest

from warroom.actions.catalogue import plan
from warroom.actions.policy import Policy
from warroom.actions.services import Reroute, Restart, RollBack
from warroom.agents.runtime.gate import add_decision, next_plans
from warroom.app.decisions import approve, changed, put_edited
from warroom.app.plans import start
from warroom.console.commander import Prompt
from warroom.errors import ApprovalError, ToolRetry
from warroom.incident.action import ActionPlan, Verdict
from warroom.incident.communication import Audience, Message, MessageState
from warroom.incident.document import Incident
from warroom.record.ledger import Request
from warroom.tests.support.consoles import (
    FOREVER,
    INVENTORY,
    asked,
    context,
    kept,
    paper,
    printed,
)
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


def test_ten_lines_that_matter_are_shown_before_the_question(here):
    document = incident(here)
    request = asked(here.store, document)
    answered, screen = prompted(here, request)
    assert not answered  # the input ended: the question stays open
    for text in (
        "Roll checkout back to v1.0.0",
        "now v1.1.0, then v1.0.0",
        "412 of 2,000 requests failed (21%)",
        "almost certain, 91%",
        "medium",
        "is gone for users",
        "Switch checkout back",
        "Error rate and latency of checkout",
        "expires",
        document.proposals[0].short_hash,
    ):
        assert text in screen
    assert "E5 recent_changes" not in screen
    assert len(screen.splitlines()) < 24  # a terminal of the oldest size holds it
    assert here.store.ledger.decision(document.id, request.subject) is None


@pytest.mark.parametrize("whole", [True, False])
def test_all_of_it_is_shown_on_a_question_mark_and_where_somebody_wants_it(here, whole):
    document = incident(here)
    console, request = paper(90), asked(here.store, document)
    answers = scripted() if whole else scripted("?")
    Prompt(console, here, answers, by="tester", whole=whole)(request)
    screen = printed(console)
    for text in ("H1, almost certain, 91%", "E5 recent_changes: version = v1.1.0", "runbook"):
        assert text in screen
    assert document.proposals[0].hash in screen.replace("\n", "").replace(" ", "")


@pytest.mark.parametrize(("answer", "verdict"), [("a", "approved"), ("approve", "approved")])
def test_approving(here, answer, verdict):
    request = asked(here.store, incident(here))
    answered, screen = prompted(here, request, answer)
    decision = here.store.ledger.decision(request.incident_id, request.subject)
    assert answered
    assert decision is not None
    assert (decision.verdict.value, decision.by) == (verdict, "tester")
    assert "approved by tester" in screen


@pytest.mark.parametrize(("given", "said"), [("yes", "“yes” is none"), ("", "nothing was typed")])
def test_what_is_no_answer_is_answered_with_a_word(here, given, said):
    request = asked(here.store, incident(here))
    answered, screen = prompted(here, request, given)
    assert not answered
    assert f"{said}" in screen
    assert "a to approve, r to reject, e to edit" in screen
    assert here.store.ledger.decision(request.incident_id, request.subject) is None


def test_rejecting_asks_why_and_takes_no_silence(here):
    request = asked(here.store, incident(here))
    assert prompted(here, request, "r", "", "wrong\tservice")[0]
    decision = here.store.ledger.decision(request.incident_id, request.subject)
    assert decision is not None
    assert (decision.verdict, decision.reason) == (Verdict.rejected, "wrong service")


def test_a_no_without_a_reason_decides_nothing(here):
    request = asked(here.store, incident(here))
    answered, screen = prompted(here, request, "r", "", "")
    assert not answered
    assert "nothing is decided" in screen
    assert "it stays open until" in screen
    assert here.store.ledger.decision(request.incident_id, request.subject) is None


def test_what_was_rejected_comes_back_marked_and_after_the_others(here):
    document = incident(here)
    again = roll_back().model_copy(update={"attempt": 2})
    other = plan(Restart.kind, "checkout", {}, "it hangs", inventory=INVENTORY)
    document.proposals += [again, other.model_copy(update={"attempt": 2})]
    no = person("ann")
    ledger = here.store.ledger
    ledger.ask(Request(document.id, document.proposals[0].hash, "action", "it", 0.0, FOREVER))
    said = ledger.decide(document.id, document.proposals[0].hash, Verdict.rejected, no, "v1.0.0?")
    add_decision(document, said, said.at)
    assert [p.kind for p in next_plans(document, 2)] == [Restart.kind, RollBack.kind]
    here.store.update(document.id, lambda doc: doc.__dict__.update(document.__dict__))
    request = Request(document.id, again.hash, "action", again.title, 0.0, FOREVER)
    assert "ann said no at" in prompted(here, here.store.ledger.ask(request))[1]


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
    told = next(event.text for event in after.timeline if event.text.startswith("edited: "))
    assert told == f"edited: {old.title} — now {new.title} [{new.short_hash}]"


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
    assert "Investigating" in screen and "**" not in screen
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


def test_a_runbook_begun_on_a_page_goes_on_before_the_prompt_is_answered(here, monkeypatch):
    document = incident(here)
    request = asked(here.store, document)
    reading, _writing = os.pipe()
    monkeypatch.setattr(sys, "stdin", os.fdopen(reading))
    begin = (here.store, document.id, "crash-loop", person("zoe"))
    threading.Timer(0.3, start, begin).start()
    console = paper()
    assert Prompt(console, here)(request) is True
    assert "the runbook goes on first" in printed(console)


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


def test_a_text_is_edited_by_the_persons_own_editor_and_asked_about_anew(here, monkeypatch):
    document = incident(here, message=True)
    request = asked(here.store, document, "text")
    monkeypatch.setenv("VISUAL", "sed -i -e 's/Service disruption/Trouble/' -e 's/.bold..*//'")
    answered, screen = prompted(here, request, "e", "a")
    assert answered
    assert "Trouble: checkout" in screen
    (new,) = [m for m in here.store.load(document.id).communications if "Trouble" in m.subject]
    decision = here.store.ledger.decision(document.id, new.hash)
    assert decision is not None
    assert decision.verdict is Verdict.approved


def test_an_edit_that_may_not_leave_says_why_and_leaves_the_text_as_it_was(here, monkeypatch):
    request = asked(here.store, incident(here, message=True), "text")
    monkeypatch.setenv("VISUAL", "sed -i 's/Some requests fail.*/payments fails by db-17./'")
    answered, screen = prompted(here, request, "e")
    assert not answered
    assert "db-17" in screen
    assert [each.subject for each in here.store.ledger.waiting()] == [request.subject]
