"""What came of rules, when one is stopped, and what rules would have done over past incidents."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import select

from warroom.actions.services import Restart
from warroom.app.rules import settle, simulate, states, turn
from warroom.errors import InputError
from warroom.incident.action import Outcome, Verdict
from warroom.incident.document import Incident
from warroom.incident.report import VerificationReport
from warroom.record import audit
from warroom.record.ledger import Request
from warroom.record.rules import Ruling, decide, switch_of
from warroom.record.store import Store
from warroom.record.switches import Switches
from warroom.record.tables import OUTBOX
from warroom.settings import Settings
from warroom.tests.support.hands import Hands
from warroom.tests.support.incident_parts import act
from warroom.tests.support.incidents import declared
from warroom.tests.support.people import person
from warroom.tests.support.responses import begin, inventory, room_over
from warroom.tests.support.responses import decide as answered
from warroom.tests.support.rules import rule

EVER = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "home").mkdir(mode=0o700)
    return Settings(home=tmp_path / "home")


@pytest.fixture
def store(settings: Settings) -> Store:
    return Store.open(settings.database, settings.key_file)


def acted(store: Store, number: int, outcome: Outcome, **measured: bool) -> str:
    """An incident in which a rule restarted payments, and what telemetry said of it then."""
    document = declared(service="payments")
    document.id = f"INC-{number}"
    document.evidence = []
    act(document, Restart.kind, 30, outcome, (0.4, "E6"))
    subject, made = document.proposals[0].hash, rule()
    told = {"specialist": "observability", "conclusion": "concluded", "summary": "it goes on"}
    told |= {"plan": subject, "outcome": outcome, **measured}
    document.reports.append(VerificationReport.model_validate(told))
    store.create(document)
    now = store.ledger.clock()
    store.ledger.ask(Request(document.id, subject, "action", "restart payments", now, now + 600))
    ruling = Ruling(made.name, 1, made.hash, document.id, subject, "payments")
    assert decide(store.ledger, ruling, made.by, (9, 9), "payments", "it hangs") == ""
    return document.id


def stopped(store: Store) -> list[str]:
    return [switch.name for switch in Switches(store.engine).all() if switch.off]


@pytest.mark.parametrize(
    ("outcome", "measured", "word"),
    [
        (Outcome.better, {}, "verified"),
        (Outcome.partly, {}, "verified"),
        (Outcome.by_itself, {}, "by itself"),
        (Outcome.worse, {}, "not verified"),
        (Outcome.unverified, {}, "not verified"),
        (Outcome.unverified, {"improving": True}, "under way"),
        (Outcome.worse, {"take_back": True}, "under way"),
    ],
)
def test_it_counts_once_telemetry_has_said_its_last_word(settings, store, outcome, measured, word):
    acted(store, 1, outcome, **measured)
    settle(settings, store)
    (told,) = states(store, [rule()])
    assert (told["did"], told["stopped"]) == (f"1 {word}", "")


def test_what_was_taken_back_is_a_failure(settings, store):
    incident = acted(store, 1, Outcome.worse, take_back=True)

    def undone(document: Incident) -> None:
        document.executions[0].undone = True

    store.update(incident, undone)
    settle(settings, store)
    assert states(store, [rule()])[0]["did"] == "1 rolled back"


def test_after_two_failures_it_stops_itself_says_so_once_and_a_person_lifts_it(settings, store):
    acted(store, 1, Outcome.unchanged)
    settle(settings, store)
    assert stopped(store) == []
    last = acted(store, 2, Outcome.unverified)
    servers = [Store.open(settings.database, settings.key_file) for _ in range(3)]
    threads = [Thread(target=settle, args=(settings, server)) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stopped(store) == ["rule restart-hung"]
    text = (
        "Rule restart-hung is stopped: what it did was not verified, twice in a row: INC-2, INC-1"
    )
    assert [e.text for e in store.load(last).timeline].count(text) == 1
    with store.engine.begin() as connection:
        (letter,) = connection.execute(select(OUTBOX.c.body)).scalars()
    assert text in letter and "warroom rules lift restart-hung" in letter
    (told,) = states(store, [rule()])
    assert "switched off by warroom" in told["stopped"]
    turn(store, [rule()], "restart-hung", False, person("ann"), "the health check is mended")
    assert states(store, [rule()])[0]["stopped"] == ""
    settle(settings, store)
    assert stopped(store) == []
    assert audit.verify(store.engine).fault == ""


def test_all_are_stopped_by_one_word_with_a_reason(store):
    turn(store, [rule()], "", True, person("ann"), "we watch this ourselves")
    assert stopped(store) == [switch_of("")]
    assert "all rules are switched off by ann" in states(store, [rule()])[0]["stopped"]
    with pytest.raises(InputError, match="no rule is called 'other'"):
        turn(store, [rule()], "other", True, person("ann"), "why")
    with pytest.raises(InputError, match="say why"):
        turn(store, [rule()], "", False, person("ann"), " ")


@pytest.fixture(scope="module")
def past(tmp_path_factory) -> Path:
    """A home with an incident in which a person was asked about a restart of payments."""
    home = tmp_path_factory.mktemp("past") / "home"
    home.mkdir()
    context = room_over(home, hands=Hands(inventory()))
    response, _incident = begin(context)
    response.__exit__()
    context.store.engine.dispose()
    return home


def test_a_simulation_says_what_it_would_have_done_and_what_people_did(tmp_path, past):
    shutil.copytree(past, tmp_path / "home")
    context = room_over(tmp_path / "home")
    (row,) = context.store.incidents()
    off, unsure = rule(mode="off"), rule(name="surer", confidence=0.999)
    cases, against = simulate(context.settings, context.store, [off, unsure], EVER)
    case = {"rule": "restart-hung", "incident": row.id, "plan": "restart payments"}
    assert cases == [{**case, "answered": "not answered", "ended": "not carried out"}]
    assert dict(against) == {"surer: its cause is less sure than 100%": 1}
    answered(context, row.id, Verdict.rejected)
    cases, _against = simulate(context.settings, context.store, [off], EVER)
    assert cases[0]["answered"] == "rejected by test commander"
    assert simulate(context.settings, context.store, [off], datetime.now(UTC)) == ([], {})


def test_a_simulation_says_what_the_record_does_not_hold(settings, store):
    acted(store, 1, Outcome.better)
    cases, against = simulate(settings, store, [rule()], EVER)
    assert cases == []
    assert dict(against) == {"not told: what was known then is not on record any more": 1}
