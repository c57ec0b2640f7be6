"""A runbook followed on a running incident: looked with evidence, acted through the one gate, once
also when its process is killed."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select

from warroom.agents.runtime.context import ResponseContext
from warroom.app import plans
from warroom.app.configuration import Sources, remember
from warroom.app.notifying import put_tickets
from warroom.app.runbooks import Written, kept
from warroom.app.work import reopen, work_plan
from warroom.app.work import work as work_on
from warroom.errors import InputError, NotFound
from warroom.incident.action import Verdict
from warroom.incident.evidence import digest
from warroom.incident.following import Followed
from warroom.incident.identity import WARROOM
from warroom.record import audit
from warroom.record.ledger import Request
from warroom.record.tables import OUTBOX
from warroom.response import Response
from warroom.targets.stand_ins import Rehearsal
from warroom.tests.support.crashing import writes
from warroom.tests.support.people import person
from warroom.tests.support.responses import begin, decide, finish, inventory, room_over

ANN = person("ann")
LOOK = "{kind: assess, text: See who is hurt, tool: traffic_impact}"
RESTART = "{kind: remediate, text: Restart the edge, action: restart, target: gateway}"
AGAIN = "{kind: verify, text: Look again, tool: slo_state}"
TICKET = "{kind: ticket, text: Mend it for good}"
HAND = "{kind: contain, text: Call the provider}"


def book(context: ResponseContext, *steps: str, name: str = "edge") -> str:
    """Kept as one of the team's own."""
    text = "\n".join(
        ["---", f"name: {name}", "steps:", *(f"- {s}" for s in steps), "---", "# Edge"]
    )
    new = Written(file="edge.md", digest=digest(text), listed=True, texts=[text])
    kept(context.store).put(name, new, WARROOM)
    return name


@pytest.fixture(scope="module")
def begun(tmp_path_factory) -> Path:
    """A home with an incident whose response waits for the commander."""
    home = tmp_path_factory.mktemp("begun") / "home"
    home.mkdir()
    context = room_over(home, hands=Rehearsal(inventory()))
    response, _incident = begin(context)
    response.__exit__()
    context.store.engine.dispose()
    return home


@pytest.fixture
def context(tmp_path: Path, begun: Path) -> ResponseContext:
    shutil.copytree(begun, tmp_path / "home")
    return room_over(tmp_path / "home", hands=Rehearsal(inventory()))


@pytest.fixture
def running(context: ResponseContext) -> Iterator[tuple[Response, str]]:
    (row,) = context.store.incidents()
    with Response(context) as response:
        assert [r.kind for r in response.waiting(row.id) if r.kind == "action"] == ["action"]
        yield response, row.id


def work(context: ResponseContext, incident: str) -> None:
    """As whoever holds it does, and nothing of the graph."""
    with Response(context) as response, response.claimed(incident) as held:
        held.until = None if response.over(incident) else held.until
        plans.work(replace(context, store=context.store.under(held.lease)), incident)


def follow(context: ResponseContext, incident: str, *steps: str) -> Followed:
    plans.start(context.store, incident, book(context, *steps), ANN)
    work(context, incident)
    return context.store.load(incident).plans[-1]


def states(context: ResponseContext, incident: str) -> list[str]:
    return [step.state for step in context.store.load(incident).plans[-1].steps]


def test_what_looks_keeps_evidence_and_what_a_person_does_waits_for_their_word(context, running):
    _response, incident = running
    run = follow(context, incident, LOOK, TICKET, HAND, AGAIN)
    assert [step.state for step in run.steps] == ["done", "done", "asked", "waits"]
    document = context.store.load(incident)
    (evidence,) = run.steps[0].evidence
    record = next(each for each in document.evidence if each.id == evidence)
    assert (record.tool, record.collected_by) == ("traffic_impact", "runbook")
    assert context.store.payload(record.digest)["summary"] == record.summary
    lines = [line for line in document.timeline if line.actor == "runbook"]
    assert lines[0].text.startswith("step 1 of edge: See who is hurt — done: ")
    assert lines[0].evidence == [evidence]
    assert [(f.title, f.kind) for f in document.follow_ups][-1] == ("Mend it for good", "runbook")
    plans.resume(context.store, incident, "they are on it", False, ANN)
    work(context, incident)
    assert states(context, incident) == ["done"] * 4
    assert context.store.load(incident).plans[-1].state == "done"
    assert audit.verify(context.store.engine).fault == ""


def test_a_quick_diagnostic_looks_at_once_at_places_that_the_runbook_names(context, running):
    """And at none that an alert names."""
    _response, incident = running
    quick = "{kind: diagnose, text: Look, tool: quick_diagnostic, continue_on_error: true, "
    places = "arguments: {places: ['127.0.0.1:1', '{service}:80']}"
    run = follow(context, incident, quick + places + "}", quick + places + ", expect: none}")
    assert [step.state for step in run.steps] == ["done", "failed"]
    document = context.store.load(incident)
    record = next(each for each in document.evidence if each.id == run.steps[0].evidence[0])
    assert (record.tool, record.collected_by) == ("quick_diagnostic", "runbook")
    rows = context.store.payload(record.digest)["rows"]
    found = {row["subject"]: row["health"] for row in rows if row["health"] == "bad"}
    assert found.keys() >= {"127.0.0.1:1", "{service}"}, found
    assert not [row for row in rows if "gateway" in row["subject"]]


