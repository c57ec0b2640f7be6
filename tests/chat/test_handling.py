"""What people do in Slack: each only what their account may, under their name, once."""

import pytest
from sqlalchemy import text

from warroom.app.decisions import approve
from warroom.errors import InputError
from warroom.incident.action import Level, Verdict
from warroom.incident.identity import token_holder
from warroom.intake.grouping import group_due
from warroom.record import audit
from warroom.record.teams import Teams
from warroom.record.tokens import Role
from warroom.tests.support.alerts import fires, later, put
from warroom.tests.support.chats import Chat, chat
from warroom.tests.support.slack_workspace import TEAM, FakeSlack, buttons, fake_slack, shown

ON_A_FILE = pytest.mark.parametrize("place", ["sqlite"], indirect=True)
pytestmark = ON_A_FILE


@pytest.fixture
def slack():
    with fake_slack() as found:
        yield found


@pytest.fixture
def here(tmp_path, place, slack: FakeSlack) -> Chat:
    return chat(tmp_path / "home", place, slack)


def asked(here: Chat, wanted: int = 1):
    """A plan that is asked about, and the message's buttons."""
    plan = here.asks(here.incident(), wanted=wanted)
    here.round()
    return plan, buttons(here.slack.heads()[0])


def test_a_commander_approves_under_their_own_name(here: Chat, slack: FakeSlack):
    plan, shown_buttons = asked(here)
    here.press("U1ANN", shown_buttons["approve"])
    decision = here.store.ledger.decision("INC-1", plan.hash)
    assert decision and (decision.verdict, decision.by) == (Verdict.approved, "ann")
    with here.store.engine.connect() as connection:
        assert "slack:ann" in connection.execute(text("SELECT actor FROM audit")).scalars().all()
    here.press("U2BEN", shown_buttons["approve"])
    assert "was already approved by ann" in here.whispered()
    assert slack.whispers[-1]["user"] == "U2BEN"


def test_two_persons_are_two_accounts_however_they_sign_in(here: Chat):
    plan, shown_buttons = asked(here, wanted=2)
    approve(here.store, "INC-1", plan.hash, token_holder("ann"))
    here.press("U1ANN", shown_buttons["approve"])
    assert "it wants another" in here.whispered()
    here.press("U2BEN", shown_buttons["approve"])
    decision = here.store.ledger.decision("INC-1", plan.hash)
    assert decision and decision.verdict is Verdict.approved


@pytest.mark.parametrize(
    ("user", "said"), [("U9WHO", "do not know who"), ("U3OBS", "role commander")]
)
def test_who_may_not_decides_nothing(here: Chat, user: str, said: str):
    plan, shown_buttons = asked(here)
    for act in ("approve", "reject"):
        here.press(user, shown_buttons[act])
        assert said in here.whispered()
    assert here.store.ledger.decision("INC-1", plan.hash) is None
    assert here.slack.views == []


def test_a_rejection_wants_a_reason_and_says_it(here: Chat, slack: FakeSlack):
    plan, shown_buttons = asked(here)
    here.press("U1ANN", shown_buttons["reject"])
    view = slack.views[-1]["view"]

    def submit(reason: str):
        state = {"values": {"reason": {"reason": {"value": reason}}}}
        form = {"private_metadata": view["private_metadata"], "state": state}
        payload = {"type": "view_submission", "user": {"id": "U1ANN"}, "view": form}
        return here.handler.take(payload).reply

    wrong = submit("  ")
    assert wrong and "needs a reason" in wrong["errors"]["reason"]
    assert submit("the old one has\nthe old prices") == {}
    decision = here.store.ledger.decision("INC-1", plan.hash)
    assert decision and decision.reason == "the old one has the old prices"
    again = submit("again")
    assert again and "already rejected by ann" in again["errors"]["reason"]


def test_what_is_risky_is_decided_on_its_page_even_by_a_forged_button(here: Chat):
    document = here.incident()
    plan = document.proposals[1].model_copy(update={"risk": Level.high})
    here.store.update("INC-1", lambda doc: doc.proposals.append(plan))
    document.proposals.append(plan)
    here.asks(document, -1)
    here.round()
    head = here.slack.heads()[0]
    assert "approve" not in buttons(head) and "decided on its page" in shown(head)
    here.press("U1ANN", {"action_id": "approve x", "value": f"INC-1 {plan.hash}"})
    assert "decided on its page" in here.whispered()
    assert here.store.ledger.decision("INC-1", plan.hash) is None


def test_another_teams_incident_is_not_there(here: Chat):
    plan, shown_buttons = asked(here)
    Teams(here.store.engine).add("search", "ann", "test")  # the incident is the team orders'
    here.press("U1ANN", shown_buttons["approve"])
    assert "there is no INC-1" in here.whispered()
    assert here.store.ledger.decision("INC-1", plan.hash) is None
    for words in ("why INC-1", "why checkout", "ack INC-1"):
        assert "Where" not in here.says("U1ANN", words)
        assert "no " in here.says("U1ANN", words) and "sure" not in here.says("U1ANN", words)
    assert here.says("U1ANN", "list") == "Nothing runs."
    assert "INC-1" in here.says("U2BEN", "list")


def test_acknowledged_in_chat_it_is_theirs(here: Chat, slack: FakeSlack):
    here.incident()
    here.round()
    here.press("U1ANN", buttons(slack.heads()[0])["acknowledge"])
    here.round()
    assert "ann has it" in shown(slack.heads()[0])
    assert "acknowledge" not in buttons(slack.heads()[0])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("why checkout", "% sure."),
        ("how bad INC-1", "(E"),
        ("since when INC-1", "It began"),
        ("what was done INC-1", "unchanged (E6)"),
        ("what next checkout", "Nothing waits for a person"),
        ("INC-1", "investigating"),
        ("why payments", "no incident of that name or service"),
        ("", "/warroom why checkout"),
    ],
)
def test_questions_are_answered_from_the_record_with_its_evidence(here: Chat, words, said):
    here.incident()
    assert said in here.says("U3OBS", words)


