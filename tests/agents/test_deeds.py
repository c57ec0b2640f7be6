"""What people did by hand speaks for the cause that it cures, where what hurt ended right after."""

from datetime import timedelta

import pytest

from warroom.agents.causes.deeds import MOVES, credited, deeds, ranked_anew, sayings
from warroom.incident.document import Incident
from warroom.incident.evidence import Quote
from warroom.incident.finding import Argument, FaultKind, Hypothesis
from warroom.incident.identity import automatic
from warroom.incident.people import DoneByHand
from warroom.incident.timeline import Event, EventKind
from warroom.tests.support.incidents import at, minimal

SPARE, PROOF = timedelta(seconds=8), [Quote(evidence="E9", pointer="/rows/0/after", value=0.0)]


def open_question() -> Incident:
    """Which of two it is stands 52 to 39."""
    document = minimal()
    leading = {"id": "H1", "service": "labels", "kind": FaultKind.hung_process, "confidence": 0.52}
    second = {"id": "H2", "service": "database", "kind": FaultKind.lock_contention}
    document.hypotheses = [
        Hypothesis(statement="labels hangs", **leading),
        Hypothesis(
            statement="a session holds a lock", resource="session 4711", confidence=0.39, **second
        ),
    ]
    return document


def says(document: Incident, text: str, who: str = "ann", second: float = 100) -> Incident:
    line = Event(at=at(second), actor=who, kind=EventKind.person, text=text)
    document.timeline.append(line)
    return document


def lead(document: Incident, since: float = 102) -> Hypothesis:
    return again(document, since)[0]


def again(document: Incident, since: float = 102) -> list[Hypothesis]:
    _deed, said = credited(document, at(since), SPARE, PROOF)
    return ranked_anew(document, said)


def test_the_cause_that_it_cures_leads_and_says_why_and_is_not_certain() -> None:
    document = says(open_question(), "I ended the idle session that held the lock, pid 4711")
    found = lead(document)
    assert found.id == "H2" and 0.8 < found.confidence < 0.95
    reason = found.support[-1]
    assert reason.text.startswith("ann did this by hand: “I ended the idle session")
    assert reason.quotes == PROOF


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("the session should be ended, or labels could be restarted", "ann"),
        ("I did not end the session, I only killed time", "ann"),
        ("restarted notices", "ann"),  # which is named, and is none of them
        ("ended the session", automatic("facilitator").name),
    ],
)
def test_what_was_not_done_or_cures_none_of_them_changes_nothing(text: str, who: str) -> None:
    document = open_question()
    document.services = [s.model_copy(update={"name": "notices"}) for s in document.services[:1]]
    assert lead(says(document, text, who)).id == "H1"


def test_what_was_done_long_before_it_ended_is_not_credited() -> None:
    document = says(open_question(), "ended the session", second=0)
    assert lead(document).id == "H1"


def test_what_the_file_of_what_was_done_says_counts_unless_it_was_taken_back() -> None:
    document = open_question()
    act = {"number": 1, "by": "ann", "title": "End the session 4711/1 of database"}
    done = DoneByHand(at=at(100), kind="end session", target="database", **act)
    document.by_hand = [done]
    assert lead(document).id == "H2"
    document.by_hand = [done.model_copy(update={"error": "no such session"})]
    assert lead(document).id == "H1"
    document.by_hand = [done, done.model_copy(update={"undo": True, "at": at(101)})]
    assert deeds(document) == []


def test_what_counted_once_counts_no_more() -> None:
    document = says(open_question(), "killed the blocking session")
    document.hypotheses = again(document)
    after = lead(document)
    assert after.confidence == document.hypotheses[0].confidence
    assert len(after.support) == 1


def test_every_saying_is_of_an_action_that_cures_something() -> None:
    cures = {action.kind for move in MOVES.values() for action in move.actions}
    assert sayings().keys() <= cures


def test_what_speaks_against_one_lifts_the_other() -> None:
    document = open_question()
    stays = Argument(text="labels up has not gone back", weight=-2.5, quotes=PROOF)
    first, second = ranked_anew(document, {"H1": stays})
    assert (first.id, second.contradiction) == ("H2", [stays])
    assert first.confidence > 0.6 and second.confidence < 0.1