def test_a_ticket_is_made_at_once_and_not_once_more_at_the_end(
    context, running, tmp_path, monkeypatch
):
    _response, incident = running
    monkeypatch.setenv("WARROOM_CONFIG", str(file := tmp_path / "warroom.yaml"))
    board = "{name: board, post: github, url: 'http://127.0.0.1:1', place: a/b, carries: ticket}"
    file.write_text(f"notifications: {{channels: [{board}]}}\n")
    run = follow(context, incident, TICKET)
    assert run.steps[0].note == "a follow-up; on its way as a ticket to: board"
    put_tickets(context.store, context.store.load(incident))
    with context.store.engine.connect() as connection:
        query = select(OUTBOX.c.key).where(OUTBOX.c.channel == "board")
        assert len(connection.execute(query).all()) == 1


def test_an_action_goes_first_through_the_same_gate_and_what_it_displaced_is_asked_anew(
    context, running
):
    response, incident = running
    (before,) = [r for r in response.waiting(incident) if r.kind == "action"]
    follow(context, incident, RESTART, AGAIN)
    (asked,) = [r for r in response.waiting(incident) if r.kind == "action"]
    assert (asked.title, asked.subject != before.subject) == ("restart gateway", True)
    list(response.run(incident))
    assert [r.subject for r in response.waiting(incident) if r.kind == "action"] == [asked.subject]
    decide(context, incident, Verdict.approved)
    for _turn in range(10):
        list(response.run(incident))
        if context.store.load(incident).executions[0].outcome != "started":
            break
    work(context, incident)
    document = context.store.load(incident)
    assert [each.title for each in document.executions] == ["restart gateway"]
    step, look = context.store.load(incident).plans[-1].steps
    assert (step.state, look.state) == ("failed", "waits")  # it did not help
    assert step.evidence == document.executions[0].proof
    assert context.store.load(incident).plans[-1].state == "failed"
    for _turn in range(10):
        list(response.run(incident))
    again = [r for r in response.waiting(incident) if r.kind == "action"]
    assert [r.title for r in again] == [before.title]


def test_what_is_asked_already_is_followed_and_not_asked_twice(context, running):
    response, incident = running
    (before,) = [r for r in response.waiting(incident) if r.kind == "action"]
    plan = context.store.load(incident).plan(before.subject)
    step = f"{{kind: remediate, text: Do it, action: {plan.kind}, target: {plan.target}}}"
    run = follow(context, incident, step)
    assert run.steps[0].plan == before.subject
    finish(response, incident, Verdict.approved)
    work(context, incident)
    step = context.store.load(incident).plans[-1].steps[0]
    assert (step.state, step.note) == ("failed", f"{before.title}: unverified")


def test_a_step_without_its_action_says_so_and_goes_on_where_it_may(context, running):
    _response, incident = running
    wrong = RESTART.replace("gateway", "nothing")[:-1] + ", continue_on_error: true}"
    night = HAND[:-1] + ", when: {severity: [P3]}}"
    unknown = LOOK.replace("traffic_impact", "gremlins")
    run = follow(context, incident, wrong, night, unknown, AGAIN)
    assert [step.state for step in run.steps] == ["failed", "skipped", "failed", "waits"]
    assert "no service 'nothing'" in run.steps[0].note
    assert run.steps[1].note.startswith("only at P3")
    assert run.state == "failed"
    plans.resume(context.store, incident, "not needed", True, ANN)
    work(context, incident)
    assert states(context, incident)[2:] == ["skipped", "done"]


def test_a_rejection_ends_the_step_and_a_stop_withdraws_its_question(context, running):
    response, incident = running
    follow(context, incident, RESTART)
    plans.stop(context.store, incident, "the cause is known", ANN)
    assert "restart gateway" not in [r.title for r in response.waiting(incident)]
    with pytest.raises(InputError, match="stopped already"):
        plans.stop(context.store, incident, "again", ANN)
    plans.resume(context.store, incident, "", False, ANN)
    work(context, incident)
    assert [r.title for r in response.waiting(incident) if r.kind == "action"] == [
        "restart gateway"
    ]
    decide(context, incident, Verdict.rejected)
    work(context, incident)
    assert states(context, incident) == ["failed"]
    assert "rejected by" in context.store.load(incident).plans[-1].steps[0].note


def test_nothing_is_begun_where_the_response_is_over(context, running):
    response, incident = running
    finish(response, incident, Verdict.rejected)
    standing = context.store.work.standing(incident)
    run = follow(context, incident, LOOK, RESTART)
    assert [step.state for step in run.steps] == ["done", "failed"]
    assert "the response is over: do it by `warroom recover`" in run.steps[1].note
    assert context.store.work.standing(incident).status == standing.status


