"""Which channels a message takes, and its way through whatever apprise speaks, over real HTTP."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from warroom.errors import TableError, ToolFailed
from warroom.incident.communication import Audience
from warroom.incident.severity import Severity
from warroom.notify.channels import Channels, described
from warroom.notify.configuration import Notifications
from warroom.tests.support.hooks import hook
from warroom.tests.support.messages import message
from warroom.yaml_tables import parse_table

SECRET = "sk-0123456789abcdef"
FILE = """
mail: {host: mail.example.org, sender: warroom@example.org}
channels:
  - {name: ops, to: ops@example.org, carries: [email, email digest], severities: [P0, P1]}
  - {name: bosses, to: boss@example.org, carries: email, audiences: executives}
  - {name: team, url_file: team, carries: chat}
  - {name: pager, url_file: pager, carries: [sms, phone], severities: P0}
methods: {sms: sms}
fallback: team
"""


def told(text: str = FILE) -> Notifications:
    return parse_table(
        text.replace("to: ops@example.org", "to: [ops@example.org]").replace(
            "to: boss@example.org", "to: [boss@example.org]"
        ),
        Notifications,
        "warroom.yaml",
    )


@pytest.fixture
def team(tmp_path: Path):
    """A channel of one provider, with a secret in its address."""
    with hook() as there:
        place = urlsplit(there.url).netloc
        file = tmp_path / "team"
        file.write_text(f"json://warroom:{SECRET}@{place}/hook\n")
        ways = tmp_path / "sms"
        ways.write_text(f"json://{place}/to/{{address}}\n")
        notifications = Notifications.model_validate(
            {
                "channels": [{"name": "team", "url_file": file, "carries": ["chat"]}],
                "methods": {"sms": ways},
                "fallback": "team",
            }
        )
        yield Channels(notifications, {"k1": "+49151/../12?x#y"}.__getitem__), there


@pytest.mark.parametrize(
    ("media", "severity", "audience", "drill", "names"),
    [
        (["email", "sms", "chat", "phone"], "P0", "engineering", False, ["ops", "pager", "team"]),
        (["email", "chat"], "P1", "engineering", False, ["ops", "team"]),
        (["chat"], "P2", "engineering", False, ["team"]),
        (["email digest"], "P3", "engineering", False, ["email digest"]),
        (["email", "chat"], "P1", "executives", False, ["bosses", "chat"]),
        (["status page"], "P1", "status page", False, ["status page"]),
        (["email", "chat"], "P1", "engineering", True, ["email", "chat"]),
    ],
)
def test_where_a_message_goes(media, severity, audience, drill, names):
    asked = message(channels=media, audience=Audience(audience))
    found = Channels(told()).names(asked, Severity(severity), drill)
    assert found == names


def test_a_drill_goes_nowhere_real_unless_it_is_wanted_and_then_it_says_so(team):
    channels, there = team
    assert not channels.carries("team", drill=True)
    wanted = channels.told.model_copy(update={"drills": True})
    channels = Channels(wanted, channels.address_of)
    assert channels.carries("team", drill=True)
    channels.send("team", message(), "k", drill=True)
    assert json.loads(there.bodies[0])["title"].startswith("EXERCISE")


def test_a_chat_gets_plain_text(team):
    channels, there = team
    channels.send("team", message(), "k")
    sent = json.loads(there.bodies[0])
    assert sent["title"] == "[P1] INC-1: orders fail"
    assert "cause: pricing.py" in sent["message"] and "**" not in sent["message"]


def test_somebodys_own_way_is_one_part_of_the_address(team):
    channels, there = team
    channels.send("sms:k1", message(), "k")
    assert (
        there.paths[0].endswith("/to/%2B49151%2F..%2F12%3Fx%23y/") or "/../" not in there.paths[0]
    )
    assert "https://w.example.org" in json.loads(there.bodies[0])["message"]
    channels.send("person:ben", message(), "k")
    assert there.paths[1].startswith("/hook")


def test_what_a_provider_refuses_is_told_without_its_secret(team):
    channels, there = team
    there.status = 500
    with pytest.raises(ToolFailed, match="json did not take it") as error:
        channels.send("team", message(), "k")
    assert SECRET not in str(error.value)
    with pytest.raises(ToolFailed, match="no channel gone"):
        channels.send("gone", message(), "k")


def test_what_would_keep_messages_back_is_said(tmp_path: Path, team):
    channels, _there = team
    assert channels.faults() == []
    bad = tmp_path / "bad"
    bad.write_text("nonsense")
    told = {"channels": [{"name": "x", "url_file": bad, "carries": "chat"}]}
    told["channels"].append({"name": "y", "url_file": tmp_path / "none", "carries": "sms"})
    notifications = Notifications.model_validate(told)
    assert [name for name, _about in described(notifications)] == ["x", "y"]
    wrong, missing = Channels(notifications).faults()
    assert "apprise knows no such address" in wrong and "No such file" in missing


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: bosses", "name: ops", "two channels are called ops"),
        ("fallback: team", "fallback: teem", "`fallback` is no channel"),
        ("mail: {host: mail.example.org, sender: warroom@example.org}", "", "no server is named"),
        ("url_file: team, ", "", "give one of `to` for mail"),
        ("carries: chat", "carries: pigeon", "'pigeon' is none of 'email'"),
        ("sms: sms", "fax: sms", "'fax' is none of 'email'"),
    ],
)
def test_a_wrong_section_says_what_to_write(old: str, new: str, said: str):
    assert old in FILE
    with pytest.raises(TableError, match=said):
        told(FILE.replace(old, new))


def test_no_message_follows_a_redirect(team):
    channels, there = team
    with hook() as other:
        there.status, there.location = 302, other.url
        with pytest.raises(ToolFailed):
            channels.send("team", message(), "k")
    assert other.bodies == []