@pytest.mark.parametrize(
    ("words", "user", "said"),
    [
        ("severity INC-1 P2 hardly anybody", "U1ANN", "under your name"),
        ("severity INC-1 loud why", "U1ANN", "severity: 'loud' is none of 'P0'"),
        ("note INC-1 called the bank", "U1ANN", "under your name"),
        ("assign INC-1 expert", "U1ANN", "under your name"),
        ("assign INC-1 king", "U1ANN", "duty: 'king' is none of 'commander'"),
        ("resolve INC-1 rolled back by hand", "U1ANN", "under your name"),
        ("resolve INC-1", "U1ANN", "reason: it is missing: add it"),
        ("reopen INC-1 no", "U1ANN", "it is not over"),
        ("close INC-1 x", "U1ANN", "resolve it first"),
        ("resolve INC-1 x", "U3OBS", "role commander"),
        ("note INC-9 x", "U1ANN", "there is no INC-9"),
    ],
)
def test_an_incident_is_changed_as_on_its_page(here: Chat, words: str, user: str, said: str):
    here.incident()
    assert said in here.says(user, words)
    document = here.store.load("INC-1")
    by_ann = [line for line in document.timeline if "ann" in (line.actor, *line.text.split())]
    assert bool(by_ann) is (said == "under your name")


def mention(text: str, event: str = "Ev1", **more: str) -> dict:
    told = {"type": "app_mention", "user": "U3OBS", "text": text, "channel": "C100", "ts": "9.9"}
    return {"type": "event_callback", "event_id": event, "event": {**told, **more}}


def test_a_mention_in_its_thread_is_answered_there_once(here: Chat, slack: FakeSlack):
    here.incident()
    here.round()
    ts = slack.heads()[0]["ts"]
    first = here.handler.take(mention("<@U0BOT> why?", thread_ts=ts))
    assert first.later
    first.later()
    assert here.handler.take(mention("<@U0BOT> why?", thread_ts=ts)).later is None
    assert len(slack.thread()) == 1 and "% sure." in slack.thread()[0]
    other = here.handler.take(mention("<@U0BOT> why?", "Ev2", thread_ts=ts, user="U9WHO"))
    assert other.later
    other.later()
    assert len(slack.thread()) == 1 and "do not know who" in here.whispered()


@pytest.mark.parametrize(
    ("profile", "known"),
    [
        ({"is_email_confirmed": True}, True),
        ({"is_email_confirmed": False}, False),
        ({"is_email_confirmed": True, "is_restricted": True}, False),
        ({"is_email_confirmed": True, "team_id": "T2"}, False),
        ({"is_email_confirmed": True, "deleted": True}, False),
    ],
)
def test_a_confirmed_address_of_our_workspace_is_the_account_of_its_name(
    tmp_path, place, slack: FakeSlack, profile: dict, known: bool
):
    here = chat(tmp_path / "home", place, slack, by_email=True, users={})
    slack.users["U7"] = {"team_id": TEAM, "profile": {"email": "Ann"}, **profile}
    if known:
        assert here.handler.people.person("U7").identity.name == "ann"
    else:
        with pytest.raises(InputError, match="do not know who"):
            here.handler.people.person("U7")


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"type": "block_actions"},
        {"type": "block_actions", "actions": [], "user": {"id": "U1ANN"}},
        {"type": "view_submission", "view": {"private_metadata": "x"}, "user": {"id": "U1ANN"}},
        {"type": "event_callback", "event": "x", "event_id": "1"},
        {"command": "/warroom"},
        {"type": "shortcut"},
    ],
)
def test_payloads_of_another_shape_do_no_harm(here: Chat, payload: dict):
    before = audit.verify(here.store.engine).number
    taken = here.handler.take(payload)
    if taken.later:
        taken.later()
    assert audit.verify(here.store.engine).number == before  # nobody has done anything


def test_alerts_are_merged_and_split_in_chat(here: Chat):
    put(here.store, fires(env="a"), fires(env="b"), fires(env="c"))
    ids = list(group_due(here.store, later(0), {}))
    assert here.says("U1ANN", f"merge {ids[0]} {ids[1]} one cause").startswith(ids[1])
    listed = here.says("U1ANN", f"alerts {ids[1]}").splitlines()
    assert len(listed) == 2
    made = here.says("U1ANN", f"split {ids[1]} {listed[0].split()[0]}").partition(":")[0]
    assert here.store.load(made).related == [ids[1]]
    assert "a whole number is wanted, not 'all'" in here.says("U1ANN", f"split {ids[1]} all")
    assert "alerts: it is missing: add it" in here.says("U1ANN", f"split {ids[1]}")
    here.says("U1ANN", f"relate {ids[2]} {made} the same night")
    assert made in here.store.load(ids[2]).related


def test_in_a_team_somebody_may_what_their_role_is_there(here: Chat):
    plan, shown_buttons = asked(here)  # the incident is the team orders'
    teams = Teams(here.store.engine)
    teams.add("orders", "ann", "test", Role.observer)
    here.press("U1ANN", shown_buttons["approve"])
    assert "here you are observer" in here.whispered()
    assert here.store.ledger.decision("INC-1", plan.hash) is None
    teams.add("orders", "ann", "test", Role.commander)
    here.press("U1ANN", shown_buttons["approve"])
    decision = here.store.ledger.decision("INC-1", plan.hash)
    assert decision and decision.by == "ann"