def test_whoever_works_the_incident_works_its_runbook_too(context):
    (row,) = context.store.incidents()
    remember(context.settings, row.id, Sources(telemetry=context.settings.home / "bundle"))
    plans.start(context.store, row.id, book(context, LOOK, HAND), ANN)
    with reopen(context.settings, row.id, Sources(), context.store) as response:
        list(response.run(row.id))
        assert states(context, row.id) == ["done", "asked"]
        plans.resume(context.store, row.id, "", False, ANN)
        assert context.store.load(row.id).plans[-1].state == "done"
        plans.start(context.store, row.id, "edge", ANN)
    work_plan(context.settings, row.id, context.store)
    assert states(context, row.id) == ["done", "asked"]


def test_who_holds_it_while_a_question_is_open_takes_the_next_step_before_it_asks_on(context):
    """As at a terminal or in a game day, where a person is asked for minutes."""
    (row,) = context.store.incidents()
    store = context.store

    def leaves_it_open(_request: Request) -> bool:
        if not store.load(row.id).plans:
            plans.start(store, row.id, book(context, LOOK, HAND), ANN)
            assert "is taken by Warroom" in plans.whats_next(store, store.load(row.id))
        return False

    with Response(context, beside=plans.work) as response:
        work_on(response, row.id, lambda _event: None, leaves_it_open)
    assert states(context, row.id) == ["done", "asked"]


def test_what_nobody_aimed_is_a_persons_to_aim_and_what_nothing_offers_is_passed_over(
    context, running
):
    """What is shipped of corrupted data, to its end."""
    _response, incident = running
    plans.start(context.store, incident, "data-corruption", ANN)
    work(context, incident)
    run = context.store.load(incident).plans[-1]
    assert {now.state for now in run.steps[:5]} == {"done"}
    repair = run.steps[5]
    assert repair.state == "asked" and "no table with a backup 'payments'" in repair.note
    told = plans.whats_next(context.store, context.store.load(incident))
    assert f"is yours: when it is done, `warroom plan resume {incident} --note" in told
    plans.resume(context.store, incident, "repaired by `warroom recover`", False, ANN)
    work(context, incident)
    assert states(context, incident)[5:] == ["done", "skipped", "asked", "waits"]


def test_a_step_that_waits_may_be_passed_over_and_says_whose_it_is(context, running):
    _response, incident = running
    plans.start(context.store, incident, book(context, LOOK, HAND), ANN)
    with pytest.raises(InputError, match="not yours to do: step 1, 'See who is hurt', is taken"):
        plans.resume(context.store, incident, "I looked", False, ANN)
    plans.resume(context.store, incident, "", False, ANN)
    assert states(context, incident) == ["waits", "waits"]
    plans.resume(context.store, incident, "", True, ANN)
    work(context, incident)
    assert states(context, incident) == ["skipped", "asked"]
    plans.stop(context.store, incident, "the cause is another one", ANN)
    told = plans.whats_next(context.store, context.store.load(incident))
    assert told.startswith("edge is stopped: `warroom plan resume")


def test_what_is_not_there_is_not_followed(context, running):
    _response, incident = running
    with pytest.raises(NotFound, match="runbook list"):
        plans.start(context.store, incident, "gremlins", ANN)
    with pytest.raises(NotFound, match="start one"):
        plans.stop(context.store, incident, "why", ANN)


def killed(home: Path, incident: str, commit: int) -> bool:
    """Work the run in a process that dies by SIGKILL before its n-th commit; whether it did."""
    command = [sys.executable, __file__, str(home), incident, str(commit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


@pytest.mark.thorough
def test_killed_before_each_commit_it_goes_on_and_everything_is_there_once(
    context: ResponseContext,
):
    (row,) = context.store.incidents()
    plans.start(context.store, row.id, book(context, LOOK, RESTART), ANN)
    context.store.engine.dispose()
    home = context.settings.home
    deaths = sum(takewhile(bool, (killed(home, row.id, commit) for commit in range(2, 20))))
    assert deaths > 3
    assert states(context, row.id) == ["done", "asked"]
    document = context.store.load(row.id)
    assert len([p for p in document.proposals if p.proposed_by]) == 1
    asked = [r.title for r in context.store.ledger.waiting(row.id) if r.kind == "action"]
    assert asked == ["restart gateway"]
    lines = [line.text for line in document.timeline if line.actor == "runbook"]
    assert len(lines) == len(set(lines)) == 2


def main(home: str, incident: str, commit: str) -> None:
    """What dies."""
    left = [int(commit)]

    def die(connection) -> None:
        left[0] -= writes(connection)
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "commit", die)
    work(room_over(Path(home), hands=Rehearsal(inventory())), incident)


if __name__ == "__main__":
    main(*sys.argv[1:])
